#include "content/host.h"

#include <libpsl.h>
#include <stdio.h>

enum { URL_BYTES = 2048 };

/* Browsers drop tabs and line ends anywhere, and read "\" as "/" (WHATWG URL, section 4.4). */
static size_t clean(km_sv target, char out[URL_BYTES])
{
	size_t n = 0;

	target = km_sv_trim(target);
	for (size_t i = 0; i < target.n && n < URL_BYTES; i++) {
		char c = target.p[i];
		if (c != '\t' && c != '\r' && c != '\n')
			out[n++] = c == '\\' ? '/' : c;
	}
	return n;
}

/* Length of the scheme at the start of @url, without its colon; 0 when there is none. */
static size_t scheme_length(km_sv url)
{
	size_t i = 0;

	while (i < url.n && (km_is_alnum((unsigned char)url.p[i]) || url.p[i] == '+' ||
			     url.p[i] == '-' || url.p[i] == '.'))
		i++;
	return i < url.n && url.p[i] == ':' && i && km_is_alpha((unsigned char)url.p[0]) ? i : 0;
}

static void copy_lower(km_sv v, char *out, size_t room)
{
	size_t n = 0;

	if (v.n < room)
		for (; n < v.n; n++)
			out[n] = (char)km_lower((unsigned char)v.p[n]);
	out[n] = '\0';
}

/* One number of an IPv4 address: decimal, octal or hexadecimal. */
static bool is_number(km_sv v)
{
	size_t i = v.n > 2 && v.p[0] == '0' && km_lower((unsigned char)v.p[1]) == 'x' ? 2 : 0;
	bool hex = i == 2;

	for (; i < v.n; i++)
		if (hex ? km_hex_value((unsigned char)v.p[i]) < 0
			: !km_is_digit((unsigned char)v.p[i]))
			return false;
	return v.n > 0;
}

/* The last label decides (WHATWG URL, "ends in a number"). */
static bool is_ip(km_sv host)
{
	size_t dot = km_sv_rchr(host, '.');

	return (host.n && host.p[0] == '[') ||
	       is_number(dot < host.n ? km_sv_from(host, dot + 1) : host);
}

static void read_authority(km_sv authority, km_link_host *out)
{
	size_t sign = km_sv_rchr(authority, '@');

	if (sign < authority.n) {
		(void)snprintf(out->userinfo, sizeof(out->userinfo), "%.*s", (int)sign,
			       authority.p);
		authority = km_sv_from(authority, sign + 1);
	}
	bool literal = authority.n && authority.p[0] == '[';
	size_t end = km_sv_chr(authority, literal ? ']' : ':', 0);
	authority = km_sv_sub(authority, 0, literal && end < authority.n ? end + 1 : end);
	while (authority.n && authority.p[authority.n - 1] == '.')
		authority.n--;
	/* Browsers refuse a host with such bytes, so the link leads nowhere. */
	for (size_t i = 0; i < authority.n; i++)
		if ((unsigned char)authority.p[i] <= ' ' || authority.p[i] == 0x7f)
			return;
	copy_lower(authority, out->host, sizeof(out->host));
	out->ip = is_ip(km_sv_of(out->host));
}

void km_host_of_link(km_sv target, km_link_host *out)
{
	char text[URL_BYTES];
	km_sv url = { text, clean(target, text) };
	size_t scheme = scheme_length(url);

	*out = (km_link_host){ .ip = false };
	copy_lower(km_sv_sub(url, 0, scheme), out->scheme, sizeof(out->scheme));
	km_sv rest = km_sv_from(url, scheme ? scheme + 1 : 0);
	bool web = strcmp(out->scheme, "http") == 0 || strcmp(out->scheme, "https") == 0 ||
		   strcmp(out->scheme, "ftp") == 0;
	if (!web && (scheme || !km_sv_starts(rest, KM_S("//"))))
		return;
	/* Any number of slashes will do for the schemes of the web. */
	while (rest.n && rest.p[0] == '/')
		rest = km_sv_from(rest, 1);
	size_t end = 0;
	while (end < rest.n && rest.p[end] != '/' && rest.p[end] != '?' && rest.p[end] != '#')
		end++;
	read_authority(km_sv_sub(rest, 0, end), out);
}

static bool host_byte(unsigned char c)
{
	return km_is_alnum(c) || c == '-' || c == '.' || c == '_' || c >= 0x80;
}

/* "www.example.com", "mail.example.jp", "example.com"; not "README.md", "3.5" or "and/or". */
static bool looks_like_host(km_sv host)
{
	static const km_sv short_ends[] = { KM_SV(".com"), KM_SV(".jp"), KM_SV(".org"),
					    KM_SV(".info") };
	const psl_ctx_t *psl = psl_builtin();
	size_t last = km_sv_rchr(host, '.'), first = km_sv_chr(host, '.', 0);

	if (psl == NULL || first == 0 || last + 1 >= host.n || is_ip(host))
		return false;
	if (first == last) {
		for (size_t i = 0; i < KM_COUNT(short_ends); i++)
			if (km_sv_ends(host, short_ends[i]))
				return true;
		return false;
	}
	return psl_is_public_suffix2(psl, host.p + last + 1,
				     PSL_TYPE_ICANN | PSL_TYPE_NO_STAR_RULE);
}

bool km_host_of_text(km_sv text, km_link_host *out)
{
	text = km_sv_trim(text);
	*out = (km_link_host){ .ip = false };
	if (km_sv_istarts(text, KM_S("http://")) || km_sv_istarts(text, KM_S("https://"))) {
		size_t end = 0;
		while (end < text.n && !km_is_wsp((unsigned char)text.p[end]) &&
		       (unsigned char)text.p[end] < 0x80)
			end++;
		km_host_of_link(km_sv_sub(text, 0, end), out);
		return out->host[0] && strchr(out->host, '.');
	}
	size_t n = 0;
	while (n < text.n && host_byte((unsigned char)text.p[n]))
		n++;
	if (n == 0 || n >= KM_HOST_TEXT || (n < text.n && text.p[n] != '/'))
		return false;
	copy_lower(km_sv_sub(text, 0, n), out->host, sizeof(out->host));
	return looks_like_host((km_sv){ out->host, n });
}

km_sv km_host_registrable(km_sv host)
{
	char z[KM_HOST_TEXT];
	const psl_ctx_t *psl = psl_builtin();

	if (host.n && host.p[host.n - 1] == '.')
		host.n--;
	if (host.n >= sizeof(z) || psl == NULL || is_ip(host))
		return host;
	copy_lower(host, z, sizeof(z));
	const char *domain = psl_registrable_domain(psl, z);
	return domain ? km_sv_from(host, (size_t)(domain - z)) : host;
}

bool km_host_related(km_sv a, km_sv b)
{
	/* The public suffix list need not be asked about a host and itself. */
	return km_sv_ieq(a, b) || km_sv_ieq(km_host_registrable(a), km_host_registrable(b));
}
