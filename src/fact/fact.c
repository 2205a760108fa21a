#include "fact/fact.h"

#include "base/block.h"
#include "base/buf.h"
#include "text/utf8.h"

enum { FIRST_FACTS = 16, SENTENCE_MAX = 4096 };

static const km_fact_info table[KM_FACT_COUNT] = {
#define KM_FACT(id, group, points, rja, ren, aja, aen, sja, sen)                                   \
	[KM_FACT_##id] = {                                                                         \
		#id, KM_GROUP_##group, points, { { rja, ren }, { aja, aen }, { sja, sen } }        \
	},
#include "fact/facts.def"
#undef KM_FACT
};

static const char *const groups[KM_GROUP_COUNT] = {
#define X(name) [KM_GROUP_##name] = #name,
	KM_FACT_GROUPS(X)
#undef X
};

void km_facts_init(km_facts *fs, km_arena *arena)
{
	*fs = (km_facts){ .arena = arena };
}

/* A copy that is valid UTF-8 and at most KM_MAX_SEEN_BYTES long. */
static km_sv keep(km_arena *a, km_sv v)
{
	size_t bad = 0;
	km_sv cut = km_utf8_cut(v, KM_MAX_SEEN_BYTES);
	km_sv clean = km_utf8_sanitise(a, cut, &bad);

	if (bad) /* grown by the replacements, and in the arena already */
		return km_utf8_cut(clean, KM_MAX_SEEN_BYTES);
	return km_sv_dup(a, clean);
}

static bool room(km_facts *fs)
{
	if (fs->n < fs->cap)
		return true;
	size_t cap = fs->cap ? fs->cap * 2 : FIRST_FACTS;
	if (cap > KM_MAX_FACTS)
		cap = KM_MAX_FACTS;
	km_fact *f = cap > fs->n ? km_arena_grow(fs->arena, fs->f, fs->cap * sizeof(*f),
						 cap * sizeof(*f))
				 : NULL;
	if (f == NULL) {
		fs->cut = true;
		return false;
	}
	fs->f = f;
	fs->cap = cap;
	return true;
}

km_fact *km_fact_add(km_facts *fs, km_fact_id id, km_sv seen, int part, size_t offset,
		     size_t length)
{
	if (!room(fs))
		return NULL;
	km_fact *f = &fs->f[fs->n++];
	*f = (km_fact){ .id = id,
			.seen = keep(fs->arena, seen),
			.weight = 1,
			.part = part,
			.offset = offset,
			.length = length };
	return f;
}

void km_fact_arg(km_facts *fs, km_fact *f, int which, km_sv value)
{
	if (f)
		f->arg[which - 1] = keep(fs->arena, value);
}

void km_fact_inside(km_facts *fs, km_fact *f, km_sv file)
{
	if (f && file.n)
		f->inside = keep(fs->arena, file);
}

bool km_facts_has(const km_facts *fs, km_fact_id id)
{
	for (size_t i = 0; i < fs->n; i++)
		if (fs->f[i].id == id)
			return true;
	return false;
}

const km_fact_info *km_fact_describe(km_fact_id id)
{
	return &table[id];
}

const char *km_group_name(km_group g)
{
	return groups[g];
}

km_fact_id km_fact_by_name(km_sv name)
{
	km_fact_id id = 0;

	while (id < KM_FACT_COUNT && !km_sv_eq(km_sv_of(table[id].id), name))
		id++;
	return id;
}

km_group km_group_by_name(km_sv name)
{
	km_group g = 0;

	while (g < KM_GROUP_COUNT && !km_sv_eq(km_sv_of(groups[g]), name))
		g++;
	return g;
}

/* What would act on a terminal, a log line or the order of the letters around it. */
static bool acts(int32_t cp)
{
	return cp < 0x20 || (cp >= 0x7f && cp < 0xa0) || cp == 0x200e || cp == 0x200f ||
	       (cp >= 0x2028 && cp <= 0x202e) || (cp >= 0x2066 && cp <= 0x2069);
}

