/*
 * Signs in where an account is used from: its networks and its country. What lies beside what it
 * was used from before is its own.
 */
#include "outbound/case.h"

#include <stdatomic.h>

enum {
	NETWORK_WINDOW = 86400,
	NETWORK_BACK = 1,   /* windows before: one to two days together */
	NETWORKS_USUAL = 3, /* anyone has so many: home, telephone, a friend's */
	NETWORKS_FIRST = 5, /* on an account's first days, when all are new */
	NETWORKS_TOO_MANY = 6,
	STRANGER_NETWORKS = 6,	     /* from which strangers alone were written to */
	STRANGER_NETWORKS_FIRST = 5, /* so many more on an account's first days, until … */
	DAYS_SETTLED = 5,
	TRAVEL_SECONDS = 2 * 3600
};

static uint64_t asn_key(const km_case *c)
{
	return km_case_key_bytes(c, KM_KEY_ASN,
				 (km_sv){ (const char *)&c->e->asn, sizeof(c->e->asn) });
}

/* A network that was used on an earlier day, or that lies beside one, is the account's own. */
static bool is_own_network(const km_case *c)
{
	return km_case_is_usual(c,
				km_case_key_bytes(c, KM_KEY_NARROW, km_case_narrow(&c->e->ip))) ||
	       km_case_is_usual(c, km_case_key_bytes(c, KM_KEY_WIDE, km_case_wide(&c->e->ip)));
}

/* So is another one of its provider's, though it counts among those that change too often. */
bool km_place_is_home(const km_case *c)
{
	return is_own_network(c) || (c->e->asn && km_case_is_usual(c, asn_key(c)));
}

/* How many different new networks of these two days are counted under @kind, with this one if it is
 * to @add. */
static double count_networks(const km_case *c, char kind, bool add)
{
	uint64_t key = km_case_key_bytes(c, kind, KM_S(""));

	if (add)
		km_counters_distinct_add(c->c, key,
					 km_case_key_bytes(c, KM_KEY_WIDE, km_case_wide(&c->e->ip)),
					 NETWORK_WINDOW, NETWORK_BACK, c->e->t);
	return km_counters_distinct(c->c, key, NETWORK_WINDOW, NETWORK_BACK, c->e->t);
}

/*
 * How many networks that are not the account's it came from in these two days. Someone who carries
 * a telephone about has a few, mostly of one provider, and his history tells how many; a message
 * from another one each time, however slowly, is what botnets do.
 */
static void look_at_networks(km_case *c, bool at_home)
{
	double usual = 1.5 * km_decay_get(&c->acc.w[KM_W_PEAK_NETS], KM_HALF_PEAK, c->e->t);

	c->networks = count_networks(c, KM_KEY_NEW_NETWORKS, true);
	int anyone = km_case_is_known(c) ? NETWORKS_USUAL : NETWORKS_FIRST;
	if (usual < anyone)
		usual = anyone;
	double more = c->networks - usual;
	if (more < 0.5)
		return;
	/* Of an account that nobody knows yet some are to be expected, but not that many. */
	double each = at_home || !km_case_is_known(c) ? 0.5 : 1.5;
	double too_many = !at_home && !km_case_is_known(c) && more > NETWORKS_TOO_MANY
				  ? more - NETWORKS_TOO_MANY
				  : 0;
	km_case_weigh(c, 1 + each * more + 1.5 * too_many,
		      more >= 2 && !at_home ? KM_SIGN_NETWORKS : 0);
	if (more < 1.5)
		return;
	c->networks_told = true;
	km_fact *f = km_case_fact(c, KM_FACT_OUT_NETWORKS_MANY, km_case_ip(c));
	km_case_arg(c, f, 1, c->networks);
	km_case_arg(c, f, 2, usual);
}

void km_place_network(km_case *c)
{
	char network[48];

	c->new_network = c->e->ip.len && !is_own_network(c);
	if (!c->new_network)
		return;
	bool at_home = km_place_is_home(c);
	look_at_networks(c, at_home);
	if (!km_case_is_known(c) || at_home)
		return;
	c->away = true;
	/* What the account may do more than others it may do from where it is known. */
	double strict = c->budgets.flood.capacity / c->budgets.strict / 1.5;
	c->strict = strict > 1 ? strict : 1;
	km_case_weigh(c, 1.5, KM_SIGN_NETWORK);
	km_fact *f = km_case_fact(c, KM_FACT_OUT_NETWORK_NEW, km_case_ip(c));
	km_ip block = c->e->ip;
	memset(block.b + (block.len == 4 ? 3 : 6), 0, block.len - (block.len == 4 ? 3u : 6u));
	km_fact_arg(&c->d->facts, f, 1,
		    km_sv_fmt(c->arena, "%s%s", km_ip_format(&block, network),
			      block.len == 4 ? "/24" : "/48"));
}

