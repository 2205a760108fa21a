#include "content/url.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <unicode/uidna.h>
#include <unicode/uscript.h>

#include "base/limits.h"
#include "content/host.h"
#include "text/utf8.h"

/* --- hosts --- */

/* Code points that end a host or that no host may hold (WHATWG URL, "forbidden domain code point").
 */
static const bool forbidden[256] = {
	[0 ... ' '] = true, ['#'] = true,	  ['%'] = true,		['/'] = true, ['<'] = true,
	[':'] = true,	    ['>' ... '@'] = true, ['[' ... '^'] = true, ['|'] = true, [0x7f] = true,
};

static bool all_digits(km_sv v)
{
	for (size_t i = 0; i < v.n; i++)
		if (!km_is_digit((unsigned char)v.p[i]))
			return false;
	return v.n > 0;
}

/* One number of an IPv4 address: decimal, octal or hexadecimal, at most 32 bits. */
static bool read_number(km_sv v, uint64_t *out, bool *plain)
{
	unsigned base = 10;

	if (v.n > 1 && v.p[0] == '0') {
		*plain = false;
		base = km_lower((unsigned char)v.p[1]) == 'x' ? 16 : 8;
		v = km_sv_from(v, base == 16 ? 2 : 1);
	}
	*out = 0;
	for (size_t i = 0; i < v.n; i++) {
		int digit = km_hex_value((unsigned char)v.p[i]);
		if (digit < 0 || (unsigned)digit >= base)
			return false;
		*out = *out * base + (unsigned)digit;
		if (*out > UINT32_MAX)
			return false;
	}
	return true;
}

/* The last label decides whether it is an address (WHATWG URL, "ends in a number checker"). */
static bool ends_in_number(km_sv host)
{
	size_t dot = km_sv_rchr(host, '.');
	km_sv last = dot < host.n ? km_sv_from(host, dot + 1) : host;

	if (last.n < 2 || last.p[0] != '0' || last.p[1] != 'x')
		return all_digits(last);
	for (size_t i = 2; i < last.n; i++)
		if (km_hex_value((unsigned char)last.p[i]) < 0)
			return false;
	return true;
}

static bool read_ipv4(km_arena *a, km_sv host, km_url *out)
{
	uint64_t part[4], address = 0;
	size_t n = 0;
	bool plain = true;
	km_sv piece;

	while (km_sv_split(&host, '.', &piece))
		if (n == KM_COUNT(part) || piece.n == 0 || !read_number(piece, &part[n++], &plain))
			return false;
	for (size_t i = 0; i + 1 < n; i++) {
		if (part[i] > 255)
			return false;
		address |= part[i] << (8 * (3 - i));
	}
	if (part[n - 1] > UINT32_MAX >> (8 * (n - 1)))
		return false;
	address |= part[n - 1];
	if (n != 4 || !plain)
		out->tricks |= KM_URL_NUMBER_HOST;
	out->host = km_sv_fmt(a, "%u.%u.%u.%u", (unsigned)(address >> 24),
			      (unsigned)(address >> 16 & 255), (unsigned)(address >> 8 & 255),
			      (unsigned)(address & 255));
	out->ip = true;
	return true;
}

static bool read_ipv6(km_arena *a, km_sv inside, km_url *out)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr address;

	if (inside.n >= sizeof(text))
		return false;
	memcpy(text, inside.p, inside.n);
	text[inside.n] = '\0';
	if (inet_pton(AF_INET6, text, &address) != 1 ||
	    inet_ntop(AF_INET6, &address, text, sizeof(text)) == NULL)
		return false;
	out->host = km_sv_fmt(a, "[%s]", text);
	out->ip = true;
	return true;
}

static km_sv percent_decoded(km_arena *a, km_sv v)
{
	km_buf b;

	if (km_sv_chr(v, '%', 0) == v.n)
		return v;
	km_buf_init(&b, a, v.n);
	for (size_t i = 0; i < v.n; i++) {
		int high = i + 2 < v.n && v.p[i] == '%' ? km_hex_value((unsigned char)v.p[i + 1])
							: -1,
		    low = high < 0 ? -1 : km_hex_value((unsigned char)v.p[i + 2]);
		km_buf_byte(&b, low < 0 ? v.p[i] : (char)(high << 4 | low));
		i += low < 0 ? 0 : 2;
	}
	return km_buf_sv(&b);
}

km_sv km_url_decoded(km_arena *a, km_sv v)
{
	size_t bad = 0;

	return km_utf8_sanitise(a, percent_decoded(a, v), &bad);
}

