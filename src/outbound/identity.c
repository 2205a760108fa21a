#include "outbound/identity.h"

#include <stdlib.h>

enum { IDENTITIES_MAX = 1000, ADDRESS_MAX = 320, LOGINS_MAX = 1000 };

/* An account with its addresses: one block, each of them in lower case behind its length. */
typedef struct {
	uint64_t hash;
	char *block; /* name, then identities; NULL: free slot */
	uint32_t bytes;
	uint16_t name_bytes, n;
} entry;

/* A domain that some account may use, by its hash. */
typedef struct {
	uint64_t *v; /* 0: free */
	size_t cap, n;
} domain_set;

struct km_identities {
	entry *v;
	size_t cap, n; /* cap is a power of two */
	domain_set domains;
};

km_identities *km_identities_new(void)
{
	return calloc(1, sizeof(km_identities));
}

void km_identities_free(km_identities *t)
{
	if (t == NULL)
		return;
	for (size_t i = 0; i < t->cap; i++)
		free(t->v[i].block);
	free(t->v);
	free(t->domains.v);
	free(t);
}

static bool is_named(const entry *e, uint64_t hash, km_sv account)
{
	return e->hash == hash && e->name_bytes == account.n &&
	       memcmp(e->block, account.p, account.n) == 0;
}

/* The slot of @account, or the free one where it belongs. */
static entry *slot(entry *v, size_t cap, uint64_t hash, km_sv account)
{
	size_t i = (size_t)hash & (cap - 1);

	while (v[i].block && !is_named(&v[i], hash, account))
		i = (i + 1) & (cap - 1);
	return &v[i];
}

static bool grow(km_identities *t)
{
	size_t cap = t->cap ? t->cap * 2 : 256;
	entry *v = calloc(cap, sizeof(*v));

	if (v == NULL)
		return false;
	for (size_t i = 0; i < t->cap; i++)
		if (t->v[i].block)
			*slot(v, cap, t->v[i].hash, (km_sv){ t->v[i].block, t->v[i].name_bytes }) =
				t->v[i];
	free(t->v);
	t->v = v;
	t->cap = cap;
	return true;
}

static bool domain_put(domain_set *s, uint64_t hash)
{
	if (2 * (s->n + 1) > s->cap) {
		domain_set bigger = { calloc(s->cap ? s->cap * 2 : 256, sizeof(uint64_t)),
				      s->cap ? s->cap * 2 : 256, 0 };
		if (bigger.v == NULL)
			return false;
		for (size_t i = 0; i < s->cap; i++)
			if (s->v[i])
				(void)domain_put(&bigger, s->v[i]);
		free(s->v);
		*s = bigger;
	}
	size_t i = (size_t)hash & (s->cap - 1);
	while (s->v[i] && s->v[i] != hash)
		i = (i + 1) & (s->cap - 1);
	s->n += s->v[i] == 0;
	s->v[i] = hash;
	return true;
}

static uint64_t domain_hash(km_sv domain)
{
	uint64_t h = km_sv_ihash(domain);

	return h ? h : 1;
}

static km_sv domain_of(km_sv address)
{
	return km_sv_from(address, km_sv_rchr(address, '@') + 1);
}

static entry *find(const km_identities *t, km_sv account)
{
	if (t->cap == 0)
		return NULL;
	entry *e = slot(t->v, t->cap, km_sv_hash(account), account);
	return e->block ? e : NULL;
}

/* Next identity of @e behind *at; false past the last. */
static bool next(const entry *e, size_t *at, km_sv *identity)
{
	uint16_t n;

	if (*at + sizeof(n) > e->bytes)
		return false;
	memcpy(&n, e->block + *at, sizeof(n));
	*identity = (km_sv){ e->block + *at + sizeof(n), n };
	*at += sizeof(n) + n;
	return true;
}

static bool holds(const entry *e, km_sv identity)
{
	km_sv own;

	for (size_t at = e->name_bytes; next(e, &at, &own);)
		if (km_sv_ieq(own, identity))
			return true;
	return false;
}

