#include "content/wording.h"

#include <stdlib.h>

#include "content/structure_parts.h"
#include "content/table.h"
#include "text/view.h"

enum { ARENA_BYTES = 32 << 20, PHRASES_MOST = 8192, STEPS = 4, GAP = 48 /* bytes between steps */ };

/* A phrase is a row of steps, each any of several words: "[口座|カード]…[停止|制限]". */
typedef struct {
	km_sv text;
	km_wording_kind kind;
	bool subject; /* as a subject; half as much elsewhere */
	float strength;
	uint8_t steps;
} phrase;

typedef struct {
	uint16_t phrase;
	uint8_t step;
	bool open; /* the word may go on: "verif*" */
} use;

/* Small, since every word found in a message is looked up in it. */
struct km_phrases {
	km_arena *arena;
	km_terms *terms;
	phrase *p;
	size_t n;
	use *use;	 /* by term; of one, the last row of the table first */
	uint32_t *first; /* per term: where its uses begin; one more at the end */
	size_t terms_n;	 /* that it knows of */
};

enum { CATEGORY, WHERE, LANG, STRENGTH, PHRASE, SOURCE, COLUMNS };

static const char *const columns[COLUMNS] = { "category", "where",  "lang",
					      "strength", "phrase", "source" };

static const struct {
	const char *name;
	km_fact_id fact;
	double enough, typical; /* 0: nothing is typical of it */
	const char *category;
} kinds[] = {
#define KM_FACT_NONE KM_FACT_COUNT
#define X(name, fact, enough, typical, category)                                                   \
	{ #name, KM_FACT_##fact, enough, typical, category },
	KM_WORDINGS(X)
#undef X
};

/* --- the table --- */

typedef struct {
	uint32_t term;
	use use;
} row_use;

typedef struct {
	km_phrases *p;
	km_table table;
	row_use *use; /* in the order of the table */
	size_t n, cap;
	km_err *err;
} reading;

#define BAD(r, ...) KM_FAIL((r)->err, KM_CONFIG, __VA_ARGS__)

static km_status no_memory(km_err *err)
{
	return KM_FAIL(err, KM_NOMEM, "no memory for the table of phrases");
}

static km_status add_use(reading *r, row_use what)
{
	enum { FIRST = 1024 };

	if (r->n == r->cap) {
		size_t cap = r->cap ? 2 * r->cap : FIRST;
		row_use *more = reallocarray(r->use, cap, sizeof(*more));
		if (more == NULL)
			return no_memory(r->err);
		r->use = more;
		r->cap = cap;
	}
	r->use[r->n++] = what;
	return KM_OK;
}

static km_status add_word(reading *r, km_sv word, uint8_t step)
{
	km_phrases *p = r->p;
	km_err err = { KM_OK };
	uint32_t term;
	bool open = km_sv_ends(word, KM_S("*"));
	km_view_stats stats;
	km_sv key;

	/* In a key look-alikes are what they look like: "アク乜ス" would be found in every
	 * "アクセス". */
	if (km_view_key(p->arena, word, &key, &stats) == KM_OK && stats.confusable)
		return BAD(r, "%s:%zu: \"%.*s\" is written in look-alikes of \"%.*s\"",
			   r->table.name, r->table.line, KM_FMT(word), KM_FMT(key));
	km_status st = km_terms_add(p->terms, km_sv_sub(word, 0, word.n - open), &term, &err);
	if (st != KM_OK)
		return KM_FAIL(r->err, st == KM_SYNTAX ? KM_CONFIG : st, "%s:%zu: %s",
			       r->table.name, r->table.line, err.msg);
	return add_use(r, (row_use){ term, { (uint16_t)p->n, step, open } });
}

/* A step: "アカウント", "[口座|カード]", "ご[不便|迷惑]を". */
static km_status read_step(reading *r, km_sv step, uint8_t number)
{
	size_t open = km_sv_chr(step, '[', 0), close = km_sv_chr(step, ']', 0);
	km_sv head = km_sv_sub(step, 0, open), tail = km_sv_from(step, close + 1), word;
	km_status st = KM_OK;

	if (open == step.n)
		return add_word(r, step, number);
	if (close < open || close == step.n || km_sv_chr(tail, '[', 0) < tail.n)
		return BAD(r, "%s:%zu: one pair of brackets in \"%.*s\"", r->table.name,
			   r->table.line, KM_FMT(step));
	km_sv words = km_sv_sub(step, open + 1, close - open - 1);
	while (st == KM_OK && km_table_part(&words, '|', &word))
		st = add_word(r,
			      km_sv_fmt(r->p->arena, "%.*s%.*s%.*s", KM_FMT(head), KM_FMT(word),
					KM_FMT(tail)),
			      number);
	return st;
}

static km_status read_phrase(reading *r, phrase *ph)
{
	km_sv rest = ph->text;

	while (rest.n) {
		size_t end = km_sv_find(rest, KM_S("…"), 0);
		km_sv step = km_sv_trim(km_sv_sub(rest, 0, end));
		rest = km_sv_from(rest, end + strlen("…"));
		if (step.n == 0 || ph->steps == STEPS)
			return BAD(r, "%s:%zu: between \"…\" there are 1 to %d words",
				   r->table.name, r->table.line, STEPS);
		km_status st = read_step(r, step, ph->steps++);
		if (st != KM_OK)
			return st;
	}
	return ph->steps ? KM_OK
			 : BAD(r, "%s:%zu: there is no phrase", r->table.name, r->table.line);
}

static km_status read_row(reading *r)
{
	const km_sv *f = r->table.field;
	km_phrases *p = r->p;
	uint64_t strength;

	if (p->n == PHRASES_MOST)
		return BAD(r, "%s:%zu: more than %d phrases", r->table.name, r->table.line,
			   PHRASES_MOST);
	phrase *ph = &p->p[p->n];
	*ph = (phrase){ .text = km_sv_dup(p->arena, f[PHRASE]), .kind = KM_WORDING_COUNT };
	for (km_wording_kind k = 0; k < KM_WORDING_COUNT; k++)
		if (km_sv_eq(f[CATEGORY], km_sv_of(kinds[k].name)))
			ph->kind = k;
	if (ph->kind == KM_WORDING_COUNT)
		return BAD(r, "%s:%zu: unknown category \"%.*s\"", r->table.name, r->table.line,
			   KM_FMT(f[CATEGORY]));
	ph->subject = km_sv_eq(f[WHERE], KM_S("subject"));
	if (!ph->subject && !km_sv_eq(f[WHERE], KM_S("any")))
		return BAD(r, "%s:%zu: where is \"any\" or \"subject\", not \"%.*s\"",
			   r->table.name, r->table.line, KM_FMT(f[WHERE]));
	if (!km_sv_u64(f[STRENGTH], &strength) || strength < 1 || strength > 9)
		return BAD(r, "%s:%zu: strength is 1 to 9, not \"%.*s\"", r->table.name,
			   r->table.line, KM_FMT(f[STRENGTH]));
	ph->strength = (float)strength;
	km_status st = read_phrase(r, ph);
	if (st == KM_OK)
		p->n++;
	return st;
}

/* Sorts the uses by their terms. */
static km_status keep_uses(reading *r)
{
	km_phrases *p = r->p;

	p->terms_n = km_terms_count(p->terms);
	p->use = KM_NEW_ARRAY(p->arena, use, r->n);
	p->first = KM_NEW_ARRAY(p->arena, uint32_t, p->terms_n + 1);
	if (p->use == NULL || p->first == NULL)
		return no_memory(r->err);
	for (size_t i = 0; i < r->n; i++)
		p->first[r->use[i].term]++;
	for (size_t i = 0; i < p->terms_n; i++)
		p->first[i + 1] += p->first[i];
	/* Each now says where the uses of its term end. */
	for (size_t i = 0; i < r->n; i++)
		p->use[--p->first[r->use[i].term]] = r->use[i].use;
	return KM_OK;
}

static km_status read_rows(reading *r)
{
	km_status st;

	while ((st = km_table_next(&r->table, r->err)) == KM_OK)
		if ((st = read_row(r)) != KM_OK)
			break;
	return st == KM_NOTFOUND ? keep_uses(r) : st;
}

km_status km_phrases_parse(km_terms *terms, km_sv text, const char *name, km_phrases **out,
			   km_err *err)
{
	km_phrases *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return no_memory(err);
	p->terms = terms;
	p->arena = km_arena_new(ARENA_BYTES);
	p->p = p->arena ? KM_NEW_ARRAY(p->arena, phrase, PHRASES_MOST) : NULL;
	if (p->p == NULL) {
		km_phrases_free(p);
		return no_memory(err);
	}
	reading r = { .p = p, .err = err };
	km_table_open(&r.table, p->arena, text, name, columns, COLUMNS);
	km_status st = read_rows(&r);
	free(r.use);
	if (st != KM_OK) {
		km_phrases_free(p);
		return st;
	}
	*out = p;
	return KM_OK;
}

void km_phrases_free(km_phrases *p)
{
	if (p == NULL)
		return;
	km_arena_free(p->arena);
	free(p);
}

size_t km_phrases_count(const km_phrases *p)
{
	return p->n;
}

/* --- a message --- */

/* The words up to a step, where last seen; 0: not yet. */
struct reach {
	uint32_t begin, end;
};

typedef struct {
	const km_phrases *p;
	km_wording *out;
	struct reach (*reach)[STEPS];	    /* per phrase; only those in `reached` hold anything */
	uint8_t *reached;		    /* per phrase: a bit for each step */
	float *best;			    /* per phrase: the most it weighed so far */
	bool bare;			    /* what is quoted is all that is said */
	uint32_t counted[KM_WORDING_COUNT]; /* where the last strong place of each kind ends */
} search;

/* Words of letters and digits end as words; Japanese has no such borders. */
static bool ends(km_sv key, const km_term_hit *h)
{
	return h->to == key.n || !km_is_alnum((unsigned char)key.p[h->to]) ||
	       !km_is_alnum((unsigned char)key.p[h->to - 1]);
}

static void show(km_wording_sum *sum, double weight, const km_area *area, uint32_t from,
		 uint32_t to)
{
	size_t i = sum->n_shown;

	if (i == KM_WORDING_SHOWN) {
		i = 0;
		for (size_t k = 1; k < KM_WORDING_SHOWN; k++)
			if (sum->shown[k].weight < sum->shown[i].weight)
				i = k;
		if (sum->shown[i].weight >= weight)
			return;
	} else {
		sum->n_shown++;
	}
	sum->shown[i].words = km_sv_sub(area->key, from, to - from);
	sum->shown[i].weight = weight;
	sum->shown[i].area = area;
}

/* Strong phrases that do not lie in each other. */
static void count_place(search *s, const phrase *ph, double weight, uint32_t begin, uint32_t end)
{
	enum { STRONG = 3 };

	if (weight < STRONG || begin < s->counted[ph->kind])
		return;
	s->counted[ph->kind] = end;
	s->out->of[ph->kind].strong += weight;
	s->out->of[ph->kind].places++;
}

/* What somebody wants of the reader stands where it is read; far down, newsletters have all words.
 */
enum { FAR = 4000 };

static void found(search *s, uint32_t which, const km_area *area, uint32_t base, struct reach at)
{
	const phrase *ph = &s->p->p[which];
	float weight = ph->strength;

	if (area->quoted)
		weight *= s->bare ? 0.75f : 0.25f;
	if (at.begin - base > FAR)
		weight *= 0.3f;
	if (ph->subject && area->kind == KM_AREA_TEXT)
		weight *= 0.5f;
	if (weight <= s->best[which])
		return;
	s->out->of[ph->kind].sum += (double)(weight - s->best[which]);
	if (s->best[which] <= 0) {
		show(&s->out->of[ph->kind], (double)weight, area, at.begin - base, at.end - base);
		count_place(s, ph, (double)weight, at.begin, at.end);
	}
	s->best[which] = weight;
}

/* Places count from @base, so that no phrase goes on from one area to the next. */
static void step(search *s, const use *u, const km_area *area, const km_term_hit *h, uint32_t base)
{
	struct reach *reach = s->reach[u->phrase];
	uint32_t begin = base + h->from, end = base + h->to;

	if (u->step) {
		const struct reach *before = &reach[u->step - 1];
		if (!(s->reached[u->phrase] >> (u->step - 1) & 1) || begin < before->end ||
		    begin - before->end > GAP)
			return;
		begin = before->begin;
	}
	reach[u->step] = (struct reach){ begin, end };
	s->reached[u->phrase] |= (uint8_t)(1u << u->step);
	if (u->step + 1 == s->p->p[u->phrase].steps)
		found(s, u->phrase, area, base, reach[u->step]);
}

static void search_area(search *s, const km_area *area, uint32_t base)
{
	for (size_t i = 0; i < area->hits.n; i++) {
		const km_term_hit *h = &area->hits.hit[i];
		if (h->term >= s->p->terms_n)
			continue;
		bool whole = ends(area->key, h);
		const use *end = s->p->use + s->p->first[h->term + 1];
		for (const use *u = s->p->use + s->p->first[h->term]; u < end; u++)
			if (whole || u->open)
				step(s, u, area, h, base);
	}
}

void km_wording_read(km_arena *a, const km_phrases *p, const km_areas *areas, km_wording *out)
{
	search s = { .p = p, .out = out, .bare = areas->bare };
	size_t base = 1;

	memset(out, 0, sizeof(*out));
	s.reach = km_alloc(a, p->n * sizeof(*s.reach));
	s.reached = KM_NEW_ARRAY(a, uint8_t, p->n);
	s.best = KM_NEW_ARRAY(a, float, p->n);
	if (s.reach == NULL || s.reached == NULL || s.best == NULL)
		return;
	for (size_t i = 0; i < areas->n && base < UINT32_MAX / 2; i++) {
		const km_area *area = &areas->area[i];
		if (area->hits.n && area->kind != KM_AREA_ADDRESS && !area->disguised)
			search_area(&s, area, (uint32_t)base);
		base += area->key.n + GAP + 1;
	}
	out->notice = out->of[KM_WORDING_notice].sum >= kinds[KM_WORDING_notice].enough;
	for (km_wording_kind k = 0; k < KM_WORDING_COUNT; k++)
		out->demand |= k != KM_WORDING_notice && k != KM_WORDING_call &&
			       k != KM_WORDING_pressure && out->of[k].sum >= kinds[k].enough;
}

static km_fact *tell(km_arena *a, km_mail *m, const km_wording_sum *sum, km_fact_id id,
		     double weight, km_facts *fs)
{
	const km_structure_job at = { .m = m, .a = a, .fs = fs };
	const km_area *area = sum->shown[0].area;
	km_buf seen;

	km_buf_init(&seen, a, KM_MAX_SEEN_BYTES);
	for (size_t i = 0; i < sum->n_shown && !seen.cut; i++) {
		km_buf_add(&seen, i ? KM_S(", ") : KM_S(""));
		km_buf_add(&seen, sum->shown[i].words);
	}
	const km_header *field = area->kind == KM_AREA_SUBJECT
					 ? km_headers_first(m->headers, "Subject")
					 : km_headers_first(m->headers, "From");
	km_fact *f = area->kind == KM_AREA_TEXT
			     ? km_structure_at_text(&at, id, km_buf_sv(&seen), area->part,
						    (km_sv){ NULL, 0 })
			     : km_structure_at_field(&at, id, km_buf_sv(&seen), field);
	km_fact_inside(fs, f, area->file);
	if (f)
		f->weight = weight;
	return f;
}

/* Many strong phrases of one kind make a whole of that kind; of several kinds the clearest counts.
 */
static void tell_typical(km_arena *a, km_mail *m, const km_wording *w, km_facts *fs)
{
	enum { PLACES = 3, STEP = 4 };
	const km_wording_sum *most = NULL;
	double excess = 0;

	for (km_wording_kind k = 0; k < KM_WORDING_COUNT && !w->notice; k++) {
		const km_wording_sum *sum = &w->of[k];
		double over = sum->strong - kinds[k].typical;
		if (kinds[k].typical > 0 && sum->places >= PLACES && over >= excess) {
			most = sum;
			excess = over;
		}
	}
	if (most == NULL)
		return;
	km_sv category = km_sv_of(kinds[most - w->of].category);
	km_fact_id id = km_sv_starts(category, KM_S("phish_")) ? KM_FACT_WORDING_TYPICAL_PHISH
			: km_sv_starts(category, KM_S("ad_"))  ? KM_FACT_WORDING_TYPICAL_AD
							       : KM_FACT_WORDING_TYPICAL;
	km_fact *f = tell(a, m, most, id, excess < 2 * STEP ? 2 + excess / STEP : 4, fs);
	if (f)
		f->category = category.p;
}

void km_wording_facts(km_arena *a, km_mail *m, const km_wording *w, km_facts *fs)
{
	enum { MOST = 20, UNIT = 5 };

	for (km_wording_kind k = 0; k < KM_WORDING_COUNT; k++) {
		/* A warning quotes what it warns of. */
		double sum = w->of[k].sum * (w->notice ? 0.3 : 1);
		if (kinds[k].fact == KM_FACT_NONE || sum < kinds[k].enough)
			continue;
		(void)tell(a, m, &w->of[k], kinds[k].fact, (sum < MOST ? sum : MOST) / UNIT, fs);
	}
	tell_typical(a, m, w, fs);
}
