/*
 * Any bytes as rows of the learning journal, as features and as an export. Properties: rows consume
 * input; a row that can be read, written again, is the same; so are features; an export that is
 * taken has as many rows as it says.
 */
#include <stdlib.h>

#include "learn/export.h"

static void check_features(km_sv body)
{
	km_arena *a = km_arena_new(1 << 20);
	km_features f;
	km_buf again;

	if (a && km_features_unpack(a, body, &f, NULL) == KM_OK) {
		km_buf_init(&again, NULL, KM_FEATURES_MAX_BYTES);
		for (int v = 0; v < KM_VIEW_COUNT; v++)
			for (size_t i = 0; i < f.view[v].n; i++)
				if (f.view[v].bucket[i] >= KM_BUCKETS)
					abort();
		km_features_pack(&again, &f);
		if (!km_sv_eq(km_buf_sv(&again), body))
			abort();
		km_buf_finish(&again);
	}
	km_arena_free(a);
}

static void check_row(km_sv row)
{
	km_row r;
	km_buf again;

	if (km_row_read(row, &r, NULL) != KM_OK)
		return;
	km_buf_init(&again, NULL, row.n + 64);
	if (km_row_write(&again, &r) != KM_OK || !km_sv_eq(km_buf_sv(&again), row))
		abort();
	check_features(r.body);
	km_buf_finish(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	km_sv all = { (const char *)data, size }, rest = all, row, rows;
	km_err err = { 0 };
	uint64_t n, seen = 0;

	check_features(all);
	check_row(all);
	for (size_t left = size; km_row_next(&rest, &row, NULL) == KM_OK; left = rest.n) {
		if (rest.n >= left)
			abort();
		check_row(row);
	}
	if (km_export_read(all, "name", &rows, &n, &err) == KM_OK) {
		while (km_row_next(&rows, &row, NULL) == KM_OK)
			seen++;
		if (seen != n)
			abort();
	} else if (strncmp(err.msg, "name: ", 6) != 0) {
		abort();
	}
	return 0;
}
