#include "mail/param.h"

#include "base/buf.h"
#include "mail/encword.h"
#include "mail/header.h"

/*
 * Two passes: cut the field into segments (name, section, value as written), then join the segments
 * of each name and decode. Sections are joined as bytes before the charset is looked at, for they
 * may be cut inside a character or an escape sequence.
 */
typedef struct {
	km_sv name; /* lower case, without "*0*" */
	km_sv raw;
	km_sv bytes;   /* quotes and quoted pairs undone */
	int section;   /* RFC 2231 section 3, or NO_SECTION */
	bool extended; /* has percent-escapes */
	bool bad;
	bool used; /* joined to an earlier one */
} segment;

enum { NO_SECTION = -1, MAX_SECTION = 9999, MAX_TYPE = 128 };

typedef struct {
	km_arena *arena;
	km_sv v;
	size_t at;
	bool no_comments; /* a "(" that nothing closes was met: they are ordinary bytes */
	segment *seg;	  /* room for KM_MAX_PARAMETERS */
	size_t n;
	km_params *out;
} parser;

static unsigned char peek(const parser *p)
{
	return p->at < p->v.n ? (unsigned char)p->v.p[p->at] : ';';
}

/* Bytes that a token can not have (RFC 2045 section 5.1). */
static bool is_special(unsigned char c)
{
	return c <= ' ' || c == 0x7f || (c < 0x80 && strchr("()<>@,;:\\\"/[]?=", c) != NULL);
}

/* Bytes that end a parameter's name. */
static bool ends_name(unsigned char c)
{
	return km_is_wsp(c) || c == ';' || c == '=' || c == '"' || c == '(';
}

/* Passes over the comment that begins here; false when it has no end. */
static bool skip_comment(parser *p)
{
	size_t depth = 0;

	for (size_t i = p->at; i < p->v.n; i++) {
		char c = p->v.p[i];
		if (c == '\\')
			i++;
		else if (c == '(')
			depth++;
		else if (c == ')' && --depth == 0) {
			p->at = i + 1;
			return true;
		}
		if (depth == KM_MAX_COMMENT_DEPTH)
			km_limit_hit(&p->out->limits, KM_LIMIT_COMMENT_DEPTH);
	}
	p->no_comments = true;
	p->out->malformed = true;
	return false;
}

static void skip_space(parser *p, bool comments)
{
	while (p->at < p->v.n) {
		if (km_is_wsp(peek(p)))
			p->at++;
		else if (!comments || p->no_comments || peek(p) != '(' || !skip_comment(p))
			return;
	}
}

/* The next run of bytes that can be part of a media type. */
static km_sv take_word(parser *p)
{
	size_t start = p->at;

	while (p->at < p->v.n && (!ends_name(peek(p)) || (peek(p) == '(' && p->no_comments)))
		p->at++;
	return km_sv_sub(p->v, start, p->at - start);
}

static km_sv concat(km_arena *a, km_sv x, km_sv y)
{
	char *p = km_alloc(a, x.n + y.n);

	if (p == NULL)
		return x;
	memcpy(p, x.p, x.n);
	memcpy(p + x.n, y.p, y.n);
	return (km_sv){ p, x.n + y.n };
}

/*
 * The value before the first parameter. "text / plain" is joined; a word that "=" follows is a
 * parameter whose semicolon is missing.
 */
static void read_value(parser *p)
{
	km_sv value = { NULL, 0 };

	for (;;) {
		skip_space(p, true);
		size_t start = p->at;
		if (peek(p) == ';')
			break;
		km_sv w = take_word(p);
		skip_space(p, true);
		if (peek(p) == '=' && w.n) {
			p->at = start;
			p->out->malformed = true;
			break;
		}
		if (w.n == 0) {
			p->at++;
			p->out->malformed = true;
		} else if (value.n == 0) {
			value = w;
		} else if (value.n < MAX_TYPE && (km_sv_ends(value, KM_S("/")) || w.p[0] == '/')) {
			value = concat(p->arena, value, w);
		} else {
			p->out->malformed = true;
		}
	}
	p->out->value = km_sv_lower(p->arena, value);
}

/* Splits "filename*0*" into its name, section and mark. */
static void read_name(parser *p, km_sv written, segment *s)
{
	size_t star = km_sv_chr(written, '*', 0);
	km_sv rest = km_sv_from(written, star + 1);
	uint64_t section;

	s->section = NO_SECTION;
	s->name = km_sv_lower(p->arena, written);
	if (star == 0 || star == written.n)
		return;
	if (km_sv_ends(rest, KM_S("*")) || rest.n == 0) {
		s->extended = true;
		rest.n -= rest.n != 0;
	}
	if (rest.n) {
		if (!km_sv_u64(rest, &section) || section > MAX_SECTION) {
			s->extended = false;
			s->bad = true;
			return;
		}
		s->section = (int)section;
	}
	s->name.n = star;
}

