/* Macros of SPF (RFC 7208 section 7). */
#include <stdio.h>

#include "auth/spf_parts.h"

enum { LONGEST_NAME = 253, LONGEST_SENDER = KM_SPF_MAX_LOCAL + 1 + LONGEST_NAME };

typedef struct {
	char letter; /* lower case */
	bool upper;  /* percent-encode the value */
	bool reverse;
	size_t keep; /* right-hand parts to use; 0: all */
	km_sv delimiters;
} macro;

/* Reads the inside of "%{…}". */
static bool read_macro(km_sv v, bool explanation, macro *m)
{
	size_t i = 1, digits;

	if (v.n == 0)
		return false;
	*m = (macro){ .letter = (char)km_lower((unsigned char)v.p[0]),
		      .upper = v.p[0] >= 'A' && v.p[0] <= 'Z' };
	if (memchr("slodiphv", m->letter, 8) == NULL &&
	    (!explanation || memchr("crt", m->letter, 3) == NULL))
		return false;
	for (digits = i; i < v.n && km_is_digit((unsigned char)v.p[i]); i++)
		if (m->keep < KM_SPF_MAX_TEXT) /* more parts than any value has */
			m->keep = m->keep * 10 + (size_t)(v.p[i] - '0');
	if (i > digits && m->keep == 0)
		return false;
	if (i < v.n && km_lower((unsigned char)v.p[i]) == 'r') {
		m->reverse = true;
		i++;
	}
	m->delimiters = km_sv_from(v, i);
	for (; i < v.n; i++)
		if (memchr(".-+,/_=", v.p[i], 7) == NULL)
			return false;
	return true;
}

/*
 * Takes the next macro or literal text off @rest. KM_OK: a macro with letter, or '%' with its
 * character in m->letter '%', '_' or '-'; KM_NOTFOUND: literal text in *text, empty at the end.
 */
static km_status next_piece(km_sv *rest, bool explanation, macro *m, km_sv *text)
{
	size_t percent = km_sv_chr(*rest, '%', 0);

	*text = km_sv_sub(*rest, 0, percent);
	if (percent > 0 || rest->n == 0) {
		*rest = km_sv_from(*rest, percent);
		return KM_NOTFOUND;
	}
	if (rest->n < 2)
		return KM_SYNTAX;
	*m = (macro){ .letter = rest->p[1] };
	if (m->letter == '%' || m->letter == '_' || m->letter == '-') {
		*rest = km_sv_from(*rest, 2);
		return KM_OK;
	}
	size_t close = km_sv_chr(*rest, '}', 2);
	if (m->letter != '{' || close == rest->n ||
	    !read_macro(km_sv_sub(*rest, 2, close - 2), explanation, m))
		return KM_SYNTAX;
	*rest = km_sv_from(*rest, close + 1);
	return KM_OK;
}

bool km_spf_macros_valid(km_sv text, bool explanation)
{
	macro m;
	km_sv literal;

	while (text.n)
		if (next_piece(&text, explanation, &m, &literal) == KM_SYNTAX)
			return false;
	return true;
}

bool km_spf_macros_need_client(km_sv text)
{
	macro m;
	km_sv literal;
	km_status st = KM_OK;

	while (text.n && st != KM_SYNTAX) {
		st = next_piece(&text, true, &m, &literal);
		if (st == KM_OK && m.letter == 'p')
			return true;
	}
	return false;
}

static void put(km_spf_text *out, char c)
{
	if (out->n == sizeof(out->p))
		out->cut = true;
	else
		out->p[out->n++] = c;
}

static void put_all(km_spf_text *out, km_sv v)
{
	for (size_t i = 0; i < v.n && !out->cut; i++)
		put(out, v.p[i]);
}

static void put_value(km_spf_text *out, const macro *m, char c)
{
	static const char hex[] = "0123456789ABCDEF";
	unsigned char u = (unsigned char)c;

	if (!m->upper || km_is_alnum(u) || (c && strchr("-._~", c))) {
		put(out, c);
		return;
	}
	put(out, '%');
	put(out, hex[u >> 4]);
	put(out, hex[u & 15]);
}

static bool is_delimiter(const macro *m, char c)
{
	return m->delimiters.n ? memchr(m->delimiters.p, c, m->delimiters.n) != NULL : c == '.';
}

