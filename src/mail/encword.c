#include "mail/encword.h"

#include "base/buf.h"
#include "mail/b64.h"
#include "mail/header.h"
#include "text/utf8.h"

enum { MAX_CHARSET = 64, MAX_STRICT_WORD = 1000, ESC = 0x1b };

typedef struct {
	km_sv charset; /* without the language of RFC 2231 section 5 */
	km_sv payload;
	size_t end; /* offset in the text after the word */
	bool base64;
	bool odd; /* breaks the syntax of RFC 2047 section 2 */
} word;

typedef struct {
	km_arena *arena;
	km_sv text;
	km_sv label;  /* charset of the words in `bytes` */
	km_buf bytes; /* decoded words of one charset that are not separated by text */
	km_buf out;
	size_t last;  /* where the last word begins in `bytes` */
	size_t stop;  /* a "?=" or text.n; first one from the last place asked for */
	bool in_word; /* the last thing read was a word */
	km_encword_info info;
	km_status st;
} decoder;

/* Reads "=?charset?B?" at @at; returns the offset after it, or 0. */
static size_t word_start(km_sv v, size_t at, word *w)
{
	size_t i = at + 2;

	if (v.n - at < 5 || v.p[at] != '=' || v.p[at + 1] != '?')
		return 0;
	while (i < v.n && i - at < MAX_CHARSET && (unsigned char)v.p[i] > ' ' && v.p[i] != '?' &&
	       v.p[i] != '=')
		i++;
	if (v.n - i < 3 || v.p[i] != '?' || v.p[i + 2] != '?')
		return 0;
	unsigned char encoding = km_lower((unsigned char)v.p[i + 1]);
	if (encoding != 'b' && encoding != 'q')
		return 0;
	km_sv charset = km_sv_sub(v, at + 2, i - at - 2);
	w->charset = km_sv_sub(charset, 0, km_sv_chr(charset, '*', 0));
	w->base64 = encoding == 'b';
	return i + 3;
}

/* First white space at or after @from and before @end, or @end. */
static size_t find_space(km_sv v, size_t from, size_t end)
{
	while (from < end && !km_is_wsp((unsigned char)v.p[from]))
		from++;
	return from;
}

/* The first "?=" from @from on; each is looked for once, as @from only grows. */
static size_t find_stop(decoder *d, size_t from)
{
	if (d->stop < from)
		d->stop = km_sv_find(d->text, KM_S("?="), from);
	return d->stop;
}

static bool is_escape_at(km_sv v, size_t i)
{
	return i + 1 < v.n && km_hex_value((unsigned char)v.p[i]) >= 0 &&
	       km_hex_value((unsigned char)v.p[i + 1]) >= 0;
}

/*
 * Like find_stop(), for Q: a raw question mark before an escape ("=?utf-8?Q?So?=20it?=") is not the
 * end when the same run of bytes has another "?=".
 */
static size_t find_q_stop(decoder *d, size_t from)
{
	size_t stop = find_stop(d, from);

	while (stop < d->text.n && is_escape_at(d->text, stop + 2)) {
		size_t next = find_stop(d, stop + 2);
		if (next == d->text.n || find_space(d->text, stop, next) < next ||
		    km_sv_find(km_sv_sub(d->text, 0, next), KM_S("=?"), stop + 2) < next)
			break;
		stop = next;
	}
	return stop;
}

static bool is_base64(km_sv v)
{
	for (size_t i = 0; i < v.n; i++) {
		unsigned char c = (unsigned char)v.p[i];
		if (!km_is_alnum(c) && !km_is_wsp(c) && c != '+' && c != '/' && c != '=')
			return false;
	}
	return true;
}

/* Sets payload and end of a word whose payload begins at @from. */
static void find_payload(decoder *d, size_t from, word *w)
{
	km_sv v = d->text;
	size_t stop = w->base64 ? find_stop(d, from) : find_q_stop(d, from);
	size_t end = stop, skip = stop < v.n ? 2 : 0;
	word other;

	/* Where another word begins, this one has lost its end. */
	for (size_t i = from; (i = km_sv_find(km_sv_sub(v, 0, stop), KM_S("=?"), i)) < stop; i++)
		if (word_start(v, i, &other)) {
			end = i;
			skip = 0;
			break;
		}
	size_t space = find_space(v, from, end);
	if (space < end && skip && w->base64 && !is_base64(km_sv_sub(v, from, end - from)))
		skip = 0;
	if (skip == 0)
		end = space;
	w->odd = skip == 0 || space < end;
	w->payload = km_sv_sub(v, from, end - from);
	w->end = end + skip;
	if (skip == 0 && km_sv_ends(w->payload, KM_S("?")))
		w->payload.n--;
}

