#include "auth/canon.h"

#include "base/block.h"

/* From this size on bytes go past the staging buffer. */
enum { LARGE = 512 };

void km_canon_end(km_canon_sink *s)
{
	if (s->n)
		s->take(s->to, (km_sv){ s->buf, s->n });
	s->n = 0;
}

static void put(km_canon_sink *s, km_sv v)
{
	if (v.n > sizeof(s->buf) - s->n || v.n >= LARGE)
		km_canon_end(s);
	if (v.n >= LARGE) {
		s->take(s->to, v);
	} else if (v.n) {
		memcpy(s->buf + s->n, v.p, v.n);
		s->n += v.n;
	}
}

static void put_byte(km_canon_sink *s, char c)
{
	if (s->n == sizeof(s->buf))
		km_canon_end(s);
	s->buf[s->n++] = c;
}

void km_canon_crlf(km_canon_sink *s)
{
	put_byte(s, '\r');
	put_byte(s, '\n');
}

void km_canon_to_hash(void *hash, km_sv bytes)
{
	km_hash_add(hash, bytes);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Length of @v without the line end at its end. */
static size_t without_eol(km_sv v)
{
	size_t n = v.n - 1;

	return n > 0 && v.p[n - 1] == '\r' ? n - 1 : n;
}

/* --- as they stand, every line end CRLF --- */

static void put_lines(km_canon_sink *s, km_sv v)
{
	size_t run = 0, lf;

	for (size_t at = 0; (lf = km_sv_chr(v, '\n', at)) < v.n; at = lf + 1) {
		if (lf > 0 && v.p[lf - 1] == '\r')
			continue;
		put(s, km_sv_sub(v, run, lf - run));
		km_canon_crlf(s);
		run = lf + 1;
	}
	put(s, km_sv_from(v, run));
}

static void simple_body(km_canon_sink *s, km_sv body)
{
	while (body.n && body.p[body.n - 1] == '\n')
		body.n = without_eol(body);
	put_lines(s, body);
	km_canon_crlf(s);
}

/* --- relaxed --- */

static bool is_odd(uint8_t c, uint8_t next)
{
	return c == '\t' || (c == ' ' && next <= ' ') || (c != '\r' && next == '\n');
}

/*
 * The first byte from @at on at which the relaxed form may differ from what stands there: a tab, a
 * blank before white space or another control character, the byte before an LF that has no CR. v.n:
 * there is none. Nearly all of a body is passed over here.
 */
static size_t find_odd(km_sv v, size_t at)
{
	const uint8_t *p = (const uint8_t *)v.p;

	for (; v.n - at > KM_BLOCK; at += KM_BLOCK) {
		km_block c = km_block_load(p + at), next = km_block_load(p + at + 1);
		km_block odd = (km_block)(c == '\t') | ((km_block)(c == ' ') & (next <= ' ')) |
			       ((km_block)(c != '\r') & (next == '\n'));
		size_t first = km_block_first(odd);
		if (first < KM_BLOCK)
			return at + first;
	}
	while (at + 1 < v.n && !is_odd(p[at], p[at + 1]))
		at++;
	return at + 1 < v.n ? at : v.n;
}

/* Where the line ends: at its LF or the CR before it. */
static bool is_eol(km_sv v, size_t at)
{
	return v.p[at] == '\n' || (v.p[at] == '\r' && at + 1 < v.n && v.p[at + 1] == '\n');
}

static void relaxed_body(km_canon_sink *s, km_sv body)
{
	while (body.n && (body.p[body.n - 1] == '\n' || is_blank(body.p[body.n - 1])))
		body.n = body.p[body.n - 1] == '\n' ? without_eol(body) : body.n - 1;
	if (body.n == 0)
		return;
	for (size_t at = 0; at < body.n;) {
		size_t odd = at;
		if (body.p[at] == '\n') { /* what stands before it has been passed on: no CR */
			km_canon_crlf(s);
			at++;
			continue;
		}
		while ((odd = find_odd(body, odd)) < body.n && body.p[odd] == ' ' &&
		       !is_blank(body.p[odd + 1]) && !is_eol(body, odd + 1))
			odd++;
		if (odd < body.n && !is_blank(body.p[odd]))
			odd++;
		put(s, km_sv_sub(body, at, odd - at));
		for (at = odd; at < body.n && is_blank(body.p[at]);)
			at++;
		if (at > odd && !is_eol(body, at)) /* no blank is last */
			put_byte(s, ' ');
	}
	km_canon_crlf(s);
}

void km_canon_body(km_canon_sink *s, km_canon how, km_sv body)
{
	if (how == KM_CANON_SIMPLE)
		simple_body(s, body);
	else
		relaxed_body(s, body);
}

/* A part of a value; *space: blanks were passed over that count if more follows. */
static void relaxed_value(km_canon_sink *s, km_sv v, bool *any, bool *space)
{
	for (size_t i = 0, end; i < v.n; i = end) {
		end = km_sv_wsp(v, i);
		while (end < v.n && !is_blank(v.p[end]) && !is_eol(v, end))
			end = km_sv_wsp(v, end + 1); /* a CR alone */
		if (end == i) {
			*space = *any;
			end++;
			continue;
		}
		if (*space)
			put_byte(s, ' ');
		put(s, km_sv_sub(v, i, end - i));
		*any = true;
		*space = false;
	}
}

void km_canon_field(km_canon_sink *s, km_canon how, km_sv field, size_t colon, size_t cut,
		    size_t cut_n)
{
	km_sv after = km_sv_from(field, cut + cut_n);

	if (how == KM_CANON_SIMPLE) {
		put_lines(s, km_sv_sub(field, 0, cut));
		put_lines(s, after);
		return;
	}
	size_t name = colon;
	while (name > 0 && is_blank(field.p[name - 1]))
		name--;
	for (size_t i = 0; i < name; i++)
		put_byte(s, (char)km_lower((unsigned char)field.p[i]));
	put_byte(s, ':');
	bool any = false, space = false;
	size_t stop = cut < field.n ? cut : field.n;
	if (stop > colon)
		relaxed_value(s, km_sv_sub(field, colon + 1, stop - colon - 1), &any, &space);
	relaxed_value(s, after, &any, &space);
}
