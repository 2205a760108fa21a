#include "mail/addr_token.h"

#include "mail/encword.h"
#include "text/charset.h"
#include "text/utf8.h"

enum { ESC = 0x1b };

/* What a byte does to an atom. */
enum { PLAIN, SPACE, MARK, CONTROL, ODD };

static const uint8_t class_of[256] = {
	[0 ... 8] = CONTROL,   ['\t'] = SPACE,	      ['\n'] = SPACE, [11 ... 12] = CONTROL,
	['\r'] = SPACE,	       [14 ... 31] = CONTROL, [' '] = SPACE,  ['"'] = MARK,
	['('] = MARK,	       [')'] = MARK,	      [','] = MARK,   [':'] = MARK,
	[';'] = MARK,	       ['<'] = MARK,	      ['='] = ODD,    ['>'] = MARK,
	['@'] = MARK,	       ['['] = ODD,	      ['\\'] = ODD,   [0x7f] = CONTROL,
	[0x80 ... 0xff] = ODD,
};

/* The two-byte charset of @v in which second bytes can be specials; KM_TWO_BYTES_NONE for others.
 */
static km_two_bytes two_byte_charset(km_sv v)
{
	static const km_sv names[] = { KM_SV("shift_jis"), KM_SV("gb18030"), KM_SV("big5"),
				       KM_SV("gbk") };
	size_t ascii = km_ascii_prefix(v);

	if (ascii == v.n || km_utf8_valid(km_sv_from(v, ascii)))
		return KM_TWO_BYTES_NONE;
	const km_charset *cs = km_charset_detect(v);
	for (size_t i = 0; cs && i < KM_COUNT(names); i++)
		if (km_sv_eq(km_sv_of(km_charset_name(cs)), names[i]))
			return i == 0 ? KM_TWO_BYTES_SJIS : KM_TWO_BYTES_ALL;
	return KM_TWO_BYTES_NONE;
}

void km_lexer_init(km_lexer *x, km_arena *a, km_sv v, km_addr_list *out)
{
	*x = (km_lexer){ .arena = a, .v = v, .out = out, .two_bytes = two_byte_charset(v) };
}

/* Offset after the raw two-byte ISO-2022-JP text that begins at @i, or @i when there is none. */
static size_t skip_jis(km_sv v, size_t i)
{
	size_t text = i + 3, stop;

	if (v.n - i < 3 || v.p[i + 1] != '$')
		return i;
	stop = km_sv_chr(v, ESC, text);
	if (stop == v.n || (stop - text) % 2 != 0)
		return i;
	for (size_t j = text; j < stop; j++)
		if ((unsigned char)v.p[j] <= ' ' || (unsigned char)v.p[j] >= 0x7f)
			return i;
	/* the escape sequence back to one byte belongs to it, another "ESC $" begins the next */
	return v.n - stop >= 3 && v.p[stop + 1] == '(' ? stop + 3 : stop;
}

static bool is_lead(const km_lexer *x, unsigned char c)
{
	if (c <= 0x80 || c == 0xff || x->two_bytes == KM_TWO_BYTES_NONE)
		return false;
	/* in Shift_JIS those are half-width kana, one byte each */
	return x->two_bytes == KM_TWO_BYTES_ALL || c < 0xa0 || c > 0xdf;
}

/* Length of the character at @i, which a quoted pair or a charset may make longer than a byte. */
static size_t unit(const km_lexer *x, size_t i)
{
	unsigned char c = (unsigned char)x->v.p[i];
	size_t n = 1;

	if (c == '\\' || is_lead(x, c))
		n = 2;
	else if (c == ESC)
		n = skip_jis(x->v, i) - i;
	return n == 0 ? 1 : n < x->v.n - i ? n : x->v.n - i;
}

static void note_bad(km_lexer *x, unsigned char c)
{
	x->out->bad_chars++;
	x->out->malformed = true;
	x->out->ambiguous |= c == '\0' || c == '\r';
}

/* Passes white space and NULs; true when there was any. */
static bool skip_space(km_lexer *x)
{
	size_t start = x->at;

	for (; x->at < x->v.n; x->at++) {
		unsigned char c = (unsigned char)x->v.p[x->at];
		if (!km_is_wsp(c) && c != '\0')
			break;
		bool lf = x->at + 1 < x->v.n && x->v.p[x->at + 1] == '\n';
		if (c == '\0' || (c == '\r' && !lf))
			note_bad(x, c);
	}
	return x->at > start;
}

