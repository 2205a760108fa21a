#include "cli/list_read.h"

#include <jansson.h>

#include "base/buf.h"
#include "text/utf8.h"

enum { COLUMNS = 16, SECONDS_A_DAY = 86400 };

typedef struct {
	km_list_maker *maker;
	km_bad_kind kind;
	const char *name;
	km_arena *row; /* of the line in hand */
	km_err *err;
} reader;

/* KM_SYNTAX as file, line and reason. */
static km_status bad_row(const reader *r, size_t line, const char *why)
{
	return KM_FAIL(r->err, KM_SYNTAX, "%s:%zu: %s", r->name, line, why);
}

static km_status add(const reader *r, size_t line, km_sv value, uint32_t day, km_sv note)
{
	km_err why = { .st = KM_OK };
	km_status st = km_list_maker_add(r->maker, r->kind, value, day, note, &why);

	if (st == KM_SYNTAX)
		return KM_FAIL(r->err, st, "%s:%zu: %s: %.*s", r->name, line, why.msg,
			       KM_FMT(km_utf8_cut(value, 80)));
	return st == KM_OK ? st : KM_FAIL(r->err, st, "%s", why.msg);
}

/* "2023/01/04 13:39:00", "2023-01-04T13:39:00+00:00": the day; 0 of nothing; false when it is none.
 */
static bool read_day(km_sv v, uint32_t *day)
{
	uint64_t year, month, date;
	km_time t;

	*day = 0;
	if (v.n == 0)
		return true;
	if (v.n < 10 || (v.p[4] != '/' && v.p[4] != '-') || v.p[7] != v.p[4] ||
	    !km_sv_u64(km_sv_sub(v, 0, 4), &year) || !km_sv_u64(km_sv_sub(v, 5, 2), &month) ||
	    !km_sv_u64(km_sv_sub(v, 8, 2), &date) ||
	    km_time_from_civil((int64_t)year, (int)month, (int)date, 0, 0, 0, &t) != KM_OK || t < 0)
		return false;
	*day = (uint32_t)(t / SECONDS_A_DAY);
	return true;
}

/* The next field of a line of CSV (RFC 4180); @line becomes p == NULL after the last. */
static km_sv next_field(km_arena *a, km_sv *line)
{
	km_sv field;
	km_buf b;

	if (line->n == 0 || line->p[0] != '"') {
		(void)km_sv_split(line, ',', &field);
		return field;
	}
	km_buf_init(&b, a, line->n);
	size_t i = 1;
	while (i < line->n && (line->p[i] != '"' || (i + 1 < line->n && line->p[i + 1] == '"'))) {
		km_buf_byte(&b, line->p[i]);
		i += line->p[i] == '"' ? 2 : 1;
	}
	/* the closing quote, and the comma */
	*line = i + 1 < line->n ? km_sv_from(*line, i + 2) : (km_sv){ NULL, 0 };
	return km_buf_sv(&b);
}

static size_t split(km_arena *a, km_sv line, km_sv field[COLUMNS])
{
	size_t n = 0;

	while (line.p && n < COLUMNS)
		field[n++] = km_sv_trim(next_field(a, &line));
	return n;
}

/* Which columns of a table hold what is needed. */
typedef struct {
	km_sv date, url, note;
} column_names;

static size_t column(const km_sv *field, size_t n, km_sv name)
{
	size_t i = 0;

	while (i < n && !km_sv_ieq(field[i], name))
		i++;
	return i;
}

