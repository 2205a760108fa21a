#include "text/html_token.h"

#include "base/block.h"
#include "text/html_charref.h"

/* What a byte means in one context or another. */
enum {
	SPACE = 1,	 /* tab, LF, FF, CR, space */
	NAME_END = 2,	 /* white space / > */
	UPPER = 4,	 /* A to Z */
	REWRITE = 8,	 /* NUL CR: never kept as they are */
	AMP = 16,	 /* & */
	LESS = 32,	 /* < */
	GREATER = 64,	 /* > */
	BRACKET = 128,	 /* ] */
	ODD_NAME = 256,	 /* " ' <: an error inside the name of an attribute */
	ODD_VALUE = 512, /* " ' < = `: an error inside an unquoted value */
	EQUALS = 1024,
	ALPHA = 2048
};

static const uint16_t class_of[256] = {
	[0] = REWRITE,
	['\t'] = SPACE | NAME_END,
	['\n'] = SPACE | NAME_END,
	['\f'] = SPACE | NAME_END,
	['\r'] = SPACE | NAME_END | REWRITE,
	[' '] = SPACE | NAME_END,
	['/'] = NAME_END,
	['&'] = AMP,
	['<'] = LESS | ODD_NAME | ODD_VALUE,
	['>'] = GREATER | NAME_END,
	[']'] = BRACKET,
	['"'] = ODD_NAME | ODD_VALUE,
	['\''] = ODD_NAME | ODD_VALUE,
	['`'] = ODD_VALUE,
	['='] = EQUALS | ODD_VALUE,
	['A' ... 'Z'] = UPPER | ALPHA,
	['a' ... 'z'] = ALPHA,
};

/* Where plain text stops, by mode. */
static const uint16_t text_stop[] = {
	[KM_HTML_DATA] = LESS | AMP | REWRITE, [KM_HTML_RCDATA] = LESS | AMP | REWRITE,
	[KM_HTML_RAWTEXT] = LESS | REWRITE,    [KM_HTML_SCRIPT] = LESS | GREATER | REWRITE,
	[KM_HTML_PLAINTEXT] = REWRITE,	       [KM_HTML_CDATA] = BRACKET | REWRITE,
};

static const km_sv replacement = KM_SV("\xEF\xBF\xBD");

static bool is(char c, unsigned classes)
{
	return class_of[(unsigned char)c] & classes;
}

/* Offset of the first byte of @classes at or after @i, or v.n. */
static size_t until(km_sv v, size_t i, unsigned classes)
{
	while (i < v.n && !(class_of[(unsigned char)v.p[i]] & classes))
		i++;
	return i;
}

/* The same; adds the classes of the bytes before it to *seen. */
static size_t until_noting(km_sv v, size_t i, unsigned classes, unsigned *seen)
{
	for (; i < v.n; i++) {
		unsigned is = class_of[(unsigned char)v.p[i]];
		if (is & classes)
			break;
		*seen |= is;
	}
	return i;
}

/* Offset of the first byte at or after @i that is NUL, CR, "&" or @also, or v.n. */
static size_t until_rewrite(km_sv v, size_t i, char also)
{
	const uint8_t fourth = (uint8_t)also;

	for (; v.n - i >= KM_BLOCK; i += KM_BLOCK) {
		km_block b = km_block_load(v.p + i);
		size_t at = km_block_first((km_block)(b == 0) | (km_block)(b == '\r') |
					   (km_block)(b == '&') | (km_block)(b == fourth));
		if (at < KM_BLOCK)
			return i + at;
	}
	while (i < v.n && !(class_of[(unsigned char)v.p[i]] & (REWRITE | AMP)) && v.p[i] != also)
		i++;
	return i;
}

static bool at_end(const km_html_tokenizer *t)
{
	return t->at >= t->in.n;
}

static bool skip_space(km_html_tokenizer *t)
{
	size_t from = t->at;

	while (!at_end(t) && is(t->in.p[t->at], SPACE))
		t->at++;
	return t->at > from;
}

