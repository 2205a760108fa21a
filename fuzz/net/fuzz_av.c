/*
 * Properties: an answer that is whole stays the same when more comes; names are printable ASCII; an
 * end always settles it.
 */
#include <stdlib.h>

#include "net/av.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_name(const char *name)
{
	for (; *name; name++)
		if (*name <= ' ' || *name > '~')
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const km_av_protocol *p = size && data[0] & 1 ? &km_av_icap : &km_av_clamd;
	km_sv all = { (const char *)data + (size ? 1 : 0), size ? size - 1 : 0 };
	km_av_answer part, whole;

	if (p->read(all, true, &whole, NULL) == KM_NOTFOUND)
		abort();
	for (size_t n = 0; n <= all.n && n < 200; n++)
		if (p->read(km_sv_sub(all, 0, n), false, &part, NULL) == KM_OK) {
			check_name(part.name);
			if (p->read(all, false, &whole, NULL) != KM_OK ||
			    part.result != whole.result || strcmp(part.name, whole.name) != 0)
				abort();
			break;
		}
	return 0;
}
