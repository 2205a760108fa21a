#include "daemon/busiest.h"

#include <stdlib.h>

enum { SETS = 256, WAYS = 4, NAME = 255 };

typedef struct {
	char name[NAME];
	uint8_t n;
	float level;
	uint64_t key;
} entry;

struct km_busiest {
	entry set[SETS][WAYS];
};

km_busiest *km_busiest_new(void)
{
	return calloc(1, sizeof(km_busiest));
}

void km_busiest_note(km_busiest *b, km_sv name, float level)
{
	uint64_t key = km_sv_hash(name);
	entry *set = b->set[key % SETS], *least = set;

	if (name.n == 0 || name.n > NAME)
		return;
	for (size_t i = 0; i < WAYS; i++) {
		if (set[i].key == key && set[i].n) {
			set[i].level = level;
			return;
		}
		if (set[i].level < least->level)
			least = &set[i];
	}
	if (least->n && least->level > level)
		return;
	memcpy(least->name, name.p, name.n);
	least->n = (uint8_t)name.n;
	least->key = key;
	least->level = level;
}

static double heat(const km_account_view *v)
{
	double level = v->flood > v->drift ? v->flood : v->drift;

	return v->step >= KM_STEP_THROTTLE ? (double)v->step + level : level;
}

typedef struct {
	km_guard *guard;
	km_guardline_row *rows;
	size_t n, limit;
	km_time now;
} ranking;

static bool is_ranked(const ranking *r, km_sv name)
{
	for (size_t i = 0; i < r->n; i++)
		if (km_sv_eq(r->rows[i].account, name))
			return true;
	return false;
}

/* Puts it in its place, hottest first; the last one falls out when there are too many. */
static void rank(ranking *r, const entry *e)
{
	km_guardline_row row = { .account = { e->name, e->n } };
	size_t at = r->n < r->limit ? r->n : r->limit - 1;

	km_guard_view(r->guard, row.account, r->now, &row.view);
	if (!row.view.known || is_ranked(r, row.account))
		return;
	if (r->n == r->limit && heat(&r->rows[at].view) >= heat(&row.view))
		return;
	for (; at && heat(&r->rows[at - 1].view) < heat(&row.view); at--)
		r->rows[at] = r->rows[at - 1];
	r->rows[at] = row;
	r->n += r->n < r->limit;
}

size_t km_busiest_rank(const km_busiest *b, km_guard *guard, km_time now, km_guardline_row *rows,
		       size_t limit)
{
	ranking r = { .guard = guard, .rows = rows, .limit = limit, .now = now };

	for (size_t i = 0; limit && i < SETS; i++)
		for (size_t k = 0; k < WAYS; k++)
			if (b->set[i][k].n)
				rank(&r, &b->set[i][k]);
	return r.n;
}
