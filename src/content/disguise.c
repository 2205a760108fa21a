/* What a person and a filter see differently. */
#include <stdio.h>

#include "content/cues.h"
#include "content/structure_parts.h"

/* Letters of the scripts in which nothing invisible belongs inside a word. */
static bool plain_letter(int32_t c)
{
	return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') ||
	       (c >= 0xc0 && c <= 0x24f) || (c >= 0x370 && c <= 0x52f) ||
	       (c >= 0x3041 && c <= 0x30ff) || (c >= 0x4e00 && c <= 0x9fff);
}

/* Zero width: soft hyphens are left out, since honest text is hyphenated with them. */
static bool zero_width(int32_t c)
{
	return (c >= 0x200b && c <= 0x200d) || c == 0x2060 || c == 0xfeff || c == 0x034f ||
	       c == 0x180e || c == 0x115f || c == 0x1160 || c == 0x3164 || c == 0xffa0;
}

/* Mathematical, circled, squared and regional letters; not (1), (2) and the like in circles. */
static bool styled(int32_t c)
{
	return (c >= 0x1d400 && c <= 0x1d7ff) || (c >= 0x24b6 && c <= 0x24e9) ||
	       (c >= 0x1f110 && c <= 0x1f189);
}

/* The word around [@from, @to): up to the next white space, at most 60 bytes each way. */
static km_sv word_around(km_sv text, size_t from, size_t to)
{
	size_t low = from, high = to;

	while (low > 0 && from - low < 60 && !km_is_wsp((unsigned char)text.p[low - 1]))
		low--;
	while (high < text.n && high - to < 60 && !km_is_wsp((unsigned char)text.p[high]))
		high++;
	while (low < from && ((unsigned char)text.p[low] & 0xc0) == 0x80)
		low++;
	while (high > to && high < text.n && ((unsigned char)text.p[high] & 0xc0) == 0x80)
		high--;
	return km_sv_sub(text, low, high - low);
}

typedef struct {
	size_t n;    /* how many were found */
	km_sv first; /* the word with the first one */
} finding;

static void found(finding *f, km_sv text, size_t from, size_t to)
{
	if (f->n++ == 0)
		f->first = word_around(text, from, to);
}

/* One pass over a text that is known to have something odd. */
static void search(km_sv text, finding *invisible, finding *bidi, finding *ornament)
{
	int32_t before = ' ', c;
	bool gap = false; /* zero-width characters stand after @before */
	size_t at = km_ascii_prefix(text), begin = at, gap_at = 0;

	if (at > 0)
		before = (unsigned char)text.p[at - 1];
	for (; at < text.n; begin = at) {
		c = km_utf8_next(text, &at);
		if (zero_width(c)) {
			if (!gap)
				gap_at = begin;
			gap = true;
			continue;
		}
		if (gap && plain_letter(before) && plain_letter(c))
			found(invisible, text, gap_at, begin);
		if (c == 0x202d || c == 0x202e)
			found(bidi, text, begin, at);
		if (styled(c))
			found(ornament, text, begin, at);
		gap = false;
		before = c;
	}
}

static void check_invisible(const km_structure_job *j, const km_text_view *v)
{
	const km_view_stats *st = &v->stats;
	finding invisible = { 0 }, bidi = { 0 }, ornament = { 0 };
	size_t enough = v->part == KM_NO_PART ? 1 : 3;

	if (st->ignorable == 0 && st->bidi == 0 && st->styled == 0)
		return;
	search(v->text, &invisible, &bidi, &ornament);
	if (invisible.n >= enough) {
		km_fact *f = km_structure_at_text(j, KM_FACT_ZERO_WIDTH, invisible.first, v->part,
						  invisible.first);
		km_structure_arg(j, f, 1, "%zu", invisible.n);
		if (f)
			f->weight = invisible.n >= 20 ? 5 : invisible.n >= 6 ? 3 : 1;
	}
	if (bidi.n)
		(void)km_structure_at_text(j, KM_FACT_BIDI_OVERRIDE, bidi.first, v->part,
					   bidi.first);
	if (ornament.n >= 4)
		(void)km_structure_at_text(j, KM_FACT_STYLED_LETTERS, ornament.first, v->part,
					   ornament.first);
}

/* --- soft hyphens: in letters that are never hyphenated, and in the header --- */

