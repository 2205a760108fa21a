#include "daemon/subject.h"

#include <stdlib.h>

enum { NAME_MAX_BYTES = 255 };

struct km_subjects {
	bool certificates;
	km_net *net;
	size_t n;
};

km_status km_subjects_open(const km_conf *conf, km_subjects **out, km_err *err)
{
	const char *const *items;
	size_t n = km_conf_list(conf, KM_KEY_GUARD_NETWORKS, &items);
	km_subjects *s = calloc(1, sizeof(*s));

	*out = NULL;
	if (s)
		s->net = calloc(n + 1, sizeof(*s->net));
	if (s == NULL || s->net == NULL) {
		km_subjects_free(s);
		return KM_FAIL(err, KM_NOMEM, "no memory");
	}
	s->certificates = km_conf_bool(conf, KM_KEY_GUARD_CERTIFICATES);
	for (; s->n < n; s->n++) {
		if (km_net_parse(km_sv_of(items[s->n]), &s->net[s->n]))
			continue;
		km_status st =
			KM_FAIL(err, KM_CONFIG,
				"line %u: guard.networks: found \"%s\", expected a network such as "
				"192.0.2.0/24 (without bits after the prefix)",
				km_conf_line(conf, KM_KEY_GUARD_NETWORKS), items[s->n]);
		km_subjects_free(s);
		return st;
	}
	*out = s;
	return KM_OK;
}

void km_subjects_free(km_subjects *s)
{
	if (s)
		free(s->net);
	free(s);
}

static bool is_ours(const km_subjects *s, const km_ip *ip)
{
	for (size_t i = 0; ip->len && i < s->n; i++)
		if (km_ip_in(ip, &s->net[i].ip, s->net[i].bits))
			return true;
	return false;
}

bool km_subjects_believes(const km_subjects *s, const km_ip *ip)
{
	return km_ip_is_loopback(ip) || is_ours(s, ip);
}

/* PHP writes "UID:FILE": the user is the site, whatever its files are called. */
static km_sv site_of(km_sv script)
{
	km_sv user = km_sv_sub(script, 0, km_sv_chr(script, ':', 0));
	uint64_t id;

	return user.n < script.n && km_sv_u64(user, &id) ? user : script;
}

static bool named(km_arena *a, const char *prefix, km_sv name, km_sv *account)
{
	km_sv cut = km_sv_sub(name, 0, NAME_MAX_BYTES);

	*account = km_sv_fmt(a, "%s:%.*s", prefix, KM_FMT(cut));
	return true;
}

bool km_subjects_find(const km_subjects *s, km_arena *a, const km_sender *sender, km_sv *account)
{
	if (sender->user.n) {
		*account = sender->user;
		return true;
	}
	if (s->certificates && sender->certificate.n)
		return named(a, "cert", sender->certificate, account);
	if (sender->script.n && km_ip_is_loopback(&sender->ip))
		return named(a, "web", site_of(sender->script), account);
	if (!is_ours(s, &sender->ip))
		return false;
	*account = (km_sv){ NULL, 0 };
	return true;
}
