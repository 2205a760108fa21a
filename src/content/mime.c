/* Charsets, encodings, structure that can be read in several ways, and two texts that differ. */
#include <stdio.h>

#include "content/structure_parts.h"

/* What becomes of each ambiguity; KM_FACT_COUNT: another check tells of it. */
static const km_fact_id ambiguity_fact[KM_AMB_COUNT] = {
	[KM_AMB_DUP_CONTENT_TYPE] = KM_FACT_MIME_AMBIGUOUS,
	[KM_AMB_DUP_ENCODING] = KM_FACT_MIME_AMBIGUOUS,
	[KM_AMB_DUP_DISPOSITION] = KM_FACT_MIME_REPAIRED,
	[KM_AMB_DUP_BOUNDARY] = KM_FACT_MIME_AMBIGUOUS,
	[KM_AMB_DUP_CHARSET] = KM_FACT_MIME_REPAIRED,
	[KM_AMB_DUP_FILENAME] = KM_FACT_COUNT,
	[KM_AMB_BAD_CONTENT_TYPE] = KM_FACT_MIME_REPAIRED,
	[KM_AMB_UNKNOWN_ENCODING] = KM_FACT_MIME_REPAIRED,
	[KM_AMB_ENCODED_MULTIPART] = KM_FACT_MIME_AMBIGUOUS,
	[KM_AMB_NO_BOUNDARY] = KM_FACT_MIME_REPAIRED,
	[KM_AMB_BOUNDARY_UNUSED] = KM_FACT_MIME_REPAIRED,
	[KM_AMB_BOUNDARY_ODD] = KM_FACT_MIME_REPAIRED,
	[KM_AMB_BOUNDARY_PREFIX] = KM_FACT_MIME_REPAIRED,
	[KM_AMB_BOUNDARY_LOOKALIKE] = KM_FACT_MIME_REPAIRED,
	[KM_AMB_MISSING_END] = KM_FACT_MIME_REPAIRED,
	[KM_AMB_AFTER_END] = KM_FACT_MIME_AMBIGUOUS,
	[KM_AMB_PREAMBLE_TEXT] = KM_FACT_MIME_REPAIRED,
	[KM_AMB_EPILOGUE_TEXT] = KM_FACT_MIME_REPAIRED,
	[KM_AMB_NO_HEADER_END] = KM_FACT_COUNT,
	[KM_AMB_NO_MIME_VERSION] = KM_FACT_COUNT,
	[KM_AMB_BASE64_JUNK] = KM_FACT_TRANSFER_DAMAGED,
	[KM_AMB_BASE64_PADDING] = KM_FACT_TRANSFER_DAMAGED,
	[KM_AMB_QP_BROKEN] = KM_FACT_TRANSFER_DAMAGED,
	[KM_AMB_UUENCODE] = KM_FACT_COUNT,
	[KM_AMB_MIXED_EOL] = KM_FACT_MIXED_EOL,
	[KM_AMB_NUL_BYTES] = KM_FACT_COUNT,
	[KM_AMB_PARTIAL] = KM_FACT_MIME_AMBIGUOUS,
};

/* Each kind once, at the first part that has it. */
static void check_ambiguities(const km_structure_job *j)
{
	uint32_t told = 0;

	for (size_t i = 0; i < j->m->n_parts; i++) {
		const km_part *p = &j->m->parts[i];
		uint32_t fresh = p->ambiguities & ~told;
		told |= fresh;
		for (unsigned k = 0; fresh && k < KM_AMB_COUNT; k++) {
			if (!(fresh & 1u << k) || ambiguity_fact[k] == KM_FACT_COUNT)
				continue;
			km_fact_id id = ambiguity_fact[k];
			km_sv name = km_sv_of(km_ambiguity_name((km_ambiguity)k));
			km_fact *f = km_structure_at_text(j, id, name, (int)i, p->body);
			km_fact_arg(j->fs, f, 1,
				    id == KM_FACT_TRANSFER_DAMAGED ? km_sv_of(km_cte_name(p->cte))
								   : p->path);
		}
	}
	if (j->m->n_nul) {
		const char *nul = memchr(j->m->raw.p, '\0', j->m->raw.n);
		size_t at = nul ? (size_t)(nul - j->m->raw.p) : 0;
		km_fact *f = km_fact_add(j->fs, KM_FACT_NUL_BYTES, (km_sv){ NULL, 0 }, 0, at, 1);
		km_structure_arg(j, f, 1, "%zu", j->m->n_nul);
	}
}