/* Characters that have no width and that browsers or we pass over in a host. */
static bool is_ignored(int32_t c)
{
	return c == 0xad || c == 0x34f || (c >= 0x200b && c <= 0x200f) || c == 0x2060 ||
	       (c >= 0xfe00 && c <= 0xfe0f) || c == 0xfeff;
}

/* Letters, digits and dots that UTS #46 folds to plain ones. */
bool km_url_folds(int32_t c)
{
	return (c >= 0xff0d && c <= 0xff5a) || c == 0x3002 || c == 0xff61 ||
	       (c >= 0x1d400 && c <= 0x1d7ff) || (c >= 0x2460 && c <= 0x24ff) ||
	       (c >= 0x1f100 && c <= 0x1f1ac);
}

bool km_url_is_slash_like(int32_t c)
{
	return c == 0x2215 || c == 0x2044 || c == 0xff0f || c == 0x29f8 || c == 0x2571;
}

/* @host without ignored characters, and its tricks. */
static km_sv without_ignored(km_arena *a, km_sv host, unsigned *tricks)
{
	km_buf b;

	km_buf_init(&b, a, host.n);
	for (size_t at = 0; at < host.n;) {
		size_t from = at;
		int32_t c = km_utf8_next(host, &at);
		if (km_url_folds(c))
			*tricks |= KM_URL_FOLDED_HOST;
		if (is_ignored(c))
			*tricks |= KM_URL_IGNORED_HOST;
		else
			km_buf_add(&b, km_sv_sub(host, from, at - from));
	}
	return km_buf_sv(&b);
}

static UIDNA *idna;

static void open_idna(void)
{
	UErrorCode e = U_ZERO_ERROR;

	idna = uidna_openUTS46(UIDNA_CHECK_BIDI | UIDNA_CHECK_CONTEXTJ |
				       UIDNA_NONTRANSITIONAL_TO_ASCII |
				       UIDNA_NONTRANSITIONAL_TO_UNICODE,
			       &e);
}

/* Which scripts go together in a label, as writers of one language mix them. */
static unsigned script_bit(int32_t c)
{
	UErrorCode e = U_ZERO_ERROR;

	switch (uscript_getScript(c, &e)) {
	case USCRIPT_COMMON:
	case USCRIPT_INHERITED:
		return 0;
	case USCRIPT_LATIN:
		return 1;
	case USCRIPT_HAN:
	case USCRIPT_HIRAGANA:
	case USCRIPT_KATAKANA:
	case USCRIPT_HANGUL:
	case USCRIPT_BOPOMOFO:
		return 2;
	case USCRIPT_CYRILLIC:
		return 4;
	case USCRIPT_GREEK:
		return 8;
	default:
		return 16;
	}
}

static bool mixes_scripts(km_sv shown)
{
	unsigned seen = 0;

	for (size_t at = 0; at < shown.n;) {
		int32_t c = km_utf8_next(shown, &at);
		if (c == '.')
			seen = 0;
		else
			seen |= c < 0x80 ? (unsigned)km_is_alpha((unsigned char)c) : script_bit(c);
		/* Latin goes with the scripts of East Asia. */
		if (seen & (seen - 1) && seen != 3)
			return true;
	}
	return false;
}

/* UTS #46. Only what browsers pass over too is forgiven. */
static bool read_international(km_arena *a, km_sv host, km_url *out)
{
	enum {
		FORGIVEN = UIDNA_ERROR_EMPTY_LABEL | UIDNA_ERROR_LABEL_TOO_LONG |
			   UIDNA_ERROR_DOMAIN_NAME_TOO_LONG | UIDNA_ERROR_LEADING_HYPHEN |
			   UIDNA_ERROR_TRAILING_HYPHEN | UIDNA_ERROR_HYPHEN_3_4
	};
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	UIDNAInfo info = UIDNA_INFO_INITIALIZER;
	UErrorCode e = U_ZERO_ERROR;
	char text[KM_HOST_TEXT * 2];

	(void)pthread_once(&once, open_idna);
	host = without_ignored(a, host, &out->tricks);
	if (idna == NULL || host.n > KM_HOST_TEXT * 4)
		return false;
	int32_t n = uidna_nameToASCII_UTF8(idna, host.p, (int32_t)host.n, text, sizeof(text), &info,
					   &e);
	if (U_FAILURE(e) || info.errors & ~(uint32_t)FORGIVEN)
		return false;
	out->host = km_sv_dup(a, (km_sv){ text, (size_t)n });
	n = uidna_nameToUnicodeUTF8(idna, host.p, (int32_t)host.n, text, sizeof(text), &info, &e);
	if (U_FAILURE(e))
		return false;
	out->shown = km_sv_dup(a, (km_sv){ text, (size_t)n });
	if (km_ascii_prefix(out->shown) < out->shown.n) {
		out->tricks |= KM_URL_INTERNATIONAL;
		if (mixes_scripts(out->shown))
			out->tricks |= KM_URL_MIXED_SCRIPT;
	}
	return true;
}

