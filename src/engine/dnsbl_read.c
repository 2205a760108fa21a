/* The table of DNS lists, from YAML. */
#include "auth/tag.h"
#include "base/file.h"
#include "conf/schema.h"
#include "engine/dnsbl.h"

enum { ARENA_BYTES = 16 << 20, FILE_BYTES = 1 << 20, MAX_KNOWN = 200, WORD_BYTES = 64 };

static const double FAR = 100; /* points, for or against */

static const char *const kinds[KM_DNSBL_KINDS] = { [KM_DNSBL_CLIENT] = "client",
						   [KM_DNSBL_DOMAIN] = "domain",
						   [KM_DNSBL_LINK] = "link",
						   [KM_DNSBL_ADDRESS] = "address" };

typedef struct {
	km_arena *arena;
	km_dnsbl *known; /* later ones go before those of the same name */
	size_t n;
	km_dnsbl *list; /* at hand */
	km_dnsbl_answer *answer;
} reading;

static const char *kind_name(size_t i, const void *ctx)
{
	(void)ctx;
	return kinds[i];
}

static const char *list_name(size_t i, const void *ctx)
{
	const reading *r = ctx;

	return km_sv_cstr(r->arena, r->known[i].name);
}

static km_status read_text(const km_yaml *n, reading *r, km_sv *out, km_err *err)
{
	bool ok = n->kind == KM_YAML_SCALAR && n->scalar.n > 0 && n->scalar.n <= WORD_BYTES;

	for (size_t i = 0; ok && i < n->scalar.n; i++)
		ok = (unsigned char)n->scalar.p[i] >= 0x20 && n->scalar.p[i] != 0x7f;
	if (!ok)
		return km_yaml_expected(n, err, "a word or a few, up to %d bytes", WORD_BYTES);
	*out = km_sv_dup(r->arena, n->scalar);
	return KM_OK;
}

static km_status read_net(const km_yaml *n, km_net *out, km_err *err)
{
	if (n->kind == KM_YAML_SCALAR && km_net_parse(n->scalar, out) && out->ip.len == 4 &&
	    out->ip.b[0] == 127)
		return KM_OK;
	return km_yaml_expected(n, err, "an address or network in 127.0.0.0/8");
}

static km_status read_is(const km_yaml *n, void *ctx, km_err *err)
{
	return read_net(n, &((reading *)ctx)->answer->is, err);
}

static km_status read_last(const km_yaml *n, void *ctx, km_err *err)
{
	int64_t x = 0;
	km_status st = km_yaml_int(n, 0, 255, &x, err);

	((reading *)ctx)->answer->last = (int)x;
	return st;
}

static km_status read_bits(const km_yaml *n, void *ctx, km_err *err)
{
	int64_t x = 0;
	km_status st = km_yaml_int(n, 1, 255, &x, err);

	((reading *)ctx)->answer->bits = (unsigned)x;
	return st;
}

static km_status read_points(const km_yaml *n, void *ctx, km_err *err)
{
	return km_yaml_double(n, -FAR, FAR, &((reading *)ctx)->answer->points, err);
}

static km_status read_says(const km_yaml *n, void *ctx, km_err *err)
{
	reading *r = ctx;

	return read_text(n, r, &r->answer->says, err);
}

static km_status read_answer(const km_yaml *n, reading *r, km_err *err)
{
	static const km_yaml_field fields[] = { { "is", false, read_is },
						{ "last", false, read_last },
						{ "bits", false, read_bits },
						{ "points", true, read_points },
						{ "says", true, read_says } };

	*r->answer = (km_dnsbl_answer){ .is = { { .len = 4, .b = { 127 } }, 8 }, .last = -1 };
	km_status st = km_yaml_fields(n, fields, KM_COUNT(fields), r, err);
	if (st == KM_OK && r->answer->is.bits == 8 && r->answer->last < 0 && r->answer->bits == 0)
		return km_yaml_expected(n, err, "one of is, last and bits");
	return st;
}

static km_status read_answers(const km_yaml *n, void *ctx, km_err *err)
{
	reading *r = ctx;
	km_status st = KM_OK;

	if (n->kind != KM_YAML_LIST || n->n == 0)
		return km_yaml_expected(n, err, "a list of answers");
	r->list->answer = KM_NEW_ARRAY(r->arena, km_dnsbl_answer, n->n);
	for (const km_yaml *c = n->child; c && r->list->answer && st == KM_OK; c = c->next) {
		r->answer = &r->list->answer[r->list->n_answers++];
		st = read_answer(c, r, err);
	}
	return st;
}

static km_status read_refused(const km_yaml *n, void *ctx, km_err *err)
{
	reading *r = ctx;
	km_status st = KM_OK;

	if (n->kind != KM_YAML_LIST)
		return km_yaml_expected(n, err, "a list of addresses");
	r->list->refused = KM_NEW_ARRAY(r->arena, km_net, n->n);
	for (const km_yaml *c = n->child; c && r->list->refused && st == KM_OK; c = c->next)
		st = read_net(c, &r->list->refused[r->list->n_refused++], err);
	return st;
}

