/*
 * Any bytes as the file of a key. Property: a key that can be read is written and read as the same.
 */
#include <stdlib.h>

#include "daemon/keyring.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	km_ring_key first = { 0 }, second = { 0 };
	km_buf a, b;

	if (km_ring_key_parse((km_sv){ (const char *)data, size }, &first, NULL) != KM_OK)
		return 0;
	km_buf_init(&a, NULL, 1 << 20);
	km_buf_init(&b, NULL, 1 << 20);
	if (km_ring_key_write(&first, &a, NULL) != KM_OK ||
	    km_ring_key_parse(km_buf_sv(&a), &second, NULL) != KM_OK ||
	    km_ring_key_write(&second, &b, NULL) != KM_OK ||
	    !km_sv_eq(km_buf_sv(&a), km_buf_sv(&b)))
		abort();
	km_buf_finish(&a);
	km_buf_finish(&b);
	km_privkey_free(first.key);
	km_privkey_free(second.key);
	return 0;
}