static bool is_file_name(const segment *s)
{
	return km_sv_eq(s->name, KM_S("filename")) || km_sv_eq(s->name, KM_S("name"));
}

/* Undoes quoted pairs. In file names a lone backslash stays: it is a path of Windows. */
static km_sv unquote(parser *p, km_sv v, bool keep_paths)
{
	if (km_sv_chr(v, '\\', 0) == v.n)
		return v;
	char *out = km_alloc(p->arena, v.n);
	size_t n = 0;

	if (out == NULL)
		return v;
	for (size_t i = 0; i < v.n; i++) {
		char next = i + 1 < v.n ? v.p[i + 1] : 'x';
		if (v.p[i] == '\\' && i + 1 < v.n && (!keep_paths || next == '"' || next == '\\'))
			i++;
		out[n++] = v.p[i];
	}
	return (km_sv){ out, n };
}

static void read_quoted(parser *p, segment *s)
{
	km_sv v = p->v;
	size_t start = p->at + 1, i = start;

	while (i < v.n && v.p[i] != '"')
		i += v.p[i] == '\\' ? 2 : 1;
	if (i >= v.n) { /* nothing closes it: as if it were not there */
		i = km_sv_chr(v, ';', start);
		s->bad = true;
	}
	km_sv inside = km_header_unfold(p->arena, km_sv_sub(v, start, i - start));
	s->bytes = unquote(p, inside, is_file_name(s));
	p->at = i < v.n && v.p[i] == '"' ? i + 1 : i;
	size_t more = p->at;
	while (p->at < v.n && !km_is_wsp(peek(p)) && peek(p) != ';' && peek(p) != '(')
		p->at++;
	if (p->at > more) { /* filename="a.txt".exe */
		km_sv tail = km_sv_sub(v, more, p->at - more);
		s->bytes = concat(p->arena, s->bytes, tail);
		s->bad = true;
	}
	s->raw = km_sv_sub(v, start - 1, p->at - start + 1);
}

/* True when "name=" begins at @i. */
static bool is_parameter_at(km_sv v, size_t i)
{
	size_t start = i;

	while (i < v.n && !is_special((unsigned char)v.p[i]))
		i++;
	return i > start && i < v.n && v.p[i] == '=';
}

/* Up to the semicolon, a comment, or something that looks like the next parameter. */
static void read_unquoted(parser *p, segment *s)
{
	size_t start = p->at;

	while (p->at < p->v.n && peek(p) != ';') {
		if (!km_is_wsp(peek(p))) {
			p->at++;
			continue;
		}
		skip_space(p, false);
		if ((peek(p) == '(' && !p->no_comments && !is_file_name(s)) ||
		    is_parameter_at(p->v, p->at))
			break;
	}
	s->raw = km_sv_trim(km_sv_sub(p->v, start, p->at - start));
	s->bytes = km_header_unfold(p->arena, s->raw);
	s->bad |= s->raw.n == 0;
	for (size_t i = 0; i < s->raw.n; i++)
		s->bad |= is_special((unsigned char)s->raw.p[i]);
}

/* Reads one parameter; false when what stands here has no name. */
static bool read_segment(parser *p, segment *s)
{
	km_sv name = take_word(p);

	*s = (segment){ 0 };
	if (name.n == 0)
		return false;
	read_name(p, name, s);
	skip_space(p, true);
	if (peek(p) != '=') {
		s->bad = true;
		return true;
	}
	p->at++;
	skip_space(p, !is_file_name(s));
	if (peek(p) == '"')
		read_quoted(p, s);
	else
		read_unquoted(p, s);
	return true;
}

static void read_segments(parser *p)
{
	segment s;
	bool separated = peek(p) == ';';

	for (;; separated = peek(p) == ';') {
		while (skip_space(p, true), p->at < p->v.n && peek(p) == ';')
			p->at++;
		if (p->at >= p->v.n)
			return;
		if (p->n == KM_MAX_PARAMETERS) {
			km_limit_hit(&p->out->limits, KM_LIMIT_PARAMETERS);
			return;
		}
		if (!read_segment(p, &s)) {
			p->at++;
			p->out->malformed = true;
			continue;
		}
		p->out->malformed |= !separated || (s.bad && s.raw.n == 0);
		p->seg[p->n++] = s;
		skip_space(p, true);
	}
}

/* The unused segment of @name with the lowest section from @from on, or NULL. */
static segment *next_section(parser *p, km_sv name, int from)
{
	segment *best = NULL;

	for (size_t i = 0; i < p->n; i++) {
		segment *s = &p->seg[i];
		if (!s->used && s->section >= from && km_sv_eq(s->name, name) &&
		    (best == NULL || s->section < best->section))
			best = s;
	}
	return best;
}

