#include "content/table.h"

#include "text/utf8.h"

void km_table_open(km_table *t, km_arena *a, km_sv text, const char *name,
		   const char *const *columns, size_t n_columns)
{
	*t = (km_table){
		.name = name, .arena = a, .rest = text, .columns = columns, .n_columns = n_columns
	};
}

/* One field off *rest; *more: a comma came after it. */
static km_status read_field(km_table *t, km_sv *rest, km_sv *out, bool *more, km_err *err)
{
	if (rest->n == 0 || rest->p[0] != '"') {
		size_t end = km_sv_chr(*rest, ',', 0);
		*out = km_sv_sub(*rest, 0, end);
		*more = end < rest->n;
		*rest = km_sv_from(*rest, end + 1);
		return KM_OK;
	}
	char *copy = km_alloc(t->arena, rest->n);
	size_t n = 0, i = 1;
	if (copy == NULL)
		return KM_FAIL(err, KM_NOMEM, "no memory for a table");
	for (; i < rest->n; i++) {
		if (rest->p[i] == '"') {
			if (i + 1 == rest->n || rest->p[i + 1] != '"')
				break;
			i++;
		}
		copy[n++] = rest->p[i];
	}
	*out = (km_sv){ copy, n };
	if (i == rest->n || (i + 1 < rest->n && rest->p[i + 1] != ','))
		return KM_FAIL(err, KM_CONFIG, "%s:%zu: a quoted field that does not end well",
			       t->name, t->line);
	*more = i + 1 < rest->n;
	*rest = km_sv_from(*rest, i + 2);
	return KM_OK;
}

static km_status read_row(km_table *t, km_sv line, km_err *err)
{
	bool more = true;

	for (size_t i = 0; i < t->n_columns; i++) {
		if (!more)
			return KM_FAIL(err, KM_CONFIG, "%s:%zu: %zu columns, %zu are needed",
				       t->name, t->line, i, t->n_columns);
		km_status st = read_field(t, &line, &t->field[i], &more, err);
		if (st != KM_OK)
			return st;
		t->field[i] = km_sv_trim(t->field[i]);
	}
	if (more)
		return KM_FAIL(err, KM_CONFIG, "%s:%zu: more than %zu columns", t->name, t->line,
			       t->n_columns);
	return KM_OK;
}

km_status km_table_next(km_table *t, km_err *err)
{
	km_sv line;

	while (km_sv_line(&t->rest, &line)) {
		t->line++;
		if (!km_utf8_valid(line))
			return KM_FAIL(err, KM_CONFIG, "%s:%zu: not UTF-8", t->name, t->line);
		if (km_sv_trim(line).n == 0 || line.p[0] == '#')
			continue;
		km_status st = read_row(t, line, err);
		if (st != KM_OK || t->begun)
			return st;
		for (size_t i = 0; i < t->n_columns; i++)
			if (!km_sv_eq(t->field[i], km_sv_of(t->columns[i])))
				return KM_FAIL(err, KM_CONFIG,
					       "%s:%zu: column %zu is to be called %s", t->name,
					       t->line, i + 1, t->columns[i]);
		t->begun = true;
	}
	return t->begun ? KM_NOTFOUND
			: KM_FAIL(err, KM_CONFIG, "%s: no line that names the columns", t->name);
}

bool km_table_part(km_sv *list, char sep, km_sv *part)
{
	while (km_sv_split(list, sep, part)) {
		*part = km_sv_trim(*part);
		if (part->n)
			return true;
	}
	return false;
}
