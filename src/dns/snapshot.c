#include "dns/snapshot.h"

#include <stdlib.h>

#include "dns/master.h"

enum { LONGEST_CHAIN = 12, DEFAULT_TTL = 3600 };

/* The records of one type at one name, or the reason why there are none. */
struct set {
	struct set *next;
	km_dns_type type;
	km_dns_rcode rcode;
	bool secure;
	uint32_t ttl;
	km_dns_rr *rr;
	size_t n, cap;
};

struct node {
	km_sv name;
	struct set *sets;
	bool exists; /* has records, or children that have */
};

struct km_dns_snapshot {
	km_arena *arena;
	km_map nodes; /* name -> struct node */
};

/* --- building --- */

typedef struct {
	km_dns_snapshot *s;
	km_map seen; /* every record, so that each is kept once */
	km_buf scratch, key;
	char origin_text[KM_DNS_NAME_TEXT], owner_text[KM_DNS_NAME_TEXT];
	km_sv origin, owner;
	bool has_owner;
	uint32_t ttl;
} builder;

static struct node *node_at(km_dns_snapshot *s, km_sv name)
{
	struct node *n = km_map_get(&s->nodes, name);

	if (n)
		return n;
	n = KM_NEW(s->arena, struct node);
	km_sv own = km_sv_dup(s->arena, name);
	void **slot = n && (own.p || name.n == 0) ? km_map_put(&s->nodes, own) : NULL;
	if (slot == NULL)
		return NULL;
	n->name = own;
	*slot = n;
	return n;
}

/* @n and all that it stands below exist from now on. */
static bool make_exist(km_dns_snapshot *s, struct node *n)
{
	while (n && !n->exists) {
		n->exists = true;
		if (n->name.n == 0)
			return true;
		n = node_at(s, km_dns_name_parent(n->name));
	}
	return n != NULL;
}

static struct set *set_find(const struct node *n, km_dns_type type)
{
	for (struct set *t = n->sets; t; t = t->next)
		if (t->type == type)
			return t;
	return NULL;
}

static struct set *set_at(km_dns_snapshot *s, struct node *n, km_dns_type type)
{
	struct set *t = set_find(n, type);

	if (t)
		return t;
	t = KM_NEW(s->arena, struct set);
	if (t) {
		t->type = type;
		t->next = n->sets;
		t->ttl = UINT32_MAX;
		n->sets = t;
	}
	return t;
}

/* True when this record is new; remembers it. */
static bool is_new(builder *b, km_dns_type type, const km_dns_rr *rr, bool *ok)
{
	b->key.n = 0;
	km_buf_fmt(&b->key, "%d %u %zu ", (int)type, rr->preference, b->owner.n);
	km_buf_add(&b->key, b->owner);
	km_buf_add(&b->key, rr->data);
	*ok = true;
	if (km_map_get(&b->seen, km_buf_sv(&b->key)))
		return false;
	km_sv own = km_sv_dup(b->s->arena, km_buf_sv(&b->key));
	void **slot = own.p ? km_map_put(&b->seen, own) : NULL;
	*ok = slot != NULL;
	if (slot)
		*slot = b;
	return *ok;
}

static bool set_add(km_arena *a, struct set *t, const km_dns_rr *rr)
{
	if (t->n == t->cap) {
		size_t cap = t->cap ? t->cap * 2 : 1;
		km_dns_rr *more =
			km_arena_grow(a, t->rr, t->cap * sizeof(*more), cap * sizeof(*more));
		if (more == NULL)
			return false;
		t->rr = more;
		t->cap = cap;
	}
	t->rr[t->n] = *rr;
	t->rr[t->n].data = km_sv_dup(a, rr->data);
	return t->rr[t->n++].data.p || rr->data.n == 0;
}

static km_status add_record(builder *b, unsigned type, uint32_t ttl, const km_master_token *token,
			    size_t n, km_err *err)
{
	km_dns_snapshot *s = b->s;
	km_dns_rr rr;
	bool ok;
	bool wanted = km_dns_type_name((km_dns_type)type)[0] != '?';
	struct node *node = node_at(s, b->owner);

	if (node == NULL || !make_exist(s, node))
		return KM_FAIL(err, KM_NOMEM, "out of memory");
	if (!wanted)
		return KM_OK;
	if (!km_master_rdata((km_dns_type)type, token, n, b->origin, &b->scratch, &rr))
		return KM_FAIL(err, KM_SYNTAX, "the data is no %s record",
			       km_dns_type_name((km_dns_type)type));
	struct set *t = set_at(s, node, (km_dns_type)type);
	if (t == NULL)
		return KM_FAIL(err, KM_NOMEM, "out of memory");
	if (ttl < t->ttl)
		t->ttl = ttl;
	if (is_new(b, (km_dns_type)type, &rr, &ok) && ok)
		ok = set_add(s->arena, t, &rr);
	return ok ? KM_OK : KM_FAIL(err, KM_NOMEM, "out of memory");
}

