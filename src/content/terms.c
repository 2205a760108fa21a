#include "content/terms.h"

#include <stdlib.h>

#include "base/map.h"
#include "text/view.h"

/*
 * The keys lie in order. Those that a text begins with are then a chain: from the last key that is
 * not behind the text, each time to the longest key that the one before begins with.
 */
enum { ARENA_BYTES = 64 << 20, FIRST_HITS = 64, HITS_MOST = 1 << 18, HEAD = 8, PAIRS = 1 << 16 };

/* What a byte is, as bits. */
enum { ALNUM = 1, BEGINS = 2 /* a key */ };

struct entry {
	const char *key;
	uint32_t n;
	uint32_t term;
	uint32_t inner; /* the place of the longest other key that it begins with, + 1; 0: none */
};

struct km_terms {
	km_arena *arena;
	km_map by_key; /* -> in `key` */
	km_sv *key;    /* by number */
	size_t n;
	/* in the order of the keys: */
	struct entry *entry;
	uint64_t *head;	 /* the first HEAD bytes of each, as a number of that order */
	uint16_t *first; /* by the first two bytes: where those that begin with them begin */
	uint8_t byte[256];
};

km_terms *km_terms_new(void)
{
	km_terms *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->arena = km_arena_new(ARENA_BYTES);
	t->key = t->arena ? KM_NEW_ARRAY(t->arena, km_sv, KM_TERMS_MOST) : NULL;
	if (t->key == NULL) {
		km_terms_free(t);
		return NULL;
	}
	km_map_init(&t->by_key, t->arena, false);
	return t;
}

void km_terms_free(km_terms *t)
{
	if (t == NULL)
		return;
	km_arena_free(t->arena);
	free(t);
}

km_status km_terms_add(km_terms *t, km_sv text, uint32_t *term, km_err *err)
{
	km_sv key;

	if (km_view_key(t->arena, text, &key, NULL) != KM_OK)
		return KM_FAIL(err, KM_NOMEM, "no memory for words");
	if (key.n == 0)
		return KM_FAIL(err, KM_SYNTAX, "nothing is left of \"%.*s\" in a match key",
			       KM_FMT(text));
	if (key.n > KM_TERM_BYTES || t->n == KM_TERMS_MOST)
		return KM_FAIL(err, KM_LIMIT, "a word of over %d bytes, or over %d words",
			       KM_TERM_BYTES, KM_TERMS_MOST);
	void **slot = km_map_put(&t->by_key, key);
	if (slot == NULL)
		return KM_FAIL(err, KM_NOMEM, "no memory for words");
	if (*slot == NULL) {
		t->key[t->n++] = key;
		*slot = &t->key[t->n - 1];
	}
	*term = (uint32_t)((km_sv *)*slot - t->key);
	return KM_OK;
}

km_sv km_terms_text(const km_terms *t, uint32_t term)
{
	return t->key[term];
}

size_t km_terms_count(const km_terms *t)
{
	return t->n;
}

/* --- the order --- */

static uint64_t head_of(const char *p, size_t n)
{
	uint64_t head = 0;

	memcpy(&head, p, n < HEAD ? n : HEAD);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	head = __builtin_bswap64(head);
#endif
	return head;
}

static int by_key(const void *x, const void *y)
{
	const struct entry *a = x, *b = y;

	return km_sv_cmp((km_sv){ a->key, a->n }, (km_sv){ b->key, b->n });
}

static bool is_inside(const struct entry *inner, const struct entry *e)
{
	return inner->n < e->n && memcmp(inner->key, e->key, inner->n) == 0;
}

/* The keys that @i begins with are that before it, or among those which that one begins with. */
static uint32_t inner_of(const km_terms *t, uint32_t i)
{
	uint32_t inner = i;

	while (inner && !is_inside(&t->entry[inner - 1], &t->entry[i]))
		inner = t->entry[inner - 1].inner;
	return inner;
}

