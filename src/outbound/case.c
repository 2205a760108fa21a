#include "outbound/case.h"

enum {
	ADDRESS_MAX = 320,
	DAYS_KNOWN = 2 /* days with mail after which what is new is worth a word */
};

uint64_t km_case_key_of(const km_counters *c, char kind, uint64_t owner, km_sv item)
{
	char lower[ADDRESS_MAX];

	if (item.n > sizeof(lower))
		return km_counters_key(c, kind, owner, item);
	for (size_t i = 0; i < item.n; i++)
		lower[i] = (char)km_lower((unsigned char)item.p[i]);
	return km_counters_key(c, kind, owner, (km_sv){ lower, item.n });
}

uint64_t km_case_key(const km_case *c, char kind, km_sv item)
{
	return km_case_key_of(c->c, kind, c->acc.key, item);
}

uint64_t km_case_key_bytes(const km_case *c, char kind, km_sv item)
{
	return km_counters_key(c->c, kind, c->acc.key, item);
}

km_fact *km_case_fact(km_case *c, km_fact_id id, km_sv seen)
{
	return km_fact_add(&c->d->facts, id, seen, -1, 0, 0);
}

void km_case_arg(km_case *c, km_fact *f, int which, double value)
{
	km_fact_arg(&c->d->facts, f, which, km_sv_fmt(c->arena, "%.0f", value));
}

void km_case_weigh(km_case *c, double factor, unsigned sign)
{
	c->factor *= factor;
	c->signs |= sign;
}

bool km_case_is_known(const km_case *c)
{
	return c->acc.days >= DAYS_KNOWN - 0.5;
}

bool km_case_is_usual(const km_case *c, uint64_t key)
{
	km_seen s = km_counters_seen(c->c, key, c->e->t);

	return s.known && (s.days > 1 || !s.today);
}

km_sv km_case_domain(km_sv address)
{
	return km_sv_from(address, km_sv_rchr(address, '@') + 1);
}

km_sv km_case_narrow(const km_ip *ip)
{
	return (km_sv){ (const char *)ip->b, ip->len == 4 ? 3 : 6 };
}

km_sv km_case_wide(const km_ip *ip)
{
	return (km_sv){ (const char *)ip->b, ip->len == 4 ? 2 : 4 };
}

km_sv km_case_ip(km_case *c)
{
	char text[48];

	return km_sv_dup(c->arena, km_sv_of(km_ip_format(&c->e->ip, text)));
}