static void check_soft_hyphens(const km_structure_job *j, const km_text_view *v)
{
	enum { ENOUGH = 3 };
	static const km_sv shy = KM_SV("\xc2\xad");
	bool header = v->part == KM_NO_PART;
	finding f = { 0 };

	if (v->stats.ignorable == 0)
		return;
	for (size_t at = 0; (at = km_sv_find(v->text, shy, at)) < v->text.n; at += shy.n) {
		unsigned char next =
			at + shy.n < v->text.n ? (unsigned char)v->text.p[at + shy.n] : 0;
		/* kana and kanji: three bytes from U+3000 to U+9FFF */
		if (header || (next >= 0xe3 && next <= 0xe9))
			found(&f, v->text, at, at + shy.n);
	}
	if (f.n < (header ? 1 : ENOUGH))
		return;
	km_fact *fact = km_structure_at_text(j, KM_FACT_SOFT_HYPHENS, f.first, v->part, f.first);
	km_structure_arg(j, fact, 1, "%zu", f.n);
	if (fact)
		fact->weight = header ? 2 : 1;
}

/* --- fonts of Chinese for Japanese text --- */

/* Where a style names fonts: up to the end of the declaration or attribute. */
static km_sv next_fonts(km_sv html, size_t *at)
{
	enum { LONGEST = 160 };

	*at = km_sv_ifind(html, KM_S("font-family"), *at);
	if (*at == html.n)
		return (km_sv){ NULL, 0 };
	*at += strlen("font-family");
	km_sv list = km_sv_sub(html, *at, LONGEST);
	for (size_t i = 0; i < list.n; i++)
		if (list.p[i] == ';' || list.p[i] == '}' || list.p[i] == '>')
			return km_sv_sub(list, 0, i);
	return list;
}

static void check_fonts(const km_structure_job *j, const km_text_view *v)
{
	enum { KANA = 10, LISTS = 64 };
	const km_part *p = v->part == KM_NO_PART ? NULL : &j->m->parts[v->part];
	km_sv name, list;
	size_t at = 0;

	if (p == NULL || p->html == NULL || v->stats.kana < KANA)
		return;
	for (size_t i = 0; i < LISTS && (list = next_fonts(p->decoded.utf8, &at)).n; i++) {
		if (!km_cues_in(KM_CUES_font_chinese, list, &name) ||
		    km_cues_in(KM_CUES_font_japanese, list, NULL))
			continue;
		(void)km_structure_at_text(j, KM_FACT_ZH_FONT_IN_JA, name, v->part, KM_S(""));
		return;
	}
}

/* --- a row of letters and digits at the end of a subject --- */

static int class_of(unsigned char c)
{
	return km_is_digit(c) ? 1 : c >= 'a' && c <= 'z' ? 2 : c >= 'A' && c <= 'Z' ? 3 : 0;
}

static void check_serial(const km_structure_job *j)
{
	enum { SHORTEST = 7, CHANGES = 4 };
	km_sv s = km_sv_trim(j->v->subject.text);
	size_t changes = 0, digits = 0;

	while (s.n && strchr(")]_-.#*", s.p[s.n - 1]))
		s.n--;
	size_t from = s.n;
	while (from > 0 && class_of((unsigned char)s.p[from - 1])) {
		from--;
		digits += km_is_digit((unsigned char)s.p[from]);
		if (from + 1 < s.n)
			changes += class_of((unsigned char)s.p[from]) !=
				   class_of((unsigned char)s.p[from + 1]);
	}
	if (s.n - from < SHORTEST || changes < CHANGES || digits == 0 || from == 0)
		return;
	km_sv serial = km_sv_from(s, from);
	(void)km_structure_at_field(j, KM_FACT_SUBJECT_SERIAL, serial,
				    km_headers_first(j->m->headers, "Subject"));
}

/* --- look-alikes: a word whose key had letters of another script folded --- */

enum { WORD_BYTES = 120, MOST_WORDS = 2000 };

static bool in_word(unsigned char c)
{
	return c >= 0x80 || km_is_alnum(c);
}