/* ";! NAME TYPE WHY", or SECURE of what is there otherwise. */
static km_status add_status(builder *b, const km_master *m, km_err *err)
{
	char name[KM_DNS_NAME_TEXT];
	size_t n;
	km_dns_rcode why = KM_DNS_OK;
	bool secure = m->n == 3 && km_sv_ieq(m->token[2].text, KM_S("SECURE"));

	if (m->n != 3 || !km_master_name(&m->token[0], b->origin, name, &n))
		return KM_FAIL(err, KM_SYNTAX, "expected \";! NAME TYPE WHY\"");
	unsigned type = km_master_type(m->token[1].text);
	for (int r = KM_DNS_NODATA; r <= KM_DNS_BOGUS; r++)
		if (km_sv_ieq(m->token[2].text, km_sv_of(km_dns_rcode_name((km_dns_rcode)r))))
			why = (km_dns_rcode)r;
	if (type == 0 || (why == KM_DNS_OK && !secure))
		return KM_FAIL(err, KM_SYNTAX, "no %s is called \"%.*s\"", type ? "answer" : "type",
			       KM_FMT(m->token[type ? 2 : 1].text));
	struct node *node = node_at(b->s, (km_sv){ name, n });
	struct set *t = node ? set_at(b->s, node, (km_dns_type)type) : NULL;
	if (t == NULL || (why == KM_DNS_NODATA && !make_exist(b->s, node)))
		return KM_FAIL(err, KM_NOMEM, "out of memory");
	if (secure)
		t->secure = true;
	else
		t->rcode = why;
	return KM_OK;
}

static km_status add_directive(builder *b, const km_master *m, km_err *err)
{
	size_t n;

	if (m->n == 2 && km_sv_ieq(m->token[0].text, KM_S("$TTL")) &&
	    km_master_ttl(m->token[1].text, &b->ttl))
		return KM_OK;
	if (m->n == 2 && km_sv_ieq(m->token[0].text, KM_S("$ORIGIN"))) {
		char name[KM_DNS_NAME_TEXT];
		if (km_master_name(&m->token[1], b->origin, name, &n)) {
			memcpy(b->origin_text, name, n);
			b->origin = (km_sv){ b->origin_text, n };
			return KM_OK;
		}
	}
	return KM_FAIL(err, KM_SYNTAX, "\"%.*s\" with these words can not be read",
		       KM_FMT(m->token[0].text));
}

static km_status add_entry(builder *b, const km_master *m, km_err *err)
{
	size_t at = 0, n;
	uint32_t ttl = b->ttl;
	bool has_ttl = false, has_class = false;

	if (m->status)
		return add_status(b, m, err);
	if (!m->token[0].quoted && m->token[0].text.n && m->token[0].text.p[0] == '$')
		return add_directive(b, m, err);
	if (!m->indented) {
		if (!km_master_name(&m->token[at++], b->origin, b->owner_text, &n))
			return KM_FAIL(err, KM_SYNTAX, "\"%.*s\" is no name",
				       KM_FMT(m->token[0].text));
		b->owner = (km_sv){ b->owner_text, n };
		b->has_owner = true;
	} else if (!b->has_owner) {
		return KM_FAIL(err, KM_SYNTAX, "a record without a name");
	}
	for (; at < m->n; at++) {
		if (!has_ttl && km_master_ttl(m->token[at].text, &ttl))
			has_ttl = true;
		else if (!has_class && km_sv_ieq(m->token[at].text, KM_S("IN")))
			has_class = true;
		else
			break;
	}
	if (at == m->n)
		return KM_FAIL(err, KM_SYNTAX, "a record without a type");
	unsigned type = km_master_type(m->token[at].text);
	if (type == 0)
		return KM_FAIL(err, KM_SYNTAX, "no type is called \"%.*s\"",
			       KM_FMT(m->token[at].text));
	return add_record(b, type, ttl, m->token + at + 1, m->n - at - 1, err);
}

static km_status build(km_dns_snapshot *s, km_sv text, const char *name, km_err *err)
{
	km_master *m = calloc(1, sizeof(*m));
	builder *b = calloc(1, sizeof(*b));
	km_err why = { 0 };
	km_status st = KM_NOMEM;

	if (m && b) {
		m->rest = text;
		m->at = 1;
		b->s = s;
		b->ttl = DEFAULT_TTL;
		km_map_init(&b->seen, s->arena, false);
		km_buf_init(&b->scratch, NULL, KM_MASTER_RDATA);
		km_buf_init(&b->key, NULL, KM_MASTER_RDATA + KM_DNS_NAME_TEXT + 64);
		while ((st = km_master_next(m, &why)) == KM_OK &&
		       (st = add_entry(b, m, &why)) == KM_OK)
			continue;
		if (st != KM_NOTFOUND)
			st = KM_FAIL(err, st, "%s:%zu: %s", name, m->n ? m->line : m->at, why.msg);
		km_buf_finish(&b->scratch);
		km_buf_finish(&b->key);
	}
	free(m);
	free(b);
	return st == KM_NOTFOUND ? KM_OK : st;
}

