/*
 * The charset that HTML declares of itself (WHATWG HTML section 13.2.3.2, "prescan a byte stream").
 */
#include "text/charset.h"
#include "text/html.h"
#include "text/html_meta.h"

enum { PRESCAN = 1024 };

typedef struct {
	km_sv v;
	size_t at;
} cursor;

static bool space(char c)
{
	return km_is_wsp((unsigned char)c) || c == '\f';
}

static bool at_any(const cursor *c, const char *set)
{
	return c->at < c->v.n && c->v.p[c->at] && strchr(set, c->v.p[c->at]);
}

static void skip_spaces(cursor *c)
{
	while (c->at < c->v.n && space(c->v.p[c->at]))
		c->at++;
}

static km_sv take_until(cursor *c, const char *set)
{
	size_t from = c->at;

	while (c->at < c->v.n && !at_any(c, set))
		c->at++;
	return km_sv_sub(c->v, from, c->at - from);
}

/* "Get an attribute"; false when the tag ends. */
static bool attribute(cursor *c, km_sv *name, km_sv *value)
{
	*value = (km_sv){ NULL, 0 };
	while (c->at < c->v.n && (space(c->v.p[c->at]) || c->v.p[c->at] == '/'))
		c->at++;
	if (c->at >= c->v.n || c->v.p[c->at] == '>')
		return false;
	size_t from = c->at;
	c->at++; /* a leading "=" is part of the name */
	(void)take_until(c, "= \t\r\n\f/>");
	*name = km_sv_sub(c->v, from, c->at - from);
	skip_spaces(c);
	if (!at_any(c, "="))
		return true;
	c->at++;
	skip_spaces(c);
	if (!at_any(c, "\"'")) {
		*value = take_until(c, " \t\r\n\f>");
		return true;
	}
	size_t end = km_sv_chr(c->v, c->v.p[c->at], c->at + 1);
	*value = km_sv_sub(c->v, c->at + 1, end - c->at - 1);
	c->at = end + 1;
	return end < c->v.n;
}

/* The charset of the meta tag whose attributes come next; empty when it declares none. */
static km_sv meta_charset(cursor *c)
{
	km_sv name, value, charset = { NULL, 0 }, content = { NULL, 0 };
	bool pragma = false, has_charset = false, has_content = false;

	while (attribute(c, &name, &value)) {
		if (km_sv_ieq(name, KM_S("http-equiv"))) {
			pragma = pragma || km_sv_ieq(value, KM_S("content-type"));
		} else if (km_sv_ieq(name, KM_S("content")) && !has_content) {
			content = km_html_content_charset(value);
			has_content = true;
		} else if (km_sv_ieq(name, KM_S("charset")) && !has_charset) {
			charset = km_sv_trim(value);
			has_charset = true;
		}
	}
	if (c->at >= c->v.n) /* the tag does not end */
		return (km_sv){ NULL, 0 };
	if (charset.n == 0 && pragma)
		charset = content;
	/* What could be read as ASCII is not UTF-16. */
	return km_sv_istarts(charset, KM_S("utf-16")) ? KM_S("utf-8") : charset;
}

/* encoding="…" of an XML declaration. */
static km_sv xml_encoding(km_sv v)
{
	v = km_sv_sub(v, 0, km_sv_chr(v, '>', 0));
	size_t at = km_sv_find(v, KM_S("encoding"), 0);
	cursor c = { v, at };
	km_sv name, value;

	return attribute(&c, &name, &value) ? km_sv_trim(value) : (km_sv){ NULL, 0 };
}

km_sv km_html_sniff_charset(km_sv bytes)
{
	cursor c = { km_sv_sub(bytes, 0, PRESCAN), 0 };
	km_sv name, value, v = c.v;
	km_sv xml = km_sv_starts(v, KM_S("<?xml")) ? xml_encoding(v) : (km_sv){ NULL, 0 };

	for (; (c.at = km_sv_chr(v, '<', c.at)) < v.n; c.at++) {
		km_sv rest = km_sv_from(v, c.at);
		if (km_sv_starts(rest, KM_S("<!--"))) {
			c.at = km_sv_find(v, KM_S("-->"), c.at + 2) + 2;
		} else if (rest.n > 5 && km_sv_istarts(rest, KM_S("<meta")) &&
			   (space(rest.p[5]) || rest.p[5] == '/')) {
			c.at += 5;
			km_sv charset = meta_charset(&c);
			if (km_charset_find(charset))
				return charset;
		} else if (rest.n > 2 &&
			   km_is_alpha((unsigned char)rest.p[1 + (rest.p[1] == '/')])) {
			(void)take_until(&c, " \t\r\n\f>");
			while (attribute(&c, &name, &value))
				continue;
		} else if (rest.n > 1 && strchr("!/?", rest.p[1]) && rest.p[1]) {
			c.at = km_sv_chr(v, '>', c.at);
		}
	}
	return km_charset_find(xml) ? xml : (km_sv){ NULL, 0 };
}
