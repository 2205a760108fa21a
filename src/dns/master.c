#include "dns/master.h"

#include <arpa/inet.h>

#include "dns/wire.h"

/* --- lexer --- */

static bool take_token(km_master *m, km_master_token t, km_err *err)
{
	if (m->n == KM_MASTER_TOKENS)
		return (void)KM_FAIL(err, KM_SYNTAX, "more than %d words in one entry",
				     KM_MASTER_TOKENS),
		       false;
	if (m->n == 0)
		m->line = m->at;
	m->token[m->n++] = t;
	return true;
}

/* m->rest begins with a quote. */
static bool lex_quoted(km_master *m, km_err *err)
{
	for (size_t i = 1; i < m->rest.n && m->rest.p[i] != '\n'; i++) {
		if (m->rest.p[i] == '\\')
			i++;
		else if (m->rest.p[i] == '"') {
			km_master_token t = { km_sv_sub(m->rest, 1, i - 1), true };
			m->rest = km_sv_from(m->rest, i + 1);
			return take_token(m, t, err);
		}
	}
	(void)KM_FAIL(err, KM_SYNTAX, "a string without its closing quote");
	return false;
}

static bool ends_word(char c)
{
	return km_is_wsp((unsigned char)c) || c == '(' || c == ')' || c == ';' || c == '"';
}

static bool lex_word(km_master *m, km_err *err)
{
	size_t i = 0;

	while (i < m->rest.n && !ends_word(m->rest.p[i]))
		i += m->rest.p[i] == '\\' && i + 1 < m->rest.n && m->rest.p[i + 1] != '\n' ? 2 : 1;
	km_master_token t = { km_sv_sub(m->rest, 0, i), false };
	m->rest = km_sv_from(m->rest, i);
	return take_token(m, t, err);
}

/* A comment, or the mark ";!" when it opens an entry. */
static void lex_comment(km_master *m, size_t depth)
{
	if (m->n == 0 && depth == 0 && !m->status && km_sv_starts(m->rest, KM_S(";!"))) {
		m->status = true;
		m->rest = km_sv_from(m->rest, 2);
	} else {
		m->rest = km_sv_from(m->rest, km_sv_chr(m->rest, '\n', 0));
	}
}

static void begin_line(km_master *m)
{
	m->status = false;
	m->indented = m->rest.n && (m->rest.p[0] == ' ' || m->rest.p[0] == '\t');
}

km_status km_master_next(km_master *m, km_err *err)
{
	size_t depth = 0;

	m->n = 0;
	m->line = m->at;
	begin_line(m);
	while (m->rest.n) {
		char c = m->rest.p[0];
		if (c == '\n') {
			m->at++;
			m->rest = km_sv_from(m->rest, 1);
			if (depth == 0 && m->n)
				return KM_OK;
			if (depth == 0)
				begin_line(m);
		} else if (c == ';') {
			lex_comment(m, depth);
		} else if (c == '(') {
			depth++;
			m->rest = km_sv_from(m->rest, 1);
		} else if (c == ')') {
			if (depth-- == 0)
				return KM_FAIL(err, KM_SYNTAX, "a closing parenthesis too many");
			m->rest = km_sv_from(m->rest, 1);
		} else if (km_is_wsp((unsigned char)c)) {
			m->rest = km_sv_from(m->rest, 1);
		} else if (!(c == '"' ? lex_quoted(m, err) : lex_word(m, err))) {
			return KM_SYNTAX;
		}
	}
	if (depth)
		return KM_FAIL(err, KM_SYNTAX, "an opening parenthesis that is never closed");
	return m->n ? KM_OK : KM_NOTFOUND;
}

/* --- words --- */

/* The byte at v.p[*at], escapes resolved; *escaped tells. -1 for a broken escape. */
static int next_byte(km_sv v, size_t *at, bool *escaped)
{
	unsigned char c = (unsigned char)v.p[(*at)++];

	*escaped = c == '\\';
	if (!*escaped)
		return c;
	if (*at >= v.n)
		return -1;
	if (!km_is_digit((unsigned char)v.p[*at]))
		return (unsigned char)v.p[(*at)++];
	uint64_t x;
	if (v.n - *at < 3 || !km_sv_u64(km_sv_sub(v, *at, 3), &x) || x > 255)
		return -1;
	*at += 3;
	return (int)x;
}