km_status km_dns_snapshot_parse(km_sv text, const char *name, km_dns_snapshot **out, km_err *err)
{
	km_dns_snapshot *s = calloc(1, sizeof(*s));

	*out = NULL;
	/* What one byte of text can cost at most: a name's ancestors, each with a node. */
	size_t cap = text.n < SIZE_MAX / 256 ? text.n * 128 + (1 << 20) : SIZE_MAX;
	if (s == NULL || (s->arena = km_arena_new(cap)) == NULL) {
		free(s);
		return KM_FAIL(err, KM_NOMEM, "out of memory");
	}
	km_map_init(&s->nodes, s->arena, false);
	km_status st = build(s, text, name, err);
	if (st != KM_OK) {
		km_dns_snapshot_free(s);
		return st;
	}
	*out = s;
	return KM_OK;
}

void km_dns_snapshot_free(km_dns_snapshot *s)
{
	if (s)
		km_arena_free(s->arena);
	free(s);
}

/* --- answering --- */

static const struct node *lookup(const km_dns_snapshot *s, km_sv name)
{
	return km_map_get(&s->nodes, name);
}

/* The wildcard that answers for @name, which does not exist (RFC 4592 section 3.3.1), or NULL. */
static const struct node *wildcard(const km_dns_snapshot *s, km_sv name)
{
	char text[KM_DNS_NAME_TEXT + 2] = "*.";
	const struct node *encloser = NULL;

	while (name.n && (encloser == NULL || !encloser->exists)) {
		name = km_dns_name_parent(name);
		encloser = lookup(s, name);
	}
	if (encloser == NULL || name.n > KM_DNS_NAME_TEXT)
		return NULL;
	if (name.n)
		memcpy(text + 2, name.p, name.n);
	return lookup(s, (km_sv){ text, name.n ? name.n + 2 : 1 });
}

/* One step: the set that answers (@name, @type), or a CNAME's; NULL with *why. */
static const struct set *resolve(const km_dns_snapshot *s, km_sv name, km_dns_type type,
				 km_dns_rcode *why)
{
	const struct node *n = lookup(s, name);
	const struct set *t = n ? set_find(n, type) : NULL;

	if (t == NULL && (n == NULL || !n->exists)) {
		n = wildcard(s, name);
		t = n ? set_find(n, type) : NULL;
	}
	if (t == NULL && n) {
		t = set_find(n, KM_DNS_CNAME);
		if (t && t->rcode != KM_DNS_OK)
			t = NULL;
	}
	*why = n && n->exists ? KM_DNS_NODATA : KM_DNS_NXDOMAIN;
	return t;
}

void km_dns_snapshot_answer(const km_dns_snapshot *s, km_sv name, km_dns_type type,
			    km_dns_answer *out)
{
	char text[KM_DNS_NAME_TEXT];
	km_sv at = { text, 0 };

	*out = (km_dns_answer){
		.name = name, .type = type, .rcode = KM_DNS_NXDOMAIN, .ttl = UINT32_MAX
	};
	bool valid = km_dns_name_normal(name, text, &at.n);
	for (int step = 0; valid; step++) {
		const struct set *t = resolve(s, at, type, &out->rcode);
		if (t == NULL)
			break;
		out->secure = t->secure;
		if (t->rcode == KM_DNS_OK && t->n == 0) /* it is only said to be secure */
			break;
		if (t->ttl < out->ttl)
			out->ttl = t->ttl;
		out->rcode = t->rcode;
		if (t->rcode != KM_DNS_OK)
			break;
		if (t->type == type) {
			out->rr = t->rr;
			out->n = t->n;
			break;
		}
		at = t->rr[0].data;
		if (t->n > 1 || step == LONGEST_CHAIN) {
			out->rcode = KM_DNS_SERVFAIL;
			break;
		}
	}
	if (out->ttl == UINT32_MAX)
		out->ttl = 0;
}

/* --- writing --- */

void km_dns_snapshot_write(km_buf *out, const km_dns_answer *answer)
{
	char text[KM_DNS_NAME_TEXT];
	km_sv name = { text, 0 };
	const char *type = km_dns_type_name(answer->type);

	/* A name that can not be asked gets its NXDOMAIN without being written. */
	if (!km_dns_name_normal(answer->name, text, &name.n))
		return;
	if (answer->n == 0) {
		km_dns_rcode why = answer->rcode == KM_DNS_OK ? KM_DNS_NODATA : answer->rcode;
		km_buf_add(out, KM_S(";! "));
		km_master_write_name(out, name);
		km_buf_fmt(out, " %s %s\n", type, km_dns_rcode_name(why));
	}
	for (size_t i = 0; i < answer->n; i++) {
		km_master_write_name(out, name);
		km_buf_fmt(out, " %u IN %s ", answer->ttl, type);
		km_master_write_rdata(out, answer->type, &answer->rr[i]);
		km_buf_byte(out, '\n');
	}
	if (answer->secure) {
		km_buf_add(out, KM_S(";! "));
		km_master_write_name(out, name);
		km_buf_fmt(out, " %s SECURE\n", type);
	}
}