static km_sv between(const km_html_tokenizer *t, size_t from, size_t to)
{
	return (km_sv){ t->in.p + from, to - from };
}

static bool has_next(const km_html_tokenizer *t, size_t at, km_sv what)
{
	return km_sv_starts(km_sv_from(t->in, at), what);
}

void km_html_token_init(km_html_tokenizer *t, km_arena *arena, km_sv in)
{
	/* The tables of attributes are not worth zeroing. */
	memset(t, 0, offsetof(km_html_tokenizer, attr_hash));
	t->in = in;
	km_buf_init(&t->scratch, arena, SIZE_MAX / 2);
}

const char *km_html_error_name(km_html_error e)
{
	static const char *const name[] = {
#define X(id, code) code,
		KM_HTML_ERRORS(X)
#undef X
	};
	return name[e];
}

/*
 * @raw as the specification has it: NUL is U+FFFD, CRLF and CR are LF; with AMP in @also character
 * references are resolved, with UPPER letters become small. A view of the input when nothing is to
 * be done.
 */
static km_sv cook(km_html_tokenizer *t, km_sv raw, unsigned also)
{
	size_t i = also == AMP ? until_rewrite(raw, 0, '&') : until(raw, 0, REWRITE | also);
	size_t from = 0, start = t->scratch.n;

	if (i == raw.n)
		return raw;
	for (; i < raw.n; i = until(raw, i, REWRITE | also)) {
		km_buf_add(&t->scratch, km_sv_sub(raw, from, i - from));
		char c = raw.p[i];
		size_t n = 1;
		if (c == '\0') {
			km_html_report(t, KM_HTML_ERROR_UNEXPECTED_NULL);
			km_buf_add(&t->scratch, replacement);
		} else if (c == '\r') {
			if (i + 1 == raw.n || raw.p[i + 1] != '\n')
				km_buf_byte(&t->scratch, '\n');
		} else if (c == '&') {
			char store[4];
			km_html_ref ref = km_html_charref(t, raw, i, true, store);
			n = ref.n ? ref.n : 1;
			km_buf_add(&t->scratch, ref.n ? ref.text : km_sv_sub(raw, i, 1));
		} else {
			km_buf_byte(&t->scratch, (char)km_lower((unsigned char)c));
		}
		i += n;
		from = i;
	}
	km_buf_add(&t->scratch, km_sv_from(raw, from));
	return km_sv_from(km_buf_sv(&t->scratch), start);
}

/* The same for a name whose bytes are of the classes @seen: most are in lower case. */
static km_sv cook_name(km_html_tokenizer *t, km_sv raw, unsigned seen)
{
	return seen & (REWRITE | UPPER) ? cook(t, raw, UPPER) : raw;
}

/* ---- tags ---- */

static void add_attr(km_html_tokenizer *t, km_html_token *out, km_html_attr a)
{
	uint32_t h = (uint32_t)km_sv_quick_hash(a.name), seen = 0;

	if (out->n_attrs == KM_MAX_HTML_ATTRIBUTES) {
		km_limit_hit(&t->limits, KM_LIMIT_HTML_ATTRIBUTES);
		return;
	}
	for (size_t i = 0; i < out->n_attrs; i++)
		seen |= t->attr_hash[i] == h;
	for (size_t i = 0; seen && i < out->n_attrs; i++)
		if (t->attr_hash[i] == h && km_sv_eq(t->attr[i].name, a.name)) {
			km_html_report(t, KM_HTML_ERROR_DUPLICATE_ATTRIBUTE);
			return;
		}
	t->attr_hash[out->n_attrs] = h;
	t->attr[out->n_attrs++] = a;
}

static km_sv quoted_value(km_html_tokenizer *t)
{
	size_t from = t->at + 1, end = km_sv_chr(t->in, t->in.p[t->at], from);

	t->at = end < t->in.n ? end + 1 : end;
	if (end == t->in.n)
		t->tag_dropped = true;
	else if (!at_end(t) && !is(t->in.p[t->at], NAME_END))
		km_html_report(t, KM_HTML_ERROR_MISSING_SPACE_BETWEEN_ATTRIBUTES);
	return cook(t, between(t, from, end), AMP);
}