static km_status read_csv(reader *r, km_sv text, const column_names *names)
{
	size_t line = 0, n = 0, url = 0, date = 0, note = 0;
	km_sv row, field[COLUMNS];
	uint32_t day;

	while (km_sv_line(&text, &row)) {
		line++;
		if (row.n == 0)
			continue;
		km_arena_reset(r->row);
		if (!km_utf8_valid(row))
			return bad_row(r, line, "not UTF-8");
		size_t got = split(r->row, row, field);
		if (n == 0) {
			n = got;
			url = column(field, n, names->url);
			date = column(field, n, names->date);
			note = column(field, n, names->note);
			if (url == n || date == n || note == n)
				return bad_row(r, line, "the header does not name the columns");
			continue;
		}
		if (got != n)
			return bad_row(r, line, "wrong number of columns");
		if (!read_day(field[date], &day))
			return bad_row(r, line, "not a date");
		km_status st = add(r, line, field[url], day, field[note]);
		if (st != KM_OK)
			return st;
	}
	return n ? KM_OK : bad_row(r, 1, "empty");
}

static km_status read_plain(reader *r, km_sv text)
{
	size_t line = 0;
	km_sv row;

	while (km_sv_line(&text, &row)) {
		line++;
		row = km_sv_trim(row);
		if (row.n == 0 || row.p[0] == '#' || row.p[0] == ';')
			continue;
		if (!km_utf8_valid(row))
			return bad_row(r, line, "not UTF-8");
		km_status st = add(r, line, row, 0, (km_sv){ NULL, 0 });
		if (st != KM_OK)
			return st;
	}
	return KM_OK;
}

static km_status read_json(reader *r, km_sv text)
{
	json_error_t why;
	json_t *all = json_loadb(text.p, text.n, 0, &why), *one;
	km_status st = KM_OK;
	size_t i;
	uint32_t day;

	if (!json_is_array(all)) {
		st = bad_row(r, all ? 1 : (size_t)why.line, all ? "not a list" : why.text);
		json_decref(all);
		return st;
	}
	json_array_foreach(all, i, one)
	{
		const char *url = json_string_value(json_object_get(one, "url"));
		const char *date = json_string_value(json_object_get(one, "submission_time"));
		if (url == NULL || date == NULL || !read_day(km_sv_of(date), &day))
			st = bad_row(r, i + 1, "an entry without url or submission_time");
		else
			st = add(r, i + 1, km_sv_of(url), day,
				 km_sv_of(json_string_value(json_object_get(one, "target"))));
		if (st != KM_OK)
			break;
	}
	json_decref(all);
	return st;
}

static km_list_format guess(km_sv text)
{
	km_sv line = { NULL, 0 }, rest = text;

	(void)km_sv_line(&rest, &line);
	if (km_sv_istarts(line, KM_S("date,url,description")))
		return KM_LIST_JPCERT;
	if (km_sv_starts(line, KM_S("phish_id,")) || km_sv_starts(km_sv_trim(text), KM_S("[")))
		return KM_LIST_PHISHTANK;
	return KM_LIST_PLAIN;
}

km_status km_list_read(km_list_maker *m, km_list_format format, km_bad_kind kind, km_sv text,
		       const char *name, km_err *err)
{
	static const column_names jpcert = { KM_SV("date"), KM_SV("URL"), KM_SV("description") },
				  phishtank = { KM_SV("submission_time"), KM_SV("url"),
						KM_SV("target") };
	reader r = { m, KM_BAD_URL, name, km_arena_new(1 << 20), err };
	km_status st;

	if (r.row == NULL)
		return KM_FAIL(err, KM_NOMEM, "no memory");
	if (km_sv_starts(text, KM_S("\xef\xbb\xbf")))
		text = km_sv_from(text, 3);
	if (format == KM_LIST_AUTO)
		format = guess(text);
	if (format == KM_LIST_PLAIN)
		r.kind = kind;
	if (format == KM_LIST_JPCERT)
		st = read_csv(&r, text, &jpcert);
	else if (format != KM_LIST_PHISHTANK)
		st = read_plain(&r, text);
	else if (km_sv_starts(km_sv_trim(text), KM_S("[")))
		st = read_json(&r, text);
	else
		st = read_csv(&r, text, &phishtank);
	km_arena_free(r.row);
	return st;
}
