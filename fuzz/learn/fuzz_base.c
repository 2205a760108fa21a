/*
 * Any bytes as a base model. Properties: only a whole and undamaged one is taken, and its name is
 * in what is said of others; a byte changed in the built-in one is always found.
 */
#include <stdlib.h>

#include "learn/base.h"
#include "learn/builtin.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	km_sv bytes = { (const char *)data, size }, good = km_base_builtin();
	km_err err = { 0 };

	if (km_base_check(bytes, "name", &err) == KM_OK && size != KM_BASE_BYTES)
		abort();
	if (err.st != KM_OK && strncmp(err.msg, "name: ", 6) != 0)
		abort();
	if (size < 5 || data[4] == 0)
		return 0;
	static char copy[KM_BASE_BYTES];
	uint32_t at;
	memcpy(&at, data, sizeof(at));
	at %= KM_BASE_BYTES;
	memcpy(copy, good.p, good.n);
	copy[at] = (char)(copy[at] ^ data[4]);
	if (km_base_check((km_sv){ copy, sizeof(copy) }, "name", NULL) == KM_OK)
		abort();
	return 0;
}
