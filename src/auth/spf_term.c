/* Terms of an SPF record (RFC 7208 section 12). */
#include <arpa/inet.h>

#include "auth/spf_parts.h"

typedef enum { NO_DOMAIN, MAY_DOMAIN, MUST_DOMAIN } domain_rule;

static const struct mechanism {
	km_sv name;
	km_spf_kind kind;
	domain_rule domain;
	bool cidr; /* takes a dual-cidr-length */
} mechanisms[] = {
	{ KM_SV("all"), KM_SPF_ALL, NO_DOMAIN, false },
	{ KM_SV("include"), KM_SPF_INCLUDE, MUST_DOMAIN, false },
	{ KM_SV("a"), KM_SPF_A, MAY_DOMAIN, true },
	{ KM_SV("mx"), KM_SPF_MX, MAY_DOMAIN, true },
	{ KM_SV("ptr"), KM_SPF_PTR, MAY_DOMAIN, false },
	{ KM_SV("exists"), KM_SPF_EXISTS, MUST_DOMAIN, false },
	{ KM_SV("ip4"), KM_SPF_IP4, NO_DOMAIN, false },
	{ KM_SV("ip6"), KM_SPF_IP6, NO_DOMAIN, false },
};

bool km_spf_is_record(km_sv txt, km_sv *terms)
{
	static const km_sv version = KM_SV("v=spf1");

	*terms = km_sv_from(txt, version.n);
	return km_sv_istarts(txt, version) && (terms->n == 0 || terms->p[0] == ' ');
}

static bool is_name_byte(unsigned char c)
{
	return km_is_alnum(c) || c == '-' || c == '_' || c == '.';
}

/* toplabel: letters, digits and hyphens inside, not digits alone. */
static bool is_toplabel(km_sv v)
{
	bool digits = true;

	if (v.n == 0 || v.p[0] == '-' || v.p[v.n - 1] == '-')
		return false;
	for (size_t i = 0; i < v.n; i++) {
		if (!km_is_alnum((unsigned char)v.p[i]) && v.p[i] != '-')
			return false;
		digits &= km_is_digit((unsigned char)v.p[i]);
	}
	return !digits;
}

/* Offset of what follows the last macro of @text, whose macros are valid. */
static size_t after_macros(km_sv text)
{
	size_t last = 0;

	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] != '%')
			continue;
		i = text.p[i + 1] == '{' ? km_sv_chr(text, '}', i) : i + 1;
		last = i + 1;
	}
	return last;
}

/* domain-spec: ends in a macro, or in a dot, a toplabel and perhaps a dot. */
static bool is_domain_spec(km_sv text)
{
	if (text.n == 0 || !km_spf_macros_valid(text, false))
		return false;
	km_sv tail = km_sv_from(text, after_macros(text));
	if (tail.n == 0)
		return true;
	if (tail.p[tail.n - 1] == '.')
		tail.n--;
	size_t dot = km_sv_rchr(tail, '.');
	return dot < tail.n && is_toplabel(km_sv_from(tail, dot + 1));
}

/* Takes @slashes and a number of bits off the end of @v. False when it is out of range. */
static bool take_cidr(km_sv *v, km_sv slashes, unsigned most, unsigned *bits)
{
	size_t digits = v->n, value = 0;

	while (digits > 0 && km_is_digit((unsigned char)v->p[digits - 1]))
		digits--;
	km_sv head = km_sv_sub(*v, 0, digits), number = km_sv_from(*v, digits);
	if (number.n == 0 || !km_sv_ends(head, slashes))
		return true;
	for (size_t i = 0; i < number.n && i < 4; i++)
		value = value * 10 + (size_t)(number.p[i] - '0');
	if (number.n > 3 || value > most || (number.n > 1 && number.p[0] == '0'))
		return false;
	*bits = (unsigned)value;
	v->n = digits - slashes.n;
	return true;
}

static bool read_ip(km_sv text, int family, km_ip *ip)
{
	char copy[INET6_ADDRSTRLEN];

	if (text.n == 0 || text.n >= sizeof(copy))
		return false;
	memcpy(copy, text.p, text.n);
	copy[text.n] = '\0';
	ip->len = family == AF_INET ? 4 : 16;
	return inet_pton(family, copy, ip->b) == 1;
}