/* The next run of letters that has more than ASCII in it, cut at a character. */
static km_sv next_foreign_word(km_sv text, size_t *at)
{
	for (;;) {
		*at += km_ascii_prefix(km_sv_from(text, *at));
		if (*at >= text.n)
			return (km_sv){ NULL, 0 };
		size_t from = *at, to = *at;
		while (from > 0 && *at - from < WORD_BYTES / 2 &&
		       km_is_alnum((unsigned char)text.p[from - 1]))
			from--;
		while (to < text.n && in_word((unsigned char)text.p[to]))
			to++;
		km_sv word = km_utf8_cut(km_sv_sub(text, from, to - from), WORD_BYTES);
		size_t end = (size_t)(word.p - text.p) + word.n;
		*at = end > *at ? end : to;
		if (word.n)
			return word;
	}
}

static void check_lookalikes(const km_structure_job *j, const km_text_view *v)
{
	km_view_stats st;
	km_sv word, key;
	size_t at = 0;

	if (v->stats.confusable < (v->part == KM_NO_PART ? 1u : 2u))
		return;
	for (size_t i = 0; i < MOST_WORDS && (word = next_foreign_word(v->text, &at)).n; i++) {
		if (km_view_key(j->a, word, &key, &st) != KM_OK || st.confusable == 0)
			continue;
		km_fact *f =
			km_structure_at_text(j, KM_FACT_CONFUSABLE_LETTERS, word, v->part, word);
		km_fact_arg(j->fs, f, 1, key);
		return;
	}
}

/* --- characters of Chinese in Japanese text --- */

enum { ZH_SHOWN = 10, ZH_BYTES = 4 * ZH_SHOWN };

/* The first different ones in @text. */
static km_sv zh_only_chars(const km_structure_job *j, km_sv text, km_sv *first)
{
	km_buf b;

	km_buf_init(&b, j->a, ZH_BYTES);
	*first = (km_sv){ NULL, 0 };
	for (size_t at = km_ascii_prefix(text); at < text.n && b.n < 3 * ZH_SHOWN;) {
		size_t from = at;
		if (!km_view_is_zh_only(km_utf8_next(text, &at)))
			continue;
		km_sv one = km_sv_sub(text, from, at - from);
		if (km_sv_find(km_buf_sv(&b), one, 0) < b.n)
			continue;
		if (b.n == 0)
			*first = one;
		km_buf_add(&b, one);
	}
	return km_buf_sv(&b);
}

/* A name or a quotation has one or two; text that was written in Chinese fonts has many kinds. */
static void check_zh_only(const km_structure_job *j, const km_text_view *v)
{
	const km_view_stats *st = &v->stats;
	size_t enough = v->part == KM_NO_PART ? 1 : 3;
	km_sv first;

	if (st->zh_only < enough || st->kana < 5 * st->zh_only)
		return;
	km_sv seen = zh_only_chars(j, v->text, &first);
	km_fact *f = km_structure_at_text(j, KM_FACT_ZH_ONLY_IN_JA, seen, v->part, first);
	km_structure_arg(j, f, 1, "%zu", st->zh_only);
}

/* Programs made for Chinese write Japanese so; a few kana are an ornament there. */
static void check_charset(const km_structure_job *j, const km_text_view *v)
{
	enum { KANA = 10 };
	const km_charset *used;

	if (v->part == KM_NO_PART || v->stats.kana < KANA)
		return;
	used = j->m->parts[v->part].decoded.used;
	if (used == NULL || !km_charset_is_chinese(used))
		return;
	km_fact *f = km_structure_at_text(j, KM_FACT_JA_IN_CHINESE_CHARSET,
					  km_sv_of(km_charset_name(used)), v->part,
					  j->m->parts[v->part].body);
	km_structure_arg(j, f, 1, "%s", km_charset_name(used));
}

/* --- hidden text --- */