/* Offset of the first byte at or after @at that is no printable ASCII, or v.n. */
static size_t after_printable(km_sv v, size_t at)
{
	for (; v.n - at >= KM_BLOCK; at += KM_BLOCK) {
		km_block b = km_block_load(v.p + at);
		size_t first = km_block_first((km_block)(b - ' ' >= 0x7f - ' '));
		if (first < KM_BLOCK)
			return at + first;
	}
	while (at < v.n && v.p[at] >= 0x20 && v.p[at] < 0x7f)
		at++;
	return at;
}

static void add_value(km_buf *b, km_sv v)
{
	size_t before = b->n, kept = 0;

	for (size_t at = after_printable(v, 0); at < v.n; at = after_printable(v, at)) {
		size_t from = at;
		if (!acts(km_utf8_next(v, &at)))
			continue;
		km_buf_add(b, km_sv_sub(v, kept, from - kept));
		kept = at;
	}
	km_buf_add(b, km_sv_from(v, kept));
	if (b->n == before)
		km_buf_byte(b, '-');
}

km_sv km_fact_reason(km_sv words, km_lang lang)
{
	static const struct {
		km_sv en, ja;
	} rows[] = {
#define KM_REASON(english, japanese) { KM_SV(english), KM_SV(japanese) },
#include "fact/reasons.def"
#undef KM_REASON
	};

	for (size_t i = 0; lang == KM_JA && i < KM_COUNT(rows); i++)
		if (km_sv_eq(rows[i].en, words))
			return rows[i].ja;
	return words;
}

/* The value that @name stands for, or NULL when it is no placeholder. */
static const km_sv *value_of(const km_fact *f, km_sv name)
{
	if (km_sv_eq(name, KM_S("seen")))
		return &f->seen;
	if (name.n == 1 && name.p[0] >= '1' && name.p[0] <= '3')
		return &f->arg[name.p[0] - '1'];
	return NULL;
}

/* "…（添付ファイル「a.html」の中）" */
static void add_inside(km_buf *b, km_sv file, km_lang lang)
{
	static const char *const around[KM_LANGS][2] = {
		{ "（添付ファイル「", "」の中）" },
		{ " (Inside the attached file \"", "\".)" },
	};

	km_buf_add(b, km_sv_of(around[lang][0]));
	add_value(b, file);
	km_buf_add(b, km_sv_of(around[lang][1]));
}

/* Writes @rest with its values. False when one of them is empty. */
static bool fill(km_buf *b, const km_fact *f, km_sv rest, km_lang lang)
{
	bool all = true;

	while (rest.n) {
		size_t open = km_sv_chr(rest, '{', 0);
		size_t close = km_sv_chr(rest, '}', open);
		const km_sv *v = close < rest.n
					 ? value_of(f, km_sv_sub(rest, open + 1, close - open - 1))
					 : NULL;
		size_t end = v ? close + 1 : rest.n;
		km_buf_add(b, km_sv_sub(rest, 0, v ? open : rest.n));
		if (v)
			add_value(b, km_fact_reason(*v, lang));
		all &= v == NULL || v->n;
		rest = km_sv_from(rest, end);
	}
	return all;
}

km_sv km_fact_sentence(km_arena *a, const km_fact *f, km_reader reader, km_lang lang)
{
	km_sv rest = km_sv_of(table[f->id].sentence[reader][lang]);
	km_buf b;

	km_buf_init(&b, a, SENTENCE_MAX);
	while (rest.n) {
		size_t open = km_sv_find(rest, KM_S("[["), 0);
		size_t close = km_sv_find(rest, KM_S("]]"), open);
		(void)fill(&b, f, km_sv_sub(rest, 0, open), lang);
		size_t before = b.n;
		if (open < rest.n &&
		    !fill(&b, f, km_sv_sub(rest, open + 2, close - open - 2), lang))
			b.n = before;
		rest = km_sv_from(rest, open < rest.n ? close + 2 : rest.n);
	}
	if (f->inside.n && reader != KM_FOR_SENDER)
		add_inside(&b, f->inside, lang);
	return b.cut ? (km_sv){ NULL, 0 } : km_buf_sv(&b);
}