km_status km_terms_build(km_terms *t, km_err *err)
{
	t->entry = KM_NEW_ARRAY(t->arena, struct entry, t->n);
	t->head = KM_NEW_ARRAY(t->arena, uint64_t, t->n);
	t->first = KM_NEW_ARRAY(t->arena, uint16_t, PAIRS + 1);
	if (t->entry == NULL || t->head == NULL || t->first == NULL)
		return KM_FAIL(err, KM_NOMEM, "no memory for words");
	for (size_t i = 0; i < t->n; i++)
		t->entry[i] = (struct entry){ t->key[i].p, (uint32_t)t->key[i].n, (uint32_t)i, 0 };
	qsort(t->entry, t->n, sizeof(*t->entry), by_key);
	for (unsigned c = 0; c < KM_COUNT(t->byte); c++)
		t->byte[c] = km_is_alnum((unsigned char)c) ? ALNUM : 0;
	for (uint32_t i = 0; i < t->n; i++) {
		struct entry *e = &t->entry[i];
		e->inner = inner_of(t, i);
		t->head[i] = head_of(e->key, e->n);
		t->byte[(unsigned char)e->key[0]] |= BEGINS;
		t->first[(t->head[i] >> 48) + 1]++;
	}
	for (size_t pair = 0; pair < PAIRS; pair++)
		t->first[pair + 1] = (uint16_t)(t->first[pair + 1] + t->first[pair]);
	return KM_OK;
}

/* --- a text --- */

typedef struct {
	const km_terms *terms;
	km_arena *arena;
	uint8_t *count;
	km_term_hit *hit;
	size_t n, cap;
} finding;

static bool grow(finding *f)
{
	size_t cap = f->cap ? f->cap * 2 : FIRST_HITS;
	km_term_hit *more = cap > HITS_MOST
				    ? NULL
				    : km_arena_grow(f->arena, f->hit, f->cap * sizeof(*f->hit),
						    cap * sizeof(*f->hit));

	if (more == NULL)
		return false;
	f->hit = more;
	f->cap = cap;
	return true;
}

/* Where they end; in one place, the longer first, but two long ones as they are numbered. */
static bool is_before(const km_term_hit *a, const km_term_hit *b)
{
	uint32_t long_from = a->from > b->from ? a->from : b->from;

	if (a->to != b->to)
		return a->to < b->to;
	return a->to - long_from >= HEAD ? a->term < b->term : a->from < b->from;
}

/* Those found before it that come behind it began at most KM_TERM_BYTES before it. */
static void add(finding *f, const struct entry *e, size_t at)
{
	const km_term_hit hit = { e->term, (uint32_t)at, (uint32_t)(at + e->n) };
	size_t i = f->n;

	if (f->count[e->term] == KM_TERM_HITS || (f->n == f->cap && !grow(f)))
		return;
	f->count[e->term]++;
	for (; i && is_before(&hit, &f->hit[i - 1]); i--)
		f->hit[i] = f->hit[i - 1];
	f->hit[i] = hit;
	f->n++;
}

static bool begins_with(km_sv text, uint64_t head, const struct entry *e, uint64_t its_head)
{
	if (e->n > text.n)
		return false;
	if (e->n < HEAD)
		return (head ^ its_head) >> 8 * (HEAD - e->n) == 0;
	return head == its_head && memcmp(text.p + HEAD, e->key + HEAD, e->n - HEAD) == 0;
}

/* How many heads of the @n at @head, which are in order, are not over @most. */
static size_t count_upto(const uint64_t *head, size_t n, uint64_t most)
{
	const uint64_t *p = head;

	while (n) {
		size_t half = (n + 1) / 2;
		p += half & -(size_t)(p[half - 1] <= most);
		n -= half;
	}
	return (size_t)(p - head);
}

/* Every word that @text, which lies at @at, begins with. */
static void look(finding *f, km_sv text, size_t at)
{
	const km_terms *t = f->terms;
	uint64_t head = head_of(text.p, text.n);
	size_t from = t->first[head >> 48], to = t->first[(head >> 48) + 1];
	size_t i = from + count_upto(t->head + from, to - from, head);

	while (i && t->head[i - 1] == head &&
	       !begins_with(text, head, &t->entry[i - 1], t->head[i - 1]))
		i--;
	for (; i; i = t->entry[i - 1].inner)
		if (begins_with(text, head, &t->entry[i - 1], t->head[i - 1]))
			add(f, &t->entry[i - 1], at);
}

km_term_hits km_terms_scan(const km_terms *t, km_arena *a, uint8_t *count, km_sv key)
{
	finding f = { .terms = t, .arena = a, .count = count };
	unsigned before = 0;

	if (t->n == 0 || key.n > UINT32_MAX)
		return (km_term_hits){ NULL, 0 };
	for (size_t i = 0; i < key.n; i++) {
		unsigned byte = t->byte[(unsigned char)key.p[i]];
		if (byte & BEGINS && !(byte & before & ALNUM))
			look(&f, km_sv_from(key, i), i);
		before = byte;
	}
	for (size_t i = 0; i < f.n; i++)
		count[f.hit[i].term] = 0;
	return (km_term_hits){ f.hit, f.n };
}
