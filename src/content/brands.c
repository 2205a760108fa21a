#include "content/brands.h"

#include <stdlib.h>

#include "base/file.h"
#include "base/map.h"
#include "content/table.h"
#include "text/view.h"

enum { ARENA_BYTES = 64 << 20, BRANDS_MOST = 4096 };

struct km_brands {
	km_arena *arena;
	km_brand *brand;
	size_t n;
	const km_terms *terms;
	km_map by_id, by_domain, by_sender, by_mailbox; /* -> km_brand */
	/* What is a name. Small, since every word found in a message is looked up in it. */
	uint16_t *of_term; /* KM_TERMS_MOST, each a place in `name`; 0: none */
	struct name {
		const km_brand *brand;
		const km_brand_alias *alias;
	} * name; /* KM_TERMS_MOST + 1 */
	size_t names;
};

/* A table on its way in: where one stands, for messages. */
struct reading {
	km_brands *b;
	km_terms *terms;
	km_table table;
	size_t first; /* index of this file's first row */
	km_err *err;
};

enum {
	ID,
	KIND,
	OWNER,
	CERTAINTY,
	NAME_JA,
	NAME_EN,
	ALIASES,
	DOMAINS,
	SENDERS,
	MAILBOXES,
	SOURCE,
	COLUMNS
};

static const char *const columns[COLUMNS] = {
	"brand_id", "kind",    "owner",	  "certainty", "name_ja", "name_en",
	"aliases",  "domains", "senders", "mailboxes", "source",
};

static const char *const kind_names[] = {
#define X(kind, category) #kind,
	KM_BRAND_KINDS(X)
#undef X
};

const char *km_brand_kind_name(km_brand_kind k)
{
	return k < KM_BRAND_KIND_COUNT ? kind_names[k] : "";
}

const char *km_brand_category(const km_brand *brand)
{
	static const char *const categories[] = {
#define X(kind, category) category,
		KM_BRAND_KINDS(X)
#undef X
	};
	return categories[brand->kind];
}

#define BAD(r, ...) KM_FAIL((r)->err, KM_CONFIG, __VA_ARGS__)

static km_status no_memory(km_err *err)
{
	return KM_FAIL(err, KM_NOMEM, "no memory for the table of brands");
}

static bool good_id(km_sv id)
{
	for (size_t i = 0; i < id.n; i++)
		if (!km_is_digit((unsigned char)id.p[i]) && id.p[i] != '_' &&
		    !(id.p[i] >= 'a' && id.p[i] <= 'z'))
			return false;
	return id.n > 0 && id.n <= 40;
}

static bool good_domain(km_sv d)
{
	if (d.n < 3 || d.n > 200 || km_sv_chr(d, '.', 0) == d.n || d.p[0] == '.' ||
	    d.p[d.n - 1] == '.')
		return false;
	for (size_t i = 0; i < d.n; i++)
		if (!km_is_alnum((unsigned char)d.p[i]) && d.p[i] != '-' && d.p[i] != '.')
			return false;
	return true;
}

static km_status read_kind(struct reading *r, km_brand *brand)
{
	km_sv kind = r->table.field[KIND];

	for (km_brand_kind k = 0; k < KM_BRAND_KIND_COUNT; k++)
		if (km_sv_eq(kind, km_sv_of(kind_names[k]))) {
			brand->kind = k;
			return KM_OK;
		}
	return BAD(r, "%s:%zu: unknown kind \"%.*s\"", r->table.name, r->table.line, KM_FMT(kind));
}

static km_status read_certainty(struct reading *r, km_brand *brand)
{
	static const char *const words[] = { "A1", "A2", "B", "C" };

	for (size_t i = 0; i < KM_COUNT(words); i++)
		if (km_sv_eq(r->table.field[CERTAINTY], km_sv_of(words[i]))) {
			brand->certainty = words[i];
			return KM_OK;
		}
	return BAD(r, "%s:%zu: certainty is A1, A2, B or C, not \"%.*s\"", r->table.name,
		   r->table.line, KM_FMT(r->table.field[CERTAINTY]));
}

static size_t count_parts(km_sv list)
{
	km_sv part;
	size_t n = 0;

	while (km_table_part(&list, ';', &part))
		n++;
	return n;
}

