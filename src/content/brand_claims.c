/*
 * A name says who a message claims to be from by what stands around it: "Thank you for using X",
 * "X からのお知らせ" are a sender's words; "paid with X", "X で発送" are another's.
 */
#include "content/brand_claims.h"

#include <stdlib.h>

#include "content/cues.h"
#include "text/utf8.h"

enum { OPENING = 700, CLOSING = 600, LIST_GAP = 6 };

/* --- what stands around a name (data/cues.csv) --- */

static km_sv behind(km_sv key, size_t to)
{
	static const km_sv between[] = { KM_SV(" "),	KM_SV("の"),  KM_SV("-"),  KM_SV("'s "),
					 KM_SV("・"),	KM_SV("】"),  KM_SV("」"), KM_SV("]"),
					 KM_SV("(株)"), KM_SV(" - "), KM_SV(":") };
	km_sv v = km_sv_sub(key, to, 60);

	for (size_t i = 0; i < KM_COUNT(between); i++)
		if (km_sv_starts(v, between[i]))
			return km_sv_from(v, between[i].n);
	return v;
}

static km_sv ahead(km_sv key, size_t from)
{
	size_t at = from > 60 ? from - 60 : 0;
	km_sv v = km_sv_sub(key, at, from - at);

	while (v.n && (v.p[v.n - 1] == ' ' || v.p[v.n - 1] == '"'))
		v.n--;
	if (km_sv_ends(v, KM_S("「")) || km_sv_ends(v, KM_S("【")))
		v.n -= strlen("「");
	return v;
}

static bool speaks(km_sv key, km_term_hit h)
{
	return km_cues_start(KM_CUES_after_sender, behind(key, h.to)) ||
	       km_cues_end(KM_CUES_before_sender, ahead(key, h.from));
}

static bool is_spoken_of(km_sv key, km_term_hit h)
{
	return km_cues_start(KM_CUES_after_other, behind(key, h.to)) ||
	       km_cues_end(KM_CUES_before_other, ahead(key, h.from));
}

/* --- where a name begins and ends --- */

static int32_t char_before(km_sv key, size_t at)
{
	size_t i = at;

	if (at == 0)
		return ' ';
	do
		i--;
	while (i > 0 && at - i < 4 && ((unsigned char)key.p[i] & 0xc0) == 0x80);
	return km_utf8_next(key, &i);
}

static int32_t char_at(km_sv key, size_t at)
{
	return at < key.n ? km_utf8_next(key, &at) : ' ';
}

static bool is_kata(int32_t c)
{
	return (c >= 0x30a1 && c <= 0x30fa) || c == 0x30fc;
}

static bool is_han(int32_t c)
{
	return (c >= 0x4e00 && c <= 0x9fff) || c == 0x3005;
}

static bool is_ascii_alnum(int32_t c)
{
	return c >= 0 && c < 0x80 && km_is_alnum((unsigned char)c);
}

/* A short name in kanji must not be the tail of another word (極楽天国), but for 株式会社楽天. */
static bool begins_well(km_sv key, km_term_hit h)
{
	int32_t before = char_before(key, h.from), first = char_at(key, h.from);

	if (is_ascii_alnum(first))
		return !is_ascii_alnum(before);
	if (is_kata(first))
		return !is_kata(before);
	return !(is_han(first) && is_han(before) && h.to - h.from <= strlen("漢字")) ||
	       before == 0x793e /* 社 */ || before == 0x5143 /* 元 */;
}

static bool ends_well(km_sv key, km_term_hit h)
{
	int32_t last = char_before(key, h.to), after = char_at(key, h.to);

	if (is_ascii_alnum(last))
		return !is_ascii_alnum(after);
	if (is_kata(last))
		return !is_kata(after) || km_cues_start(KM_CUES_goes_on, km_sv_from(key, h.to));
	if (is_han(last) && h.to - h.from <= strlen("漢字")) /* 楽天的, 楽天家 */
		return after != 0x7684 && after != 0x5bb6 && after != 0x4e3b;
	return true;
}

/* Part of a host or an address: "www.x.example", "info@x.example"; the checks of links see to that.
 */
static bool is_in_host(km_sv key, km_term_hit h)
{
	char before = h.from ? key.p[h.from - 1] : ' ', after = h.to < key.n ? key.p[h.to] : ' ';

	if (before == '/' || before == '@' || before == '_' || after == '_' || after == '@')
		return true;
	if (before == '.' || before == '-')
		return h.from >= 2 && km_is_alnum((unsigned char)key.p[h.from - 2]);
	return (after == '.' || after == '-') && h.to + 1 < key.n &&
	       km_is_alnum((unsigned char)key.p[h.to + 1]);
}

