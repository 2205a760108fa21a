/* Messages of an mbox follow one another, lose nothing but one empty line each, and are whole. */
#include <stdlib.h>

#include "cli/mbox.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	km_sv all = { (const char *)data, size }, rest = all, m;
	size_t n = 0, at = 0;

	for (; km_mbox_next(&rest, &m); n++) {
		size_t start = (size_t)(m.p - all.p);
		if (start < at || start > at + 2 || m.n > size - start)
			abort();
		if (n && !km_sv_starts(m, KM_S("From ")))
			abort();
		if (rest.n && km_sv_from(all, start + m.n).n <= rest.n)
			abort(); /* the dividing empty line must have gone */
		at = start + m.n;
	}
	if ((size && at != size) || (km_mbox_is(all) && n < 2))
		abort();
	return 0;
}
