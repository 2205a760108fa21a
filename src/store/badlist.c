#include "store/badlist.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/file.h"

/*
 * The file, all numbers in the machine's order: header; records; slots of an open-addressing table
 * (a power of two, at most half full) that hold a hash and the place of a record.
 */
static const char magic[8] = "KMBAD01";

typedef struct {
	char magic[8];
	uint64_t checksum; /* of all that follows */
	uint64_t size;	   /* of the file */
	uint64_t slots_at, n_slots;
	km_badlist_info info;
} header;

typedef struct {
	uint64_t hash;
	uint64_t at; /* of the record; 0: free */
} slot;

/* Followed by the key and the note. */
typedef struct {
	uint32_t day, key_bytes;
	uint16_t note_bytes;
	uint8_t kind, zero;
} record;

enum { MAX_KEY = 1 << 16, MAX_NOTE = 256 };
static const size_t max_bytes = (size_t)4 << 30;

struct km_badlist {
	km_file file;
	const header *head;
	const slot *slots;
};

struct km_badlist_writer {
	km_buf pool; /* begins with room for the header */
	slot *slot;
	size_t n_slots, n, hashes;
};

static uint64_t checksum_of(km_sv v)
{
	uint64_t h = 0x9e3779b97f4a7c15u, word;
	size_t i = 0;

	for (; i + sizeof(word) <= v.n; i += sizeof(word)) {
		memcpy(&word, v.p + i, sizeof(word));
		h = (h ^ word) * 0xff51afd7ed558ccdu;
		h ^= h >> 32;
	}
	return h ^ km_sv_hash(km_sv_from(v, i));
}

static uint64_t hash_of(km_bad_kind kind, km_sv key)
{
	uint64_t h = (km_sv_hash(key) ^ (uint64_t)kind) * 0x9e3779b97f4a7c15u;

	return h ^ h >> 31;
}

/* The record at @at of @bytes; false when it is not whole. */
static bool record_at(km_sv bytes, uint64_t at, record *r, km_sv *key, km_sv *note)
{
	if (at > bytes.n || bytes.n - at < sizeof(*r))
		return false;
	memcpy(r, bytes.p + at, sizeof(*r));
	km_sv rest = km_sv_from(bytes, at + sizeof(*r));
	if (rest.n < r->key_bytes || rest.n - r->key_bytes < r->note_bytes)
		return false;
	*key = km_sv_sub(rest, 0, r->key_bytes);
	*note = km_sv_sub(rest, r->key_bytes, r->note_bytes);
	return true;
}

/* The slot of @key in a table of @n slots (one is always free), its own or the free one for it. */
static size_t slot_of(const slot *slots, size_t n, km_sv pool, km_bad_kind kind, km_sv key)
{
	uint64_t hash = hash_of(kind, key);
	size_t i = hash & (n - 1);
	record r;
	km_sv held, note;

	for (size_t step = 0; step < n && slots[i].at; step++, i = (i + 1) & (n - 1))
		if (slots[i].hash == hash && record_at(pool, slots[i].at, &r, &held, &note) &&
		    r.kind == (uint8_t)kind && km_sv_eq(held, key))
			break;
	return i;
}

/* --- reading --- */

static bool is_whole(const km_badlist *l)
{
	km_sv b = l->file.bytes;
	const header *h = l->head;
	size_t covered = offsetof(header, size);

	return memcmp(h->magic, magic, sizeof(magic)) == 0 && h->size == b.n && h->n_slots > 0 &&
	       (h->n_slots & (h->n_slots - 1)) == 0 && h->slots_at % sizeof(uint64_t) == 0 &&
	       h->slots_at >= sizeof(*h) && h->slots_at <= b.n &&
	       (b.n - h->slots_at) / sizeof(slot) == h->n_slots &&
	       checksum_of(km_sv_from(b, covered)) == h->checksum;
}

km_status km_badlist_open(const char *path, km_badlist **out, km_err *err)
{
	km_badlist *l = calloc(1, sizeof(*l));

	*out = NULL;
	if (l == NULL)
		return KM_FAIL(err, KM_NOMEM, "no memory");
	km_status st = km_file_open(&l->file, path, max_bytes, err);
	if (st != KM_OK) {
		free(l);
		return st;
	}
	/* A mapping begins on a page. */
	l->head = (const header *)(const void *)l->file.bytes.p;
	if (l->file.bytes.n < sizeof(header) || !is_whole(l)) {
		km_badlist_close(l);
		return KM_FAIL(err, KM_SYNTAX, "%s: not a list, or damaged", path);
	}
	l->slots = (const slot *)(const void *)(l->file.bytes.p + l->head->slots_at);
	*out = l;
	return KM_OK;
}

