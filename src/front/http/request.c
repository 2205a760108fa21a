#include "front/http/request.h"

static const struct {
	km_sv name;
	size_t at;
} headers[] = {
	{ KM_SV("IP"), offsetof(km_http_request, ip) },
	{ KM_SV("Helo"), offsetof(km_http_request, helo) },
	{ KM_SV("Hostname"), offsetof(km_http_request, hostname) },
	{ KM_SV("From"), offsetof(km_http_request, from) },
	{ KM_SV("Deliver-To"), offsetof(km_http_request, deliver_to) },
	{ KM_SV("User"), offsetof(km_http_request, user) },
	{ KM_SV("Queue-Id"), offsetof(km_http_request, queue_id) },
	{ KM_SV("MTA-Name"), offsetof(km_http_request, mta) },
	{ KM_SV("Envelope"), offsetof(km_http_request, envelope) },
	{ KM_SV("Content-Encoding"), offsetof(km_http_request, encoding) },
	{ KM_SV("Compression"), offsetof(km_http_request, encoding) },
};

void km_http_request_init(km_http_request *r, km_arena *arena, size_t max_rcpts)
{
	*r = (km_http_request){ .arena = arena, .max_rcpts = max_rcpts };
}

static km_sv without_brackets(km_sv v)
{
	v = km_sv_trim(v);
	if (v.n >= 2 && v.p[0] == '<' && v.p[v.n - 1] == '>')
		v = km_sv_sub(v, 1, v.n - 2);
	return v;
}

static bool room(km_http_request *r)
{
	size_t cap = r->cap_rcpts ? r->cap_rcpts * 2 : 8;

	if (r->n_rcpts >= r->max_rcpts)
		return false;
	if (r->n_rcpts < r->cap_rcpts)
		return true;
	km_sv *p = km_arena_grow(r->arena, r->rcpts, r->cap_rcpts * sizeof(*p), cap * sizeof(*p));
	if (p == NULL)
		return false;
	r->rcpts = p;
	r->cap_rcpts = cap;
	return true;
}

static void add_rcpt(km_http_request *r, km_sv address)
{
	address = without_brackets(address);
	if (address.n == 0)
		return;
	if (room(r))
		r->rcpts[r->n_rcpts++] = address;
	else
		r->rcpts_dropped++;
}

/* End of the address at the start of @v: a comma that is not in a quoted local part. */
static size_t address_end(km_sv v)
{
	bool quoted = false;
	size_t i;

	for (i = 0; i < v.n && (quoted || v.p[i] != ','); i++) {
		if (v.p[i] == '"')
			quoted = !quoted;
		else if (v.p[i] == '\\' && quoted && i + 1 < v.n)
			i++;
	}
	return i;
}

static void take_rcpts(km_http_request *r, km_sv value)
{
	while (value.n) {
		size_t end = address_end(value);
		add_rcpt(r, km_sv_sub(value, 0, end));
		value = km_sv_from(value, end + 1);
	}
}

void km_http_request_header(km_http_request *r, km_sv name, km_sv value)
{
	if (km_sv_ieq(name, KM_S("Rcpt"))) {
		take_rcpts(r, value);
		return;
	}
	for (size_t i = 0; i < KM_COUNT(headers); i++) {
		km_sv *to = (km_sv *)(void *)((char *)r + headers[i].at);
		if (!km_sv_ieq(headers[i].name, name) || to->p != NULL)
			continue;
		*to = km_sv_trim(value);
		if (to == &r->from)
			r->has_from = true;
	}
}

/* "192.0.2.7", "2001:db8::1", "[2001:db8::1]", "[IPv6:2001:db8::1]" */
static void read_ip(km_sv v, km_ip *ip)
{
	if (v.n >= 2 && v.p[0] == '[' && v.p[v.n - 1] == ']')
		v = km_sv_sub(v, 1, v.n - 2);
	if (km_sv_istarts(v, KM_S("IPv6:")))
		v = km_sv_from(v, 5);
	if (!km_ip_parse(v, ip))
		ip->len = 0;
}

void km_http_request_envelope(const km_http_request *r, km_envelope *env)
{
	km_time now = env->now;

	*env = (km_envelope){
		.has_ip = r->ip.p != NULL,
		.has_helo = r->helo.p != NULL,
		.helo = r->helo,
		.hostname = r->hostname,
		.has_from = r->has_from,
		.from = without_brackets(r->from),
		.rcpts = r->rcpts,
		.n_rcpts = r->n_rcpts,
		.user = r->user,
		.queue_id = r->queue_id,
		.mta = r->mta,
		.now = now,
	};
	read_ip(r->ip, &env->ip);
	/* Who names only whose mailbox it is for means that recipient. */
	if (env->n_rcpts == 0 && r->deliver_to.n) {
		env->rcpts = &r->deliver_to;
		env->n_rcpts = 1;
	}
}

bool km_http_request_stored(const km_http_request *r)
{
	return km_sv_ieq(r->envelope, KM_S("stored"));
}

bool km_http_request_compressed(const km_http_request *r)
{
	return r->encoding.n && !km_sv_ieq(r->encoding, KM_S("identity"));
}
