#include "content/host.h"

#include <libpsl.h>
#include <string.h>

#include "content/host_table.h"

/* False for what the list need not be asked about: too long, or an IP address. */
static bool is_name(km_sv host)
{
	return host.n && host.n < KM_HOST_TEXT && host.p[0] != '[' &&
	       !km_is_digit((unsigned char)host.p[host.n - 1]);
}

/* @host in lower case with NUL, for libpsl; false when it is no name. */
static bool for_psl(km_sv host, char z[KM_HOST_TEXT])
{
	if (!is_name(host))
		return false;
	for (size_t i = 0; i < host.n; i++)
		z[i] = (char)km_lower((unsigned char)host.p[i]);
	z[host.n] = '\0';
	return true;
}

/*
 * What was found out about hosts asked for lately: libpsl takes microseconds, a message names the
 * same few hosts again and again, and the lists do not change while the program runs.
 */
typedef struct {
	uint8_t length, skip; /* bytes of host; of what stands before its registrable domain */
	bool placed;	      /* the rest is known as well */
	char host[49];
	unsigned kind;
	const km_host_row *row;
} remembered;

enum { REMEMBERED = 2048 };

static _Thread_local remembered memory[REMEMBERED];

/* What is remembered of @host, a name; in @own when it is too long to be remembered. */
static remembered *recall(km_sv host, remembered *own)
{
	bool fits = host.n <= sizeof(own->host);
	remembered *m = fits ? &memory[km_sv_quick_hash(host) % REMEMBERED] : own;
	char z[KM_HOST_TEXT];

	if (fits && m->length == host.n && memcmp(m->host, host.p, host.n) == 0)
		return m;
	const char *domain = for_psl(host, z) ? psl_registrable_domain(psl_builtin(), z) : NULL;
	*m = (remembered){ .length = (uint8_t)host.n, .skip = domain ? (uint8_t)(domain - z) : 0 };
	if (fits)
		memcpy(m->host, host.p, host.n);
	return m;
}

km_sv km_host_registrable(km_sv host)
{
	remembered own;

	if (host.n && host.p[host.n - 1] == '.')
		host.n--;
	if (psl_builtin() == NULL || !is_name(host))
		return host;
	return km_sv_from(host, recall(host, &own)->skip);
}

km_sv km_host_registered(km_sv host)
{
	char z[KM_HOST_TEXT];
	const psl_ctx_t *psl = psl_builtin();
	size_t from = host.n, suffix = host.n;

	if (psl == NULL || !for_psl(host, z))
		return host;
	/* Labels from the right, as long as what stands there is a suffix. */
	while (from > 0) {
		size_t dot = km_sv_rchr(km_sv_sub(host, 0, from), '.');
		from = dot < from ? dot : 0;
		size_t label = from ? from + 1 : 0;
		if (!psl_is_public_suffix2(psl, z + label, PSL_TYPE_ICANN))
			return km_sv_from(host, label);
		suffix = label;
	}
	return km_sv_from(host, suffix);
}

bool km_host_related(km_sv a, km_sv b)
{
	/* The public suffix list need not be asked about a host and itself. */
	return km_sv_ieq(a, b) || km_sv_ieq(km_host_registrable(a), km_host_registrable(b));
}

bool km_host_is_suffix(km_sv label)
{
	static const km_sv usual[] = { KM_SV("com"), KM_SV("jp"), KM_SV("net"), KM_SV("org") };
	/* Others that were asked for lately: most are ends of the names of files. */
	static _Thread_local struct {
		uint8_t length;
		bool is;
		char label[14];
	} known[64], *k;
	char z[KM_HOST_TEXT];
	const psl_ctx_t *psl = psl_builtin();

	for (size_t i = 0; i < KM_COUNT(usual); i++)
		if (km_sv_ieq(label, usual[i]))
			return true;
	if (label.n < 2 || psl == NULL || !for_psl(label, z))
		return false;
	k = &known[km_sv_quick_hash(label) % KM_COUNT(known)];
	if (k->length == label.n && memcmp(k->label, label.p, label.n) == 0)
		return k->is;
	bool is = psl_is_public_suffix2(psl, z, PSL_TYPE_ICANN | PSL_TYPE_NO_STAR_RULE);
	if (label.n <= sizeof(k->label)) {
		k->length = (uint8_t)label.n;
		k->is = is;
		memcpy(k->label, label.p, label.n);
	}
	return is;
}

static bool host_byte(unsigned char c)
{
	return km_is_alnum(c) || c == '-' || c == '.' || c == '_' || c >= 0x80;
}

