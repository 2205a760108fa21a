#include "outbound/lease.h"

#include <stdlib.h>

typedef struct {
	uint64_t ip; /* 0: free */
	km_time until;
	char *name;
	size_t n;
} lease;

struct km_leases {
	lease *v;
	size_t cap, n;
};

km_leases *km_leases_new(void)
{
	return calloc(1, sizeof(km_leases));
}

void km_leases_free(km_leases *l)
{
	if (l == NULL)
		return;
	for (size_t i = 0; i < l->cap; i++)
		free(l->v[i].name);
	free(l->v);
	free(l);
}

static lease *slot(lease *v, size_t cap, uint64_t ip)
{
	size_t i = (size_t)ip & (cap - 1);

	while (v[i].ip && v[i].ip != ip)
		i = (i + 1) & (cap - 1);
	return &v[i];
}

static bool is_over(const lease *e, km_time now)
{
	return e->until && e->until < now;
}

/* Moves what is still in force to a table twice as large as that needs. */
static bool rebuild(km_leases *l, km_time now)
{
	size_t live = 0, cap = 256;

	for (size_t i = 0; i < l->cap; i++)
		live += l->v[i].ip && !is_over(&l->v[i], now);
	while (cap < live * 4)
		cap *= 2;
	lease *v = calloc(cap, sizeof(*v));
	if (v == NULL || live >= KM_LEASES_MAX) {
		free(v);
		return false;
	}
	for (size_t i = 0; i < l->cap; i++) {
		if (l->v[i].ip && !is_over(&l->v[i], now))
			*slot(v, cap, l->v[i].ip) = l->v[i];
		else
			free(l->v[i].name);
	}
	free(l->v);
	*l = (km_leases){ v, cap, live };
	return true;
}

bool km_leases_put(km_leases *l, uint64_t ip, km_sv account, km_time until, km_time now)
{
	if (account.n == 0 || account.n > KM_LEASE_NAME_MAX || ip == 0 ||
	    (2 * (l->n + 1) > l->cap && !rebuild(l, now)))
		return false;
	char *name = malloc(account.n);
	if (name == NULL)
		return false;
	memcpy(name, account.p, account.n);
	lease *e = slot(l->v, l->cap, ip);
	l->n += e->ip == 0;
	free(e->name);
	e->ip = ip;
	e->until = until;
	e->name = name;
	e->n = account.n;
	return true;
}

km_sv km_leases_get(const km_leases *l, uint64_t ip, km_time now)
{
	if (l->cap == 0)
		return (km_sv){ 0 };
	const lease *e = slot(l->v, l->cap, ip);
	return e->ip && !is_over(e, now) ? (km_sv){ e->name, e->n } : (km_sv){ 0 };
}
