#include "learn/attack.h"

#include "base/buf.h"
#include "mail/b64.h"

/* Cyrillic letters in the place of the Latin ones that they look like. */
static const char *homoglyph(char c)
{
	static const char *const look[128] = {
		['a'] = "а", ['c'] = "с", ['e'] = "е", ['i'] = "і", ['j'] = "ј", ['o'] = "о",
		['p'] = "р", ['s'] = "ѕ", ['x'] = "х", ['y'] = "у", ['A'] = "А", ['B'] = "В",
		['C'] = "С", ['E'] = "Е", ['H'] = "Н", ['I'] = "І", ['K'] = "К", ['M'] = "М",
		['O'] = "О", ['P'] = "Р", ['S'] = "Ѕ", ['T'] = "Т", ['X'] = "Х", ['Y'] = "У",
	};

	return look[c & 0x7f];
}

/* One letter or digit; @inner: another one comes before it. */
static void put_letter(km_buf *b, unsigned letters, char c, bool inner)
{
	const char *look = letters & KM_ATTACK_HOMOGLYPH ? homoglyph(c) : NULL;

	if (letters & KM_ATTACK_ZERO_WIDTH && inner)
		km_buf_add(b, KM_S("\u200b"));
	if (look) {
		km_buf_add(b, km_sv_of(look));
	} else if (letters & KM_ATTACK_FULLWIDTH) {
		/* U+FF01 is "!", and so on to U+FF5E */
		unsigned u = 0xff00u + (unsigned char)c - 0x20u;
		km_buf_byte(b, (char)0xef);
		km_buf_byte(b, (char)(0x80 | (u >> 6 & 0x3f)));
		km_buf_byte(b, (char)(0x80 | (u & 0x3f)));
	} else {
		km_buf_byte(b, c);
	}
}

static bool is_letter(char c)
{
	return (unsigned char)c < 0x80 && km_is_alnum((unsigned char)c);
}

/* A word with "://", "@" or "www." in it is a link or an address. */
static bool must_stay(km_sv word)
{
	return km_sv_find(word, KM_S("://"), 0) < word.n || km_sv_chr(word, '@', 0) < word.n ||
	       km_sv_istarts(word, KM_S("www."));
}

/* The text between tags; an entity stays whole. */
static void put_text(km_buf *b, unsigned letters, km_sv text, bool html)
{
	size_t end;

	for (size_t at = 0; at < text.n; at = end) {
		for (end = at; end < text.n && (unsigned char)text.p[end] > ' '; end++)
			;
		km_sv word = km_sv_sub(text, at, end - at);
		bool stay = must_stay(word) || letters == 0, entity = false;
		for (size_t i = 0; i < word.n; i++) {
			entity = html && (word.p[i] == '&' || (entity && word.p[i] != ';'));
			if (stay || entity || !is_letter(word.p[i]))
				km_buf_byte(b, word.p[i]);
			else
				put_letter(b, letters, word.p[i],
					   i > 0 && is_letter(word.p[i - 1]));
		}
		for (; end < text.n && (unsigned char)text.p[end] <= ' '; end++)
			km_buf_byte(b, text.p[end]);
	}
}

static void put_html(km_buf *b, unsigned letters, km_sv html)
{
	size_t end;

	for (size_t at = 0; at < html.n; at = end) {
		size_t tag = km_sv_chr(html, '<', at);
		put_text(b, letters, km_sv_sub(html, at, tag - at), true);
		end = km_sv_chr(html, '>', tag);
		end += end < html.n;
		km_buf_add(b, km_sv_sub(html, tag, end - tag));
	}
}

static void put_quoted(km_buf *b, km_sv text)
{
	static const char hex[] = "0123456789ABCDEF";
	size_t column = 0;

	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];
		if (c == '\n') {
			km_buf_byte(b, '\n');
			column = 0;
			continue;
		}
		if (column > 72) {
			km_buf_add(b, KM_S("=\n"));
			column = 0;
		}
		bool plain = c >= ' ' && c < 0x7f && c != '=';
		if (plain) {
			km_buf_byte(b, (char)c);
		} else {
			km_buf_byte(b, '=');
			km_buf_byte(b, hex[c >> 4]);
			km_buf_byte(b, hex[c & 15]);
		}
		column += plain ? 1 : 3;
	}
}

