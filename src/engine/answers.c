#include "engine/answers.h"

#include "base/file.h"

enum { RESOLV_CONF_MAX = 64 * 1024 };

static km_status bring_all(const km_dns_snapshot *snapshot, km_dns_asking *a)
{
	const km_dns_question *q;

	/* Answers take questions off the list, so it is always the first that is looked at. */
	while (km_dns_open(a->set, &q)) {
		km_dns_answer answer = { .name = q->name,
					 .type = q->type,
					 .rcode = KM_DNS_TIMEOUT };
		if (snapshot)
			km_dns_snapshot_answer(snapshot, q->name, q->type, &answer);
		if (a->seen)
			a->seen(a, &answer);
		km_status st = km_dns_give(a->set, &answer);
		if (st != KM_OK)
			return st;
	}
	return KM_OK;
}

km_status km_answers_bring(const km_answers *from, km_dns_asking *a)
{
	if (from->snapshot == NULL && from->resolver)
		return km_resolver_ask(from->resolver, a);
	return bring_all(from->snapshot, a);
}

/* --- the resolver as configured --- */

typedef struct {
	km_arena *arena;
	const char *server[KM_RESOLVER_SERVERS];
	size_t n;
} servers;

static void add_server(servers *s, km_sv address)
{
	const char *copy = s->n < KM_RESOLVER_SERVERS ? km_sv_cstr(s->arena, address) : NULL;

	if (copy)
		s->server[s->n++] = copy;
}

/* The lines "nameserver ADDRESS" (resolv.conf(5)). */
static km_status add_system(servers *s, km_err *err)
{
	static const char path[] = "/etc/resolv.conf";
	km_file file;
	km_sv rest, line;
	size_t before = s->n;
	km_status st = km_file_open(&file, path, RESOLV_CONF_MAX, err);

	if (st != KM_OK)
		return st == KM_NOTFOUND ? KM_CONFIG : st;
	rest = file.bytes;
	while (km_sv_line(&rest, &line)) {
		km_sv v = km_sv_trim(line);
		if (km_sv_starts(v, KM_S("nameserver")))
			add_server(s, km_sv_trim(km_sv_from(v, 10)));
	}
	km_file_close(&file);
	return s->n > before ? KM_OK
			     : KM_FAIL(err, KM_CONFIG,
				       "dns.servers: \"system\", but %s names no server", path);
}

static km_status read_servers(const km_conf *conf, servers *s, km_err *err)
{
	const char *const *items;
	size_t n = km_conf_list(conf, KM_KEY_DNS_SERVERS, &items);
	km_status st = KM_OK;

	s->n = 0;
	for (size_t i = 0; i < n && st == KM_OK; i++) {
		if (strcmp(items[i], "system") == 0)
			st = add_system(s, err);
		else
			add_server(s, km_sv_of(items[i]));
	}
	return st;
}

static bool is_off(const km_conf *conf)
{
	const char *const *items;

	return km_conf_list(conf, KM_KEY_DNS_SERVERS, &items) == 1 && strcmp(items[0], "off") == 0;
}

/* @base NULL: only looks whether it could be opened. */
static km_status open_resolver(const km_conf *conf, struct ub_event_base *base, km_resolver **out,
			       km_err *err)
{
	servers s = { .arena = km_arena_new(RESOLV_CONF_MAX) };
	km_status st = s.arena ? read_servers(conf, &s, err) : KM_FAIL(err, KM_NOMEM, "no memory");
	const km_resolver_settings settings = {
		.servers = s.server,
		.n_servers = s.n,
		.anchor = km_conf_str(conf, KM_KEY_DNS_TRUST_ANCHOR),
		.cache = (size_t)km_conf_int(conf, KM_KEY_DNS_CACHE),
		.timeout = (uint64_t)km_conf_int(conf, KM_KEY_DNS_TIMEOUT),
		.deadline = (uint64_t)km_conf_int(conf, KM_KEY_DNS_DEADLINE),
	};

	if (st == KM_OK)
		st = base && out ? km_resolver_new(&settings, base, out, err)
				 : km_resolver_check(&settings, err);
	km_arena_free(s.arena);
	return st;
}

km_status km_answers_check(const km_conf *conf, km_err *err)
{
	return is_off(conf) ? KM_OK : open_resolver(conf, NULL, NULL, err);
}

km_status km_answers_resolver(const km_conf *conf, struct ub_event_base *base, km_resolver **out,
			      km_err *err)
{
	*out = NULL;
	return is_off(conf) ? KM_OK : open_resolver(conf, base, out, err);
}