bool km_master_name(const km_master_token *token, km_sv origin, char out[KM_DNS_NAME_TEXT],
		    size_t *n)
{
	char raw[2 * KM_DNS_NAME_TEXT];
	size_t o = 0;
	bool escaped = false, absolute = false;
	km_sv v = token->text;

	*n = 0;
	if (token->quoted || v.n == 0)
		return false;
	if (km_sv_eq(v, KM_S(".")))
		return true;
	if (km_sv_eq(v, KM_S("@")))
		v = (km_sv){ NULL, 0 };
	for (size_t at = 0; at < v.n;) {
		int c = next_byte(v, &at, &escaped);
		if (c < 0 || o + 3 > KM_DNS_NAME_TEXT)
			return false;
		absolute = c == '.' && !escaped && at == v.n;
		if (escaped && (c == '.' || c == '\\'))
			raw[o++] = '\\';
		raw[o++] = (char)c;
	}
	if (!absolute && origin.n) {
		if (o)
			raw[o++] = '.';
		memcpy(raw + o, origin.p, origin.n);
		o += origin.n;
	}
	return o == 0 || km_dns_name_normal((km_sv){ raw, o }, out, n);
}

bool km_master_ttl(km_sv text, uint32_t *out)
{
	static const struct {
		unsigned char unit;
		uint32_t seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 }, { 'w', 604800 } };
	uint64_t total = 0;

	if (text.n == 0 || text.n > 20)
		return false;
	while (text.n) {
		size_t digits = 0;
		uint64_t x, scale = 1;
		while (digits < text.n && km_is_digit((unsigned char)text.p[digits]))
			digits++;
		if (!km_sv_u64(km_sv_sub(text, 0, digits), &x) || x > UINT32_MAX)
			return false;
		if (digits < text.n) {
			scale = 0;
			for (size_t i = 0; i < KM_COUNT(units); i++)
				if (km_lower((unsigned char)text.p[digits]) == units[i].unit)
					scale = units[i].seconds;
			digits++;
		}
		total += x * scale;
		if (scale == 0 || total > UINT32_MAX)
			return false;
		text = km_sv_from(text, digits);
	}
	*out = (uint32_t)total;
	return true;
}

unsigned km_master_type(km_sv text)
{
	static const struct {
		km_sv name;
		unsigned type;
	} known[] = {
		{ KM_SV("A"), 1 },	     { KM_SV("NS"), 2 },       { KM_SV("CNAME"), 5 },
		{ KM_SV("SOA"), 6 },	     { KM_SV("PTR"), 12 },     { KM_SV("HINFO"), 13 },
		{ KM_SV("MX"), 15 },	     { KM_SV("TXT"), 16 },     { KM_SV("RP"), 17 },
		{ KM_SV("AAAA"), 28 },	     { KM_SV("LOC"), 29 },     { KM_SV("SRV"), 33 },
		{ KM_SV("NAPTR"), 35 },	     { KM_SV("CERT"), 37 },    { KM_SV("DNAME"), 39 },
		{ KM_SV("DS"), 43 },	     { KM_SV("SSHFP"), 44 },   { KM_SV("RRSIG"), 46 },
		{ KM_SV("NSEC"), 47 },	     { KM_SV("DNSKEY"), 48 },  { KM_SV("NSEC3"), 50 },
		{ KM_SV("NSEC3PARAM"), 51 }, { KM_SV("TLSA"), 52 },    { KM_SV("SMIMEA"), 53 },
		{ KM_SV("CDS"), 59 },	     { KM_SV("CDNSKEY"), 60 }, { KM_SV("OPENPGPKEY"), 61 },
		{ KM_SV("SVCB"), 64 },	     { KM_SV("HTTPS"), 65 },   { KM_SV("SPF"), 99 },
		{ KM_SV("URI"), 256 },	     { KM_SV("CAA"), 257 },
	};
	uint64_t x;

	for (size_t i = 0; i < KM_COUNT(known); i++)
		if (km_sv_ieq(text, known[i].name))
			return known[i].type;
	if (km_sv_istarts(text, KM_S("TYPE")) && km_sv_u64(km_sv_from(text, 4), &x) && x <= 65535)
		return (unsigned)x;
	return 0;
}

