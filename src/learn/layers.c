#include "learn/layers.h"

#include <math.h>
#include <stdlib.h>

enum {
	PAGE = 4096,
	LAYERS = 3,
	VERSION = 3,
	HEADER = 40,
	ENTRIES = 2 * KM_SMALL_LAYERS, /* half of them empty: they are soon found */
	SLOT_BITS = 16,
	NONE = KM_SMALL_LAYERS
};

static const char magic[8] = "KMLEARN\n";

/* Log-odds by which one message may move a view: a first lesson is felt at once by what is like
 * it, but does not turn round all else that comes through the same servers. */
static const double reach = 3;

typedef struct {
	uint64_t seq, lessons;
	uint64_t limit, used; /* small layers that may be and that are given out: the first ones */
	/* By hash, with linear probing: a domain or address, and in the low bits its small layer.
	 * One word each, so that it is read whole; 0: none. */
	uint64_t entry[ENTRIES];
	uint64_t born[KM_SMALL_LAYERS]; /* number of the lesson with which it was given out */
	uint64_t last[KM_SMALL_LAYERS]; /* of the latest one that it was taught */
} head;

struct km_layers {
	const km_base *base;
	head *head; /* NULL: nothing is learned here */
};

static size_t rounded(size_t n)
{
	return (n + PAGE - 1) / PAGE * PAGE;
}

static size_t small_at(size_t i)
{
	return rounded(sizeof(head)) + rounded(km_model_bytes(KM_BUCKET_BITS)) +
	       i * rounded(km_model_bytes(KM_SMALL_BITS));
}

size_t km_layers_area(void)
{
	return small_at(KM_SMALL_LAYERS);
}

static km_model *site_of(const km_layers *l)
{
	return (km_model *)(void *)((char *)l->head + rounded(sizeof(head)));
}

static km_model *small_of(const km_layers *l, size_t i)
{
	return (km_model *)(void *)((char *)l->head + small_at(i));
}

km_layers *km_layers_new(const km_base *base, void *area)
{
	km_layers *l = calloc(1, sizeof(*l));

	if (l)
		*l = (km_layers){ .base = base, .head = area };
	return l;
}

void km_layers_free(km_layers *l)
{
	free(l);
}

km_scope km_scope_of(const km_sv *rcpts, size_t n)
{
	km_scope s = { .user = KM_SV("") };

	for (size_t i = 0; i < n; i++) {
		km_sv domain = km_sv_from(rcpts[i], km_sv_rchr(rcpts[i], '@') + 1);
		if (i && !km_sv_ieq(domain, s.domain))
			return (km_scope){ .user = KM_SV("") };
		s.domain = domain;
	}
	if (n == 1)
		s.user = rcpts[0];
	return s;
}

/* --- small layers --- */

static uint64_t key_of(km_sv name)
{
	uint64_t key = km_sv_ihash(name) >> SLOT_BITS << SLOT_BITS;

	return key ? key : (uint64_t)1 << SLOT_BITS;
}

static size_t home_of(uint64_t entry)
{
	return (size_t)(entry >> SLOT_BITS) % ENTRIES;
}

static size_t slot_of(uint64_t entry)
{
	return (size_t)(entry & ((1u << SLOT_BITS) - 1)) % KM_SMALL_LAYERS;
}

/* Where the entry with @key is, or the empty one where it would be; ENTRIES in a broken table. */
static size_t probe(const head *h, uint64_t key)
{
	for (size_t i = 0; i < ENTRIES; i++) {
		size_t at = (home_of(key) + i) % ENTRIES;
		uint64_t there = __atomic_load_n(&h->entry[at], __ATOMIC_ACQUIRE);
		if (there == 0 || (there ^ key) >> SLOT_BITS == 0)
			return at;
	}
	return ENTRIES;
}

/* The layer of @name, or NONE. */
static size_t find(const km_layers *l, km_sv name)
{
	size_t at = name.n ? probe(l->head, key_of(name)) : ENTRIES;
	uint64_t there = at < ENTRIES ? __atomic_load_n(&l->head->entry[at], __ATOMIC_ACQUIRE) : 0;

	return there ? slot_of(there) : NONE;
}

static void put_entry(head *h, size_t at, uint64_t entry)
{
	__atomic_store_n(&h->entry[at], entry, __ATOMIC_RELEASE);
}

/* What was put further on because of it moves up. A scanner that looks for one of those just now
 * may miss it, for one message. */
