#include "outbound/identity_sql.h"

#include <stdlib.h>

#include "base/arena.h"
#include "store/lookup.h"

enum {
	ANSWER_MEMORY = 1024 * 1024, /* bytes of one answer */
	SLOTS = 2 * KM_IDENTITY_SQL_ACCOUNTS
};

/* When an account was asked about last, by the hash of its name: a rare collision costs no more
 * than an answer that comes some minutes later. */
typedef struct {
	uint64_t key;
	km_time asked;
} slot;

struct km_identity_sql {
	km_lookup *lookup;
	km_arena *arena;
	slot *slots;
	size_t n;
};

km_status km_identity_sql_open(const char *path, const char *query, km_identity_sql **out,
			       km_err *err)
{
	km_identity_sql *s = calloc(1, sizeof(*s));

	*out = NULL;
	if (s == NULL)
		return KM_FAIL(err, KM_NOMEM, "no memory");
	s->arena = km_arena_new(ANSWER_MEMORY);
	s->slots = calloc(SLOTS, sizeof(*s->slots));
	km_status st = s->arena && s->slots ? km_lookup_open(path, query, &s->lookup, err)
					    : KM_FAIL(err, KM_NOMEM, "no memory");
	if (st == KM_OK)
		*out = s;
	else
		km_identity_sql_close(s);
	return st;
}

void km_identity_sql_close(km_identity_sql *s)
{
	if (s == NULL)
		return;
	km_lookup_close(s->lookup);
	km_arena_free(s->arena);
	free(s->slots);
	free(s);
}

static slot *find_slot(km_identity_sql *s, uint64_t key)
{
	size_t i = (size_t)(key % SLOTS);

	while (s->slots[i].key && s->slots[i].key != key)
		i = (i + 1) % SLOTS;
	return &s->slots[i];
}

typedef struct {
	km_arena *arena;
	km_sv v[KM_LOOKUP_ROWS];
	size_t n;
	bool cut;
} answer;

static void take(void *ctx, km_sv value)
{
	answer *a = ctx;
	km_sv copy = km_sv_dup(a->arena, value);

	if (a->n < KM_COUNT(a->v) && copy.n)
		a->v[a->n++] = copy;
	else
		a->cut = true;
}

static km_status ask(km_identity_sql *s, km_identities *ids, km_sv account, km_err *err)
{
	km_arena_reset(s->arena);
	answer *a = KM_NEW(s->arena, answer);
	if (a == NULL)
		return KM_FAIL(err, KM_NOMEM, "no memory");
	a->arena = s->arena;
	km_status st = km_lookup_find(s->lookup, account, take, a, err);
	if (st == KM_OK && a->cut)
		st = KM_FAIL(err, KM_LIMIT, "the query gives more than %d values", KM_LOOKUP_ROWS);
	if (st != KM_OK || a->n == 0)
		return st;
	km_identities_clear(ids, account);
	for (size_t i = 0; i < a->n && st == KM_OK; i++)
		st = km_identities_add(ids, account, a->v[i]);
	return st == KM_OK ? st : KM_FAIL(err, st, "too many addresses");
}

km_status km_identity_sql_refresh(km_identity_sql *s, km_identities *ids, km_sv account,
				  km_time now, km_err *err)
{
	if (account.n == 0)
		return KM_OK;
	uint64_t key = km_sv_hash(account) | 1;
	slot *at = find_slot(s, key);
	if (at->key == key && now >= at->asked && now - at->asked < KM_IDENTITY_SQL_FRESH_S)
		return KM_OK;
	if (at->key != key && s->n == KM_IDENTITY_SQL_ACCOUNTS) {
		memset(s->slots, 0, SLOTS * sizeof(*s->slots));
		s->n = 0;
		at = find_slot(s, key);
	}
	s->n += at->key != key;
	/* One that fails is not asked again with every message either. */
	*at = (slot){ key, now };
	return ask(s, ids, account, err);
}