static km_status read_what(const km_yaml *n, void *ctx, km_err *err)
{
	reading *r = ctx;

	if (n->kind != KM_YAML_LIST || n->n == 0)
		return km_yaml_expected(n, err, "a list of client, domain, link, address");
	for (const km_yaml *c = n->child; c; c = c->next) {
		unsigned k = 0;
		if (c->kind != KM_YAML_SCALAR)
			return km_yaml_expected(c, err, "client, domain, link or address");
		while (k < KM_DNSBL_KINDS && !km_sv_eq(c->scalar, km_sv_of(kinds[k])))
			k++;
		if (k == KM_DNSBL_KINDS)
			return km_yaml_unknown(c, "subject", c->scalar, kind_name, KM_DNSBL_KINDS,
					       NULL, err);
		r->list->what |= 1u << k;
	}
	return KM_OK;
}

static km_status read_name(const km_yaml *n, void *ctx, km_err *err)
{
	reading *r = ctx;

	return read_text(n, r, &r->list->name, err);
}

static km_status read_zone(const km_yaml *n, void *ctx, km_err *err)
{
	reading *r = ctx;

	if (n->kind != KM_YAML_SCALAR || !km_tag_is_name(n->scalar, 1))
		return km_yaml_expected(n, err, "a domain");
	r->list->zone = km_sv_dup(r->arena, n->scalar);
	return KM_OK;
}

static km_status read_lists(const km_yaml *n, void *ctx, km_err *err)
{
	static const km_yaml_field fields[] = {
		{ "name", true, read_name },	   { "zone", true, read_zone },
		{ "what", true, read_what },	   { "refused", false, read_refused },
		{ "answers", true, read_answers },
	};
	reading *r = ctx;
	km_status st = KM_OK;

	if (n->kind != KM_YAML_LIST)
		return km_yaml_expected(n, err, "a list of lists");
	for (const km_yaml *c = n->child; c && st == KM_OK; c = c->next) {
		if (r->n == MAX_KNOWN)
			return km_yaml_wrong(c, err, "more than %d lists", MAX_KNOWN);
		r->list = &r->known[r->n++];
		*r->list = (km_dnsbl){ 0 };
		st = km_yaml_fields(c, fields, KM_COUNT(fields), r, err);
	}
	return st;
}

static km_status read_table(reading *r, km_sv text, const char *name, km_err *err)
{
	static const km_yaml_field fields[] = { { "lists", true, read_lists } };
	km_yaml *root;
	km_status st = km_yaml_parse(r->arena, text, name, &root, err);

	return st == KM_OK ? km_yaml_fields(root, fields, KM_COUNT(fields), r, err) : st;
}

static km_status read_file(reading *r, const char *path, km_err *err)
{
	km_file f;

	if (*path == '\0')
		return KM_OK;
	km_status st = km_file_open(&f, path, FILE_BYTES, err);
	if (st != KM_OK)
		return st;
	st = read_table(r, f.bytes, path, err);
	km_file_close(&f);
	return st;
}

/* Keeps the lists that are named, the last of each name. */
static km_status choose(km_dnsbls *l, const reading *r, const char *const *names, size_t n,
			km_err *err)
{
	l->list = KM_NEW_ARRAY(l->arena, km_dnsbl, n);
	for (size_t i = 0; i < n && l->list; i++) {
		size_t k = r->n;
		while (k > 0 && !km_sv_eq(r->known[k - 1].name, km_sv_of(names[i])))
			k--;
		const char *near = k ? NULL : km_nearest(km_sv_of(names[i]), list_name, r->n, r);
		if (k == 0)
			return KM_FAIL(err, KM_CONFIG,
				       "dnsbl.enabled: there is no list \"%s\"%s%s%s", names[i],
				       near ? "; did you mean \"" : "", near ? near : "",
				       near ? "\"?" : "");
		l->list[l->n++] = r->known[k - 1];
	}
	return km_arena_full(l->arena) ? KM_FAIL(err, KM_NOMEM, "no memory for the DNS lists")
				       : KM_OK;
}

static km_status begin(km_dnsbls *l, reading *r, km_err *err)
{
	*l = (km_dnsbls){ .arena = km_arena_new(ARENA_BYTES) };
	*r = (reading){ .arena = l->arena };
	if (l->arena)
		r->known = KM_NEW_ARRAY(l->arena, km_dnsbl, MAX_KNOWN);
	return r->known ? KM_OK : KM_FAIL(err, KM_NOMEM, "no memory for the DNS lists");
}

km_status km_dnsbls_parse(km_dnsbls *l, km_sv text, const char *name, const char *const *names,
			  size_t n_names, km_err *err)
{
	reading r;
	km_status st = begin(l, &r, err);

	if (st == KM_OK)
		st = read_table(&r, text, name, err);
	if (st == KM_OK)
		st = choose(l, &r, names, n_names, err);
	if (st != KM_OK)
		km_dnsbls_close(l);
	return st;
}

km_status km_dnsbls_open(km_dnsbls *l, const km_conf *conf, km_err *err)
{
	const char *const *names;
	size_t n = km_conf_list(conf, KM_KEY_DNSBL_ENABLED, &names);
	const char *path = km_conf_str(conf, KM_KEY_DNSBL_FILE);
	reading r;

	*l = (km_dnsbls){ 0 };
	if (n == 0 && *path == '\0')
		return KM_OK;
	km_status st = begin(l, &r, err);
	if (st == KM_OK)
		st = read_table(&r, km_dnsbls_builtin(), "built-in lists", err);
	if (st == KM_OK)
		st = read_file(&r, path, err);
	if (st == KM_OK)
		st = choose(l, &r, names, n, err);
	if (st != KM_OK)
		km_dnsbls_close(l);
	return st;
}

void km_dnsbls_close(km_dnsbls *l)
{
	km_arena_free(l->arena);
	*l = (km_dnsbls){ 0 };
}