static bool is_ascii(km_sv v)
{
	return km_ascii_prefix(v) == v.n;
}

static void check_charset(const km_structure_job *j, int part)
{
	const km_part *p = &j->m->parts[part];
	const km_decoded *d = &p->decoded;

	if (!p->text_done || d->used == NULL)
		return;
	if (d->unknown_label && p->charset.n)
		km_fact_arg(j->fs,
			    km_structure_at_text(j, KM_FACT_CHARSET_UNKNOWN, p->charset, part,
						 p->charset),
			    1, p->charset);
	if (d->mismatch) {
		km_fact *f = km_structure_at_text(j, KM_FACT_CHARSET_MISMATCH, p->charset, part,
						  p->body);
		km_fact_arg(j->fs, f, 1, p->charset);
		km_structure_arg(j, f, 2, "%s", km_charset_name(d->used));
	}
	/* A few bad bytes are an accident. */
	size_t share = d->utf8.n ? d->bad * 100 / d->utf8.n : 0;
	if (d->bad >= 5 && share >= 1) {
		km_fact *f =
			km_structure_at_text(j, KM_FACT_CHARSET_DAMAGED, p->charset, part, p->body);
		km_structure_arg(j, f, 1, "%zu", share);
		km_structure_arg(j, f, 2, "%s", km_charset_name(d->used));
	}
	if (p->cte == KM_CTE_BASE64 && d->utf8.n >= 20 && is_ascii(d->utf8))
		(void)km_structure_at_text(j, KM_FACT_BASE64_TEXT_NEEDLESS,
					   km_sv_sub(km_sv_trim(d->utf8), 0, 80), part, p->body);
}

/* --- the same content in all alternatives --- */

enum { WORDS = 4096, FEWEST = 25, ENOUGH = 20 /* percent */ };

typedef struct {
	uint32_t *slot; /* 0 = free */
	size_t slots;	/* a power of two */
	size_t n, most; /* words held, and at most */
} word_set;

/* For the words of @key, but at most @most: at least every second byte is no word's first. */
static bool word_set_init(word_set *s, km_arena *a, km_sv key, size_t most)
{
	*s = (word_set){ .slots = 64, .most = most };
	while (s->slots < 2 * most && s->slots < key.n)
		s->slots *= 2;
	s->slot = KM_NEW_ARRAY(a, uint32_t, s->slots);
	return s->slot != NULL;
}

/* The slot of the word, or the free one where it belongs. */
static uint32_t *word_slot(const word_set *s, uint32_t h)
{
	size_t i = h >> 1 & (s->slots - 1); /* its lowest bit is always set */

	while (s->slot[i] && s->slot[i] != h)
		i = (i + 1) & (s->slots - 1);
	return &s->slot[i];
}

static bool word_add(word_set *s, uint32_t h)
{
	uint32_t *slot = word_slot(s, h);

	if (s->n == s->most || *slot)
		return false;
	*slot = h;
	s->n++;
	return true;
}

/*
 * The next word of a key: letters and digits of ASCII, or two characters of other scripts, where
 * words have no spaces between them. 0 at the end.
 */
static uint32_t next_word(km_sv key, size_t *at)
{
	enum { NO_WORD, ASCII, OTHER };
	static const uint8_t class_of[256] = { ['0' ... '9'] = ASCII,
					       ['A' ... 'Z'] = ASCII,
					       ['a' ... 'z'] = ASCII,
					       [0x80 ... 0xff] = OTHER };
	size_t from = *at;

	while (from < key.n && class_of[(unsigned char)key.p[from]] == NO_WORD)
		from++;
	*at = from;
	if (from >= key.n)
		return 0;
	size_t to = from;
	if ((unsigned char)key.p[from] < 0x80) {
		while (to < key.n && class_of[(unsigned char)key.p[to]] == ASCII)
			to++;
		*at = to;
	} else {
		(void)km_utf8_next(key, at);
		to = *at;
		if (to < key.n && (unsigned char)key.p[to] >= 0x80)
			(void)km_utf8_next(key, &to);
	}
	return (uint32_t)km_sv_quick_hash(km_sv_sub(key, from, to - from)) | 1;
}

