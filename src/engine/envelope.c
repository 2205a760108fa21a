#include "engine/auth.h"

static void from_return_path(km_arena *a, const km_headers *hs, km_envelope *env)
{
	const km_header *h = km_headers_first(hs, "Return-Path");
	km_addr path;

	if (env->has_from || h == NULL)
		return;
	km_status st = km_addr_path(a, km_sv_trim(km_header_unfold(a, h->raw)), &path);
	if (st != KM_OK && st != KM_NOTFOUND)
		return;
	env->has_from = true;
	env->from = st == KM_OK ? path.addr : (km_sv){ NULL, 0 };
}

static void from_hop(km_arena *a, const km_hop *hop, km_envelope *env)
{
	if (!env->has_ip && env->ip.len == 0) {
		env->ip = hop->ip;
		if (env->hostname.n == 0)
			env->hostname = hop->rdns;
	}
	if (!env->has_helo && env->helo.n == 0)
		env->helo = hop->helo;
	if (env->n_rcpts == 0 && hop->for_addr.n) {
		km_sv *rcpt = KM_NEW(a, km_sv);
		if (rcpt) {
			*rcpt = hop->for_addr;
			env->rcpts = rcpt;
			env->n_rcpts = 1;
		}
	}
}

static void take_time(const km_headers *hs, const km_received *r, km_envelope *env)
{
	const km_header *h = km_headers_first(hs, "Date");
	km_date date;

	for (size_t i = 0; i < r->n; i++)
		if (r->hop[i].has_date) {
			env->now = r->hop[i].date.t;
			return;
		}
	if (h && km_date_parse(h->raw, &date) == KM_OK)
		env->now = date.t;
}

km_status km_envelope_from_stored(km_arena *a, km_sv message, size_t trusted_hops,
				  bool received_time, km_envelope *env)
{
	km_headers hs;
	km_received r;
	km_status st = km_headers_read(a, message, 0, message.n, &hs);

	if (st != KM_OK && st != KM_LIMIT)
		return st;
	km_status got = km_received_read(a, &hs, &r);
	if (got != KM_OK && got != KM_LIMIT)
		return got;
	from_return_path(a, &hs, env);
	size_t edge = km_received_edge(&r, trusted_hops);
	if (edge < r.n)
		from_hop(a, &r.hop[edge], env);
	if (received_time)
		take_time(&hs, &r, env);
	env->stored = true;
	return km_arena_full(a) ? KM_LIMIT : KM_OK;
}

void km_envelope_beyond_relays(km_arena *a, const km_kit *kit, km_sv message, size_t trusted_hops,
			       km_envelope *env)
{
	km_headers hs;
	km_received r;

	if (trusted_hops == 0 || env->stored || env->user.n || !km_auth_is_ours(kit, env))
		return;
	km_status st = km_headers_read(a, message, 0, message.n, &hs);
	if ((st != KM_OK && st != KM_LIMIT) || km_received_read(a, &hs, &r) != KM_OK)
		return;
	size_t edge = km_received_edge(&r, trusted_hops - 1);
	if (edge == r.n || r.hop[edge].auth || km_trust_has_ip(&kit->networks, &r.hop[edge].ip))
		return;
	env->ip = r.hop[edge].ip;
	env->hostname = r.hop[edge].rdns;
	env->helo = r.hop[edge].helo;
}