static void remove_entry(head *h, size_t at)
{
	size_t hole = at;

	for (size_t i = 1; i < ENTRIES; i++) {
		size_t next = (at + i) % ENTRIES;
		uint64_t e = h->entry[next];
		if (e == 0)
			break;
		/* may it lie in the hole, seen from where it belongs? */
		if ((hole + ENTRIES - home_of(e)) % ENTRIES <
		    (next + ENTRIES - home_of(e)) % ENTRIES) {
			put_entry(h, hole, e);
			hole = next;
		}
	}
	put_entry(h, hole, 0);
}

/* Takes the layer that was not taught for longest from whoever has it. */
static size_t take_oldest(km_layers *l)
{
	head *h = l->head;
	size_t oldest = 0;

	for (size_t i = 1; i < h->used; i++)
		if (h->last[i] < h->last[oldest])
			oldest = i;
	for (size_t at = 0; at < ENTRIES; at++)
		if (h->entry[at] && slot_of(h->entry[at]) == oldest) {
			remove_entry(h, at);
			break;
		}
	memset(small_of(l, oldest), 0, km_model_bytes(KM_SMALL_BITS));
	return oldest;
}

/* The layer of @name, which is now taught; a new one when it has none. */
static size_t find_for_lesson(km_layers *l, km_sv name)
{
	head *h = l->head;
	size_t slot = find(l, name);

	if (slot == NONE && name.n && h->limit > 0) {
		slot = h->used < h->limit ? (size_t)h->used++ : take_oldest(l);
		h->born[slot] = h->lessons + 1;
		(void)km_model_init(small_of(l, slot), KM_SMALL_BITS, true);
		put_entry(h, probe(h, key_of(name)), key_of(name) | slot);
	}
	if (slot < NONE)
		h->last[slot] = h->lessons + 1;
	return slot;
}

/* The models that have learned something, from the site to the user. */
static size_t stack(const km_layers *l, const km_scope *scope, const km_model *out[LAYERS])
{
	const km_sv names[] = { scope->domain, scope->user };
	size_t n = 0;

	if (l->head == NULL || __atomic_load_n(&l->head->seq, __ATOMIC_ACQUIRE) == 0)
		return 0;
	out[n++] = site_of(l);
	for (size_t i = 0; i < KM_COUNT(names); i++) {
		size_t at = find(l, names[i]);
		if (at < KM_SMALL_LAYERS)
			out[n++] = small_of(l, at);
	}
	return n;
}

/* Small layers have no room for the thousands of features of the views of bytes. */
static km_features without_raw(const km_features *f)
{
	km_features small = *f;

	for (int v = 0; v < KM_VIEW_COUNT; v++)
		if (km_view_is_raw((km_view)v))
			small.view[v].n = 0;
	return small;
}

/* --- scoring --- */

km_lookups km_layers_lookups(const km_layers *l)
{
	const km_scope nobody = { .user = KM_SV("") };
	const km_model *site[LAYERS];
	size_t n = stack(l, &nobody, site);
	km_lookups out;

	for (km_view v = 0; v < KM_VIEW_COUNT; v++) {
		out.weight[v] = n ? km_model_weights(site[0], v) : NULL;
		out.small[v] = l->base ? km_base_weights(l->base, v) : NULL;
		out.left_out[v] = out.weight[v] == NULL && out.small[v] == NULL;
	}
	return out;
}

void km_layers_score(const km_layers *l, const km_features *f, const km_scope *scope,
		     km_opinion *out)
{
	const km_model *m[LAYERS];
	size_t n = stack(l, scope, m);
	km_base_opinion base = { .grounds = 0 };
	km_features small = without_raw(f);

	if (l->base)
		km_base_read(l->base, f, &base);
	double slope = 1, offset = km_base_offset(base.grounds);
	*out = (km_opinion){ .base = offset, .grounds = base.grounds };
	if (l->base) {
		km_base_add(&base, f, &out->all);
		out->base = km_base_logit(&base);
	}
	km_score_finish(&out->all, slope, offset);
	double before = out->all.logit;
	for (size_t i = 0; i < n; i++) {
		km_model_add(m[i], i ? &small : f, &out->all);
		km_model_calibration(m[i], &slope, &offset);
	}
	km_score_finish(&out->all, slope, offset);
	double here = fabs(out->all.logit - before);
	out->local =
		here > 0 ? here / (here + fabs(before - km_base_offset(base.grounds)) + 0.5) : 0;
	/* caution is for strangers: what people here teach is to be felt at once */
	km_score_finish(&out->all, slope, offset + KM_BASE_CAUTION * base.grounds * out->local);
}

