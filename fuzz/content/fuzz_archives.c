/*
 * Properties: names are UTF-8, counts and costs stay within their bounds, and reading again gives
 * the same.
 */
#include <stdlib.h>

#include "content/archives.h"
#include "text/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool wants(km_sv name)
{
	return name.n % 2 == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum { BUDGET = 1 << 20 };
	km_archive_budget budget = { BUDGET, wants }, again = { BUDGET, wants };
	km_arena *a = km_arena_new(8 << 20);
	km_sv bytes = { (const char *)data, size };
	km_archive x, y;

	if (a == NULL)
		return 0;
	km_status st = km_archive_read(a, bytes, &budget, &x);
	if (st == KM_OK && (x.n > KM_MAX_ARCHIVE_ENTRIES || budget.left > BUDGET))
		abort();
	for (size_t i = 0; st == KM_OK && i < x.n; i++)
		if (!km_utf8_valid(x.entry[i].name) || x.entry[i].bytes.n > BUDGET)
			abort();
	if (st == KM_OK && km_archive_read(a, bytes, &again, &y) == KM_OK &&
	    (x.n != y.n || x.size != y.size || again.left != budget.left))
		abort();
	km_arena_free(a);
	return 0;
}