/* --- record data --- */

static bool add_string(km_buf *b, km_sv v)
{
	bool escaped;

	for (size_t at = 0; at < v.n;) {
		int c = next_byte(v, &at, &escaped);
		if (c < 0)
			return false;
		km_buf_byte(b, (char)c);
	}
	return !b->cut;
}

static bool add_hex(km_buf *b, const km_master_token *token, size_t n)
{
	int high = -1;

	for (size_t t = 0; t < n; t++)
		for (size_t i = 0; i < token[t].text.n; i++) {
			int x = km_hex_value((unsigned char)token[t].text.p[i]);
			if (x < 0)
				return false;
			if (high >= 0)
				km_buf_byte(b, (char)(high * 16 + x));
			high = high >= 0 ? -1 : x;
		}
	return high < 0 && !b->cut;
}

static bool add_name(km_buf *b, const km_master_token *token, km_sv origin)
{
	char name[KM_DNS_NAME_TEXT];
	size_t n;

	if (!km_master_name(token, origin, name, &n))
		return false;
	km_buf_add(b, (km_sv){ name, n });
	return !b->cut;
}

static bool add_number(km_buf *b, km_sv text, uint64_t max)
{
	uint64_t x;

	if (!km_sv_u64(text, &x) || x > max)
		return false;
	km_buf_byte(b, (char)x);
	return !b->cut;
}

static bool add_address(km_buf *b, km_sv text, int family, size_t bytes)
{
	char z[64], addr[16];

	if (text.n >= sizeof(z))
		return false;
	memcpy(z, text.p, text.n);
	z[text.n] = '\0';
	if (memchr(z, '\0', text.n) || inet_pton(family, z, addr) != 1)
		return false;
	km_buf_add(b, (km_sv){ addr, bytes });
	return !b->cut;
}

static bool add_soa(km_buf *b, const km_master_token *token, size_t n, km_sv origin)
{
	char name[KM_DNS_NAME_TEXT];
	size_t length;
	uint32_t x;

	if (n != 7)
		return false;
	for (size_t i = 0; i < 2; i++) {
		if (!km_master_name(&token[i], origin, name, &length))
			return false;
		km_master_write_name(b, (km_sv){ name, length });
		km_buf_byte(b, ' ');
	}
	for (size_t i = 2; i < 7; i++) {
		if (!km_master_ttl(token[i].text, &x))
			return false;
		km_buf_fmt(b, i < 6 ? "%u " : "%u", x);
	}
	return !b->cut;
}

/* token[0] is "\#": length and hex digits follow. */
static bool generic(km_dns_type type, const km_master_token *token, size_t n, km_buf *b,
		    km_dns_rr *out)
{
	uint64_t length;
	km_buf wire;

	if (n < 2 || !km_sv_u64(token[1].text, &length))
		return false;
	km_buf_init(&wire, NULL, KM_MASTER_RDATA);
	bool ok = add_hex(&wire, token + 2, n - 2) && wire.n == length &&
		  km_wire_rdata(type, km_buf_sv(&wire), 0, wire.n, b, out);
	km_buf_finish(&wire);
	return ok && !b->cut;
}

static bool parse_rdata(km_dns_type type, const km_master_token *token, size_t n, km_sv origin,
			km_buf *b, km_dns_rr *out)
{
	uint64_t x;

	switch (type) {
	case KM_DNS_A:
		return n == 1 && add_address(b, token[0].text, AF_INET, 4);
	case KM_DNS_AAAA:
		return n == 1 && add_address(b, token[0].text, AF_INET6, 16);
	case KM_DNS_NS:
	case KM_DNS_CNAME:
	case KM_DNS_PTR:
		return n == 1 && add_name(b, &token[0], origin);
	case KM_DNS_MX:
		if (n != 2 || !km_sv_u64(token[0].text, &x) || x > 65535)
			return false;
		out->preference = (uint16_t)x;
		return add_name(b, &token[1], origin);
	case KM_DNS_TXT:
		for (size_t i = 0; i < n; i++)
			if (!add_string(b, token[i].text))
				return false;
		return n > 0;
	case KM_DNS_SOA:
		return add_soa(b, token, n, origin);
	case KM_DNS_TLSA:
		return n >= 4 && add_number(b, token[0].text, 255) &&
		       add_number(b, token[1].text, 255) && add_number(b, token[2].text, 255) &&
		       add_hex(b, token + 3, n - 3) && b->n > 3;
	}
	return false;
}

