#include "content/terms.h"

#include <endian.h>
#include <stdlib.h>

#include "base/block.h"
#include "base/map.h"
#include "text/view.h"

/*
 * Most words of a text are none of these, which a few bits tell: of the first bytes of every key,
 * by their hash. The keys lie in order. Those that a text begins with are then a chain: from the
 * last key that is not behind the text, each time to the longest key that the one before begins
 * with. What is read on the way is small, for the caches of a CPU that has much else to do between
 * two messages: of a key eight bytes, as a number of that order.
 */
enum { ARENA_BYTES = 64 << 20, FIRST_HITS = 64, HITS_MOST = 1 << 18, PAIRS = 1 << 16 };
enum { HEAD = 6 /* the first bytes of a key: two find its row, four are in the number */ };
enum { FILTER_BITS = 17, BITS = 64 };

struct km_terms {
	km_arena *arena;
	km_map by_key; /* -> in `key` */
	km_sv *key;    /* by number */
	size_t n;
	/* in the order of the keys: */
	uint64_t *entry;
	uint16_t *term;
	uint16_t *first;      /* by the first two bytes: where those that begin with them begin */
	uint16_t single[256]; /* by their only byte, the place of keys, + 1; 0: it is none */
	uint64_t filter[(1 << FILTER_BITS) / BITS];
	uint64_t shorts[PAIRS / BITS]; /* by the first two bytes: a key of one or both of them */
};

/* Of an entry: the four bytes; the place of its inner key, the longest other that it begins with,
 * + 1 (0: none); and its length. */
static uint64_t entry_of(uint32_t head, size_t inner, size_t n)
{
	return (uint64_t)head << 32 | inner << 16 | n;
}

static uint32_t head_in(uint64_t entry)
{
	return (uint32_t)(entry >> 32);
}

static size_t inner_in(uint64_t entry)
{
	return entry >> 16 & 0xffff;
}

static size_t length_in(uint64_t entry)
{
	return entry & 0xffff;
}

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

typedef struct {
	uint16_t pair;
	uint32_t head;
} prefix;

/* The first bytes as a number, the first one highest, with zeros behind a shorter text. */
static uint64_t bytes_of(const char *p, size_t n)
{
	uint64_t x = 0;

	if (n >= sizeof(x)) /* in one go */
		memcpy(&x, p, sizeof(x));
	else
		memcpy(&x, p, n);
	return be64toh(x);
}

static prefix prefix_of(km_sv v)
{
	uint64_t x = bytes_of(v.p, v.n);

	return (prefix){ (uint16_t)(x >> 48), (uint32_t)(x >> 16) };
}

static uint64_t bit_at(const uint64_t *bits, size_t i)
{
	return bits[i / BITS] >> i % BITS & 1;
}

static void set_bit(uint64_t *bits, size_t i)
{
	bits[i / BITS] |= (uint64_t)1 << i % BITS;
}

/* The bit in the filter of the first @n of @bytes. */
static size_t bit_of(uint64_t bytes, size_t n)
{
	return (size_t)((bytes >> 8 * (sizeof(bytes) - n)) * 0x9e3779b97f4a7c15u >>
			(64 - FILTER_BITS));
}

/* 1: @bytes may begin with a key; nearly always 0 when they do not. */
static uint64_t may_begin(const km_terms *t, uint64_t bytes)
{
	return bit_at(t->filter, bit_of(bytes, HEAD)) | bit_at(t->filter, bit_of(bytes, 4)) |
	       bit_at(t->filter, bit_of(bytes, 3)) | bit_at(t->shorts, bytes >> 48);
}

static void put_in_filter(km_terms *t, km_sv key)
{
	uint64_t bytes = bytes_of(key.p, key.n);

	if (key.n >= 3)
		set_bit(t->filter, bit_of(bytes, key.n >= HEAD ? HEAD : key.n > 3 ? 4 : 3));
	if (key.n == 2)
		set_bit(t->shorts, bytes >> 48);
	for (unsigned c = 0; c < 256 && key.n == 1; c++)
		set_bit(t->shorts, bytes >> 48 | c);
}

