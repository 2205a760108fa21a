#include "auth/tag.h"

#include "base/block.h"

/* A control character that is no white space. Bytes over 0x7f are welcome (RFC 8616). */
static bool is_control(unsigned char c)
{
	return c < ' ' ? !km_is_wsp(c) : c == 0x7f;
}

static bool has_control(km_sv v)
{
	size_t i = 0;

	for (; v.n - i >= KM_BLOCK; i += KM_BLOCK) {
		km_block c = km_block_load(v.p + i);
		km_block wsp =
			(km_block)(c == '\t') | (km_block)(c == '\r') | (km_block)(c == '\n');
		if (km_block_bits(((km_block)(c < ' ') & ~wsp) | (km_block)(c == 0x7f)))
			return true;
	}
	for (; i < v.n; i++)
		if (is_control((unsigned char)v.p[i]))
			return true;
	return false;
}

static size_t name_length(km_sv v)
{
	size_t i = 0;

	if (v.n == 0 || !km_is_alpha((unsigned char)v.p[0]))
		return 0;
	while (i < v.n && (km_is_alnum((unsigned char)v.p[i]) || v.p[i] == '_'))
		i++;
	return i;
}

km_status km_tag_next(km_sv *rest, km_tag *t, km_err *err)
{
	size_t end = km_sv_chr(*rest, ';', 0);
	km_sv item = km_sv_sub(*rest, 0, end), text = km_sv_trim(item);
	bool last = end == rest->n;

	*rest = km_sv_from(*rest, last ? end : end + 1);
	if (text.n == 0)
		return last ? KM_NOTFOUND : KM_FAIL(err, KM_SYNTAX, "an empty tag");
	t->name = km_sv_sub(text, 0, name_length(text));
	if (t->name.n == 0)
		return KM_FAIL(err, KM_SYNTAX, "a tag without a proper name");
	km_sv after = km_sv_trim(km_sv_from(text, t->name.n));
	if (after.n == 0 || after.p[0] != '=')
		return KM_FAIL(err, KM_SYNTAX, "tag %.*s without '='",
			       KM_FMT(km_sv_sub(t->name, 0, 20)));
	t->span.p = after.p + 1;
	t->span.n = (size_t)(item.p + item.n - t->span.p);
	if (has_control(t->span))
		return KM_FAIL(err, KM_SYNTAX, "a control character in tag %.*s",
			       KM_FMT(km_sv_sub(t->name, 0, 20)));
	t->value = km_sv_trim(t->span);
	return KM_OK;
}

km_status km_tags_read(km_sv list, km_tags *out, km_err *err)
{
	km_status st;
	km_tag t;

	out->n = 0;
	while ((st = km_tag_next(&list, &t, err)) == KM_OK) {
		if (out->n == KM_MAX_TAGS)
			return KM_FAIL(err, KM_LIMIT, "more than %d tags", KM_MAX_TAGS);
		if (km_tags_find(out, t.name))
			return KM_FAIL(err, KM_SYNTAX, "tag %.*s twice",
				       KM_FMT(km_sv_sub(t.name, 0, 20)));
		out->t[out->n++] = t;
	}
	return st == KM_NOTFOUND ? KM_OK : st;
}

const km_tag *km_tags_find(const km_tags *ts, km_sv name)
{
	for (size_t i = 0; i < ts->n; i++)
		if (km_sv_eq(ts->t[i].name, name))
			return &ts->t[i];
	return NULL;
}

km_sv km_tags_value(const km_tags *ts, km_sv name, km_sv otherwise)
{
	const km_tag *t = km_tags_find(ts, name);

	return t ? t->value : otherwise;
}

bool km_tag_element(km_sv *rest, char sep, km_sv *element)
{
	if (!km_sv_split(rest, sep, element))
		return false;
	*element = km_sv_trim(*element);
	return true;
}

bool km_tag_has(km_sv list, km_sv word)
{
	km_sv one;

	while (km_tag_element(&list, ':', &one))
		if (km_sv_ieq(one, word))
			return true;
	return false;
}

km_sv km_tag_squeeze(km_arena *a, km_sv v)
{
	size_t n = 0;

	v = km_sv_trim(v);
	if (km_sv_wsp(v, 0) == v.n)
		return v;
	char *p = km_alloc(a, v.n);
	if (p == NULL)
		return (km_sv){ NULL, 0 };
	for (size_t i = 0, end; i < v.n; i = end + 1) {
		end = km_sv_wsp(v, i);
		memcpy(p + n, v.p + i, end - i);
		n += end - i;
	}
	return (km_sv){ p, n };
}

bool km_tag_is_name(km_sv v, unsigned dots)
{
	size_t label = 0;

	if (v.n > 253)
		return false;
	for (size_t i = 0; i < v.n; i++) {
		unsigned char c = (unsigned char)v.p[i];
		if (c == '.') {
			if (label == 0)
				return false;
			label = 0;
			dots -= dots > 0;
		} else if (km_is_alnum(c) || c == '-' || c == '_') {
			if (++label > 63)
				return false;
		} else {
			return false;
		}
	}
	return label > 0 && dots == 0;
}