/* Domains of @column, each of which must not be another owner's. */
static km_status read_domains(struct reading *r, int column, const km_brand *brand,
			      const km_sv **out, size_t *n)
{
	km_sv list = r->table.field[column], part;
	km_sv *domain = KM_NEW_ARRAY(r->b->arena, km_sv, count_parts(list) + 1);

	*n = 0;
	if (domain == NULL)
		return no_memory(r->err);
	while (km_table_part(&list, ';', &part)) {
		if (!good_domain(part))
			return BAD(r, "%s:%zu: \"%.*s\" is no domain", r->table.name, r->table.line,
				   KM_FMT(part));
		domain[(*n)++] = km_sv_lower(r->b->arena, part);
	}
	*out = domain;
	(void)brand;
	return KM_OK;
}

static bool is_plain_latin(km_sv key)
{
	for (size_t i = 0; i < key.n; i++)
		if (!km_is_alpha((unsigned char)key.p[i]))
			return false;
	return true;
}

enum { LOOKALIKE_LETTERS = 6 };

/* l, I and 1 look the same: "paypai" for "paypal". The letters, or how many there are when @out is
 * NULL. */
static bool lookalike(km_sv key, char from, char to, char out[KM_TERM_BYTES])
{
	bool changed = false;

	for (size_t i = 0; i < key.n; i++) {
		out[i] = key.p[i] == from ? to : key.p[i];
		changed |= key.p[i] == from;
	}
	return changed;
}

static km_status add_alias(struct reading *r, km_brand *brand, km_brand_alias *alias,
			   km_brand_alias what)
{
	km_err err = { KM_OK };
	km_status st = km_terms_add(r->terms, what.name, &what.term, &err);

	if (st != KM_OK)
		return KM_FAIL(r->err, st == KM_SYNTAX ? KM_CONFIG : st, "%s:%zu: %s",
			       r->table.name, r->table.line, err.msg);
	for (size_t i = 0; i < brand->n_aliases; i++)
		if (alias[i].term == what.term)
			return what.disguised
				       ? KM_OK
				       : BAD(r, "%s:%zu: \"%.*s\" is there twice, as \"%.*s\"",
					     r->table.name, r->table.line, KM_FMT(what.name),
					     KM_FMT(alias[i].name));
	alias[brand->n_aliases++] = what;
	return KM_OK;
}

static km_status read_aliases(struct reading *r, km_brand *brand)
{
	static const char pairs[][2] = { { 'l', 'i' }, { 'i', 'l' } };
	km_sv list = r->table.field[ALIASES], part;
	size_t room = count_parts(list) * (1 + KM_COUNT(pairs));
	km_brand_alias *alias = KM_NEW_ARRAY(r->b->arena, km_brand_alias, room + 1);
	char other[KM_TERM_BYTES];

	if (alias == NULL)
		return no_memory(r->err);
	while (km_table_part(&list, ';', &part)) {
		bool ambiguous = part.p[0] == '~';
		km_sv name = km_sv_from(part, ambiguous);
		km_status st = add_alias(r, brand, alias,
					 (km_brand_alias){ .name = name, .ambiguous = ambiguous });
		if (st != KM_OK)
			return st;
		km_sv key = km_terms_text(r->terms, alias[brand->n_aliases - 1].term);
		if (key.n < LOOKALIKE_LETTERS || !is_plain_latin(key))
			continue;
		for (size_t i = 0; i < KM_COUNT(pairs) && st == KM_OK; i++)
			if (lookalike(key, pairs[i][0], pairs[i][1], other))
				st = add_alias(r, brand, alias,
					       (km_brand_alias){
						       .name = km_sv_dup(r->b->arena,
									 (km_sv){ other, key.n }),
						       .disguised = true });
		if (st != KM_OK)
			return st;
	}
	brand->alias = alias;
	return KM_OK;
}

static km_status read_brand(struct reading *r, km_brand *brand)
{
	const km_sv *f = r->table.field;
	km_arena *a = r->b->arena;
	km_status st;

	if (!good_id(f[ID]))
		return BAD(r, "%s:%zu: \"%.*s\" is no brand_id: small letters, digits and \"_\"",
			   r->table.name, r->table.line, KM_FMT(f[ID]));
	if (f[NAME_JA].n == 0 || f[NAME_EN].n == 0)
		return BAD(r, "%s:%zu: a name is missing", r->table.name, r->table.line);
	*brand = (km_brand){ .id = km_sv_cstr(a, f[ID]),
			     .owner = km_sv_dup(a, f[OWNER]),
			     .name_ja = km_sv_dup(a, f[NAME_JA]),
			     .name_en = km_sv_dup(a, f[NAME_EN]),
			     .source = km_sv_dup(a, f[SOURCE]),
			     .line = r->table.line };
	if (brand->id == NULL)
		return no_memory(r->err);
	if ((st = read_kind(r, brand)) != KM_OK || (st = read_certainty(r, brand)) != KM_OK ||
	    (st = read_domains(r, DOMAINS, brand, &brand->domain, &brand->n_domains)) != KM_OK ||
	    (st = read_domains(r, SENDERS, brand, &brand->sender, &brand->n_senders)) != KM_OK ||
	    (st = read_domains(r, MAILBOXES, brand, &brand->mailbox, &brand->n_mailboxes)) != KM_OK)
		return st;
	return read_aliases(r, brand);
}

