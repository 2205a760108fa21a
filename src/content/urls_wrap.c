/* What a link wraps: translators, redirectors, mail filters (data/hosts.csv), URLs in parameters.
 */
#include "content/host_table.h"
#include "mail/b64.h"

/* The value of parameter @name in @query, as written; p == NULL when there is none. */
static km_sv parameter(km_sv query, km_sv name)
{
	km_sv piece;

	while (km_sv_split(&query, '&', &piece)) {
		if (km_sv_istarts(piece, KM_S("amp;")))
			piece = km_sv_from(piece, 4);
		if (piece.n > name.n && piece.p[name.n] == '=' && km_sv_istarts(piece, name))
			return km_sv_from(piece, name.n + 1);
	}
	return (km_sv){ NULL, 0 };
}

/* In the query, or in the fragment, or ("/RU=…/") in the path. */
static km_sv any_parameter(const km_url *url, km_sv names)
{
	km_sv name;

	while (km_sv_split(&names, '|', &name)) {
		km_sv value = parameter(url->query, name);
		if (value.p == NULL)
			value = parameter(url->fragment, name);
		if (value.p)
			return value;
		size_t at = km_sv_find(url->path, name, 0);
		if (at && at + name.n < url->path.n && url->path.p[at - 1] == '/' &&
		    url->path.p[at + name.n] == '=') {
			value = km_sv_from(url->path, at + name.n + 1);
			return km_sv_sub(value, 0, km_sv_chr(value, '/', 0));
		}
	}
	return (km_sv){ NULL, 0 };
}

/* "a-b--c-com" of a-b--c-com.translate.goog is a.b-c.com. */
static km_sv from_label(km_arena *a, km_sv host)
{
	km_sv label = km_sv_sub(host, 0, km_sv_chr(host, '.', 0));
	km_buf b;

	km_buf_init(&b, a, label.n);
	for (size_t i = 0; i < label.n; i++) {
		bool twice = label.p[i] == '-' && i + 1 < label.n && label.p[i + 1] == '-';
		km_buf_byte(&b, label.p[i] == '-' && !twice ? '.' : label.p[i]);
		i += twice;
	}
	return km_buf_sv(&b);
}

/* "https-3A__example.com_x": "-" for "%", "_" for "/". */
static km_sv from_hyphens(km_arena *a, km_sv v)
{
	km_buf b;

	km_buf_init(&b, a, v.n);
	for (size_t i = 0; i < v.n; i++)
		km_buf_byte(&b, v.p[i] == '-' ? '%' : v.p[i] == '_' ? '/' : v.p[i]);
	return km_buf_sv(&b);
}

/* What stands between two "__" of the path. */
static km_sv between_underscores(km_sv path)
{
	size_t from = km_sv_find(path, KM_S("__"), 0);
	size_t to = km_sv_find(path, KM_S("__"), from + 2);

	return from < path.n ? km_sv_sub(path, from + 2, to - from - 2) : (km_sv){ NULL, 0 };
}

/* "a1" and base64 in its URL-safe alphabet. */
static km_sv from_base64(km_arena *a, km_sv v)
{
	km_b64_info info = { .junk = 0 };
	km_buf plain, out;

	if (!km_sv_starts(v, KM_S("a1")))
		return (km_sv){ NULL, 0 };
	v = km_sv_from(v, 2);
	km_buf_init(&plain, a, v.n);
	for (size_t i = 0; i < v.n; i++)
		km_buf_byte(&plain, v.p[i] == '-' ? '+' : v.p[i] == '_' ? '/' : v.p[i]);
	km_buf_init(&out, a, v.n + 3);
	km_b64_decode(km_buf_sv(&plain), &out, &info);
	return km_buf_sv(&out);
}

/* "s/host/x" of /amp/s/host/x. */
static km_sv from_rest(km_sv rest)
{
	while (rest.n && rest.p[0] == '/')
		rest = km_sv_from(rest, 1);
	return km_sv_starts(rest, KM_S("s/")) ? km_sv_from(rest, 2) : rest;
}

static km_sv wrapped_text(km_arena *a, const km_url *url, const km_host_row *row)
{
	km_sv rest = km_sv_from(url->path, row->path.n), how = row->parameter, value;

	if (how.n == 0 || how.p[0] != '@')
		value = any_parameter(url, how);
	else if (km_sv_eq(how, KM_S("@rest")))
		value = from_rest(rest);
	else if (km_sv_eq(how, KM_S("@segment")))
		value = km_sv_sub(rest, 0, km_sv_chr(rest, '/', 0));
	else if (km_sv_eq(how, KM_S("@label")))
		value = from_label(a, url->host);
	else if (km_sv_eq(how, KM_S("@hyphen")))
		value = from_hyphens(a, parameter(url->query, KM_S("u")));
	else if (km_sv_eq(how, KM_S("@underscore")))
		value = between_underscores(rest);
	else if (km_sv_eq(how, KM_S("@query")))
		value = url->query;
	else
		value = from_base64(a, parameter(url->query, KM_S("u")));
	return km_url_decoded(a, value);
}

/* A URL, with or without scheme, that has a host with a dot. */
static bool read_target(km_arena *a, km_sv text, km_url *out)
{
	if (text.n == 0)
		return false;
	if (!km_url_read(a, text, NULL, out)) {
		km_sv with = km_sv_fmt(a, "http://%.*s", KM_FMT(text));
		if (!km_url_read(a, with, NULL, out))
			return false;
		out->tricks |= KM_URL_NO_SCHEME;
	}
	return out->host.n && (out->ip || km_sv_chr(out->host, '.', 0) < out->host.n);
}

km_link_wrap km_url_unwrap(km_arena *a, const km_url *url, const km_host_row *row, km_url *out)
{
	for (size_t i = 0;
	     row && row + i < km_host_rows + km_host_row_count && km_sv_eq(row[i].host, row->host);
	     i++) {
		km_sv path = url->path.n ? url->path : KM_S("/");
		if (row[i].parameter.n && km_sv_starts(path, row[i].path) &&
		    read_target(a, wrapped_text(a, url, &row[i]), out))
			return row[i].wrap;
	}
	return KM_WRAP_NONE;
}

static bool looks_like_url(km_sv v)
{
	return km_sv_istarts(v, KM_S("http:")) || km_sv_istarts(v, KM_S("https:")) ||
	       km_sv_istarts(v, KM_S("http%3a")) || km_sv_istarts(v, KM_S("https%3a")) ||
	       km_sv_istarts(v, KM_S("//")) || km_sv_istarts(v, KM_S("%2f%2f"));
}

bool km_url_parameter(km_arena *a, const km_url *url, km_url *out)
{
	km_sv query = url->query, piece;

	while (km_sv_split(&query, '&', &piece)) {
		km_sv value = km_sv_from(piece, km_sv_chr(piece, '=', 0) + 1);
		if (looks_like_url(value) && km_url_read(a, km_url_decoded(a, value), NULL, out) &&
		    out->host.n && !km_sv_eq(out->host, url->host))
			return true;
	}
	return false;
}