static km_status append(entry *e, km_sv identity)
{
	uint16_t n = (uint16_t)identity.n;
	char *block = realloc(e->block, e->bytes + sizeof(n) + identity.n);

	if (block == NULL)
		return KM_NOMEM;
	memcpy(block + e->bytes, &n, sizeof(n));
	for (size_t i = 0; i < identity.n; i++)
		block[e->bytes + sizeof(n) + i] = (char)km_lower((unsigned char)identity.p[i]);
	e->block = block;
	e->bytes += (uint32_t)(sizeof(n) + identity.n);
	e->n++;
	return KM_OK;
}

/* The entry of @account, made when it is new. */
static entry *put(km_identities *t, km_sv account)
{
	uint64_t hash = km_sv_hash(account);

	if (account.n > UINT16_MAX || (2 * (t->n + 1) > t->cap && !grow(t)))
		return NULL;
	entry *e = slot(t->v, t->cap, hash, account);
	if (e->block)
		return e;
	e->block = malloc(account.n + 1);
	if (e->block == NULL)
		return NULL;
	if (account.n)
		memcpy(e->block, account.p, account.n);
	e->hash = hash;
	e->bytes = (uint32_t)account.n;
	e->name_bytes = (uint16_t)account.n;
	e->n = 0;
	t->n++;
	return e;
}

km_status km_identities_add(km_identities *t, km_sv account, km_sv identity)
{
	entry *e = put(t, account);

	if (e == NULL || !domain_put(&t->domains, domain_hash(domain_of(identity))))
		return KM_NOMEM;
	if (identity.n == 0 || holds(e, identity))
		return KM_OK;
	if (e->n >= IDENTITIES_MAX || identity.n > ADDRESS_MAX)
		return KM_LIMIT;
	return append(e, identity);
}

void km_identities_clear(km_identities *t, km_sv account)
{
	entry *e = find(t, account);

	if (e == NULL)
		return;
	e->bytes = e->name_bytes;
	e->n = 0;
}

/*
 * The outline of @address, in which what looks alike is the same: 0 and o, 1 i and l, rn and m, vv
 * and w; hyphens, dots, underscores gone. Returns its length.
 */
static size_t outline(km_sv address, char out[ADDRESS_MAX])
{
	static const char plain[256] = { ['0'] = 'o', ['1'] = 'l', ['i'] = 'l', ['|'] = 'l',
					 ['5'] = 's', ['-'] = 1,   ['_'] = 1,	['.'] = 1 };
	size_t n = 0;

	for (size_t i = 0; i < address.n && n < ADDRESS_MAX; i++) {
		unsigned char c = km_lower((unsigned char)address.p[i]);
		char to = plain[c] ? plain[c] : (char)c;
		if (to == 1)
			continue;
		if (n && ((to == 'n' && out[n - 1] == 'r') || (to == 'v' && out[n - 1] == 'v')))
			out[n - 1] = to == 'n' ? 'm' : 'w';
		else
			out[n++] = to;
	}
	return n;
}

/* One letter more, less or other, or two changed places. */
static bool one_apart(km_sv a, km_sv b)
{
	size_t i = 0, j = 0, shorter = a.n < b.n ? a.n : b.n;

	if (a.n > b.n + 1 || b.n > a.n + 1 || shorter < 6)
		return false;
	while (i < shorter && a.p[i] == b.p[i])
		i++;
	while (j < shorter - i && a.p[a.n - 1 - j] == b.p[b.n - 1 - j])
		j++;
	if (i + j + 1 >= a.n && i + j + 1 >= b.n)
		return true;
	return a.n == b.n && i + j + 2 == a.n && a.p[i] == b.p[i + 1] && a.p[i + 1] == b.p[i];
}

static bool looks_like(km_sv a, km_sv b)
{
	char x[ADDRESS_MAX], y[ADDRESS_MAX];

	if (km_sv_ieq(a, b))
		return false;
	size_t n = outline(a, x), m = outline(b, y);
	return (n == m && n > 0 && memcmp(x, y, n) == 0) ||
	       one_apart((km_sv){ x, n }, (km_sv){ y, m });
}

/* An address imitates another by its domain; the local part is the owner's to choose. */
static bool imitates(km_sv address, km_sv own)
{
	return looks_like(domain_of(address), domain_of(own));
}