/* The last @keep parts, as they stand. */
static void put_forward(km_spf_text *out, const macro *m, km_sv v)
{
	size_t from = v.n, parts = 0;

	while (from > 0 && (!is_delimiter(m, v.p[from - 1]) || m->keep == 0 || ++parts < m->keep))
		from--;
	for (size_t i = from; i < v.n; i++)
		put_value(out, m, is_delimiter(m, v.p[i]) ? '.' : v.p[i]);
}

/* The first @keep parts, last one first. */
static void put_reversed(km_spf_text *out, const macro *m, km_sv v)
{
	size_t end = 0, parts = 0;

	while (end < v.n && (!is_delimiter(m, v.p[end]) || m->keep == 0 || ++parts < m->keep))
		end++;
	for (size_t right = end;;) {
		size_t left = right;
		while (left > 0 && !is_delimiter(m, v.p[left - 1]))
			left--;
		for (size_t i = left; i < right; i++)
			put_value(out, m, v.p[i]);
		if (left == 0)
			return;
		put_value(out, m, '.');
		right = left - 1;
	}
}

/* "192.0.2.1", or the 32 nibbles of an IPv6 address with dots between. */
static km_sv dotted(const km_ip *ip, char out[LONGEST_SENDER])
{
	static const char hex[] = "0123456789ABCDEF";
	size_t n = 0;

	if (ip->len != 16)
		return km_sv_of(km_ip_format(ip, out));
	for (size_t i = 0; i < 32; i++) {
		out[n++] = hex[ip->b[i / 2] >> (i % 2 ? 0 : 4) & 15];
		out[n++] = '.';
	}
	return (km_sv){ out, n - 1 };
}

/* local@domain; both are of bounded size (km_spf_new()). */
static km_sv address(const km_spf_values *v, char out[LONGEST_SENDER])
{
	km_sv local = km_sv_sub(v->local, 0, KM_SPF_MAX_LOCAL);
	km_sv domain = km_sv_sub(v->sender, 0, LONGEST_NAME);

	if (local.n)
		memcpy(out, local.p, local.n);
	out[local.n] = '@';
	if (domain.n)
		memcpy(out + local.n + 1, domain.p, domain.n);
	return (km_sv){ out, local.n + 1 + domain.n };
}

static void put_macro(km_spf_text *out, const macro *m, const km_spf_values *v)
{
	char scratch[LONGEST_SENDER];
	km_sv value = { NULL, 0 };

	switch (m->letter) {
	case 's':
		value = address(v, scratch);
		break;
	case 'l':
		value = v->local;
		break;
	case 'o':
		value = v->sender;
		break;
	case 'd':
		value = v->domain;
		break;
	case 'h':
		value = v->helo;
		break;
	case 'r':
		value = v->receiver;
		break;
	case 'p':
		value = v->client;
		break;
	case 'v':
		value = v->ip.len == 4 ? KM_S("in-addr") : KM_S("ip6");
		break;
	case 'i':
		value = dotted(&v->ip, scratch);
		break;
	case 'c':
		value = km_sv_of(km_ip_format(&v->ip, scratch));
		break;
	case 't':
		(void)snprintf(scratch, sizeof(scratch), "%lld", (long long)v->now);
		value = km_sv_of(scratch);
		break;
	}
	(m->reverse ? put_reversed : put_forward)(out, m, value);
}

void km_spf_expand(const km_spf_values *v, km_sv text, km_spf_text *out)
{
	macro m;
	km_sv literal;

	out->n = 0;
	out->cut = false;
	while (text.n && !out->cut) {
		km_status st = next_piece(&text, true, &m, &literal);
		if (st == KM_SYNTAX)
			return;
		if (st == KM_NOTFOUND)
			put_all(out, literal);
		else if (m.letter == '%')
			put(out, '%');
		else if (m.letter == '_')
			put(out, ' ');
		else if (m.letter == '-')
			put_all(out, KM_S("%20"));
		else
			put_macro(out, &m, v);
	}
}

km_sv km_spf_name(const km_spf_text *t)
{
	km_sv name = km_spf_text_sv(t);

	if (name.n && name.p[name.n - 1] == '.')
		name.n--;
	if (name.n > LONGEST_NAME) { /* RFC 7208 section 7.3 */
		size_t dot = km_sv_chr(name, '.', name.n - LONGEST_NAME - 1);
		name = km_sv_from(name, dot + 1);
	}
	return name;
}

void km_spf_reverse_name(const km_ip *ip, km_spf_text *out)
{
	const km_spf_values v = { .ip = *ip };

	km_spf_expand(&v, KM_S("%{ir}.%{v}.arpa"), out);
}
