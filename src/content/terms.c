#include "content/terms.h"

#include <hs/hs.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/map.h"
#include "text/view.h"

enum { ARENA_BYTES = 64 << 20, FIRST_HITS = 64, HITS_MOST = 1 << 18, PAGE = 4096 };

/* What one scan works with; given back for the next one. */
struct desk {
	struct desk *next;
	hs_scratch_t *scratch;
	uint8_t *count; /* per term */
};

struct km_terms {
	km_arena *arena;
	km_map by_key; /* -> number + 1 */
	km_sv *key;
	size_t n;
	const hs_database_t *db;
	hs_database_t *built; /* db, when it is ours to free */
	pthread_mutex_t lock; /* of the desks */
	struct desk *free;
};

km_terms *km_terms_new(void)
{
	km_terms *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->arena = km_arena_new(ARENA_BYTES);
	t->key = t->arena ? KM_NEW_ARRAY(t->arena, km_sv, KM_TERMS_MOST) : NULL;
	if (t->key == NULL || pthread_mutex_init(&t->lock, NULL) != 0) {
		km_arena_free(t->arena);
		free(t);
		return NULL;
	}
	km_map_init(&t->by_key, t->arena, false);
	return t;
}

static void desk_free(struct desk *d)
{
	if (d == NULL)
		return;
	(void)hs_free_scratch(d->scratch);
	free(d->count);
	free(d);
}