/* The whole of a name or of what stands in brackets. */
static bool stands_alone(km_sv key, km_term_hit h)
{
	static const km_sv open[] = { KM_SV("【"), KM_SV("["), KM_SV("《"), KM_SV("<"),
				      KM_SV("「"), KM_SV("("), KM_SV("〈"), KM_SV("“") };
	static const km_sv close[] = { KM_SV("】"), KM_SV("]"), KM_SV("》"), KM_SV(">"),
				       KM_SV("」"), KM_SV(")"), KM_SV("〉"), KM_SV("”") };
	km_sv before = km_sv_sub(key, 0, h.from), after = km_sv_from(key, h.to);

	if (h.from == 0)
		return after.n == 0;
	for (size_t i = 0; i < KM_COUNT(open); i++)
		if (km_sv_ends(before, open[i]) && km_sv_starts(after, close[i]))
			return true;
	return false;
}

/* An ordinary word or name must be spelt as the brand spells it, and stand as names of senders do.
 */
static bool has_context(const km_area *area, const km_brand_alias *alias, km_term_hit h)
{
	bool latin = is_ascii_alnum((unsigned char)alias->name.p[0]);

	if (!stands_alone(area->key, h) && !speaks(area->key, h))
		return false;
	return !latin || area->kind == KM_AREA_ADDRESS ||
	       km_sv_find(area->text, alias->name, 0) < area->text.n;
}

/* --- one area --- */

typedef struct {
	const km_brands *b;
	const km_terms *terms;
	bool notice, reply, list;
	km_claims *out;
} claims_job;

typedef struct {
	km_term_hit hit;
	const km_brand *brand;
	const km_brand_alias *alias;
} named;

/* The names in @area that are names, in the order in which they end. */
static size_t find_names(const claims_job *j, const km_area *area, named *list)
{
	size_t n = 0;

	for (size_t i = 0; i < area->hits.n; i++) {
		named x = { .hit = area->hits.hit[i] };
		x.brand = km_brands_of_term(j->b, x.hit.term, &x.alias);
		if (x.brand == NULL || !begins_well(area->key, x.hit) ||
		    !ends_well(area->key, x.hit) ||
		    (x.alias->ambiguous && !has_context(area, x.alias, x.hit)))
			continue;
		if (area->kind >= KM_AREA_SUBJECT && is_in_host(area->key, x.hit))
			continue;
		list[n++] = x;
	}
	return n;
}

/* Leaves out those that lie inside a longer one: 楽天 in 楽天カード. */
static named *drop_inner(named *list, size_t *n)
{
	uint32_t reach = UINT32_MAX; /* where the names that end later begin */
	size_t kept = *n;

	for (size_t i = *n; i-- > 0;) {
		size_t group = i;
		uint32_t first = list[i].hit.from;
		while (group > 0 && list[group - 1].hit.to == list[i].hit.to) {
			group--;
			if (list[group].hit.from < first)
				first = list[group].hit.from;
		}
		for (size_t k = i + 1; k-- > group;)
			if (list[k].hit.from == first && reach > first)
				list[--kept] = list[k];
		if (first < reach)
			reach = first;
		i = group;
	}
	*n -= kept;
	return list + kept;
}

static km_claim *claim_of(km_claims *out, const km_brand *brand)
{
	for (size_t i = 0; i < out->n; i++)
		if (out->claim[i].brand == brand)
			return &out->claim[i];
	if (out->n == KM_CLAIMS_MOST)
		return NULL;
	out->claim[out->n] = (km_claim){ .brand = brand };
	return &out->claim[out->n++];
}

static void raise_to(double *sum, double weight)
{
	if (weight > *sum)
		*sum = weight;
}

/* Names in a row, as of cards that a shop takes. */
static bool is_in_list(const named *list, size_t n, size_t i)
{
	const named *x = &list[i];

	return (i > 0 && list[i - 1].brand != x->brand && list[i - 1].hit.to <= x->hit.from &&
		x->hit.from - list[i - 1].hit.to <= LIST_GAP) ||
	       (i + 1 < n && list[i + 1].brand != x->brand && x->hit.to <= list[i + 1].hit.from &&
		list[i + 1].hit.from - x->hit.to <= LIST_GAP);
}