/* Offset after the closing byte of what begins at x->at, or SIZE_MAX. */
static size_t find_close(km_lexer *x, char open, char close)
{
	size_t depth = 1;

	for (size_t i = x->at + 1; i < x->v.n; i += unit(x, i)) {
		if (x->v.p[i] == close && --depth == 0)
			return i + 1;
		if (x->v.p[i] != open || open != '(')
			continue;
		if (++depth > KM_MAX_COMMENT_DEPTH)
			km_limit_hit(&x->out->limits, KM_LIMIT_COMMENT_DEPTH);
	}
	return SIZE_MAX;
}

/*
 * Takes a quoted-string, comment or literal. Once one is not closed, its opening byte opens nothing
 * more, so the end is looked for once.
 */
static bool take_enclosed(km_lexer *x, km_token *t, char before)
{
	static const struct {
		char open, close;
		km_token_kind kind;
	} rows[] = {
		{ '"', '"', KM_TOK_QUOTED },
		{ '(', ')', KM_TOK_COMMENT },
		{ '[', ']', KM_TOK_LITERAL },
	};
	char c = x->v.p[x->at];

	if (class_of[(unsigned char)c] == PLAIN)
		return false;
	for (size_t i = 0; i < KM_COUNT(rows); i++) {
		unsigned bit = 1u << rows[i].kind;
		if (c != rows[i].open || (x->unclosed & bit) || (c == '[' && before != '@'))
			continue;
		t->kind = rows[i].kind;
		t->end = find_close(x, rows[i].open, rows[i].close);
		if (t->end != SIZE_MAX)
			return true;
		x->unclosed |= bit;
		x->out->malformed = x->out->ambiguous = true;
	}
	return false;
}

static void take_atom(km_lexer *x, km_token *t)
{
	size_t i = x->at;

	t->kind = KM_TOK_ATOM;
	while (i < x->v.n) {
		unsigned char c = (unsigned char)x->v.p[i];
		size_t n = 1;
		if (class_of[c] == PLAIN) {
			i++;
			continue;
		}
		switch (class_of[c]) {
		case SPACE:
		case MARK:
			t->end = i;
			return;
		case CONTROL:
			if (c == '\0') {
				t->end = i;
				return;
			}
			n = unit(x, i);
			if (n == 1)
				note_bad(x, c);
			else if (km_addr_find(km_sv_sub(x->v, i + 3, n - 3)).n)
				x->out->ambiguous = true;
			break;
		case ODD:
			if (c == '=' && i > x->at && km_encword_length(km_sv_from(x->v, i))) {
				t->end = i;
				return;
			}
			x->out->malformed |= c == '\\';
			n = unit(x, i);
			break;
		}
		i += n;
	}
	t->end = i;
}

km_token km_lexer_next(km_lexer *x)
{
	km_token t = { .space = skip_space(x), .at = x->at };
	char before = x->last_mark;

	x->last_mark = 0;
	for (; x->at < x->v.n; t.space = true, t.at = x->at) {
		char c = x->v.p[x->at];
		size_t word = c == '=' ? km_encword_length(km_sv_from(x->v, x->at)) : 0;
		if (word) {
			t.kind = KM_TOK_WORD;
			t.end = x->at + word;
		} else if (take_enclosed(x, &t, before)) {
		} else if (c == '"' || c == '(') {
			x->at++; /* closed by nothing: as if it were white space */
			(void)skip_space(x);
			continue;
		} else if (class_of[(unsigned char)c] == MARK) {
			t.kind = KM_TOK_MARK;
			t.mark = x->last_mark = c;
			t.end = x->at + 1;
		} else {
			take_atom(x, &t);
		}
		x->at = t.end;
		return t;
	}
	t.kind = KM_TOK_END;
	t.at = t.end = x->v.n;
	return t;
}

km_sv km_token_text(const km_lexer *x, const km_token *t)
{
	bool enclosed = t->kind == KM_TOK_QUOTED || t->kind == KM_TOK_COMMENT;
	size_t i = t->at + enclosed, end = t->end - enclosed;
	km_sv v = km_sv_sub(x->v, i, end - i);
	km_buf b;

	if (km_sv_chr(v, '\\', 0) == v.n)
		return v;
	km_buf_init(&b, x->arena, v.n);
	for (size_t n; i < end; i += n) {
		n = unit(x, i);
		if (x->v.p[i] == '\\' && n == 2)
			km_buf_byte(&b, x->v.p[i + 1]);
		else
			km_buf_add(&b, km_sv_sub(x->v, i, n));
	}
	return km_buf_sv(&b);
}
