#include "front/policyd/message.h"

void km_policyd_message_init(km_policyd_message *m)
{
	m->instance_n = m->n = 0;
	km_buf_init(&m->names, NULL, KM_POLICYD_NAMES_MAX);
}

void km_policyd_message_finish(km_policyd_message *m)
{
	km_buf_finish(&m->names);
}

void km_policyd_message_clear(km_policyd_message *m)
{
	if (m->names.cap > 4096) { /* what a large message took is not kept for small ones */
		km_buf_finish(&m->names);
		km_buf_init(&m->names, NULL, KM_POLICYD_NAMES_MAX);
	}
	m->names.n = 0;
	m->names.cut = false;
	m->instance_n = m->n = 0;
}

static km_sv instance_of(const km_policyd_request *r)
{
	return km_sv_sub(r->instance, 0, KM_POLICYD_INSTANCE_MAX);
}

static bool is_about(const km_policyd_message *m, const km_policyd_request *r)
{
	return r->instance.n && km_sv_eq((km_sv){ m->instance, m->instance_n }, instance_of(r));
}

/* The service may stand in two lists of restrictions: then each recipient is asked about twice. */
static bool was_last(const km_policyd_message *m, km_sv name)
{
	km_sv names = km_buf_sv(&m->names);

	return names.n > name.n && names.p[names.n - 1] == '\n' &&
	       km_sv_eq(km_sv_sub(names, names.n - name.n - 1, name.n), name) &&
	       (names.n == name.n + 1 || names.p[names.n - name.n - 2] == '\n');
}

void km_policyd_message_rcpt(km_policyd_message *m, const km_policyd_request *r)
{
	if (!is_about(m, r)) {
		km_policyd_message_clear(m);
		m->instance_n = instance_of(r).n;
		if (m->instance_n)
			memcpy(m->instance, r->instance.p, m->instance_n);
	}
	if (r->recipient.n == 0 || m->n == KM_EVENT_RCPTS_MAX || was_last(m, r->recipient) ||
	    m->names.n + r->recipient.n + 1 > m->names.max)
		return;
	km_buf_add(&m->names, r->recipient);
	km_buf_byte(&m->names, '\n');
	m->n += !m->names.cut;
}

static size_t number(km_sv v, uint64_t most)
{
	uint64_t x;

	return !km_sv_u64(v, &x) ? 0 : x > most ? most : x;
}

static km_status list_rcpts(const km_policyd_message *m, km_arena *a, const km_policyd_request *r,
			    km_event *out)
{
	bool ours = is_about(m, r);
	size_t told = number(r->recipient_count, KM_EVENT_RCPTS_MAX), n = ours ? m->n : 0;
	size_t all = told > n ? told : n;

	if (all == 0)
		all = r->recipient.n > 0;
	km_sv *v = KM_NEW_ARRAY(a, km_sv, all + 1), names = km_sv_dup(a, km_buf_sv(&m->names));
	if (v == NULL || km_arena_full(a))
		return KM_LIMIT;
	for (size_t i = 0; i < n; i++) {
		size_t end = km_sv_chr(names, '\n', 0);
		v[i] = km_sv_sub(names, 0, end);
		names = km_sv_from(names, end + 1);
	}
	if (n == 0 && all)
		v[0] = km_sv_dup(a, r->recipient);
	out->rcpts = v;
	out->n_rcpts = all;
	return KM_OK;
}

km_status km_policyd_message_event(const km_policyd_message *m, km_arena *a,
				   const km_policyd_request *r, km_time now, km_event *out)
{
	*out = (km_event){
		.kind = KM_EVENT_submit,
		.t = now,
		.port = (uint16_t)number(r->client_port, UINT16_MAX),
		.helo = km_sv_dup(a, r->helo_name),
		.has_mail_from = true,
		.mail_from = km_sv_dup(a, r->sender),
		.size = number(r->size, 1ull << 53),
		.queue_id = km_sv_dup(a, r->queue_id),
	};
	if (!km_ip_parse(r->client_address, &out->ip))
		out->ip.len = 0;
	return list_rcpts(m, a, r, out);
}