void km_layers_weigh(const km_layers *l, const km_scope *scope, const km_features *f, km_view view,
		     double *out)
{
	const km_feature_set *set = &f->view[view];
	const km_model *m[LAYERS];
	size_t n = km_view_is_raw(view) ? stack(l, scope, m) > 0 : stack(l, scope, m);
	double share = km_feature_share(set);

	memset(out, 0, set->n * sizeof(*out));
	for (size_t k = 0; k < n; k++)
		km_model_weigh(m[k], view, set, out);
	for (size_t i = 0; i < set->n && n > 0; i++)
		out[i] *= share;
	if (l->base)
		km_base_weigh(l->base, f, view, out);
}

/* --- learning --- */

typedef struct {
	km_model *m;
	const km_features *f;
	km_model_step *step;
} layer;

/* From the site to the user; those that there is no room for are left out, and when a lesson is
 * taken back, those that were given to somebody else since. */
static size_t layers_of(km_layers *l, const km_features *f, const km_features *small,
			const km_scope *scope, bool make, km_lesson *lesson, layer out[LAYERS])
{
	const km_sv names[] = { scope->domain, scope->user };
	km_model_step *steps[] = { &lesson->domain, &lesson->user };
	size_t n = 0;

	out[n++] = (layer){ site_of(l), f, &lesson->site };
	for (size_t i = 0; i < KM_COUNT(names); i++) {
		size_t at = make ? find_for_lesson(l, names[i]) : find(l, names[i]);
		if (at < NONE && l->head->born[at] <= lesson->number)
			out[n++] = (layer){ small_of(l, at), small, steps[i] };
	}
	return n;
}

void km_layers_learn(km_layers *l, const km_features *f, const km_scope *scope, bool abuse,
		     const km_rates *rates, km_lesson *out)
{
	km_features small = without_raw(f);
	km_training t = {
		.slope = 1, .offset = km_base_offset(0), .base = l->base, .reach = reach
	};
	km_score below = { 0 };
	km_base_opinion base;
	layer layers[LAYERS];

	*out = (km_lesson){ .number = l->head->lessons + 1 };
	if (l->head->lessons == 0)
		(void)km_model_init(site_of(l), KM_BUCKET_BITS, true);
	size_t n = layers_of(l, f, &small, scope, true, out, layers);
	if (l->base) {
		km_base_read(l->base, f, &base);
		km_base_add(&base, f, &below);
	}
	t.below = &below;
	for (size_t i = 0; i < n; i++) {
		t.rate = layers[i].step == &out->user ? rates->own : rates->others;
		km_model_learn(layers[i].m, layers[i].f, abuse, &t, layers[i].step);
		km_model_add(layers[i].m, layers[i].f, &below);
		km_model_calibration(layers[i].m, &t.slope, &t.offset);
	}
	l->head->lessons++;
}

void km_layers_unlearn(km_layers *l, const km_features *f, const km_scope *scope,
		       const km_lesson *lesson)
{
	km_features small = without_raw(f);
	const km_training t = { .base = l->base };
	km_lesson taken = *lesson;
	layer layers[LAYERS];
	size_t n = layers_of(l, f, &small, scope, false, &taken, layers);

	for (size_t i = 0; i < n; i++)
		km_model_unlearn(layers[i].m, layers[i].f, &t, layers[i].step);
}

uint64_t km_layers_learned(const km_layers *l)
{
	return l->head && l->head->seq ? km_model_trained(site_of(l)) : 0;
}

void km_layers_set_limit(km_layers *l, uint64_t n)
{
	l->head->limit = n < KM_SMALL_LAYERS ? n : KM_SMALL_LAYERS;
}

uint64_t km_layers_limit(const km_layers *l)
{
	return l->head->limit;
}

uint64_t km_layers_used(const km_layers *l)
{
	return l->head->used;
}

uint64_t km_layers_seq(const km_layers *l)
{
	return l->head ? __atomic_load_n(&l->head->seq, __ATOMIC_ACQUIRE) : 0;
}

void km_layers_set_seq(km_layers *l, uint64_t seq)
{
	__atomic_store_n(&l->head->seq, seq, __ATOMIC_RELEASE);
}

/* --- on disk: the pages that are not empty, each after its number --- */

typedef struct {
	char magic[8];
	uint32_t version, pages;
	uint64_t fingerprint;
	uint64_t base;	   /* identifies the base model that it was learned over */
	uint64_t checksum; /* of all that follows */
} file_head;

_Static_assert(sizeof(file_head) == HEADER, "no padding in files");

/* Whether anything can be at @at. What was never written is not read either: in shared memory that
 * alone would take a page. */
static bool in_use(const km_layers *l, size_t at)
{
	if (at < small_at(0))
		return true;
	return (at - small_at(0)) / rounded(km_model_bytes(KM_SMALL_BITS)) < l->head->used;
}

static bool is_empty(const char *page)
{
	static const char zero[PAGE];

	return memcmp(page, zero, PAGE) == 0;
}