void km_terms_free(km_terms *t)
{
	if (t == NULL)
		return;
	while (t->free) {
		struct desk *next = t->free->next;
		desk_free(t->free);
		t->free = next;
	}
	(void)hs_free_database(t->built);
	(void)pthread_mutex_destroy(&t->lock);
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

static struct desk *desk_new(const km_terms *t)
{
	struct desk *d = calloc(1, sizeof(*d));

	if (d == NULL)
		return NULL;
	d->count = calloc(t->n, 1);
	if (d->count == NULL || hs_alloc_scratch(t->db, &d->scratch) != HS_SUCCESS) {
		free(d->count);
		free(d);
		return NULL;
	}
	return d;
}

static km_status begin(km_terms *t, km_err *err)
{
	t->free = desk_new(t);
	return t->free ? KM_OK : KM_FAIL(err, KM_NOMEM, "no memory for words");
}

km_status km_terms_build(km_terms *t, km_err *err)
{
	const char **expr = KM_NEW_ARRAY(t->arena, const char *, t->n);
	unsigned *flags = KM_NEW_ARRAY(t->arena, unsigned, t->n);
	unsigned *id = KM_NEW_ARRAY(t->arena, unsigned, t->n);
	size_t *length = KM_NEW_ARRAY(t->arena, size_t, t->n);
	hs_compile_error_t *why = NULL;

	if (expr == NULL || flags == NULL || id == NULL || length == NULL)
		return KM_FAIL(err, KM_NOMEM, "no memory for words");
	if (t->n == 0)
		return KM_OK;
	for (size_t i = 0; i < t->n; i++) {
		expr[i] = t->key[i].p;
		length[i] = t->key[i].n;
		id[i] = (unsigned)i;
	}
	if (hs_compile_lit_multi(expr, flags, id, length, (unsigned)t->n, HS_MODE_BLOCK, NULL,
				 &t->built, &why) != HS_SUCCESS) {
		km_status st = KM_FAIL(err, KM_CONFIG, "words can not be compiled: %s",
				       why ? why->message : "no reason given");
		(void)hs_free_compile_error(why);
		return st;
	}
	t->db = t->built;
	return begin(t, err);
}

km_status km_terms_stamp(const km_terms *t, km_buf *out)
{
	hs_platform_info_t cpu = { 0 };

	if (hs_populate_platform(&cpu) != HS_SUCCESS)
		return KM_BUG;
	km_buf_fmt(out, "%s %u %llx %zu\n", hs_version(), cpu.tune, cpu.cpu_features, t->n);
	for (size_t i = 0; i < t->n; i++) {
		km_buf_fmt(out, "%zu ", t->key[i].n);
		km_buf_add(out, t->key[i]);
	}
	return out->cut ? KM_LIMIT : KM_OK;
}

km_status km_terms_image(const km_terms *t, char **out, size_t *n)
{
	char *bytes = NULL;
	size_t length = 0;

	if (t->db == NULL)
		return KM_NOTFOUND;
	if (hs_serialize_database(t->db, &bytes, &length) != HS_SUCCESS)
		return KM_NOMEM;
	hs_error_t rc = hs_serialized_database_size(bytes, length, n);
	*out = rc == HS_SUCCESS ? aligned_alloc(PAGE, (*n + PAGE - 1) / PAGE * PAGE) : NULL;
	if (*out) {
		memset(*out, 0, *n); /* what lies between its pieces is written nowhere */
		rc = hs_deserialize_database_at(bytes, length, (hs_database_t *)(void *)*out);
	}
	free(bytes);
	if (*out && rc == HS_SUCCESS)
		return KM_OK;
	free(*out);
	*out = NULL;
	return KM_NOMEM;
}

km_status km_terms_adopt(km_terms *t, km_sv image, km_err *err)
{
	const hs_database_t *db = (const hs_database_t *)(const void *)image.p;
	size_t size = 0;

	/* Smaller than what the library looks at before it knows the size. */
	if (image.n < PAGE || (uintptr_t)image.p % KM_TERMS_ALIGN != 0 ||
	    hs_database_size(db, &size) != HS_SUCCESS || size != image.n)
		return KM_FAIL(err, KM_SYNTAX, "compiled words are damaged");
	t->db = db;
	return begin(t, err);
}

static struct desk *take_desk(km_terms *t)
{
	(void)pthread_mutex_lock(&t->lock);
	struct desk *d = t->free;
	if (d)
		t->free = d->next;
	(void)pthread_mutex_unlock(&t->lock);
	return d ? d : desk_new(t);
}

static void give_desk(km_terms *t, struct desk *d)
{
	(void)pthread_mutex_lock(&t->lock);
	d->next = t->free;
	t->free = d;
	(void)pthread_mutex_unlock(&t->lock);
}

struct finding {
	const km_terms *terms;
	struct desk *desk;
	km_arena *arena;
	km_term_hit *hit;
	size_t n, cap;
};

static int note(unsigned id, unsigned long long from, unsigned long long to, unsigned flags,
		void *context)
{
	struct finding *f = context;

	(void)from;
	(void)flags;
	if (f->desk->count[id] == KM_TERM_HITS)
		return 0;
	if (f->n == f->cap) {
		size_t cap = f->cap ? f->cap * 2 : FIRST_HITS;
		km_term_hit *more =
			cap > HITS_MOST ? NULL
					: km_arena_grow(f->arena, f->hit, f->cap * sizeof(*f->hit),
							cap * sizeof(*f->hit));
		if (more == NULL)
			return 1;
		f->hit = more;
		f->cap = cap;
	}
	f->desk->count[id]++;
	f->hit[f->n++] = (km_term_hit){ id, (uint32_t)(to - f->terms->key[id].n), (uint32_t)to };
	return 0;
}

static int by_end(const void *x, const void *y)
{
	const km_term_hit *a = x, *b = y;

	return a->to != b->to ? (a->to > b->to) - (a->to < b->to)
			      : (a->term > b->term) - (a->term < b->term);
}

/* The library makes no promise about the order of what ends in different places. */
static void put_in_order(km_term_hit *hit, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (hit[i].to < hit[i - 1].to) {
			qsort(hit, n, sizeof(*hit), by_end);
			return;
		}
}

km_term_hits km_terms_scan(const km_terms *t, km_arena *a, km_sv key)
{
	struct finding f = { .terms = t, .arena = a };

	if (t->db == NULL || key.n == 0 || key.n > UINT32_MAX)
		return (km_term_hits){ NULL, 0 };
	/* Scratch space is not part of what the set says. */
	km_terms *mutable = (km_terms *)(uintptr_t)t;
	f.desk = take_desk(mutable);
	if (f.desk == NULL)
		return (km_term_hits){ NULL, 0 };
	(void)hs_scan(t->db, key.p, (unsigned)key.n, 0, f.desk->scratch, note, &f);
	for (size_t i = 0; i < f.n; i++)
		f.desk->count[f.hit[i].term] = 0;
	give_desk(mutable, f.desk);
	put_in_order(f.hit, f.n);
	return (km_term_hits){ f.hit, f.n };
}
