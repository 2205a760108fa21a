#include "conf/schema.h"

#include "base/buf.h"

enum { LONGEST_WORD = 64, LIST_BYTES = 120 };

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Edits (insert, delete, replace, swap of neighbours) that turn @a into @b; both short. */
static unsigned distance(km_sv a, km_sv b)
{
	unsigned row[3][LONGEST_WORD + 1] = { 0 };
	unsigned *before = row[0], *last = row[1], *now = row[2];

	for (unsigned j = 0; j <= b.n; j++)
		last[j] = j;
	for (unsigned i = 1; i <= a.n; i++) {
		now[0] = i;
		for (unsigned j = 1; j <= b.n; j++) {
			char x = (char)km_lower((unsigned char)a.p[i - 1]);
			char y = (char)km_lower((unsigned char)b.p[j - 1]);
			now[j] = least(last[j - 1] + (x != y), least(last[j], now[j - 1]) + 1);
			if (i > 1 && j > 1 && x != y && a.p[i - 1] == b.p[j - 2] &&
			    a.p[i - 2] == b.p[j - 1])
				now[j] = least(now[j], before[j - 2] + 1);
		}
		unsigned *spare = before;
		before = last;
		last = now;
		now = spare;
	}
	return last[b.n];
}

const char *km_nearest(km_sv word, km_name_at *name, size_t n, const void *ctx)
{
	const char *best = NULL;
	unsigned fewest = LONGEST_WORD;

	if (word.n > LONGEST_WORD)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		km_sv candidate = km_sv_of(name(i, ctx));
		if (candidate.n > LONGEST_WORD)
			continue;
		unsigned d = distance(word, candidate);
		if (d < fewest && d * 3 <= (word.n > candidate.n ? word.n : candidate.n)) {
			fewest = d;
			best = candidate.p;
		}
	}
	return best;
}

km_status km_yaml_unknown(const km_yaml *n, const char *what, km_sv word, km_name_at *name,
			  size_t n_names, const void *ctx, km_err *err)
{
	km_status st;
	km_buf names;

	/* Without anybody to tell there is no need to look for it. */
	if (err == NULL)
		return KM_CONFIG;
	const char *near = km_nearest(word, name, n_names, ctx);
	if (near)
		return km_yaml_wrong(n, err, "unknown %s; did you mean \"%s\"?", what, near);
	km_buf_init(&names, NULL, LIST_BYTES);
	for (size_t i = 0; i < n_names && !names.cut; i++) {
		km_buf_add(&names, i ? KM_S(", ") : KM_S(""));
		km_buf_add(&names, km_sv_of(name(i, ctx)));
	}
	if (names.cut) /* a hundred names are no help */
		st = km_yaml_wrong(n, err, "unknown %s", what);
	else
		st = km_yaml_wrong(n, err, "unknown %s; expected %.*s", what,
				   KM_FMT(km_buf_sv(&names)));
	km_buf_finish(&names);
	return st;
}

static const char *field_name(size_t i, const void *ctx)
{
	return ((const km_yaml_field *)ctx)[i].key;
}

static bool is_field(const km_yaml_field *fields, size_t n, km_sv key)
{
	for (size_t i = 0; i < n; i++)
		if (km_sv_eq(key, km_sv_of(fields[i].key)))
			return true;
	return false;
}

km_status km_yaml_fields(const km_yaml *map, const km_yaml_field *fields, size_t n, void *ctx,
			 km_err *err)
{
	if (map->kind != KM_YAML_MAP)
		return km_yaml_expected(map, err, "a map with keys such as \"%s\"", fields[0].key);
	for (const km_yaml *c = map->child; c; c = c->next)
		if (!is_field(fields, n, c->key))
			return km_yaml_unknown(c, "key", c->key, field_name, n, fields, err);
	for (size_t i = 0; i < n; i++) {
		const km_yaml *c = km_yaml_get(map, km_sv_of(fields[i].key));
		if (c == NULL && fields[i].required)
			return km_yaml_wrong(map, err, "\"%s\" is missing", fields[i].key);
		km_status st = c ? fields[i].read(c, ctx, err) : KM_OK;
		if (st != KM_OK)
			return st;
	}
	return KM_OK;
}