static km_sv unquoted_value(km_html_tokenizer *t)
{
	size_t from = t->at;

	for (; (t->at = until(t->in, t->at, SPACE | GREATER | ODD_VALUE)) < t->in.n; t->at++) {
		if (is(t->in.p[t->at], SPACE | GREATER))
			break;
		km_html_report(t, KM_HTML_ERROR_UNEXPECTED_IN_UNQUOTED);
	}
	return cook(t, between(t, from, t->at), AMP);
}

static void read_attr(km_html_tokenizer *t, km_html_token *out)
{
	size_t from = t->at;
	unsigned seen = 0;
	km_html_attr a = { .value = { "", 0 } };

	if (t->in.p[t->at] == '=') {
		km_html_report(t, KM_HTML_ERROR_UNEXPECTED_EQUALS);
		t->at++;
	}
	for (; (t->at = until_noting(t->in, t->at, NAME_END | EQUALS | ODD_NAME, &seen)) < t->in.n;
	     t->at++) {
		if (is(t->in.p[t->at], NAME_END | EQUALS))
			break;
		km_html_report(t, KM_HTML_ERROR_UNEXPECTED_IN_ATTRIBUTE_NAME);
	}
	a.name = cook_name(t, between(t, from, t->at), seen);
	skip_space(t);
	if (!at_end(t) && t->in.p[t->at] == '=') {
		t->at++;
		skip_space(t);
		char c = at_end(t) ? '\0' : t->in.p[t->at];
		if (c == '"' || c == '\'')
			a.value = quoted_value(t);
		else if (c == '>')
			km_html_report(t, KM_HTML_ERROR_MISSING_VALUE);
		else
			a.value = unquoted_value(t);
	}
	add_attr(t, out, a);
}

/* From the end of the name to the end of the tag; false when the input ends before. */
static bool read_attrs(km_html_tokenizer *t, km_html_token *out)
{
	t->tag_dropped = false;
	for (;;) {
		skip_space(t);
		if (at_end(t) || t->tag_dropped) {
			km_html_report(t, KM_HTML_ERROR_EOF_IN_TAG);
			return false;
		}
		char c = t->in.p[t->at];
		if (c == '>') {
			t->at++;
			return true;
		}
		if (c != '/') {
			read_attr(t, out);
			continue;
		}
		t->at++;
		if (at_end(t))
			continue;
		if (t->in.p[t->at] == '>')
			out->self_closing = true;
		else
			km_html_report(t, KM_HTML_ERROR_UNEXPECTED_SOLIDUS);
	}
}

/* @name_at is where the name begins. False when the input ended inside the tag. */
static bool read_tag(km_html_tokenizer *t, km_html_token *out, size_t name_at)
{
	unsigned seen = 0;
	size_t end = until_noting(t->in, name_at, NAME_END, &seen);
	km_sv raw = between(t, name_at, end);

	out->name = cook_name(t, raw, seen);
	t->at = end;
	if (!read_attrs(t, out))
		return false;
	out->attr = t->attr;
	if (out->type == KM_HTML_START) {
		t->last_start = raw;
		return true;
	}
	if (out->n_attrs)
		km_html_report(t, KM_HTML_ERROR_END_TAG_ATTRIBUTES);
	if (out->self_closing)
		km_html_report(t, KM_HTML_ERROR_END_TAG_SOLIDUS);
	t->mode = KM_HTML_DATA;
	t->script = 0;
	return true;
}

/* ---- comments ---- */

static void bogus_comment(km_html_tokenizer *t, km_html_token *out, size_t from, km_html_error why)
{
	size_t end = km_sv_chr(t->in, '>', from);

	km_html_report(t, why);
	out->type = KM_HTML_COMMENT;
	out->text = cook(t, between(t, from, end), 0);
	t->at = end < t->in.n ? end + 1 : end;
}