static bool refuse(km_url *out)
{
	out->tricks |= KM_URL_BAD_HOST;
	out->host = out->shown = (km_sv){ NULL, 0 };
	return false;
}

bool km_url_host(km_arena *a, km_sv host, km_url *out)
{
	out->ip = false;
	if (host.n > 1 && host.p[0] == '[' && host.p[host.n - 1] == ']') {
		if (!read_ipv6(a, km_sv_sub(host, 1, host.n - 2), out))
			return refuse(out);
		out->shown = out->host;
		return true;
	}
	if (km_sv_chr(host, '%', 0) < host.n) {
		out->tricks |= KM_URL_ESCAPED_HOST;
		host = percent_decoded(a, host);
	}
	if (host.n == 0)
		return refuse(out);
	if (km_ascii_prefix(host) < host.n || km_sv_ifind(host, KM_S("xn--"), 0) < host.n) {
		if (!read_international(a, host, out))
			return refuse(out);
	} else {
		out->host = out->shown = km_sv_lower(a, host);
	}
	while (out->host.n && out->host.p[out->host.n - 1] == '.')
		out->host.n--;
	for (size_t i = 0; i < out->host.n; i++)
		if (forbidden[(unsigned char)out->host.p[i]])
			return refuse(out);
	if (out->host.n == 0 || out->host.n >= KM_HOST_TEXT)
		return refuse(out);
	if (ends_in_number(out->host) && !read_ipv4(a, out->host, out))
		return refuse(out);
	if (out->ip || (out->tricks & KM_URL_INTERNATIONAL) == 0)
		out->shown = out->host;
	return true;
}

/* --- the parts around it --- */

/* Length of the scheme at the start of @url, without its colon; 0 when there is none. */
static size_t scheme_length(km_sv url)
{
	size_t i = 0;

	while (i < url.n && (km_is_alnum((unsigned char)url.p[i]) || url.p[i] == '+' ||
			     url.p[i] == '-' || url.p[i] == '.'))
		i++;
	return i < url.n && url.p[i] == ':' && i && km_is_alpha((unsigned char)url.p[0]) ? i : 0;
}

static bool is_slash(char c)
{
	return c == '/' || c == '\\';
}

/* Schemes whose URLs have a host, whatever follows the colon. */
static bool is_web(km_sv scheme)
{
	static const km_sv web[] = { KM_SV("https"), KM_SV("http"), KM_SV("ftp"), KM_SV("ws"),
				     KM_SV("wss") };

	for (size_t i = 0; i < KM_COUNT(web); i++)
		if (km_sv_eq(scheme, web[i]))
			return true;
	return false;
}

/* "www.bank.example" before "@", or a slash in disguise. */
static bool poses_as_host(km_sv userinfo)
{
	for (size_t at = 0; at < userinfo.n;) {
		int32_t c = km_utf8_next(userinfo, &at);
		if (c == '/' || c == '\\' || c == '?' || c == '#' || km_url_is_slash_like(c))
			return true;
	}
	for (size_t dot = 0; (dot = km_sv_chr(userinfo, '.', dot)) < userinfo.n; dot++) {
		size_t end = dot + 1;
		while (end < userinfo.n && km_is_alnum((unsigned char)userinfo.p[end]))
			end++;
		if (dot && km_host_is_suffix(km_sv_sub(userinfo, dot + 1, end - dot - 1)))
			return true;
	}
	return false;
}