bool km_host_in_text(km_sv text, size_t *length)
{
	static const km_sv short_ends[] = { KM_SV(".com"), KM_SV(".jp"), KM_SV(".org"),
					    KM_SV(".info") };
	size_t n = 0;

	while (n < text.n && host_byte((unsigned char)text.p[n]))
		n++;
	if (length)
		*length = n;
	if (n == 0 || n >= KM_HOST_TEXT ||
	    (n < text.n && text.p[n] != '/' && text.p[n] != '?' && text.p[n] != ':'))
		return false;
	km_sv host = km_sv_sub(text, 0, n);
	size_t last = km_sv_rchr(host, '.'), first = km_sv_chr(host, '.', 0);
	if (first == 0 || last + 1 >= n)
		return false;
	if (first != last)
		return km_host_is_suffix(km_sv_from(host, last + 1));
	/* Names of files and of methods look the same. */
	for (size_t i = 0; i < KM_COUNT(short_ends); i++)
		if (km_sv_iends(host, short_ends[i]))
			return true;
	const km_host_row *row = km_host_row_of(host);
	return row && row->kind & KM_SITE_SHORTENER && n + 1 < text.n && text.p[n] == '/';
}

/* --- data/hosts.csv --- */

static const km_host_row *find_row(km_sv host)
{
	size_t low = 0, high = km_host_row_count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		if (km_sv_cmp(km_host_rows[middle].host, host) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < km_host_row_count && km_sv_eq(km_host_rows[low].host, host)
		       ? &km_host_rows[low]
		       : NULL;
}

/* "translate.google.*" for "translate.google.co.jp". */
static const km_host_row *find_starred(km_sv host)
{
	static const km_sv first[] = { KM_SV("google."), KM_SV("yandex.") };
	char z[KM_HOST_TEXT];
	km_sv domain = km_host_registrable(host);

	for (size_t i = 0; i < KM_COUNT(first); i++) {
		if (!km_sv_starts(domain, first[i]))
			continue;
		size_t n = host.n - domain.n + first[i].n;
		if (n + 1 >= sizeof(z))
			return NULL;
		memcpy(z, host.p, n);
		z[n++] = '*';
		km_sv name = { z, n };
		for (size_t dot; name.n > first[i].n; name = km_sv_from(name, dot + 1)) {
			const km_host_row *row = find_row(name);
			if (row)
				return row;
			dot = km_sv_chr(name, '.', 0);
		}
	}
	return NULL;
}

const km_host_row *km_host_row_of(km_sv host)
{
	enum { LABELS = 8 };
	km_sv name = host;

	for (int i = 0; i < LABELS && name.n; i++) {
		const km_host_row *row = find_row(name);
		if (row)
			return row;
		name = km_sv_from(name, km_sv_chr(name, '.', 0) + 1);
	}
	return find_starred(host);
}

/* By the private part of the list: whoever wants gets a name there. */
static bool is_hosted(km_sv host)
{
	km_sv domain = km_host_registrable(host);
	km_sv above = km_sv_from(domain, km_sv_chr(domain, '.', 0) + 1);

	/* A name below a top-level one, as most are, is nobody's but a registry's. */
	return km_sv_chr(above, '.', 0) < above.n && domain.n > km_host_registered(host).n;
}

km_host_place km_host_place_of(km_sv host)
{
	remembered own = { .placed = false };
	remembered *m = psl_builtin() && is_name(host) ? recall(host, &own) : &own;

	if (!m->placed) {
		/* Found before it is written down: to find it, other hosts are looked up. */
		const km_host_row *row = km_host_row_of(host);
		unsigned kind = row ? row->kind : is_hosted(host) ? KM_SITE_HOSTING : 0;
		m = m == &own ? m : recall(host, &own);
		m->row = row;
		m->kind = kind;
		m->placed = true;
	}
	return (km_host_place){ km_sv_from(host, m->skip), m->row, m->kind };
}

unsigned km_site_kind(km_sv host)
{
	return km_host_place_of(host).kind;
}

bool km_host_is_shared(km_sv host)
{
	enum { WHOLE = KM_SITE_SHORTENER | KM_SITE_REDIRECT | KM_SITE_TRACKER | KM_SITE_SHARED };
	const km_host_row *row = km_host_row_of(host);
	char z[KM_HOST_TEXT];
	const psl_ctx_t *psl = psl_builtin();

	return (row && (row->kind & WHOLE || km_sv_eq(row->host, host))) ||
	       (psl && for_psl(host, z) && psl_is_public_suffix(psl, z));
}