static km_status read_table(km_brands *b, km_terms *terms, km_sv text, const char *name,
			    km_err *err)
{
	struct reading r = { .b = b, .terms = terms, .first = b->n, .err = err };
	km_status st;

	km_table_open(&r.table, b->arena, text, name, columns, COLUMNS);
	while ((st = km_table_next(&r.table, err)) == KM_OK) {
		void **slot = km_map_put(&b->by_id, km_sv_dup(b->arena, r.table.field[ID]));
		if (slot == NULL)
			return no_memory(err);
		km_brand *brand = *slot;
		if (brand && brand >= b->brand + r.first)
			return BAD(&r, "%s:%zu: brand \"%.*s\" is there already, in line %zu", name,
				   r.table.line, KM_FMT(r.table.field[ID]), brand->line);
		if (brand == NULL && b->n == BRANDS_MOST)
			return BAD(&r, "%s:%zu: more than %d brands", name, r.table.line,
				   BRANDS_MOST);
		if (brand == NULL)
			brand = &b->brand[b->n++];
		*slot = brand;
		if ((st = read_brand(&r, brand)) != KM_OK)
			return st;
	}
	return st == KM_NOTFOUND ? KM_OK : st;
}

/* --- what is found by name, term and domain, once all rows are known --- */

static bool same_owner(const km_brand *a, const km_brand *b)
{
	return a == b || (a->owner.n && km_sv_eq(a->owner, b->owner));
}

static km_status index_domains(km_map *map, const km_sv *domain, size_t n, km_brand *brand,
			       const char *name, km_err *err)
{
	for (size_t i = 0; i < n; i++) {
		void **slot = km_map_put(map, domain[i]);
		if (slot == NULL)
			return no_memory(err);
		if (*slot && !same_owner(*slot, brand))
			return KM_FAIL(err, KM_CONFIG, "%s:%zu: %.*s belongs to %s already", name,
				       brand->line, KM_FMT(domain[i]), ((km_brand *)*slot)->id);
		if (*slot == NULL)
			*slot = brand;
	}
	return KM_OK;
}

static km_status index_aliases(km_brands *b, const km_brand *brand, const char *name, km_err *err)
{
	for (size_t i = 0; i < brand->n_aliases; i++) {
		const km_brand_alias *alias = &brand->alias[i];
		struct name *of = &b->name[b->of_term[alias->term]];
		if (of->brand && alias->disguised)
			continue;
		if (of->brand && !of->alias->disguised)
			return KM_FAIL(err, KM_CONFIG, "%s:%zu: \"%.*s\" is a name of %s already",
				       name, brand->line, KM_FMT(alias->name), of->brand->id);
		if (of->brand == NULL) {
			b->of_term[alias->term] = (uint16_t)++b->names;
			of = &b->name[b->names];
		}
		*of = (struct name){ brand, alias };
	}
	return KM_OK;
}

static km_status index_all(km_brands *b, const char *name, km_err *err)
{
	km_status st = KM_OK;

	for (size_t i = 0; i < b->n && st == KM_OK; i++) {
		km_brand *x = &b->brand[i];
		st = index_aliases(b, x, name, err);
		if (st == KM_OK)
			st = index_domains(&b->by_domain, x->domain, x->n_domains, x, name, err);
		if (st == KM_OK)
			st = index_domains(&b->by_sender, x->sender, x->n_senders, x, name, err);
		if (st == KM_OK)
			st = index_domains(&b->by_mailbox, x->mailbox, x->n_mailboxes, x, name,
					   err);
	}
	return st;
}

