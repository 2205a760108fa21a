/* When and on which way: Date and Received. */
#include "content/structure_parts.h"

enum {
	FUTURE = 26 * 3600,  /* a wrong zone alone does not get there */
	PAST = 30 * 86400,   /* longer than any queue */
	BACKWARDS = 2 * 3600 /* a wrong clock, not a slow one */
};

/* The time by which the message must have been written: now, or when it was taken in. */
static km_time reference(const km_structure_job *j)
{
	const km_received *r = &j->m->received;

	for (size_t i = 0; i < r->n; i++)
		if (r->hop[i].has_date)
			return r->hop[i].date.t < j->in->now ? r->hop[i].date.t : j->in->now;
	return j->in->now;
}

static void check_date(const km_structure_job *j)
{
	const km_mail *m = j->m;
	const km_header *h = km_headers_first(m->headers, "Date");

	if (h == NULL) {
		(void)km_structure_at_field(j, KM_FACT_DATE_MISSING, (km_sv){ NULL, 0 }, NULL);
		return;
	}
	km_sv text = km_sv_trim(h->raw);
	if (m->n_date > 1) {
		km_fact *f = km_structure_at_field(j, KM_FACT_DATE_MULTIPLE, text, h);
		km_structure_arg(j, f, 1, "%zu", m->n_date);
	}
	if (!m->has_date) {
		(void)km_structure_at_field(j, KM_FACT_DATE_UNREADABLE, text, h);
		return;
	}
	int64_t ahead;
	if (__builtin_sub_overflow(m->date.t, reference(j), &ahead) || ahead == INT64_MIN)
		return;
	if (ahead > FUTURE)
		km_fact_arg(j->fs, km_structure_at_field(j, KM_FACT_DATE_FUTURE, text, h), 1,
			    km_structure_duration(j, ahead));
	else if (-ahead > PAST)
		km_fact_arg(j->fs, km_structure_at_field(j, KM_FACT_DATE_PAST, text, h), 1,
			    km_structure_duration(j, -ahead));
}

static km_fact *at_hop(const km_structure_job *j, km_fact_id id, km_sv seen, size_t offset)
{
	const km_headers *hs = j->m->headers;

	for (size_t i = 0; i < hs->n; i++)
		if (hs->h[i].offset == offset)
			return km_structure_at_field(j, id, seen, &hs->h[i]);
	return km_structure_at_field(j, id, seen, NULL);
}

/* Going down the list, that is back in time, the clock must not go forward. */
static void check_order(const km_structure_job *j)
{
	const km_received *r = &j->m->received;
	const km_hop *newer = NULL, *worst = NULL;
	int64_t most = BACKWARDS;

	for (size_t i = 0; i < r->n; i++) {
		const km_hop *hop = &r->hop[i];
		int64_t back;
		if (!hop->has_date)
			continue;
		if (newer && !__builtin_sub_overflow(hop->date.t, newer->date.t, &back) &&
		    back > most) {
			most = back;
			worst = hop;
		}
		newer = hop;
	}
	if (worst)
		km_fact_arg(j->fs,
			    at_hop(j, KM_FACT_RECEIVED_TIME_BACKWARDS, worst->by, worst->offset), 1,
			    km_structure_duration(j, most));
}

/* A client from outside that greets the server with the server's own name. */
static void check_helo(const km_structure_job *j)
{
	const km_received *r = &j->m->received;
	size_t edge = km_received_edge(r, 0);

	if (edge >= r->n)
		return;
	const km_hop *hop = &r->hop[edge];
	if (hop->helo.n && km_sv_ieq(hop->helo, hop->by) && hop->ip.len &&
	    !km_ip_is_private(&hop->ip) && !hop->auth && !km_sv_ieq(hop->rdns, hop->by))
		km_fact_arg(j->fs, at_hop(j, KM_FACT_RECEIVED_FORGED_HELO, hop->helo, hop->offset),
			    1, hop->helo);
}

void km_structure_time(const km_structure_job *j)
{
	const km_received *r = &j->m->received;

	check_date(j);
	check_order(j);
	check_helo(j);
	for (size_t i = 0; i < r->n && r->not_understood; i++) {
		if (r->hop[i].understood)
			continue;
		const km_headers *hs = j->m->headers;
		for (size_t k = 0; k < hs->n; k++)
			if (hs->h[k].offset == r->hop[i].offset)
				(void)km_structure_at_field(j, KM_FACT_RECEIVED_UNREADABLE,
							    km_sv_trim(hs->h[k].raw), &hs->h[k]);
		break;
	}
}