static void add_q(decoder *d, km_sv v)
{
	km_buf *b = &d->bytes;

	for (size_t i = 0; i < v.n; i++) {
		char c = v.p[i] == '_' ? ' ' : v.p[i];
		if (c == '=' && is_escape_at(v, i + 1)) {
			c = (char)(km_hex_value((unsigned char)v.p[i + 1]) << 4 |
				   km_hex_value((unsigned char)v.p[i + 2]));
			i += 2;
		} else if (c == '=') {
			d->info.malformed = true;
		}
		km_buf_byte(b, c);
	}
}

static void add_b(decoder *d, km_sv v)
{
	km_b64_info info;

	km_b64_decode(v, &d->bytes, &info);
	d->info.malformed |= info.junk != 0 || info.bad_padding;
}

/* True when a two-byte ISO-2022-JP character is cut at the end of @b. */
static bool cut_in_jis(km_sv b)
{
	size_t esc = km_sv_rchr(b, ESC);

	if (b.n - esc < 3 || b.p[esc + 1] != '$')
		return false;
	return (b.n - esc - (b.p[esc + 2] == '(' ? 4 : 3)) % 2 == 1;
}

/* Same for charsets whose characters begin with a byte from @lead on and have two bytes. */
static bool cut_in_dbcs(km_sv b, unsigned char lead)
{
	size_t i = 0;

	while (i < b.n) {
		unsigned char c = (unsigned char)b.p[i];
		bool kana = lead == 0x81 && c >= 0xa0 && c <= 0xdf; /* Shift_JIS, one byte */
		i += c >= lead && !kana ? 2 : 1;
	}
	return i > b.n;
}

static bool cut_in_utf8(km_sv b)
{
	for (size_t back = 1; back <= 3 && back <= b.n; back++) {
		unsigned char c = (unsigned char)b.p[b.n - back];
		if (c >= 0xc0)
			return back < (c >= 0xf0 ? 4u : c >= 0xe0 ? 3u : 2u);
		if (c < 0x80)
			return false;
	}
	return false;
}

/* True when @bytes, a word in @label, end inside a character. */
static bool ends_in_char(km_sv label, km_sv bytes)
{
	const km_charset *cs = km_charset_find(label);

	if (cs == NULL || bytes.n == 0)
		return false;
	km_sv name = km_sv_of(km_charset_name(cs));
	if (km_sv_eq(name, KM_S("utf-8")))
		return cut_in_utf8(bytes);
	if (km_sv_eq(name, KM_S("iso-2022-jp")))
		return cut_in_jis(bytes);
	if (km_sv_eq(name, KM_S("shift_jis")))
		return cut_in_dbcs(bytes, 0x81);
	return km_sv_eq(name, KM_S("euc-jp")) && cut_in_dbcs(bytes, 0xa1);
}

/* Decodes @bytes into the output and takes note of what was found. */
static void add_decoded(decoder *d, km_sv label, km_sv bytes)
{
	km_decoded dec;
	km_status st = km_charset_decode(d->arena, label, bytes, &dec);

	if (st != KM_OK)
		d->st = st;
	km_buf_add(&d->out, dec.utf8);
	d->info.bad += dec.bad;
	d->info.mismatch |= dec.mismatch;
	if (d->info.charset == NULL)
		d->info.charset = dec.used;
}

static void flush_words(decoder *d)
{
	if (d->bytes.n)
		add_decoded(d, d->label, km_buf_sv(&d->bytes));
	d->bytes.n = 0;
	d->in_word = false;
}

static bool has_escape(km_sv v)
{
	size_t i = km_sv_chr(v, ESC, 0);

	return i + 1 < v.n && (v.p[i + 1] == '$' || v.p[i + 1] == '(');
}

static void add_literal(decoder *d, km_sv v)
{
	if (v.n == 0)
		return;
	flush_words(d);
	if (km_ascii_prefix(v) == v.n && !has_escape(v)) {
		km_buf_add(&d->out, v);
		return;
	}
	d->info.raw_8bit = true;
	add_decoded(d, (km_sv){ NULL, 0 }, v);
}