km_status km_layers_save(const km_layers *l, km_buf *out)
{
	const char *area = (const char *)l->head;
	size_t begun = out->n;
	file_head h = { .version = VERSION,
			.fingerprint = km_features_fingerprint(),
			.base = km_base_identity(l->base) };

	memcpy(h.magic, magic, sizeof(magic));
	km_buf_add(out, (km_sv){ (const char *)&h, sizeof(h) });
	for (size_t at = 0; at < km_layers_area() && !out->cut; at += PAGE) {
		uint64_t number = at / PAGE;
		if (!in_use(l, at) || is_empty(area + at))
			continue;
		h.pages++;
		km_buf_add(out, (km_sv){ (const char *)&number, sizeof(number) });
		km_buf_add(out, (km_sv){ area + at, PAGE });
	}
	if (out->cut)
		return KM_NOMEM;
	h.checksum = km_learn_checksum(km_sv_from(km_buf_sv(out), begun + HEADER)) ^ h.pages;
	memcpy(out->p + begun, &h, sizeof(h));
	return KM_OK;
}

km_status km_layers_check(const km_base *base, km_sv bytes, const char *name, km_err *err)
{
	static const size_t step = sizeof(uint64_t) + PAGE;
	file_head h;

	if (bytes.n < HEADER || memcmp(bytes.p, magic, sizeof(magic)) != 0)
		return KM_FAIL(err, KM_SYNTAX, "%s: not a learned model", name);
	memcpy(&h, bytes.p, sizeof(h));
	if (h.version != VERSION)
		return KM_FAIL(err, KM_CONFIG, "%s: of version %u; this Komainu knows version %d",
			       name, h.version, VERSION);
	bytes = km_sv_from(bytes, HEADER);
	if (bytes.n != h.pages * step || (km_learn_checksum(bytes) ^ h.pages) != h.checksum)
		return KM_FAIL(err, KM_SYNTAX, "%s: damaged: its checksum does not match", name);
	if (h.fingerprint != km_features_fingerprint() || h.base != km_base_identity(base))
		return KM_FAIL(err, KM_CONFIG,
			       "%s: learned with other features or another base model", name);
	for (size_t at = 0; at < bytes.n; at += step) {
		uint64_t number;
		memcpy(&number, bytes.p + at, sizeof(number));
		if (number >= km_layers_area() / PAGE)
			return KM_FAIL(err, KM_SYNTAX, "%s: damaged: page %llu", name,
				       (unsigned long long)number);
	}
	return KM_OK;
}

km_status km_layers_load(km_layers *l, km_sv bytes, const char *name, km_err *err)
{
	static const size_t step = sizeof(uint64_t) + PAGE;
	km_status st = km_layers_check(l->base, bytes, name, err);

	if (st != KM_OK)
		return st;
	km_layers_clear(l);
	for (size_t at = HEADER; at < bytes.n; at += step) {
		uint64_t number;
		memcpy(&number, bytes.p + at, sizeof(number));
		memcpy((char *)l->head + number * PAGE, bytes.p + at + sizeof(number), PAGE);
	}
	return KM_OK;
}

void km_layers_clear(km_layers *l)
{
	char *area = (char *)l->head;
	uint64_t limit = l->head->limit;

	/* The header, which says what is in use, comes last. */
	for (size_t at = km_layers_area(); at > 0; at -= PAGE)
		if (in_use(l, at - PAGE) && !is_empty(area + at - PAGE))
			memset(area + at - PAGE, 0, PAGE);
	l->head->limit = limit;
}

void km_layers_copy(km_layers *to, const km_layers *from)
{
	char *p = (char *)to->head;
	const char *q = (const char *)from->head;

	/* The header comes last: it says which models there are. */
	for (size_t at = km_layers_area(); at > 0; at -= PAGE)
		if ((in_use(to, at - PAGE) || in_use(from, at - PAGE)) &&
		    memcmp(p + at - PAGE, q + at - PAGE, PAGE) != 0)
			memcpy(p + at - PAGE, q + at - PAGE, PAGE);
}

uint64_t km_layers_digest(const km_layers *l)
{
	const char *area = (const char *)l->head;
	head top = *l->head;
	uint64_t h;

	top.seq = 0;
	h = km_learn_checksum((km_sv){ (const char *)&top, sizeof(top) });
	for (size_t at = rounded(sizeof(head)); at < km_layers_area(); at += PAGE)
		if (in_use(l, at) && !is_empty(area + at))
			h = (h ^ km_learn_checksum((km_sv){ area + at, PAGE }) ^ at) *
			    0x9e3779b97f4a7c15u;
	return h;
}