void km_badlist_close(km_badlist *l)
{
	if (l == NULL)
		return;
	km_file_close(&l->file);
	free(l);
}

const km_badlist_info *km_badlist_about(const km_badlist *l)
{
	return &l->head->info;
}

bool km_badlist_find(const km_badlist *l, km_bad_kind kind, km_sv key, km_bad_entry *out)
{
	km_sv bytes = l->file.bytes, held, note;
	const slot *s = &l->slots[slot_of(l->slots, l->head->n_slots, bytes, kind, key)];
	record r;

	if (s->at == 0 || !record_at(bytes, s->at, &r, &held, &note) || r.kind != (uint8_t)kind ||
	    !km_sv_eq(held, key))
		return false;
	if (out)
		*out = (km_bad_entry){ r.day, note };
	return true;
}

/* --- writing --- */

km_badlist_writer *km_badlist_writer_new(void)
{
	km_badlist_writer *w = calloc(1, sizeof(*w));
	header none = { .size = 0 };

	if (w == NULL)
		return NULL;
	km_buf_init(&w->pool, NULL, max_bytes);
	km_buf_add(&w->pool, (km_sv){ (const char *)&none, sizeof(none) });
	w->n_slots = 1024;
	w->slot = calloc(w->n_slots, sizeof(*w->slot));
	if (w->slot == NULL || w->pool.cut) {
		km_badlist_writer_free(w);
		return NULL;
	}
	return w;
}

void km_badlist_writer_free(km_badlist_writer *w)
{
	if (w == NULL)
		return;
	km_buf_finish(&w->pool);
	free(w->slot);
	free(w);
}

static bool grow(km_badlist_writer *w)
{
	size_t n = w->n_slots * 2;
	slot *fresh = calloc(n, sizeof(*fresh));

	if (fresh == NULL)
		return false;
	for (size_t i = 0; i < w->n_slots; i++) {
		size_t to = w->slot[i].hash & (n - 1);
		if (w->slot[i].at == 0)
			continue;
		while (fresh[to].at)
			to = (to + 1) & (n - 1);
		fresh[to] = w->slot[i];
	}
	free(w->slot);
	w->slot = fresh;
	w->n_slots = n;
	return true;
}

km_status km_badlist_add(km_badlist_writer *w, km_bad_kind kind, km_sv key, uint32_t day,
			 km_sv note, km_err *err)
{
	record r = { .day = day, .kind = (uint8_t)kind }, old;
	km_sv held, its_note;

	key = km_sv_sub(key, 0, MAX_KEY);
	note = km_sv_sub(note, 0, MAX_NOTE);
	r.key_bytes = (uint32_t)key.n;
	r.note_bytes = (uint16_t)note.n;
	if (w->n * 2 >= w->n_slots && !grow(w))
		return KM_FAIL(err, KM_NOMEM, "no memory for so many entries");
	slot *s = &w->slot[slot_of(w->slot, w->n_slots, km_buf_sv(&w->pool), kind, key)];
	if (s->at && record_at(km_buf_sv(&w->pool), s->at, &old, &held, &its_note) &&
	    old.day >= day)
		return KM_OK;
	w->n += s->at == 0;
	w->hashes += s->at == 0 && kind == KM_BAD_HASH;
	*s = (slot){ hash_of(kind, key), w->pool.n };
	km_buf_add(&w->pool, (km_sv){ (const char *)&r, sizeof(r) });
	km_buf_add(&w->pool, key);
	km_buf_add(&w->pool, note);
	return w->pool.cut ? KM_FAIL(err, KM_LIMIT, "the list is too large") : KM_OK;
}

km_status km_badlist_write(km_badlist_writer *w, const char *path, km_badlist_info *info,
			   km_err *err)
{
	header h = { .size = 0 };

	while (w->pool.n % sizeof(slot))
		km_buf_byte(&w->pool, '\0');
	info->entries = w->n;
	info->hashes = w->hashes;
	h.slots_at = w->pool.n;
	h.n_slots = w->n_slots;
	h.info = *info;
	km_buf_add(&w->pool, (km_sv){ (const char *)w->slot, w->n_slots * sizeof(*w->slot) });
	if (w->pool.cut)
		return KM_FAIL(err, KM_LIMIT, "the list is too large, or no memory");
	h.size = w->pool.n;
	memcpy(h.magic, magic, sizeof(magic));
	memcpy(w->pool.p, &h, sizeof(h));
	h.checksum = checksum_of(km_sv_from(km_buf_sv(&w->pool), offsetof(header, size)));
	memcpy(w->pool.p, &h, sizeof(h));
	return km_file_replace(path, km_buf_sv(&w->pool), err);
}
