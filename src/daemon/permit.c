#include "daemon/permit.h"

#include <stdlib.h>

#include "auth/domain.h"
#include "auth/tag.h"

typedef struct {
	km_sv user; /* empty: a network */
	km_net net;
	km_sv domain; /* empty: all */
} rule;

struct km_permit {
	const km_conf *conf; /* the items are its text */
	rule *rule;
	size_t n;
};

static bool read_domain(km_sv text, rule *r)
{
	if (km_sv_eq(text, KM_S("*")))
		return true;
	r->domain = text;
	return km_tag_is_name(text, 1);
}

static bool read_user(km_sv text, rule *r)
{
	size_t equals = km_sv_rchr(text, '=');

	r->user = km_sv_sub(text, 0, equals);
	return equals < text.n && r->user.n && read_domain(km_sv_from(text, equals + 1), r);
}

static bool read_network(km_sv text, rule *r)
{
	size_t equals = km_sv_rchr(text, '=');

	return km_net_parse(km_sv_sub(text, 0, equals), &r->net) &&
	       (equals == text.n || read_domain(km_sv_from(text, equals + 1), r));
}

static const struct {
	km_conf_key key;
	bool (*read)(km_sv text, rule *r);
	const char *want;
} lists[] = {
	{ KM_KEY_SIGN_USERS, read_user, "LOGIN=DOMAIN, or *=DOMAIN for every login" },
	{ KM_KEY_SIGN_NETWORKS, read_network,
	  "a network such as 192.0.2.0/24 (without bits after the prefix), or NETWORK=DOMAIN" },
};

static km_status read_list(km_permit *p, size_t which, km_err *err)
{
	const char *const *items;
	km_conf_key key = lists[which].key;
	size_t n = km_conf_list(p->conf, key, &items);
	rule *more = reallocarray(p->rule, p->n + n + 1, sizeof(*more));

	if (more == NULL)
		return KM_FAIL(err, KM_NOMEM, "no memory");
	p->rule = more;
	for (size_t i = 0; i < n; i++) {
		rule *r = &p->rule[p->n];
		*r = (rule){ 0 };
		if (!lists[which].read(km_sv_of(items[i]), r))
			return KM_FAIL(err, KM_CONFIG, "line %u: %s: found \"%s\", expected %s",
				       km_conf_line(p->conf, key), km_conf_describe(key)->name,
				       items[i], lists[which].want);
		p->n++;
	}
	return KM_OK;
}

km_status km_permit_open(const km_conf *conf, km_permit **out, km_err *err)
{
	km_permit *p = calloc(1, sizeof(*p));
	km_status st = p ? KM_OK : KM_FAIL(err, KM_NOMEM, "no memory");

	*out = p;
	if (p)
		p->conf = conf;
	for (size_t i = 0; i < KM_COUNT(lists) && st == KM_OK; i++)
		st = read_list(p, i, err);
	if (st == KM_OK)
		return KM_OK;
	km_permit_free(p);
	*out = NULL;
	return st;
}

void km_permit_free(km_permit *p)
{
	if (p == NULL)
		return;
	free(p->rule);
	free(p);
}

static bool is_of(const rule *r, km_sv user, const km_ip *ip)
{
	if (r->user.n == 0)
		return ip->len && km_ip_in(ip, &r->net.ip, r->net.bits);
	return user.n && (km_sv_eq(r->user, KM_S("*")) || km_sv_eq(r->user, user));
}

bool km_permit_sender(const km_permit *p, km_sv user, const km_ip *ip)
{
	if (user.n)
		return true;
	for (size_t i = 0; i < p->n; i++)
		if (is_of(&p->rule[i], user, ip))
			return true;
	return false;
}

bool km_permit_domain(const km_permit *p, km_sv user, const km_ip *ip, km_sv domain)
{
	km_sv own = km_auth_domain_part(user);

	if (domain.n == 0)
		return false;
	if (km_tag_is_name(own, 1) && km_auth_is_below(domain, own))
		return true;
	for (size_t i = 0; i < p->n; i++) {
		const rule *r = &p->rule[i];
		if (is_of(r, user, ip) && (r->domain.n == 0 || km_auth_is_below(domain, r->domain)))
			return true;
	}
	return false;
}

const char *km_permit_named(const km_permit *p, size_t i)
{
	for (size_t k = 0; k < p->n; k++)
		if (p->rule[k].domain.n && i-- == 0)
			return p->rule[k].domain.p; /* the end of an item, so it ends in NUL */
	return NULL;
}