/* True the first time that a word of @s is asked for. */
static bool word_take(const word_set *s, uint32_t h)
{
	enum { TAKEN = 2 }; /* of no word: their lowest bit is set */
	uint32_t *slot = word_slot(s, h);

	if (*slot == 0)
		return false;
	*slot = TAKEN;
	return true;
}

/* The words of @text, but not more than @most, that differ. 0 when there is no memory. */
static size_t add_words(word_set *s, km_arena *a, km_sv text, size_t most)
{
	size_t at = 0;
	uint32_t h;

	if (!word_set_init(s, a, text, most))
		return 0;
	while (s->n < s->most && (h = next_word(text, &at)))
		(void)word_add(s, h);
	return s->n;
}

/* Percent of the words of @plain that @html has too, or 100 when it is ENOUGH, or when there are
 * too few or too many to tell. */
static unsigned common_words(km_arena *a, km_sv plain, km_sv html)
{
	word_set in_plain, in_html;
	size_t words = add_words(&in_plain, a, plain, WORDS / 4), found = 0, at = 0;
	uint32_t h;

	if (words < FEWEST)
		return 100;
	while ((h = next_word(html, &at)))
		if (word_take(&in_plain, h) && ++found * 100 / words >= ENOUGH)
			return 100;
	size_t of_html = add_words(&in_html, a, html, WORDS);
	if (of_html < FEWEST || of_html == WORDS)
		return 100;
	return (unsigned)(found * 100 / words);
}

/* Index of the multipart/alternative that part @i stands in, at any depth, or KM_NO_PART. */
static int alternative_of(const km_mail *m, int i)
{
	for (i = m->parts[i].parent; i != KM_NO_PART; i = m->parts[i].parent)
		if (km_sv_eq(m->parts[i].type, KM_S("multipart/alternative")))
			return i;
	return KM_NO_PART;
}

static void check_alternatives(const km_structure_job *j)
{
	const km_text_view *plain = NULL;

	for (size_t i = 0; i < j->v->n_text; i++) {
		const km_text_view *t = &j->v->text[i];
		if (!km_part_is_html(&j->m->parts[t->part])) {
			plain = t;
			continue;
		}
		int both = alternative_of(j->m, t->part);
		if (plain == NULL || both == KM_NO_PART ||
		    alternative_of(j->m, plain->part) != both)
			continue;
		unsigned common = common_words(j->a, plain->key, t->key);
		if (common < ENOUGH) {
			km_fact *f = km_structure_at_text(j, KM_FACT_TEXT_HTML_DIFFER,
							  km_sv_sub(km_sv_trim(plain->text), 0, 80),
							  plain->part, plain->text);
			km_structure_arg(j, f, 1, "%u", common);
		}
		return;
	}
}

void km_structure_mime(const km_structure_job *j)
{
	bool content = false;

	for (size_t i = 0; i < j->v->n_text; i++) {
		check_charset(j, j->v->text[i].part);
		content |= km_sv_trim(j->v->text[i].text).n > 0;
	}
	for (size_t i = 0; i < j->m->n_parts && !content; i++) {
		const km_part *p = &j->m->parts[i];
		content = p->html ? p->html->n_images > 0
				  : !km_part_is_multipart(p) && !km_part_is_text(p) && p->body.n;
	}
	check_ambiguities(j);
	check_alternatives(j);
	if (j->v->has_html && !j->v->has_plain)
		(void)km_structure_at_field(j, KM_FACT_HTML_ONLY, (km_sv){ NULL, 0 },
					    km_headers_first(j->m->headers, "Content-Type"));
	if (!content)
		(void)km_structure_at_field(j, KM_FACT_EMPTY_MESSAGE, (km_sv){ NULL, 0 }, NULL);
}
