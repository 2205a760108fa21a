/* The text is one line of valid UTF-8, and plain text stays as it is. */
#include <stdlib.h>

#include "mail/encword.h"
#include "text/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	km_arena *a = km_arena_new(KM_MAX_ARENA_BYTES);
	km_sv v = { (const char *)data, size }, out, again;
	km_encword_info info;

	if (km_encword_decode(a, v, &out, &info) != KM_OK || !km_utf8_valid(out))
		abort();
	for (size_t i = 0; i < out.n; i++)
		if ((unsigned char)out.p[i] < ' ')
			abort();
	if (info.words > KM_MAX_ENCODED_WORDS || km_encword_length(v) > size)
		abort();
	if (km_sv_find(out, KM_S("=?"), 0) == out.n && km_ascii_prefix(out) == out.n &&
	    (km_encword_decode(a, out, &again, NULL) != KM_OK || !km_sv_eq(again, km_sv_trim(out))))
		abort();
	km_arena_free(a);
	return 0;
}