/* A parameter's value on its way; `open` is how many bytes of a "%XX" stand at its end. */
typedef struct {
	km_buf b;
	unsigned open;
	km_sv label;
} value;

/* Some writers cut even between '%' and its digits, so that one section ends what another began. */
static void add_extended_byte(value *val, char c, km_param *out)
{
	km_buf_byte(&val->b, c);
	out->bad |= val->open && c == '%';
	val->open = c == '%' ? 1 : val->open ? val->open + 1 : 0;
	if (val->open < 3 || val->b.n < 3)
		return;
	const char *digits = val->b.p + val->b.n - 2;
	int high = km_hex_value((unsigned char)digits[0]);
	int low = km_hex_value((unsigned char)digits[1]);
	val->open = 0;
	if (high < 0 || low < 0) {
		out->bad = true;
		return;
	}
	val->b.n -= 3;
	km_buf_byte(&val->b, (char)(high << 4 | low));
}

/* Appends @s; the first extended one begins with charset'language'. */
static void add_bytes(value *val, const segment *s, km_param *out)
{
	km_sv v = s->bytes;

	if (!s->extended) {
		out->bad |= val->open != 0;
		val->open = 0;
		km_buf_add(&val->b, v);
		return;
	}
	if (!out->extended) {
		size_t quote = km_sv_chr(v, '\'', 0), second = km_sv_chr(v, '\'', quote + 1);
		if (second < v.n) {
			val->label = km_sv_sub(v, 0, quote);
			v = km_sv_from(v, second + 1);
		} else {
			out->bad = true;
		}
		out->extended = true;
	}
	for (size_t i = 0; i < v.n; i++)
		add_extended_byte(val, v.p[i], out);
}

/* Joins what belongs to @first; KM_LIMIT when the arena is full. */
static km_status join(parser *p, segment *first, km_param *out)
{
	km_sv bytes = first->bytes;
	value val = { .open = 0 };
	int want = first->section == NO_SECTION ? NO_SECTION : 0;

	*out = (km_param){ .name = first->name, .raw = first->raw, .bad = first->bad };
	first->used = want == NO_SECTION;
	if (want != NO_SECTION || first->extended) {
		km_buf_init(&val.b, p->arena, p->v.n);
		if (want == NO_SECTION)
			add_bytes(&val, first, out);
		for (segment *s; want >= 0 && (s = next_section(p, first->name, want)) != NULL;) {
			out->bad |= s->bad || s->section != want;
			want = s->section + 1;
			s->used = true;
			add_bytes(&val, s, out);
		}
		out->bad |= val.open != 0;
		bytes = km_buf_sv(&val.b);
	}
	if (out->extended) {
		km_decoded dec;
		km_status st = km_charset_decode(p->arena, val.label, bytes, &dec);
		out->value = dec.utf8;
		return st;
	}
	/* A boundary is compared as bytes, never shown. */
	if (km_sv_eq(out->name, KM_S("boundary"))) {
		out->value = bytes;
		return KM_OK;
	}
	km_encword_info info;
	km_status st = km_encword_decode(p->arena, bytes, &out->value, &info);
	out->encword = info.words != 0;
	p->out->limits |= info.limits;
	return st;
}

km_status km_params_parse(km_arena *a, km_sv raw, km_params *out)
{
	segment seg[KM_MAX_PARAMETERS];
	parser p = { .arena = a, .v = raw, .seg = seg, .out = out };
	km_status st = KM_OK;

	*out = (km_params){ 0 };
	read_value(&p);
	read_segments(&p);
	km_param *params = KM_NEW_ARRAY(a, km_param, p.n);
	if (params == NULL)
		return KM_LIMIT;
	for (size_t i = 0; i < p.n && st == KM_OK; i++)
		if (!seg[i].used)
			st = join(&p, &seg[i], &params[out->n++]);
	out->p = params;
	return st;
}

km_sv km_params_get(const km_params *ps, km_sv name)
{
	const km_param *first = NULL;

	for (size_t i = 0; i < ps->n; i++) {
		if (!km_sv_ieq(ps->p[i].name, name))
			continue;
		if (ps->p[i].extended)
			return ps->p[i].value;
		if (first == NULL)
			first = &ps->p[i];
	}
	return first ? first->value : (km_sv){ NULL, 0 };
}

bool km_params_conflict(const km_params *ps, km_sv name)
{
	const km_param *first = NULL;

	for (size_t i = 0; i < ps->n; i++) {
		if (!km_sv_ieq(ps->p[i].name, name))
			continue;
		if (first && !km_sv_eq(first->value, ps->p[i].value))
			return true;
		first = first ? first : &ps->p[i];
	}
	return false;
}