static km_brands *brands_new(const km_terms *terms)
{
	km_brands *b = calloc(1, sizeof(*b));

	if (b == NULL)
		return NULL;
	b->arena = km_arena_new(ARENA_BYTES);
	b->brand = b->arena ? KM_NEW_ARRAY(b->arena, km_brand, BRANDS_MOST) : NULL;
	b->of_term = b->brand ? KM_NEW_ARRAY(b->arena, uint16_t, KM_TERMS_MOST) : NULL;
	b->name = b->of_term ? KM_NEW_ARRAY(b->arena, struct name, KM_TERMS_MOST + 1) : NULL;
	if (b->name == NULL) {
		km_brands_free(b);
		return NULL;
	}
	b->terms = terms;
	km_map_init(&b->by_id, b->arena, false);
	km_map_init(&b->by_domain, b->arena, false);
	km_map_init(&b->by_sender, b->arena, false);
	km_map_init(&b->by_mailbox, b->arena, false);
	return b;
}

static km_status read_own(km_brands *b, km_terms *terms, const char *path, km_err *err)
{
	km_file f;
	km_status st = km_file_open(&f, path, KM_TABLE_BYTES, err);

	if (st != KM_OK)
		return st == KM_NOTFOUND ? KM_FAIL(err, KM_CONFIG, "%s: no such file", path) : st;
	/* All that is kept of it is copied. */
	st = read_table(b, terms, km_sv_dup(b->arena, f.bytes), path, err);
	km_file_close(&f);
	return st;
}

km_status km_brands_open(km_terms *terms, const char *own, km_brands **out, km_err *err)
{
	km_brands *b = brands_new(terms);
	km_status st =
		b ? read_table(b, terms, km_brands_builtin(), "brands.csv", err) : no_memory(err);

	if (st == KM_OK && own && *own)
		st = read_own(b, terms, own, err);
	if (st == KM_OK)
		st = index_all(b, own && *own ? own : "brands.csv", err);
	if (st != KM_OK) {
		km_brands_free(b);
		return st;
	}
	*out = b;
	return KM_OK;
}

km_status km_brands_parse(km_terms *terms, km_sv text, const char *name, km_brands **out,
			  km_err *err)
{
	km_brands *b = brands_new(terms);
	km_status st = b ? read_table(b, terms, text, name, err) : no_memory(err);

	if (st == KM_OK)
		st = index_all(b, name, err);
	if (st != KM_OK) {
		km_brands_free(b);
		return st;
	}
	*out = b;
	return KM_OK;
}

void km_brands_free(km_brands *b)
{
	if (b == NULL)
		return;
	km_arena_free(b->arena);
	free(b);
}

size_t km_brands_count(const km_brands *b)
{
	return b->n;
}

const km_brand *km_brands_at(const km_brands *b, size_t i)
{
	return i < b->n ? &b->brand[i] : NULL;
}

const km_brand *km_brands_find(const km_brands *b, km_sv name)
{
	const km_brand *found = km_map_get(&b->by_id, name);
	km_arena *a = found ? NULL : km_arena_new(1 << 20);
	km_sv key;

	if (a && km_view_key(a, name, &key, NULL) == KM_OK)
		for (uint32_t i = 0; i < km_terms_count(b->terms) && found == NULL; i++)
			if (b->of_term[i] && km_sv_eq(km_terms_text(b->terms, i), key))
				found = b->name[b->of_term[i]].brand;
	km_arena_free(a);
	return found;
}

const km_brand *km_brands_of_term(const km_brands *b, uint32_t term, const km_brand_alias **alias)
{
	const struct name *of = &b->name[b->of_term[term]];

	*alias = of->alias;
	return of->brand;
}

/* The value of @host or of the nearest domain above it. */
static const km_brand *look_up(const km_map *map, km_sv host)
{
	while (host.n) {
		const km_brand *found = km_map_get(map, host);
		if (found)
			return found;
		host = km_sv_from(host, km_sv_chr(host, '.', 0) + 1);
	}
	return NULL;
}

const km_brand *km_brands_of_host(const km_brands *b, km_sv host, bool sender)
{
	const km_brand *found = look_up(&b->by_domain, host);

	return found || !sender ? found : look_up(&b->by_sender, host);
}

bool km_brand_owns(const km_brands *b, const km_brand *brand, km_sv host, bool sender)
{
	const km_brand *owner = km_brands_of_host(b, host, sender);

	return owner && same_owner(owner, brand);
}

bool km_brands_is_mailbox(const km_brands *b, km_sv domain)
{
	return km_map_get(&b->by_mailbox, domain) != NULL;
}