typedef struct {
	km_sv key;
	uint16_t term;
} numbered;

static int by_key(const void *x, const void *y)
{
	return km_sv_cmp(((const numbered *)x)->key, ((const numbered *)y)->key);
}

/* The inner key is that before it, or among those which that one begins with. */
static size_t find_inner(const km_terms *t, const numbered *all, size_t i)
{
	size_t inner = i;

	while (inner && !km_sv_starts(all[i].key, all[inner - 1].key))
		inner = inner_in(t->entry[inner - 1]);
	return inner;
}

static void put_in_order(km_terms *t, const numbered *all)
{
	for (size_t i = 0; i < t->n; i++) {
		km_sv key = all[i].key;
		prefix x = prefix_of(key);
		put_in_filter(t, key);
		t->entry[i] = entry_of(x.head, find_inner(t, all, i), key.n);
		t->term[i] = all[i].term;
		t->first[x.pair + 1]++;
		if (key.n == 1)
			t->single[(unsigned char)key.p[0]] = (uint16_t)(i + 1);
	}
	for (size_t pair = 0; pair < PAIRS; pair++)
		t->first[pair + 1] = (uint16_t)(t->first[pair + 1] + t->first[pair]);
}

km_status km_terms_build(km_terms *t, km_err *err)
{
	numbered *all = calloc(t->n + 1, sizeof(*all));

	t->entry = KM_NEW_ARRAY(t->arena, uint64_t, t->n);
	t->term = KM_NEW_ARRAY(t->arena, uint16_t, t->n);
	t->first = KM_NEW_ARRAY(t->arena, uint16_t, PAIRS + 1);
	if (all == NULL || t->entry == NULL || t->term == NULL || t->first == NULL) {
		free(all);
		return KM_FAIL(err, KM_NOMEM, "no memory for words");
	}
	for (size_t i = 0; i < t->n; i++)
		all[i] = (numbered){ t->key[i], (uint16_t)i };
	qsort(all, t->n, sizeof(*all), by_key);
	put_in_order(t, all);
	free(all);
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
	enum { LONG = 8 };
	uint32_t long_from = a->from > b->from ? a->from : b->from;

	if (a->to != b->to)
		return a->to < b->to;
	return a->to - long_from >= LONG ? a->term < b->term : a->from < b->from;
}

/* Those found before it that come behind it began at most KM_TERM_BYTES before. */
static void add(finding *f, uint32_t term, size_t at, size_t n)
{
	const km_term_hit hit = { term, (uint32_t)at, (uint32_t)(at + n) };
	size_t i = f->n;

	if (f->count[term] == KM_TERM_HITS || (f->n == f->cap && !grow(f)))
		return;
	f->count[term]++;
	for (; i && is_before(&hit, &f->hit[i - 1]); i--)
		f->hit[i] = f->hit[i - 1];
	f->hit[i] = hit;
	f->n++;
}

/* Whether @text, whose first byte they share, begins with key @i; @head is that of the text. */
static bool begins_with(const km_terms *t, km_sv text, uint32_t head, size_t i)
{
	uint64_t entry = t->entry[i];
	size_t n = length_in(entry);

	if (n > text.n)
		return false;
	if (n <= HEAD)
		return n == 1 || (uint64_t)(head ^ head_in(entry)) >> 8 * (HEAD - n) == 0;
	return head == head_in(entry) &&
	       memcmp(text.p + HEAD, t->key[t->term[i]].p + HEAD, n - HEAD) == 0;
}