static void add_word(decoder *d, const word *w)
{
	bool same = km_sv_ieq(d->label, w->charset);

	if (d->info.words && !same) {
		const km_charset *cs = km_charset_find(w->charset);
		same = cs && cs == km_charset_find(d->label);
		d->info.mixed_charsets |= !same;
	}
	if (d->in_word && !same)
		flush_words(d);
	if (!d->in_word)
		d->label = w->charset;
	else
		d->info.split_char |=
			ends_in_char(d->label, km_sv_from(km_buf_sv(&d->bytes), d->last));
	d->last = d->bytes.n;
	if (w->base64)
		add_b(d, w->payload);
	else
		add_q(d, w->payload);
	d->in_word = true;
	d->info.words++;
	d->info.malformed |= w->odd;
}

/*
 * "=?" can also be a character of raw ISO-2022-JP. Where the escape sequence before @at (but not
 * before @from) began two-byte text, returns the offset of the next one, else @at.
 */
static size_t after_raw_jis(km_sv v, size_t from, size_t at)
{
	size_t before = from + km_sv_rchr(km_sv_sub(v, from, at - from), ESC);

	if (before + 1 >= at || v.p[before + 1] != '$')
		return at;
	size_t next = km_sv_chr(v, ESC, at);
	return next < v.n ? next : at;
}

/* A word must stand alone (RFC 2047 section 5). */
static bool stands_alone(km_sv v, size_t at, size_t end)
{
	bool before = at == 0 || km_is_wsp((unsigned char)v.p[at - 1]) || v.p[at - 1] == '(';
	bool after = end >= v.n || km_is_wsp((unsigned char)v.p[end]) || v.p[end] == ')';

	return before && after;
}

static void decode(decoder *d)
{
	km_sv v = d->text;
	bool raw_jis = has_escape(v);
	size_t done = 0, at = 0;
	word w;

	while ((at = km_sv_find(v, KM_S("=?"), at)) < v.n) {
		size_t payload = word_start(v, at, &w);
		size_t skip = payload && raw_jis ? after_raw_jis(v, done, at) : at;
		if (payload == 0 || skip > at) {
			at = skip > at ? skip : at + 1;
			continue;
		}
		if (d->info.words == KM_MAX_ENCODED_WORDS) {
			km_limit_hit(&d->info.limits, KM_LIMIT_ENCODED_WORDS);
			break;
		}
		km_sv gap = km_sv_sub(v, done, at - done);
		if (!d->in_word || km_sv_trim(gap).n)
			add_literal(d, gap);
		find_payload(d, payload, &w);
		add_word(d, &w);
		d->info.malformed |= !stands_alone(v, at, w.end);
		done = at = w.end;
	}
	add_literal(d, km_sv_from(v, done));
	flush_words(d);
}

/* No line ends or other controls: the text is one line for people. */
static bool is_plain(km_sv v)
{
	unsigned char any = 0;

	for (size_t i = 0; i < v.n; i++)
		any |= (unsigned char)((unsigned char)v.p[i] - 0x20) > 0x5e;
	return any == 0;
}

static void blank_controls(km_buf *b)
{
	for (size_t i = 0; i < b->n; i++)
		if ((unsigned char)b->p[i] < ' ' || b->p[i] == 0x7f)
			b->p[i] = ' ';
}

km_status km_encword_decode(km_arena *a, km_sv text, km_sv *out, km_encword_info *info)
{
	decoder d = { .arena = a, .text = km_header_unfold(a, text) };

	if (is_plain(d.text) && km_sv_find(d.text, KM_S("=?"), 0) == d.text.n) {
		*out = d.text;
		if (info)
			*info = d.info;
		return KM_OK;
	}
	km_buf_init(&d.bytes, a, d.text.n + 16);
	km_buf_init(&d.out, a, d.text.n * 4 + 16);
	(void)km_buf_reserve(&d.out, d.text.n);
	decode(&d);
	blank_controls(&d.out);
	*out = km_buf_sv(&d.out);
	if (info)
		*info = d.info;
	return d.out.cut || d.bytes.cut ? KM_LIMIT : d.st;
}

size_t km_encword_length(km_sv text)
{
	km_sv v = km_sv_sub(text, 0, MAX_STRICT_WORD);
	word w;
	size_t from = v.n ? word_start(v, 0, &w) : 0;
	size_t stop = from ? km_sv_find(v, KM_S("?="), from) : v.n;

	return stop < v.n && find_space(v, from, stop) == stop ? stop + 2 : 0;
}