void km_place_strangers(km_case *c)
{
	if (!c->new_network || c->e->n_rcpts == 0)
		return;
	bool friends = c->strangers < c->e->n_rcpts;
	double with_friends = count_networks(c, KM_KEY_FRIEND_NETWORKS, friends);
	if (friends)
		return;
	double n = count_networks(c, KM_KEY_STRANGER_NETWORKS, true);
	double unknown = 1 - c->acc.days / DAYS_SETTLED;
	double most = STRANGER_NETWORKS + (unknown > 0 ? unknown * STRANGER_NETWORKS_FIRST : 0) +
		      with_friends;
	double more = n - most;
	if (more < 0.5)
		return;
	km_case_weigh(c, 1 + more, more >= 2 ? KM_SIGN_NETWORKS : 0);
	/* However much the account may do, and whatever its holder writes meanwhile. */
	c->share += km_account_is_cleared(&c->acc, c->e->t) ? 0 : 0.05 * more;
	if (c->networks_told)
		return;
	km_fact *f = km_case_fact(c, KM_FACT_OUT_NETWORKS_MANY, km_case_ip(c));
	km_case_arg(c, f, 1, n);
	km_case_arg(c, f, 2, most);
}

static uint64_t country_key(const km_case *c)
{
	return km_case_key(c, KM_KEY_COUNTRY, c->e->country);
}

bool km_place_is_own_country(const km_case *c)
{
	return c->e->country.n == 2 && km_case_is_usual(c, country_key(c));
}

/* From one country to one that is new for the account, sooner than anyone travels. */
static void look_at_travel(km_case *c)
{
	unsigned char a = (unsigned char)c->e->country.p[0], b = (unsigned char)c->e->country.p[1];
	uint32_t now = c->e->t < 0 ? 0 : (uint32_t)c->e->t;
	uint64_t here = (uint64_t)now << 32 | (uint64_t)(km_lower(a) << 8) | km_lower(b);
	uint64_t was = atomic_exchange(&c->acc.w[KM_W_PLACE], here);
	uint32_t then = (uint32_t)(was >> 32);

	if ((uint32_t)was == 0 || (uint32_t)was == (uint32_t)here || now < then ||
	    now - then > TRAVEL_SECONDS || km_place_is_own_country(c))
		return;
	const char from[] = { (char)(was >> 8), (char)was, '\0' };
	km_fact *f = km_case_fact(c, KM_FACT_OUT_TRAVEL,
				  km_sv_fmt(c->arena, "%s → %.*s", from, KM_FMT(c->e->country)));
	km_case_arg(c, f, 1, (now - then) / 60.0);
	km_case_weigh(c, 1, KM_SIGN_TRAVEL);
	if (km_case_is_known(c))
		(void)km_decay_add(&c->acc.w[KM_W_SUSPICION], KM_HALF_SUSPICION, 0.7, c->e->t);
}

void km_place_country(km_case *c)
{
	if (c->e->country.n != 2)
		return;
	if (km_case_is_known(c) && !km_counters_seen(c->c, country_key(c), c->e->t).known) {
		km_fact *f = km_case_fact(c, KM_FACT_OUT_COUNTRY_NEW, c->e->country);
		km_fact_arg(&c->d->facts, f, 1, km_case_ip(c));
	}
	if (km_case_is_known(c) && !km_place_is_own_country(c))
		km_case_weigh(c, 1.3, KM_SIGN_COUNTRY);
	look_at_travel(c);
}

void km_place_remember(km_case *c)
{
	if (c->e->ip.len) {
		km_counters_see(c->c,
				km_case_key_bytes(c, KM_KEY_NARROW, km_case_narrow(&c->e->ip)),
				c->e->t);
		km_counters_see(c->c, km_case_key_bytes(c, KM_KEY_WIDE, km_case_wide(&c->e->ip)),
				c->e->t);
	}
	if (c->e->asn)
		km_counters_see(c->c, asn_key(c), c->e->t);
	if (c->e->country.n == 2)
		km_counters_see(c->c, country_key(c), c->e->t);
}
