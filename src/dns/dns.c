#include "dns/dns.h"

#include "base/block.h"

/* Stands in the map for a question that is open. */
static const km_dns_answer pending;
/* For when there is no memory to make one up. */
static const km_dns_answer no_memory = { .rcode = KM_DNS_SERVFAIL };

static const struct {
	km_dns_type type;
	const char *name;
} types[] = {
	{ KM_DNS_A, "A" },     { KM_DNS_NS, "NS" },	{ KM_DNS_CNAME, "CNAME" },
	{ KM_DNS_SOA, "SOA" }, { KM_DNS_PTR, "PTR" },	{ KM_DNS_MX, "MX" },
	{ KM_DNS_TXT, "TXT" }, { KM_DNS_AAAA, "AAAA" }, { KM_DNS_TLSA, "TLSA" },
};

const char *km_dns_type_name(km_dns_type t)
{
	for (size_t i = 0; i < KM_COUNT(types); i++)
		if (types[i].type == t)
			return types[i].name;
	return "?";
}

const char *km_dnssec_name(km_dnssec p)
{
	static const char *const names[] = { NULL, "secure", "insecure", "bogus" };

	return names[p];
}

const char *km_dns_rcode_name(km_dns_rcode r)
{
	static const char *const names[] = {
		[KM_DNS_OK] = "OK",
		[KM_DNS_NODATA] = "NODATA",
		[KM_DNS_NXDOMAIN] = "NXDOMAIN",
		[KM_DNS_SERVFAIL] = "SERVFAIL",
		[KM_DNS_TIMEOUT] = "TIMEOUT",
		[KM_DNS_BOGUS] = "BOGUS",
	};
	return (size_t)r < KM_COUNT(names) ? names[r] : "?";
}

/* True when an escaped dot or backslash stands at name.p[i]. Other backslashes are themselves. */
static bool is_escape(km_sv name, size_t i)
{
	return name.p[i] == '\\' && i + 1 < name.n &&
	       (name.p[i + 1] == '.' || name.p[i + 1] == '\\');
}

/* Offset of the dot that ends the label at @from, or name.n. */
static size_t label_end(km_sv name, size_t from)
{
	size_t i = from;

	while (i < name.n && name.p[i] != '.')
		i += is_escape(name, i) ? 2 : 1;
	return i;
}

km_sv km_dns_name_parent(km_sv name)
{
	return km_sv_from(name, label_end(name, 0) + 1);
}

static bool normal_escaped(km_sv name, char out[KM_DNS_NAME_TEXT], size_t *n)
{
	size_t wire = 1, o = 0;

	for (size_t at = 0; at < name.n;) {
		size_t end = label_end(name, at), length = 0;
		for (; at < end; at++, length++) {
			if (o + 3 > KM_DNS_NAME_TEXT)
				return false;
			if (is_escape(name, at))
				out[o++] = name.p[at++];
			else if (name.p[at] == '\\')
				out[o++] = '\\';
			out[o++] = (char)km_lower((unsigned char)name.p[at]);
		}
		wire += length + 1;
		if (length == 0 || length > 63 || wire > 255)
			return false;
		if (++at < name.n)
			out[o++] = '.';
	}
	*n = o;
	return o > 0;
}

/* Makes the letters of KM_BLOCK bytes small; returns a bit for each dot and backslash. */
static uint32_t lower_block(char *p)
{
	km_block c = km_block_load(p);
	km_block capital = (km_block)((km_block)(c - 'A') < 26) & 0x20;

	km_block_store(p, c | capital);
	return km_block_bits((km_block)(c == '.') | (km_block)(c == '\\'));
}

bool km_dns_name_normal(km_sv name, char out[KM_DNS_NAME_TEXT], size_t *n)
{
	const size_t length = name.n && name.p[name.n - 1] == '.' ? name.n - 1 : name.n;
	size_t label = 0; /* where it begins */

	/* Nearly all: nothing is escaped, so it stays as long as it is. */
	if (length == 0 || length > 253)
		return normal_escaped(name, out, n);
	memcpy(out, name.p, length);
	memset(out + length, 0, KM_BLOCK);
	for (size_t at = 0; at < length; at += KM_BLOCK)
		for (uint32_t bits = lower_block(out + at); bits; bits &= bits - 1) {
			size_t i = at + (size_t)__builtin_ctz(bits);
			if (out[i] == '\\')
				return normal_escaped(name, out, n);
			if (i == label || i - label > 63)
				return false;
			label = i + 1;
		}
	*n = length;
	return length > label && length - label <= 63;
}

void km_dns_set_init(km_dns_set *s, km_arena *arena)
{
	*s = (km_dns_set){ .arena = arena };
	km_map_init(&s->answers, arena, false);
}

/* Map key: type in two bytes, then the normal name. */
typedef struct {
	char b[2 + KM_DNS_NAME_TEXT];
	size_t n;
} key;