/* Counts what opens a comment inside of the comment @v, which goes on to its closing ">". */
static void report_nested(km_html_tokenizer *t, km_sv v)
{
	for (size_t i = 0; (i = km_sv_find(v, KM_S("<!--"), i)) < v.n; i += 4)
		if (i + 4 < v.n && v.p[i + 4] != '>')
			km_html_report(t, KM_HTML_ERROR_NESTED_COMMENT);
}

/* The data of a comment that the end of the input cut: without what could have begun its end. */
static km_sv cut_comment(km_sv v)
{
	if (km_sv_ends(v, KM_S("--!")))
		return km_sv_sub(v, 0, v.n - 3);
	for (int i = 0; i < 2 && v.n && v.p[v.n - 1] == '-'; i++)
		v.n--;
	return v;
}

static void comment(km_html_tokenizer *t, km_html_token *out)
{
	size_t from = t->at + 4, i = from;
	km_sv in = t->in;

	out->type = KM_HTML_COMMENT;
	if (has_next(t, from, KM_S(">")) || has_next(t, from, KM_S("->"))) {
		km_html_report(t, KM_HTML_ERROR_ABRUPT_CLOSING_OF_EMPTY_COMMENT);
		out->text = between(t, from, from);
		t->at = from + (in.p[from] == '>' ? 1 : 2);
		return;
	}
	for (; (i = km_sv_find(in, KM_S("--"), i)) < in.n; i++) {
		size_t close = has_next(t, i + 2, KM_S(">"))	? 3
			       : has_next(t, i + 2, KM_S("!>")) ? 4
								: 0;
		if (close == 0)
			continue;
		if (close == 4)
			km_html_report(t, KM_HTML_ERROR_INCORRECTLY_CLOSED_COMMENT);
		report_nested(t, between(t, from, i + close));
		out->text = cook(t, between(t, from, i), 0);
		t->at = i + close;
		return;
	}
	km_html_report(t, KM_HTML_ERROR_EOF_IN_COMMENT);
	report_nested(t, between(t, from, in.n));
	out->text = cook(t, cut_comment(between(t, from, in.n)), 0);
	t->at = in.n;
}

/* ---- doctype ---- */

typedef struct {
	km_html_error no_space, no_id, no_quote, abrupt;
} id_errors;

static const id_errors public_errors = {
	KM_HTML_ERROR_MISSING_SPACE_AFTER_PUBLIC,
	KM_HTML_ERROR_MISSING_DOCTYPE_PUBLIC,
	KM_HTML_ERROR_MISSING_QUOTE_PUBLIC,
	KM_HTML_ERROR_ABRUPT_DOCTYPE_PUBLIC,
};
static const id_errors system_errors = {
	KM_HTML_ERROR_MISSING_SPACE_AFTER_SYSTEM,
	KM_HTML_ERROR_MISSING_DOCTYPE_SYSTEM,
	KM_HTML_ERROR_MISSING_QUOTE_SYSTEM,
	KM_HTML_ERROR_ABRUPT_DOCTYPE_SYSTEM,
};

static void bogus_doctype(km_html_tokenizer *t)
{
	size_t end = km_sv_chr(t->in, '>', t->at);

	(void)cook(t, between(t, t->at, end), 0); /* for its errors */
	t->at = end;
}

/* Skips white space; true when the doctype ends here, by its ">" or with the input. */
static bool doctype_ends(km_html_tokenizer *t, km_html_token *out, bool *spaced)
{
	*spaced = skip_space(t);
	if (at_end(t)) {
		km_html_report(t, KM_HTML_ERROR_EOF_IN_DOCTYPE);
		out->force_quirks = true;
		return true;
	}
	return t->in.p[t->at] == '>';
}

static bool at_quote(const km_html_tokenizer *t)
{
	return t->in.p[t->at] == '"' || t->in.p[t->at] == '\'';
}