/* What follows the name of ip4 or ip6. */
static bool read_net(km_sv rest, km_spf_term *t)
{
	bool v4 = t->kind == KM_SPF_IP4;

	return rest.n && rest.p[0] == ':' &&
	       take_cidr(&rest, KM_S("/"), v4 ? 32 : 128, v4 ? &t->cidr4 : &t->cidr6) &&
	       read_ip(km_sv_from(rest, 1), v4 ? AF_INET : AF_INET6, &t->net);
}

static bool read_mechanism(km_sv name, km_sv rest, km_spf_term *t)
{
	const struct mechanism *m = mechanisms;

	while (m < mechanisms + KM_COUNT(mechanisms) && !km_sv_ieq(m->name, name))
		m++;
	if (m == mechanisms + KM_COUNT(mechanisms))
		return false;
	t->kind = m->kind;
	if (m->kind == KM_SPF_IP4 || m->kind == KM_SPF_IP6)
		return read_net(rest, t);
	if (m->cidr && (!take_cidr(&rest, KM_S("//"), 128, &t->cidr6) ||
			!take_cidr(&rest, KM_S("/"), 32, &t->cidr4)))
		return false;
	if (rest.n == 0)
		return m->domain != MUST_DOMAIN;
	t->domain = km_sv_from(rest, 1);
	return rest.p[0] == ':' && m->domain != NO_DOMAIN && is_domain_spec(t->domain);
}

static bool read_modifier(km_sv name, km_sv value, km_spf_term *t)
{
	bool redirect = km_sv_ieq(name, KM_S("redirect"));

	t->domain = value;
	t->kind = KM_SPF_UNKNOWN;
	if (!redirect && !km_sv_ieq(name, KM_S("exp")))
		return name.n && km_is_alpha((unsigned char)name.p[0]) &&
		       km_spf_macros_valid(value, true);
	t->kind = redirect ? KM_SPF_REDIRECT : KM_SPF_EXP;
	return is_domain_spec(value);
}

static bool read_term(km_spf_term *t)
{
	static const struct {
		char c;
		km_spf_code code;
	} qualifiers[] = { { '+', KM_SPF_PASS },
			   { '-', KM_SPF_FAIL },
			   { '~', KM_SPF_SOFTFAIL },
			   { '?', KM_SPF_NEUTRAL } };
	km_sv v = t->text;
	size_t n = 0;

	while (n < v.n && is_name_byte((unsigned char)v.p[n]))
		n++;
	if (n < v.n && v.p[n] == '=')
		return read_modifier(km_sv_sub(v, 0, n), km_sv_from(v, n + 1), t);
	for (size_t i = 0; i < KM_COUNT(qualifiers); i++)
		if (v.p[0] == qualifiers[i].c) {
			t->qualifier = qualifiers[i].code;
			v = km_sv_from(v, 1);
			break;
		}
	n = 0;
	while (n < v.n && v.p[n] != ':' && v.p[n] != '/')
		n++;
	return read_mechanism(km_sv_sub(v, 0, n), km_sv_from(v, n), t);
}

km_status km_spf_term_next(km_sv *rest, km_spf_term *t)
{
	size_t from = 0;

	while (from < rest->n && rest->p[from] == ' ')
		from++;
	size_t end = km_sv_chr(*rest, ' ', from);
	*t = (km_spf_term){ .qualifier = KM_SPF_PASS, .cidr4 = 32, .cidr6 = 128 };
	t->text = km_sv_sub(*rest, from, end - from);
	*rest = km_sv_from(*rest, end);
	if (t->text.n == 0)
		return KM_NOTFOUND;
	for (size_t i = 0; i < t->text.n; i++) /* nothing but visible ASCII (section 3.1) */
		if (t->text.p[i] < 0x21 || t->text.p[i] > 0x7e)
			return KM_SYNTAX;
	return read_term(t) ? KM_OK : KM_SYNTAX;
}

km_status km_spf_terms_check(km_sv terms, km_sv *redirect, km_sv *exp, km_sv *wrong)
{
	km_spf_term t;
	km_status st;

	*redirect = *exp = *wrong = (km_sv){ NULL, 0 };
	while ((st = km_spf_term_next(&terms, &t)) == KM_OK) {
		km_sv *slot = t.kind == KM_SPF_REDIRECT ? redirect
			      : t.kind == KM_SPF_EXP	? exp
							: NULL;
		if (slot && slot->n) { /* twice (section 6) */
			st = KM_SYNTAX;
			break;
		}
		if (slot)
			*slot = t.domain;
	}
	*wrong = t.text;
	return st == KM_NOTFOUND ? KM_OK : st;
}