/* How many of the @n entries at @entry, which are in order, have no head over @most. */
static size_t count_upto(const uint64_t *entry, size_t n, uint32_t most)
{
	const uint64_t *p = entry, last = entry_of(most, UINT16_MAX, UINT16_MAX);

	while (n) {
		size_t half = (n + 1) / 2;
		const uint64_t *behind = p + half;
		p = __builtin_expect_with_probability(behind[-1] <= last, 1, 0.5) ? behind : p;
		n -= half;
	}
	return (size_t)(p - entry);
}

/* Every word that @text, which lies at @at, begins with. */
static void look(finding *f, km_sv text, size_t at)
{
	const km_terms *t = f->terms;
	prefix x = prefix_of(text);
	size_t from = t->first[x.pair], n = t->first[x.pair + 1] - from;
	size_t i = from + count_upto(t->entry + from, n, x.head);

	while (i > from && head_in(t->entry[i - 1]) == x.head &&
	       !begins_with(t, text, x.head, i - 1))
		i--;
	if (i == from)
		i = t->single[(unsigned char)text.p[0]];
	for (; i; i = inner_in(t->entry[i - 1]))
		if (begins_with(t, text, x.head, i - 1))
			add(f, t->term[i - 1], at, length_in(t->entry[i - 1]));
}

/* Bits, the first byte lowest, of the bytes of @p where words may begin; *inside: whether the byte
 * before was a letter or digit, then that of the last. */
static uint64_t begins_of(const char *p, uint64_t *inside)
{
	uint64_t alnum = 0, other = 0;

	for (unsigned at = 0; at < BITS; at += KM_BLOCK) {
		km_block b = km_block_load(p + at);
		km_block is = (km_block)((b | 0x20) - 'a' < 26) | (km_block)(b - '0' < 10);
		/* neither white space nor the middle of a character */
		km_block may = (km_block)(b > ' ') & ~(km_block)(b - 0x80 < 0x40) & ~is;
		alnum |= (uint64_t)km_block_bits(is) << at;
		other |= (uint64_t)km_block_bits(may) << at;
	}
	uint64_t begins = alnum & ~(alnum << 1 | *inside);
	*inside = alnum >> (BITS - 1);
	return begins | other;
}

/* Bits as above of the BITS bytes from @at on: where keys may begin. */
static uint64_t places_of(const km_terms *t, km_sv key, size_t at, uint64_t *inside)
{
	char last[BITS] = { 0 };
	const char *p = key.p + at;
	uint64_t places = 0;

	if (key.n - at < BITS)
		p = memcpy(last, p, key.n - at);
	for (uint64_t b = begins_of(p, inside); b; b &= b - 1) {
		int bit = __builtin_ctzll(b);
		size_t here = at + (size_t)bit;
		places |= may_begin(t, bytes_of(key.p + here, key.n - here)) << bit;
	}
	return places;
}

/* Asks for what look() is going to need of @text. */
static void fetch(const km_terms *t, km_sv text)
{
	prefix x = prefix_of(text);
	size_t from = t->first[x.pair], n = t->first[x.pair + 1] - from;

	__builtin_prefetch(&t->entry[from + n / 2], 0, 3);
}

km_term_hits km_terms_scan(const km_terms *t, km_arena *a, uint8_t *count, km_sv key)
{
	finding f = { .terms = t, .arena = a, .count = count };
	uint64_t inside = 0;

	if (t->n == 0 || key.n > UINT32_MAX)
		return (km_term_hits){ NULL, 0 };
	for (size_t at = 0; at < key.n; at += BITS) {
		uint64_t places = places_of(t, key, at, &inside);
		for (uint64_t b = places; b; b &= b - 1)
			fetch(t, km_sv_from(key, at + (size_t)__builtin_ctzll(b)));
		for (uint64_t b = places; b; b &= b - 1) {
			size_t here = at + (size_t)__builtin_ctzll(b);
			look(&f, km_sv_from(key, here), here);
		}
	}
	for (size_t i = 0; i < f.n; i++)
		count[f.hit[i].term] = 0;
	return (km_term_hits){ f.hit, f.n };
}