bool km_master_rdata(km_dns_type type, const km_master_token *token, size_t n, km_sv origin,
		     km_buf *scratch, km_dns_rr *out)
{
	*out = (km_dns_rr){ .preference = 0 };
	scratch->n = 0;
	bool is_generic = n && !token[0].quoted && km_sv_eq(token[0].text, KM_S("\\#"));
	if (!(is_generic ? generic(type, token, n, scratch, out)
			 : parse_rdata(type, token, n, origin, scratch, out)))
		return false;
	out->data = km_buf_sv(scratch);
	if (type != KM_DNS_MX && type != KM_DNS_NS && type != KM_DNS_CNAME && type != KM_DNS_PTR)
		return true;
	char name[KM_DNS_NAME_TEXT];
	size_t length;
	return out->data.n == 0 || km_dns_name_normal(out->data, name, &length);
}

/* --- writing --- */

void km_master_write_name(km_buf *out, km_sv name)
{
	for (size_t i = 0; i < name.n; i++) {
		unsigned char c = (unsigned char)name.p[i];
		if (c == '\\' && i + 1 < name.n) {
			km_buf_byte(out, '\\');
			km_buf_byte(out, name.p[++i]);
		} else if (km_is_alnum(c) || (c && strchr("-_.*", c))) {
			km_buf_byte(out, (char)c);
		} else {
			km_buf_fmt(out, "\\%03u", c);
		}
	}
	km_buf_byte(out, '.');
}

static void write_text(km_buf *out, km_sv v)
{
	size_t at = 0;

	do {
		km_sv piece = km_sv_sub(v, at, 255);
		km_buf_add(out, at ? KM_S(" \"") : KM_S("\""));
		for (size_t i = 0; i < piece.n; i++) {
			unsigned char c = (unsigned char)piece.p[i];
			if (c < ' ' || c > '~')
				km_buf_fmt(out, "\\%03u", c);
			else if (c == '"' || c == '\\')
				km_buf_fmt(out, "\\%c", c);
			else
				km_buf_byte(out, (char)c);
		}
		km_buf_byte(out, '"');
		at += 255;
	} while (at < v.n);
}

static void write_address(km_buf *out, int family, km_sv data)
{
	char text[INET6_ADDRSTRLEN];

	if (data.n == (family == AF_INET ? 4 : 16) && inet_ntop(family, data.p, text, sizeof(text)))
		km_buf_add(out, km_sv_of(text));
}

void km_master_write_rdata(km_buf *out, km_dns_type type, const km_dns_rr *rr)
{
	switch (type) {
	case KM_DNS_A:
	case KM_DNS_AAAA:
		write_address(out, type == KM_DNS_A ? AF_INET : AF_INET6, rr->data);
		return;
	case KM_DNS_MX:
		km_buf_fmt(out, "%u ", rr->preference);
		/* fall through */
	case KM_DNS_NS:
	case KM_DNS_CNAME:
	case KM_DNS_PTR:
		km_master_write_name(out, rr->data);
		return;
	case KM_DNS_TXT:
		write_text(out, rr->data);
		return;
	case KM_DNS_SOA:
		km_buf_add(out, rr->data);
		return;
	case KM_DNS_TLSA:
		for (size_t i = 0; i < rr->data.n; i++)
			km_buf_fmt(out,
				   i == 0   ? "%u"
				   : i < 3  ? " %u"
				   : i == 3 ? " %02x"
					    : "%02x",
				   (unsigned char)rr->data.p[i]);
		return;
	}
}