static void put_base64(km_buf *b, km_sv text)
{
	enum { LINE = 57 }; /* bytes that make 76 characters */

	for (size_t at = 0; at < text.n; at += LINE) {
		km_b64_encode(b, km_sv_sub(text, at, LINE));
		km_buf_byte(b, '\n');
	}
}

static void put_field(km_buf *b, const km_header *h)
{
	km_buf_add(b, h->name);
	km_buf_byte(b, ':');
	km_buf_add(b, h->raw);
	km_buf_byte(b, '\n');
}

static void put_subject(km_buf *b, km_arena *a, km_sv subject, unsigned letters)
{
	km_buf text;

	km_buf_init(&text, a, KM_MAX_TEXT_BYTES);
	put_text(&text, letters, subject, false);
	km_buf_add(b, KM_S("Subject: =?utf-8?B?"));
	km_b64_encode(b, km_buf_sv(&text));
	km_buf_add(b, KM_S("?=\n"));
}

/* The part's fields, with the subject and what describes the text written anew. */
static void put_fields(km_buf *b, km_arena *a, const km_mail *m, const km_part *p,
		       const km_attack *k, bool text)
{
	for (size_t i = 0; i < p->headers.n; i++) {
		const km_header *h = &p->headers.h[i];
		bool described = km_sv_ieq(h->name, KM_S("Content-Type")) ||
				 km_sv_ieq(h->name, KM_S("Content-Transfer-Encoding"));
		if (p->depth == 0 && k->letters && km_sv_ieq(h->name, KM_S("Subject")))
			put_subject(b, a, m->subject, k->letters);
		else if (!(text && described))
			put_field(b, h);
	}
	if (text)
		km_buf_fmt(b, "Content-Type: %.*s; charset=utf-8\nContent-Transfer-Encoding: %s\n",
			   KM_FMT(p->type),
			   p->cte == KM_CTE_BASE64 ? "base64" : "quoted-printable");
	km_buf_byte(b, '\n');
}

static void put_body(km_buf *b, km_arena *a, const km_part *p, const km_attack *k, bool first)
{
	bool html = km_part_is_html(p);
	km_buf text;

	km_buf_init(&text, a, 4 * (size_t)KM_MAX_TEXT_BYTES);
	if (first && k->words.n)
		km_buf_fmt(&text, html ? "<p>%.*s</p>\n" : "%.*s\n\n", KM_FMT(k->words));
	if (html)
		put_html(&text, k->letters, p->decoded.utf8);
	else
		put_text(&text, k->letters, p->decoded.utf8, false);
	if (p->cte == KM_CTE_BASE64)
		put_base64(b, km_buf_sv(&text));
	else
		put_quoted(b, km_buf_sv(&text));
}

/* Is @p to be written anew, and not inside what already is? */
static bool is_rewritten(const km_part *p, size_t done)
{
	return p->reading == 0 && p->body_offset != SIZE_MAX && p->offset >= done &&
	       km_part_is_text(p);
}

km_status km_attack_rewrite(km_arena *a, km_mail *m, const km_attack *k, km_sv *out)
{
	size_t done = 0; /* bytes of the message that are dealt with */
	bool first = true;
	km_buf b;

	km_buf_init(&b, a, 4 * (m->raw.n + k->words.n) + KM_MAX_TEXT_BYTES);
	for (size_t i = 0; i < m->n_parts; i++) {
		km_part *p = &m->parts[i];
		bool text = is_rewritten(p, done);
		if (p->depth > 0 && !text)
			continue;
		km_buf_add(&b, km_sv_sub(m->raw, done, p->offset - done));
		put_fields(&b, a, m, p, k, text);
		done = p->body_offset;
		if (!text)
			continue;
		(void)km_part_text(m, p);
		put_body(&b, a, p, k, first);
		first = false;
		done = p->body_offset + p->body.n;
	}
	km_buf_add(&b, km_sv_from(m->raw, done));
	*out = km_buf_sv(&b);
	return b.cut ? KM_LIMIT : KM_OK;
}