/* False when the doctype ended inside of the identifier. */
static bool quoted_id(km_html_tokenizer *t, km_html_token *out, km_html_error abrupt, km_sv *id)
{
	size_t from = t->at + 1, greater = km_sv_chr(t->in, '>', from);
	size_t end = km_sv_chr(km_sv_sub(t->in, 0, greater), t->in.p[t->at], from);

	*id = cook(t, between(t, from, end), 0);
	t->at = end;
	if (end < greater) {
		t->at++;
		return true;
	}
	if (!at_end(t)) {
		km_html_report(t, abrupt);
		out->force_quirks = true;
	}
	return false;
}

/* What follows PUBLIC or SYSTEM. False when the doctype is done with. */
static bool keyword_id(km_html_tokenizer *t, km_html_token *out, const id_errors *e, km_sv *id)
{
	bool spaced;

	t->at += 6;
	if (doctype_ends(t, out, &spaced)) {
		if (!at_end(t)) {
			km_html_report(t, e->no_id);
			out->force_quirks = true;
		}
		return false;
	}
	if (!at_quote(t)) {
		km_html_report(t, e->no_quote);
		out->force_quirks = true;
		bogus_doctype(t);
		return false;
	}
	if (!spaced)
		km_html_report(t, e->no_space);
	if (quoted_id(t, out, e->abrupt, id))
		return true;
	if (at_end(t))
		(void)doctype_ends(t, out, &spaced);
	return false;
}

/* The system identifier after a public one. False when the doctype is done with. */
static bool second_id(km_html_tokenizer *t, km_html_token *out)
{
	bool spaced;

	if (doctype_ends(t, out, &spaced))
		return false;
	if (!at_quote(t)) {
		km_html_report(t, KM_HTML_ERROR_MISSING_QUOTE_SYSTEM);
		out->force_quirks = true;
		bogus_doctype(t);
		return false;
	}
	if (!spaced)
		km_html_report(t, KM_HTML_ERROR_MISSING_SPACE_BETWEEN_IDS);
	if (quoted_id(t, out, KM_HTML_ERROR_ABRUPT_DOCTYPE_SYSTEM, &out->system_id))
		return true;
	if (at_end(t))
		(void)doctype_ends(t, out, &spaced);
	return false;
}

/* From after the name to the ">", which is left. */
static void doctype_ids(km_html_tokenizer *t, km_html_token *out)
{
	bool spaced, more;

	if (doctype_ends(t, out, &spaced))
		return;
	if (km_sv_istarts(km_sv_from(t->in, t->at), KM_S("public"))) {
		more = keyword_id(t, out, &public_errors, &out->public_id) && second_id(t, out);
	} else if (km_sv_istarts(km_sv_from(t->in, t->at), KM_S("system"))) {
		more = keyword_id(t, out, &system_errors, &out->system_id);
	} else {
		km_html_report(t, KM_HTML_ERROR_INVALID_AFTER_DOCTYPE_NAME);
		out->force_quirks = true;
		bogus_doctype(t);
		return;
	}
	if (!more || doctype_ends(t, out, &spaced))
		return;
	km_html_report(t, KM_HTML_ERROR_UNEXPECTED_AFTER_SYSTEM);
	bogus_doctype(t);
}

static void doctype(km_html_tokenizer *t, km_html_token *out)
{
	size_t end;
	bool spaced;

	out->type = KM_HTML_DOCTYPE;
	t->at += 9;
	if (doctype_ends(t, out, &spaced)) {
		if (!at_end(t)) {
			km_html_report(t, KM_HTML_ERROR_MISSING_DOCTYPE_NAME);
			out->force_quirks = true;
		}
	} else {
		if (!spaced)
			km_html_report(t, KM_HTML_ERROR_MISSING_SPACE_BEFORE_NAME);
		end = until(t->in, t->at, SPACE | GREATER);
		out->name = cook(t, between(t, t->at, end), UPPER);
		t->at = end;
		doctype_ids(t, out);
	}
	t->at += !at_end(t); /* the ">" */
}

