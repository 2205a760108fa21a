#include "learn/export.h"

#include <stdlib.h>

static const char magic[8] = "KMLEARN1";

typedef struct {
	char magic[8];
	uint64_t rows, bytes, checksum;
} head;

_Static_assert(sizeof(head) == KM_EXPORT_HEADER, "no padding in files");

static uint64_t checksum_of(const head *h)
{
	return km_learn_checksum((km_sv){ (const char *)h, offsetof(head, checksum) });
}

static km_status put_head(const head *h, km_export_sink *sink, void *ctx, km_err *err)
{
	if (sink(ctx, (km_sv){ (const char *)h, sizeof(*h) }))
		return KM_OK;
	return KM_FAIL(err, KM_IO, "the export could not be written");
}

static km_status put_rows(km_journal *j, uint64_t last, head *left, km_export_sink *sink, void *ctx,
			  km_err *err)
{
	km_journal_row row;
	km_row r;
	km_status st;

	for (uint64_t at = 0; (st = km_journal_next(j, at, &row, err)) == KM_OK; at = row.seq) {
		if (row.seq > last)
			return KM_OK;
		if (km_row_read(row.bytes, &r, err) != KM_OK)
			return KM_SYNTAX;
		if (left->rows == 0 || left->bytes < row.bytes.n)
			return KM_FAIL(err, KM_TEMPFAIL,
				       "the journal was rolled back meanwhile; try again");
		left->rows--;
		left->bytes -= row.bytes.n;
		if (!sink(ctx, row.bytes))
			return KM_FAIL(err, KM_IO, "the export could not be written");
	}
	return st == KM_NOTFOUND ? KM_OK : st;
}

km_status km_export_write(km_journal *j, km_export_sink *sink, void *ctx, uint64_t *n, km_err *err)
{
	head h = { .rows = 0 };
	uint64_t last;
	km_status st = km_journal_last(j, &last, err);

	memcpy(h.magic, magic, sizeof(magic));
	if (st == KM_OK)
		st = km_journal_size(j, last, &h.rows, &h.bytes, err);
	h.checksum = checksum_of(&h);
	*n = h.rows;
	if (st == KM_OK)
		st = put_head(&h, sink, ctx, err);
	if (st == KM_OK)
		st = put_rows(j, last, &h, sink, ctx, err);
	if (st == KM_OK && h.rows)
		st = KM_FAIL(err, KM_TEMPFAIL, "the journal was rolled back meanwhile; try again");
	return st;
}

km_status km_export_read(km_sv file, const char *name, km_sv *rows, uint64_t *n, km_err *err)
{
	km_err why = { 0 };
	km_sv rest, row;
	km_row r;
	head h;
	km_status st;

	if (file.n < sizeof(h) || memcmp(file.p, magic, sizeof(magic)) != 0)
		return KM_FAIL(err, KM_SYNTAX, "%s: not an export of lessons", name);
	memcpy(&h, file.p, sizeof(h));
	*rows = rest = km_sv_from(file, sizeof(h));
	*n = 0;
	if (h.checksum != checksum_of(&h) || rest.n > h.bytes)
		return KM_FAIL(err, KM_SYNTAX, "%s: damaged", name);
	if (rest.n < h.bytes)
		return KM_FAIL(err, KM_SYNTAX, "%s: cut off: %zu bytes are missing", name,
			       (size_t)(h.bytes - rest.n));
	while ((st = km_row_next(&rest, &row, &why)) == KM_OK &&
	       (st = km_row_read(row, &r, &why)) == KM_OK)
		++*n;
	if (st == KM_NOTFOUND && *n == h.rows)
		return KM_OK;
	return KM_FAIL(err, KM_SYNTAX, "%s: row %llu: %s", name, (unsigned long long)*n + 1,
		       why.msg[0] ? why.msg : "missing");
}

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

km_status km_export_in_force(km_sv rows, km_buf *out, km_err *err)
{
	size_t n = 0, max = rows.n / KM_ROW_HEADER + 1;
	uint64_t *gone = reallocarray(NULL, max, sizeof(*gone));
	km_sv rest = rows, row;
	km_row r;

	if (gone == NULL)
		return KM_FAIL(err, KM_NOMEM, "no memory");
	while (km_row_next(&rest, &row, NULL) == KM_OK && km_row_read(row, &r, NULL) == KM_OK)
		if (r.before && r.kind != KM_ROW_ROLLBACK)
			gone[n++] = r.before;
	qsort(gone, n, sizeof(*gone), by_number);
	for (rest = rows;
	     km_row_next(&rest, &row, NULL) == KM_OK && km_row_read(row, &r, NULL) == KM_OK;)
		if (km_row_teaches(r.kind) && !bsearch(&r.seq, gone, n, sizeof(*gone), by_number))
			km_buf_add(out, row);
	free(gone);
	return out->cut ? KM_FAIL(err, KM_NOMEM, "no memory") : KM_OK;
}