static void check_hidden(const km_structure_job *j, int part)
{
	static const struct {
		unsigned how;
		const char *name;
	} ways[] = {
		{ KM_HIDE_DISPLAY, "display:none" },
		{ KM_HIDE_VISIBILITY, "visibility" },
		{ KM_HIDE_SIZE, "size" },
		{ KM_HIDE_COLOUR, "colour" },
		{ KM_HIDE_OFFSCREEN, "off screen" },
		{ KM_HIDE_OPACITY, "opacity" },
		{ KM_HIDE_MSO, "mso-hide" },
		{ KM_HIDE_ATTRIBUTE, "hidden" },
	};
	const km_html *h = j->m->parts[part].html;
	size_t all = h->text_chars + h->hidden_chars;

	/* Newsletters hide a line that inboxes show as a preview. */
	if (h->hidden_chars < 50 || h->hidden_chars * 100 / all < 15)
		return;
	size_t share = h->hidden_chars * 100 / all;
	km_buf how;
	km_buf_init(&how, j->a, KM_MAX_SEEN_BYTES);
	for (size_t i = 0; i < KM_COUNT(ways); i++)
		if (h->how & ways[i].how)
			km_buf_fmt(&how, how.n ? ", %s" : "%s", ways[i].name);
	km_fact *f = km_structure_at_text(j, KM_FACT_HIDDEN_TEXT,
					  km_utf8_cut(km_sv_trim(h->hidden), 160), part,
					  (km_sv){ NULL, 0 });
	km_structure_arg(j, f, 1, "%zu", share);
	km_fact_arg(j->fs, f, 2, km_buf_sv(&how));
	if (f)
		f->weight = (double)share / 20;
}

/* What a plain text says beside "[image: x.png]" and addresses of pages, as programs make it of
 * HTML. */
static size_t said_in(km_sv text)
{
	enum { TOKEN = 400 };
	size_t n = 0;

	for (size_t i = 0; i < text.n; i++) {
		km_sv rest = km_sv_from(text, i);
		if (km_sv_starts(rest, KM_S("[")) || km_sv_starts(rest, KM_S("<http"))) {
			rest = km_sv_sub(rest, 0, TOKEN);
			size_t end = km_sv_chr(rest, text.p[i] == '[' ? ']' : '>', 0);
			i += end < rest.n ? end : 0;
		} else if (km_sv_starts(rest, KM_S("http"))) {
			while (i + 1 < text.n && !km_is_wsp((unsigned char)text.p[i + 1]) &&
			       text.p[i + 1] != '\n')
				i++;
		} else {
			n += !km_is_wsp((unsigned char)text.p[i]) && text.p[i] != '\n' &&
			     text.p[i] != '\r';
		}
	}
	return n;
}

/* What the texts say: of HTML, or of the others. */
static size_t letters_of(const km_structure_job *j, bool html)
{
	enum { LOOKED_AT = 4000 };
	size_t n = 0;

	for (size_t i = 0; i < j->v->n_text; i++) {
		const km_text_view *t = &j->v->text[i];
		const km_html *h = j->m->parts[t->part].html;
		if ((h != NULL) != html)
			continue;
		/* A character of Japanese says as much as three letters. */
		n += h ? h->text_chars : said_in(km_sv_sub(t->text, 0, LOOKED_AT));
		n += 2 * (t->stats.kana + t->stats.han);
	}
	return n;
}

/* Pictures in place of text: nothing to speak of is written, in no part. */
static void check_image_only(const km_structure_job *j)
{
	enum { FEW = 80 };
	size_t images = 0, chars;
	int html = KM_NO_PART;

	for (size_t i = 0; i < j->v->n_text; i++) {
		const km_part *p = &j->m->parts[j->v->text[i].part];
		if (p->html && p->html->n_images) {
			images += p->html->n_images;
			html = j->v->text[i].part;
		}
	}
	if (images == 0 || (chars = letters_of(j, true)) >= FEW ||
	    (chars += letters_of(j, false)) >= FEW)
		return;
	km_sv seen = km_sv_fmt(j->a, "%zu images, %zu characters", images, chars);
	(void)km_structure_at_text(j, KM_FACT_IMAGE_ONLY, seen, html, (km_sv){ NULL, 0 });
}

static void check_view(const km_structure_job *j, const km_text_view *v)
{
	check_invisible(j, v);
	check_lookalikes(j, v);
	check_zh_only(j, v);
	check_charset(j, v);
	check_soft_hyphens(j, v);
	check_fonts(j, v);
}

void km_structure_disguise(const km_structure_job *j)
{
	const km_views *v = j->v;

	check_view(j, &v->subject);
	check_view(j, &v->from_name);
	for (size_t i = 0; i < v->n_text; i++) {
		check_view(j, &v->text[i]);
		if (j->m->parts[v->text[i].part].html)
			check_hidden(j, v->text[i].part);
	}
	check_image_only(j);
	check_serial(j);
}
