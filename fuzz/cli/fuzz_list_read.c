/*
 * Property: a list is taken, or refused with the line that is at fault.
 */
#include <stdlib.h>

#include "cli/list_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const km_bad_kind kinds[] = { KM_BAD_URL, KM_BAD_HOST, KM_BAD_ADDRESS, KM_BAD_HASH };
	km_err err = { .st = KM_OK };
	km_list_maker *m = km_list_maker_new();

	if (m == NULL || size < 1)
		goto end;
	km_sv text = { (const char *)data + 1, size - 1 };
	km_status st = km_list_read(m, data[0] % 5, kinds[data[0] / 5 % 4], text, "list", &err);
	if (st != KM_OK && (st != KM_SYNTAX || !km_sv_starts(km_sv_of(err.msg), KM_S("list:"))))
		abort();
end:
	km_list_maker_free(m);
	return 0;
}