km_identity_result km_identities_check(const km_identities *t, km_sv account, km_sv address,
				       km_sv *like)
{
	const entry *e = find(t, account);
	km_sv own, domain = domain_of(address);

	if (e == NULL || e->n == 0)
		return KM_IDENTITY_UNKNOWN;
	for (size_t at = e->name_bytes; next(e, &at, &own);) {
		bool whole = own.n && own.p[0] == '@';
		if (whole ? km_sv_ieq(km_sv_from(own, 1), domain) : km_sv_ieq(own, address))
			return KM_IDENTITY_OWN;
	}
	for (size_t at = e->name_bytes; next(e, &at, &own);)
		if (imitates(address, own)) {
			if (like)
				*like = own;
			return KM_IDENTITY_LOOKALIKE;
		}
	return KM_IDENTITY_FOREIGN;
}

bool km_identities_is_ours(const km_identities *t, km_sv domain)
{
	const domain_set *s = &t->domains;
	uint64_t hash = domain_hash(domain);

	if (s->cap == 0)
		return false;
	size_t i = (size_t)hash & (s->cap - 1);
	while (s->v[i] && s->v[i] != hash)
		i = (i + 1) & (s->cap - 1);
	return s->v[i] == hash;
}

bool km_identities_empty(const km_identities *t)
{
	return t->n == 0;
}

static km_status failed(km_status st, const char *name, size_t line, km_err *err)
{
	if (st == KM_NOMEM)
		return KM_FAIL(err, st, "%s:%zu: no memory", name, line);
	return KM_FAIL(err, st, "%s:%zu: more than %d addresses of one account, or one is too long",
		       name, line, IDENTITIES_MAX);
}

km_status km_identities_read_csv(km_identities *t, km_sv text, const char *name, km_err *err)
{
	km_sv line, account, identity;

	for (size_t number = 1; km_sv_line(&text, &line); number++) {
		km_sv rest = km_sv_trim(line);
		if (rest.n == 0 || rest.p[0] == '#')
			continue;
		(void)km_sv_split(&rest, ',', &account);
		account = km_sv_trim(account);
		if (number == 1 && km_sv_ieq(account, KM_S("account")))
			continue;
		if (account.n == 0 || rest.p == NULL)
			return KM_FAIL(err, KM_SYNTAX, "%s:%zu: expected \"account,address\"", name,
				       number);
		while (km_sv_split(&rest, ',', &identity)) {
			km_status st = km_identities_add(t, account, km_sv_trim(identity));
			if (st != KM_OK)
				return failed(st, name, number, err);
		}
	}
	return KM_OK;
}

/* First word of @rest; words are divided by spaces, tabs and commas. */
static km_sv word(km_sv *rest)
{
	size_t from = 0, n = 0;

	while (from < rest->n && (km_is_wsp((unsigned char)rest->p[from]) || rest->p[from] == ','))
		from++;
	while (from + n < rest->n && !km_is_wsp((unsigned char)rest->p[from + n]) &&
	       rest->p[from + n] != ',')
		n++;
	km_sv w = km_sv_sub(*rest, from, n);
	*rest = km_sv_from(*rest, from + n);
	return w;
}

km_status km_identities_read_map(km_identities *t, km_sv text, const char *name, km_err *err)
{
	km_sv line, address = { 0 };

	for (size_t number = 1; km_sv_line(&text, &line); number++) {
		bool goes_on = line.n && km_is_wsp((unsigned char)line.p[0]);
		km_sv rest = km_sv_trim(line), login;
		size_t logins = 0;
		if (rest.n == 0 || rest.p[0] == '#')
			continue;
		if (!goes_on)
			address = word(&rest);
		if (address.n == 0)
			return KM_FAIL(err, KM_SYNTAX, "%s:%zu: a continuation of nothing", name,
				       number);
		while ((login = word(&rest)).n) {
			km_status st = ++logins > LOGINS_MAX ? KM_LIMIT
							     : km_identities_add(t, login, address);
			if (st != KM_OK)
				return failed(st, name, number, err);
		}
	}
	return KM_OK;
}