static bool read_authority(km_arena *a, km_sv authority, km_url *out)
{
	size_t sign = km_sv_rchr(authority, '@');

	if (sign < authority.n) {
		out->userinfo = km_url_decoded(a, km_sv_sub(authority, 0, sign));
		authority = km_sv_from(authority, sign + 1);
		if (out->userinfo.n)
			out->tricks |= KM_URL_USERINFO;
		if (poses_as_host(out->userinfo))
			out->tricks |= KM_URL_USERINFO_HOST;
	}
	size_t colon = km_sv_rchr(authority, ':');
	if (colon < authority.n && km_sv_chr(authority, ']', colon) == authority.n) {
		uint64_t port = 0;
		km_sv digits = km_sv_from(authority, colon + 1);
		if (digits.n && (!km_sv_u64(digits, &port) || port > UINT16_MAX))
			return refuse(out);
		out->port = (uint16_t)port;
		authority = km_sv_sub(authority, 0, colon);
	}
	return km_url_host(a, authority, out);
}

static void split_rest(km_sv rest, km_url *out)
{
	size_t hash = km_sv_chr(rest, '#', 0);

	out->fragment = km_sv_from(rest, hash + 1);
	rest = km_sv_sub(rest, 0, hash);
	size_t mark = km_sv_chr(rest, '?', 0);
	out->query = km_sv_from(rest, mark + 1);
	out->path = km_sv_sub(rest, 0, mark);
}

/* What follows "scheme:" when it has a host: slashes, authority, path. */
static bool read_web(km_arena *a, km_sv rest, km_url *out)
{
	size_t slashes = 0, end;

	while (slashes < rest.n && is_slash(rest.p[slashes]))
		if (rest.p[slashes++] == '\\')
			out->tricks |= KM_URL_BACKSLASH;
	if (slashes != 2)
		out->tricks |= KM_URL_SLASHES;
	rest = km_sv_from(rest, slashes);
	for (end = 0;
	     end < rest.n && !is_slash(rest.p[end]) && rest.p[end] != '?' && rest.p[end] != '#';)
		end++;
	split_rest(km_sv_from(rest, end), out);
	return read_authority(a, km_sv_sub(rest, 0, end), out);
}

/* Without tabs and line ends, which browsers drop anywhere (WHATWG URL, section 4.4). */
static km_sv without_blanks(km_arena *a, km_sv text, unsigned *tricks)
{
	km_buf b;
	size_t slashes = 0;

	if (memchr(text.p, '\n', text.n) == NULL && memchr(text.p, '\t', text.n) == NULL &&
	    memchr(text.p, '\r', text.n) == NULL)
		return text;
	km_buf_init(&b, a, text.n);
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];
		if (c != '\t' && c != '\r' && c != '\n')
			km_buf_byte(&b, c);
		else if (slashes < 3)
			*tricks |= KM_URL_BLANKS;
		slashes += is_slash(c);
	}
	return km_buf_sv(&b);
}

static bool read_relative(km_arena *a, km_sv rest, const km_url *base, km_url *out)
{
	unsigned tricks = out->tricks;

	if (rest.n > 1 && is_slash(rest.p[0]) && is_slash(rest.p[1])) {
		out->scheme = base && base->scheme.n ? base->scheme : KM_S("http");
		return read_web(a, rest, out);
	}
	if (base && base->host.n) {
		*out = *base;
		out->tricks = tricks;
		split_rest(rest, out);
		return true;
	}
	/* "www.example.com/x" as an attribute: mail programs forgive what browsers would not. */
	if (!km_host_in_text(rest, NULL))
		return false;
	out->scheme = KM_S("http");
	out->tricks |= KM_URL_NO_SCHEME;
	bool ok = read_web(a, rest, out);
	out->tricks &= ~(unsigned)KM_URL_SLASHES;
	return ok;
}

bool km_url_read(km_arena *a, km_sv text, const km_url *base, km_url *out)
{
	*out = (km_url){ .port = 0 };
	while (text.n && (unsigned char)text.p[0] <= ' ')
		text = km_sv_from(text, 1);
	while (text.n && (unsigned char)text.p[text.n - 1] <= ' ')
		text.n--;
	if (text.n == 0)
		return false;
	text = without_blanks(a, km_sv_sub(text, 0, KM_MAX_URL_BYTES), &out->tricks);
	size_t colon = scheme_length(text);
	if (colon == 0)
		return read_relative(a, text, base, out);
	out->scheme = km_sv_lower(a, km_sv_sub(text, 0, colon));
	km_sv rest = km_sv_from(text, colon + 1);
	if (!is_web(out->scheme)) {
		split_rest(rest, out);
		return true;
	}
	if (base && base->host.n && km_sv_eq(base->scheme, out->scheme) &&
	    !(rest.n > 1 && is_slash(rest.p[0]) && is_slash(rest.p[1])))
		return read_relative(a, rest, base, out);
	return read_web(a, rest, out);
}