static double weigh_subject(const km_area *area, km_term_hit h)
{
	/* "PayPal: ...", "Yahoo finance news": an English one goes on as any sentence does. */
	bool in_sentence =
		is_ascii_alnum(char_before(area->key, h.to)) &&
		is_ascii_alnum(char_at(area->key, h.to + (char_at(area->key, h.to) == ' ')));
	if (stands_alone(area->key, h) || (h.from <= strlen("【") && !in_sentence))
		return 2.5;
	return speaks(area->key, h) ? 2 : h.from ? 1 : 1.5;
}

static double weigh_text(const km_area *area, km_term_hit h, double **field, km_claim *c)
{
	bool sender = speaks(area->key, h);

	/* A page speaks for whom it names where it begins, like a subject. */
	if (area->file.n && !area->quoted && h.from < OPENING && sender) {
		*field = &c->opening;
		return 3;
	}
	if (area->key.n - h.to < CLOSING && h.from >= OPENING) {
		*field = &c->closing;
		return sender ? 1.5 : 0.7;
	}
	if (h.from < OPENING) {
		*field = &c->opening;
		return sender ? 2 : h.from < 12 ? 1.2 : 0.5;
	}
	*field = &c->body;
	return sender ? 1 : 0.2;
}

/* How much of what is said here counts. */
static double damping(const claims_job *j, const km_area *area, const km_brand *brand)
{
	double d = 1;

	if (area->kind < KM_AREA_SUBJECT)
		return 1;
	if (area->quoted)
		d *= 0.25;
	else if (j->reply)
		d *= area->kind == KM_AREA_SUBJECT ? 0.4 : 0.6;
	if (j->notice)
		d *= 0.3;
	if (j->list)
		d *= 0.4;
	/* Everybody writes about the programs and services that they work with. */
	if (brand->kind == KM_BRAND_it || brand->kind == KM_BRAND_webmail ||
	    brand->kind == KM_BRAND_sns || brand->kind == KM_BRAND_hosting)
		d *= 0.6;
	return d;
}

/* What one name weighs, and the sum of @c that it belongs to. */
static double weigh_name(const km_area *area, const named *x, km_claim *c, double **field)
{
	switch (area->kind) {
	case KM_AREA_NAME:
		*field = &c->name;
		return 3;
	case KM_AREA_ADDRESS:
		*field = &c->address;
		return x->alias->ambiguous || x->hit.to - x->hit.from < 4 ? 0 : 1;
	case KM_AREA_SUBJECT:
		*field = &c->subject;
		return weigh_subject(area, x->hit);
	default:
		c->mentions += !area->quoted;
		return weigh_text(area, x->hit, field, c);
	}
}

static void count_name(const claims_job *j, const km_area *area, const named *x)
{
	km_claim *c = claim_of(j->out, x->brand);
	double *field;

	if (c == NULL)
		return;
	double weight = weigh_name(area, x, c, &field) * damping(j, area, x->brand);
	raise_to(field, weight);
	c->disguised |= area->disguised || x->alias->disguised;
	if (weight > c->best || c->area == NULL) {
		c->best = weight;
		c->alias = x->alias;
		c->area = area;
		c->hit = x->hit;
	}
}

static void read_area(const claims_job *j, const km_area *area, km_arena *a)
{
	named *list = km_alloc(a, area->hits.n * sizeof(*list));
	size_t n = list ? find_names(j, area, list) : 0;

	if (n)
		list = drop_inner(list, &n);

	for (size_t i = 0; i < n; i++)
		if (!is_spoken_of(area->key, list[i].hit) &&
		    (area->kind == KM_AREA_NAME || !is_in_list(list, n, i)))
			count_name(j, area, &list[i]);
}

static int by_strength(const void *x, const void *y)
{
	const km_claim *a = x, *b = y;

	if (a->total > b->total || a->total < b->total)
		return a->total < b->total ? 1 : -1;
	return strcmp(a->brand->id, b->brand->id);
}

void km_claims_read(const km_brands *b, const km_terms *terms, const km_areas *areas, bool notice,
		    km_arena *a, km_claims *out)
{
	claims_job j = { .b = b,
			 .terms = terms,
			 .notice = notice,
			 .reply = areas->reply,
			 .list = areas->is_list,
			 .out = out };

	out->n = 0;
	for (size_t i = 0; i < areas->n; i++)
		if (areas->area[i].hits.n)
			read_area(&j, &areas->area[i], a);
	for (size_t i = 0; i < out->n; i++) {
		km_claim *c = &out->claim[i];
		c->total = c->name + c->address + c->subject + c->opening + c->closing + c->body +
			   (c->mentions >= 3 ? 0.5 : 0);
	}
	qsort(out->claim, out->n, sizeof(out->claim[0]), by_strength);
}