static bool key_of(km_sv name, km_dns_type type, key *k)
{
	size_t n = 0;
	bool ok = km_dns_name_normal(name, k->b + 2, &n);

	k->b[0] = (char)((unsigned)type >> 8);
	k->b[1] = (char)((unsigned)type & 0xff);
	k->n = 2 + n;
	return ok;
}

/* The place of the answer to @k; the key is copied when it is new. */
static km_dns_answer **slot_of(km_dns_set *s, const key *k)
{
	km_sv copy = km_sv_dup(s->arena, (km_sv){ k->b, k->n });

	return copy.p ? (km_dns_answer **)km_map_put(&s->answers, copy) : NULL;
}

static const km_dns_answer *make_up(km_dns_set *s, km_sv name, km_dns_type type, km_dns_rcode rcode)
{
	km_dns_answer *a = KM_NEW(s->arena, km_dns_answer);

	if (a == NULL)
		return &no_memory;
	*a = (km_dns_answer){ .name = name, .type = type, .rcode = rcode };
	return a;
}

const km_dns_answer *km_dns_need(km_dns_set *s, km_sv name, km_dns_type type)
{
	key k;

	if (!key_of(name, type, &k))
		return make_up(s, name, type, KM_DNS_NXDOMAIN);
	const km_dns_answer *known = km_map_get(&s->answers, (km_sv){ k.b, k.n });
	if (known)
		return known == &pending ? NULL : known;
	if (s->asked >= KM_MAX_DNS_QUESTIONS) {
		km_limit_hit(&s->limits, KM_LIMIT_DNS_QUESTIONS);
		return make_up(s, name, type, KM_DNS_SERVFAIL);
	}
	if (s->n_open == s->cap_open) {
		size_t cap = s->cap_open ? s->cap_open * 2 : 16;
		km_dns_question *more = km_arena_grow(
			s->arena, s->open, s->cap_open * sizeof(*more), cap * sizeof(*more));
		if (more == NULL)
			return &no_memory;
		s->open = more;
		s->cap_open = cap;
	}
	km_sv own = km_sv_dup(s->arena, (km_sv){ k.b + 2, k.n - 2 });
	km_dns_answer **slot = own.p ? slot_of(s, &k) : NULL;
	if (slot == NULL)
		return &no_memory;
	*slot = (km_dns_answer *)(uintptr_t)&pending;
	s->open[s->n_open++] = (km_dns_question){ own, type };
	s->asked++;
	return NULL;
}

const km_dns_answer *km_dns_known(const km_dns_set *s, km_sv name, km_dns_type type)
{
	key k;
	const km_dns_answer *known =
		key_of(name, type, &k) ? km_map_get(&s->answers, (km_sv){ k.b, k.n }) : NULL;

	return known == &pending ? NULL : known;
}

static void close_question(km_dns_set *s, km_sv name, km_dns_type type)
{
	for (size_t i = 0; i < s->n_open; i++) {
		if (s->open[i].type != type || !km_sv_eq(s->open[i].name, name))
			continue;
		memmove(&s->open[i], &s->open[i + 1], (s->n_open - i - 1) * sizeof(s->open[0]));
		s->n_open--;
		return;
	}
}

static void note_bogus(km_dns_set *s, const km_dns_answer *a)
{
	const km_dns_question *q = &s->bogus;
	int order = 0;

	if (q->name.n && a->name.n != q->name.n)
		order = a->name.n < q->name.n ? -1 : 1;
	else if (q->name.n)
		order = memcmp(a->name.p, q->name.p, a->name.n);
	if (q->name.n == 0 || order < 0 || (order == 0 && a->type < q->type))
		s->bogus = (km_dns_question){ a->name, a->type };
}

km_status km_dns_give(km_dns_set *s, const km_dns_answer *answer)
{
	key k;

	if (!key_of(answer->name, answer->type, &k))
		return KM_SYNTAX;
	km_sv name = { k.b + 2, k.n - 2 };
	km_dns_answer **slot = slot_of(s, &k);
	km_dns_answer *copy = KM_NEW(s->arena, km_dns_answer);
	km_dns_rr *rr = KM_NEW_ARRAY(s->arena, km_dns_rr, answer->n);

	close_question(s, name, answer->type);
	if (slot == NULL)
		return KM_LIMIT;
	*slot = (km_dns_answer *)(uintptr_t)&no_memory;
	if (copy == NULL || rr == NULL)
		return KM_LIMIT;
	*copy = *answer;
	copy->name = km_sv_dup(s->arena, name);
	copy->rr = rr;
	for (size_t i = 0; i < answer->n; i++) {
		rr[i].preference = answer->rr[i].preference;
		rr[i].data = km_sv_dup(s->arena, answer->rr[i].data);
		if (rr[i].data.p == NULL && answer->rr[i].data.n)
			return KM_LIMIT;
	}
	*slot = copy;
	if (copy->rcode == KM_DNS_BOGUS)
		note_bogus(s, copy);
	return KM_OK;
}
