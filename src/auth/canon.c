#include "auth/canon.h"

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

/* White space inside the line that must change: a tab, or two blanks side by side. */
static bool has_odd_blanks(km_sv line)
{
	unsigned char any = 0;

	if (line.n == 0)
		return false;
	/* Nearly every line is plain; this loop becomes vector code. */
	for (size_t i = 0; i + 1 < line.n; i++)
		any |= (unsigned char)((line.p[i] == '\t') |
				       ((line.p[i] == ' ') & (line.p[i + 1] == ' ')));
	return any || line.p[line.n - 1] == '\t';
}

/* @v with runs of blanks as one space each. */
static void put_reduced(km_canon_sink *s, km_sv v)
{
	for (size_t i = 0; i < v.n;) {
		size_t from = i;
		while (i < v.n && !is_blank(v.p[i]))
			i++;
		put(s, km_sv_sub(v, from, i - from));
		if (i == v.n)
			break;
		put_byte(s, ' ');
		while (i < v.n && is_blank(v.p[i]))
			i++;
	}
}

/*
 * Bytes at the start of @v, whole lines, that are the same in the relaxed form: line ends CRLF, no
 * tab, no blank beside another or before a line end. Most bodies are, from end to end. *looked_at:
 * how far that is known; what follows the plain lines up to there goes line by line.
 */
static size_t plain_lines(km_sv v, size_t *looked_at)
{
	enum { BLOCK = 128 };
	size_t at = 0;

	*looked_at = BLOCK;
	while (v.n - at > BLOCK && v.p[0] != '\n') {
		const uint8_t *p = (const uint8_t *)v.p + at;
		uint8_t odd = 0;
		for (size_t i = 0; i < BLOCK; i++) { /* becomes vector code */
			odd |= (uint8_t)(p[i] == '\t');
			odd |= (uint8_t)((p[i] == ' ') & (p[i + 1] <= ' '));
			odd |= (uint8_t)((p[i] != '\r') & (p[i + 1] == '\n'));
		}
		*looked_at = at + BLOCK;
		if (odd)
			break;
		at += BLOCK;
	}
	while (at > 0 && v.p[at - 1] != '\n')
		at--;
	return at;
}

static void relaxed_line(km_canon_sink *s, km_sv line)
{
	while (line.n && is_blank(line.p[line.n - 1]))
		line.n--;
	if (has_odd_blanks(line))
		put_reduced(s, line);
	else
		put(s, line);
	km_canon_crlf(s);
}

static void relaxed_body(km_canon_sink *s, km_sv body)
{
	while (body.n && (body.p[body.n - 1] == '\n' || is_blank(body.p[body.n - 1])))
		body.n = body.p[body.n - 1] == '\n' ? without_eol(body) : body.n - 1;
	for (size_t at = 0, until; at < body.n;) {
		size_t plain = plain_lines(km_sv_from(body, at), &until);
		put(s, km_sv_sub(body, at, plain));
		until += at;
		for (at += plain; at < body.n && at < until;) {
			size_t lf = km_sv_chr(body, '\n', at);
			km_sv line = km_sv_sub(body, at, lf - at);
			if (lf < body.n)
				line.n = without_eol(km_sv_sub(body, at, lf + 1 - at));
			relaxed_line(s, line);
			at = lf + 1;
		}
	}
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
	for (size_t i = 0; i < v.n;) {
		size_t from = i;
		while (i < v.n && !is_blank(v.p[i]) && v.p[i] != '\n' &&
		       !(v.p[i] == '\r' && i + 1 < v.n && v.p[i + 1] == '\n'))
			i++;
		if (i == from) {
			*space = *any;
			i++;
			continue;
		}
		if (*space)
			put_byte(s, ' ');
		put(s, km_sv_sub(v, from, i - from));
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