/* ---- text ---- */

/* True when an end tag of the element that was opened last begins at @i. */
static bool ends_element(const km_html_tokenizer *t, size_t i)
{
	size_t end = i + 2 + t->last_start.n;

	return t->last_start.n && end < t->in.n && t->in.p[i + 1] == '/' &&
	       is(t->in.p[end], NAME_END) &&
	       km_sv_ieq(km_sv_sub(t->in, i + 2, t->last_start.n), t->last_start);
}

/* Follows the escapes of script data over a "<" at @i; gives where to go on. */
static size_t script_less(km_html_tokenizer *t, size_t i)
{
	if (t->script == 0 && has_next(t, i, KM_S("<!--"))) {
		t->script = 1;
		return i + 4;
	}
	size_t word = i + 1 + (t->script == 2 && has_next(t, i + 1, KM_S("/")));
	if (t->script == 0 || (t->script == 2 && word == i + 1))
		return i + 1;
	size_t end = word;
	while (end < t->in.n && is(t->in.p[end], ALPHA))
		end++;
	if (end < t->in.n && is(t->in.p[end], NAME_END) &&
	    km_sv_ieq(between(t, word, end), KM_S("script")))
		t->script = t->script == 1 ? 2 : 1;
	return end;
}

/* The same as pass() for a "<", which begins markup or is text. */
static size_t pass_less(km_html_tokenizer *t, size_t i)
{
	km_sv in = t->in;
	char next = i + 1 < in.n ? in.p[i + 1] : '\0';

	if (t->mode == KM_HTML_SCRIPT)
		return t->script < 2 && ends_element(t, i) ? i : script_less(t, i);
	if (t->mode != KM_HTML_DATA)
		return ends_element(t, i) ? i : i + 1;
	if (is(next, ALPHA) || next == '!' || next == '?' || (next == '/' && i + 2 < in.n))
		return i;
	km_html_report(t, i + (next == '/') + 1 == in.n ? KM_HTML_ERROR_EOF_BEFORE_TAG_NAME
							: KM_HTML_ERROR_INVALID_TAG_NAME);
	return i + 1;
}

/*
 * Decides on the byte at @i, where text may stop. Gives where the text goes on, or @i when it stops
 * there.
 */
static size_t pass(km_html_tokenizer *t, size_t i)
{
	km_sv in = t->in;
	char c = in.p[i], next = i + 1 < in.n ? in.p[i + 1] : '\0';

	if (c == '<')
		return pass_less(t, i);
	/* What is no reference for sure is text. */
	if (c == '&')
		return next == '#' || km_is_alnum((unsigned char)next) ? i : i + 1;
	if (c == '\0' && t->mode == KM_HTML_DATA)
		km_html_report(t, KM_HTML_ERROR_UNEXPECTED_NULL);
	if (c == '\0' && (t->mode == KM_HTML_DATA || t->mode == KM_HTML_CDATA))
		return i + 1;
	if (c == ']')
		return has_next(t, i, KM_S("]]>")) ? i : i + 1;
	if (c == '>') {
		if (i >= 2 && in.p[i - 1] == '-' && in.p[i - 2] == '-')
			t->script = 0;
		return i + 1;
	}
	return i;
}

/* Text that begins with a reference, NUL or a lone CR; false when "&" is just that. */
static bool special_text(km_html_tokenizer *t, km_html_token *out)
{
	switch (t->in.p[t->at]) {
	case '&': {
		km_html_ref ref = km_html_charref(t, t->in, t->at, false, t->ref);
		out->text = ref.text;
		t->at += ref.n;
		return ref.n > 0;
	}
	case '\r':
		t->at++;
		out->text = KM_S("\n");
		return true;
	default:
		km_html_report(t, KM_HTML_ERROR_UNEXPECTED_NULL);
		out->text = replacement;
		t->at++;
		return true;
	}
}

/* The text at hand; false when there is markup instead. */
static bool text(km_html_tokenizer *t, km_html_token *out)
{
	unsigned stop = text_stop[t->mode];
	size_t i = t->at;

	out->type = KM_HTML_TEXT;
	while ((i = t->mode == KM_HTML_DATA ? until_rewrite(t->in, i, '<')
					    : until(t->in, i, stop)) < t->in.n) {
		size_t on = pass(t, i);
		if (on > i) {
			i = on;
			continue;
		}
		if (i > t->at)
			break;
		if (is(t->in.p[i], LESS | BRACKET))
			return false;
		if (t->in.p[i] == '\r' && i + 1 < t->in.n && t->in.p[i + 1] == '\n') {
			t->at = ++i; /* the text begins with the LF */
			continue;
		}
		if (special_text(t, out))
			return true;
		i++;
	}
	out->text = between(t, t->at, i);
	t->at = i;
	return true;
}

/* ---- all ---- */

/* The markup at hand; false when it yields no token. */
static bool markup(km_html_tokenizer *t, km_html_token *out)
{
	size_t at = t->at;
	char c = t->in.p[at + 1];

	if (t->in.p[at] == ']') { /* ]]> */
		t->mode = KM_HTML_DATA;
		t->at += 3;
		return false;
	}
	if (is(c, ALPHA)) {
		out->type = KM_HTML_START;
		return read_tag(t, out, at + 1);
	}
	if (c == '/') {
		if (is(t->in.p[at + 2], ALPHA)) {
			out->type = KM_HTML_END;
			return read_tag(t, out, at + 2);
		}
		if (t->in.p[at + 2] != '>') {
			bogus_comment(t, out, at + 2, KM_HTML_ERROR_INVALID_TAG_NAME);
			return true;
		}
		km_html_report(t, KM_HTML_ERROR_MISSING_END_TAG_NAME);
		t->at += 3;
		return false;
	}
	if (c == '?') {
		bogus_comment(t, out, at + 1, KM_HTML_ERROR_UNEXPECTED_QUESTION_MARK);
	} else if (has_next(t, at + 2, KM_S("--"))) {
		comment(t, out);
	} else if (km_sv_istarts(km_sv_from(t->in, at + 2), KM_S("doctype"))) {
		doctype(t, out);
	} else if (!has_next(t, at + 2, KM_S("[CDATA["))) {
		bogus_comment(t, out, at + 2, KM_HTML_ERROR_INCORRECTLY_OPENED_COMMENT);
	} else if (!t->cdata_allowed) {
		bogus_comment(t, out, at + 2, KM_HTML_ERROR_CDATA_IN_HTML);
	} else {
		t->mode = KM_HTML_CDATA;
		t->at += 9;
		return false;
	}
	return true;
}

/* True where a tag begins in ordinary text, so that there is no text to be looked for. */
static bool at_tag(const km_html_tokenizer *t)
{
	const char *p = t->in.p + t->at;

	return t->mode == KM_HTML_DATA && t->in.n - t->at > 2 && p[0] == '<' &&
	       is(p[p[1] == '/' ? 2 : 1], ALPHA);
}

bool km_html_token_next(km_html_tokenizer *t, km_html_token *out)
{
	*out = (km_html_token){ 0 };
	while (!at_end(t)) {
		t->scratch.n = 0;
		out->offset = t->at;
		if ((!at_tag(t) && text(t, out)) || markup(t, out))
			return true;
		*out = (km_html_token){ 0 };
	}
	if (!t->eof_told && t->mode == KM_HTML_CDATA)
		km_html_report(t, KM_HTML_ERROR_EOF_IN_CDATA);
	if (!t->eof_told && t->mode == KM_HTML_SCRIPT && t->script)
		km_html_report(t, KM_HTML_ERROR_EOF_IN_SCRIPT_COMMENT);
	t->eof_told = true;
	*out = (km_html_token){ .offset = t->in.n };
	return false;
}
