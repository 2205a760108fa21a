#include "store/counters.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/key.h"

enum {
	LAYOUT = 1,
	PAGE = 4096,
	PROBE = 256,   /* profiles looked at for one key, at most */
	RATE_WAYS = 4, /* a cache line each */
	SEEN_WAYS = 16,
	DISTINCT_PROBE = 8,
	REGISTERS = 64,
	REGISTER_WORDS = REGISTERS / 8,
	LONGEST_WINDOW = 40 * 86400, /* seconds; rates have none longer */
	TABLES = 5
};

#define PINNED 0x80000000u

typedef struct {
	km_word key, tat;
} rate_cell;

typedef struct {
	km_word key, expires; /* seconds */
	km_word registers[REGISTER_WORDS];
} distinct_cell;

/* All but `flushed` never changes once the file is made. */
typedef struct {
	char magic[8];
	uint32_t layout, words;
	km_counters_size size;
	km_seed seed;
	uint64_t checksum; /* of all before it */
	km_word flushed;
} header;

_Static_assert(sizeof(header) <= PAGE, "the header is one page");

struct km_counters {
	header *head;
	size_t bytes;
	bool is_file;
	km_word *keys;		/* of profiles */
	_Atomic uint32_t *used; /* minutes; PINNED */
	km_word *words;
	rate_cell *rates;
	_Atomic uint32_t *seen;
	distinct_cell *distinct;
	char said[200];
};

static const char magic[8] = "KMCOUNT";
static const uint64_t fence = 0x6B6F6D61696E7521u; /* stands after each table */

static uint32_t at_least(uint64_t n, uint32_t least)
{
	return n < least ? least : n > UINT32_MAX ? UINT32_MAX : (uint32_t)n;
}

km_counters_size km_counters_size_for(uint32_t accounts)
{
	uint64_t n = accounts;

	return (km_counters_size){
		.profiles = at_least(n + n / 8, 1024),
		.rates = at_least(n * 2, 4096),
		.seen = at_least(n * 24, 65536),
		.distinct = at_least(n / 4, 4096),
	};
}

/* Where each table begins; the last is the size of the whole. */
static size_t place(const km_counters_size *s, size_t at[TABLES + 1])
{
	const uint64_t bytes[TABLES] = {
		(uint64_t)s->profiles * sizeof(km_word) + (uint64_t)s->profiles * sizeof(uint32_t),
		(uint64_t)s->profiles * KM_PROFILE_WORDS * sizeof(km_word),
		(uint64_t)s->rates * sizeof(rate_cell),
		(uint64_t)s->seen * sizeof(uint32_t),
		(uint64_t)s->distinct * sizeof(distinct_cell),
	};
	size_t sum = PAGE;

	for (int i = 0; i < TABLES; i++) {
		at[i] = sum;
		sum = (sum + bytes[i] + sizeof(fence) + 63) / 64 * 64;
	}
	at[TABLES] = (sum + PAGE - 1) / PAGE * PAGE;
	return at[TABLES];
}

/* The fence that ends table @i. */
static uint64_t *fence_of(const km_counters *c, const size_t at[TABLES + 1], int i)
{
	size_t end = i + 1 < TABLES ? at[i + 1] : at[TABLES];

	return (uint64_t *)(void *)((char *)c->head + end - sizeof(fence));
}

static uint64_t checksum(const header *h)
{
	static const km_seed plain = { { 0x4B4F, 0x4D41 } };

	return km_key_hash(&plain, (km_sv){ (const char *)h, offsetof(header, checksum) });
}

static void point(km_counters *c, const size_t at[TABLES + 1])
{
	char *base = (char *)c->head;

	c->keys = (km_word *)(void *)(base + at[0]);
	c->used = (_Atomic uint32_t *)(void *)(c->keys + c->head->size.profiles);
	c->words = (km_word *)(void *)(base + at[1]);
	c->rates = (rate_cell *)(void *)(base + at[2]);
	c->seen = (_Atomic uint32_t *)(void *)(base + at[3]);
	c->distinct = (distinct_cell *)(void *)(base + at[4]);
}

static void begin(km_counters *c, const km_counters_size *size, const size_t at[TABLES + 1])
{
	header *h = c->head;

	memcpy(h->magic, magic, sizeof(magic));
	h->layout = LAYOUT;
	h->words = KM_PROFILE_WORDS;
	h->size = *size;
	if (c->is_file && getrandom(&h->seed, sizeof(h->seed), 0) != (ssize_t)sizeof(h->seed))
		h->seed.k[0] = km_clock_mono_ns();
	h->checksum = checksum(h);
	for (int i = 0; i < TABLES; i++)
		*fence_of(c, at, i) = fence;
}

/* What is wrong with the file of @bytes bytes that is mapped; NULL when nothing is. */
static const char *fault(const km_counters *c, size_t bytes)
{
	const header *h = c->head;
	size_t at[TABLES + 1];

	if (bytes < PAGE || memcmp(h->magic, magic, sizeof(magic)) != 0)
		return "is no file of counters";
	if (h->layout != LAYOUT || h->words != KM_PROFILE_WORDS)
		return "has the layout of another version";
	if (h->checksum != checksum(h))
		return "has a damaged header";
	if (place(&h->size, at) != bytes)
		return "has the wrong size";
	for (int i = 0; i < TABLES; i++)
		if (*fence_of(c, at, i) != fence)
			return "is damaged";
	return NULL;
}

static km_status map(km_counters *c, int fd, size_t bytes, const char *path, km_err *err)
{
	int flags = fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE : MAP_SHARED;
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, fd, 0);

	if (p == MAP_FAILED)
		return KM_FAIL(err, KM_IO, "%s: %zu bytes can not be mapped: %s", path, bytes,
			       strerror(errno));
	c->head = p;
	c->bytes = bytes;
	return KM_OK;
}

/* A new file takes the place of the old one whole, so that nobody maps half of it. */
static km_status make(km_counters *c, const char *path, const km_counters_size *size, km_err *err)
{
	size_t at[TABLES + 1], bytes = place(size, at);
	char name[1100];

	(void)snprintf(name, sizeof(name), "%s.new", path);
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return KM_FAIL(err, KM_IO, "%s: %s", name, strerror(errno));
	km_status st = KM_OK;
	int no_room = posix_fallocate(fd, 0, (off_t)bytes);
	if (no_room)
		st = KM_FAIL(err, KM_IO, "%s: no room for %zu bytes: %s", name, bytes,
			     strerror(no_room));
	if (st == KM_OK)
		st = map(c, fd, bytes, name, err);
	if (st == KM_OK) {
		begin(c, size, at);
		if (msync(c->head, PAGE, MS_SYNC) != 0 || rename(name, path) != 0)
			st = KM_FAIL(err, KM_IO, "%s: %s", name, strerror(errno));
	}
	if (st != KM_OK)
		(void)unlink(name);
	(void)close(fd);
	return st;
}

static km_status open_file(km_counters *c, const char *path, const km_counters_size *size,
			   km_err *err)
{
	struct stat sb;
	const char *why = NULL;
	int fd = open(path, O_RDWR | O_CLOEXEC);

	c->is_file = true;
	if (fd < 0 && errno != ENOENT)
		return KM_FAIL(err, KM_IO, "%s: %s", path, strerror(errno));
	if (fd >= 0) {
		km_status st = KM_OK;
		if (fstat(fd, &sb) != 0 || !S_ISREG(sb.st_mode))
			st = KM_FAIL(err, KM_IO, "%s: is no file", path);
		else if (sb.st_size >= PAGE)
			st = map(c, fd, (size_t)sb.st_size, path, err);
		(void)close(fd);
		if (st != KM_OK)
			return st;
		why = c->head ? fault(c, c->bytes) : "is too short";
		if (why == NULL)
			return KM_OK;
		if (c->head)
			(void)munmap(c->head, c->bytes);
		c->head = NULL;
		(void)snprintf(c->said, sizeof(c->said),
			       "%.120s %s; it was replaced by an empty one", path, why);
	}
	return make(c, path, size, err);
}

/* Of several processes that start at once, one makes the file. */
static km_status open_locked(km_counters *c, const char *path, const km_counters_size *size,
			     km_err *err)
{
	char name[1100];

	(void)snprintf(name, sizeof(name), "%s.lock", path);
	int lock = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (lock < 0 || flock(lock, LOCK_EX) != 0) {
		int e = errno;
		if (lock >= 0)
			(void)close(lock);
		return KM_FAIL(err, KM_IO, "%s: %s", name, strerror(e));
	}
	km_status st = open_file(c, path, size, err);
	(void)close(lock);
	return st;
}

km_status km_counters_open(const char *path, const km_counters_size *size, km_counters **out,
			   km_err *err)
{
	km_counters *c = calloc(1, sizeof(*c));
	size_t at[TABLES + 1];
	km_status st;

	*out = NULL;
	if (c == NULL)
		return KM_FAIL(err, KM_NOMEM, "no memory");
	if (path) {
		st = open_locked(c, path, size, err);
	} else {
		st = map(c, -1, place(size, at), "counters", err);
		if (st == KM_OK)
			begin(c, size, at);
	}
	if (st != KM_OK) {
		km_counters_close(c);
		return st;
	}
	(void)place(&c->head->size, at);
	point(c, at);
	*out = c;
	return KM_OK;
}

void km_counters_close(km_counters *c)
{
	if (c == NULL)
		return;
	if (c->head)
		(void)munmap(c->head, c->bytes);
	free(c);
}

const char *km_counters_said(const km_counters *c)
{
	return c->said;
}

km_counters_size km_counters_sizes(const km_counters *c)
{
	return c->head->size;
}

km_status km_counters_flush(km_counters *c, km_time now, km_err *err)
{
	if (!c->is_file)
		return KM_OK;
	if (msync(c->head, c->bytes, MS_SYNC) == 0) {
		atomic_store(&c->head->flushed, (uint64_t)now);
		if (msync(c->head, PAGE, MS_SYNC) == 0)
			return KM_OK;
	}
	return KM_FAIL(err, KM_IO, "the counters can not be written: %s", strerror(errno));
}

km_time km_counters_flushed(const km_counters *c)
{
	return (km_time)atomic_load(&c->head->flushed);
}

uint64_t km_counters_key(const km_counters *c, char kind, uint64_t owner, km_sv item)
{
	uint64_t key = km_key_of(&c->head->seed, kind, owner, item);

	return key ? key : 1;
}

/* A number below @n from the upper half of @key. */
static uint32_t spread(uint64_t key, uint32_t n)
{
	return (uint32_t)((key >> 32) * n >> 32);
}

static uint64_t get(const km_word *w)
{
	return atomic_load_explicit(w, memory_order_relaxed);
}

static void set(km_word *w, uint64_t to)
{
	atomic_store_explicit(w, to, memory_order_relaxed);
}

static uint32_t minutes(km_time t)
{
	return t < 0 ? 0 : (uint32_t)(t / 60) & ~PINNED;
}

static km_word *words_of(const km_counters *c, uint32_t slot)
{
	return c->words + (size_t)slot * KM_PROFILE_WORDS;
}

static km_word *use(km_counters *c, uint32_t slot, uint32_t now)
{
	uint32_t had = atomic_load_explicit(&c->used[slot], memory_order_relaxed);

	if ((had & ~PINNED) != now)
		(void)atomic_compare_exchange_strong(&c->used[slot], &had, now | (had & PINNED));
	return words_of(c, slot);
}

/* The words are emptied before the key changes hands: whoever is killed in between leaves an
 * account that begins anew, never one with another's history. */
static bool claim(km_counters *c, uint32_t slot, uint64_t had, uint64_t key)
{
	km_word *w = words_of(c, slot);

	if (had)
		for (int i = 0; i < KM_PROFILE_WORDS; i++)
			set(&w[i], 0);
	return atomic_compare_exchange_strong(&c->keys[slot], &had, key) || had == key;
}

km_word *km_counters_profile(km_counters *c, uint64_t key, bool make_new, km_time now)
{
	uint32_t n = c->head->size.profiles, first = spread(key, n), t = minutes(now);

	for (int turn = 0; turn < 4; turn++) {
		uint32_t victim = 0, oldest = UINT32_MAX;
		uint64_t had = 0;
		for (uint32_t i = 0; i < PROBE && i < n; i++) {
			uint32_t slot = first + i < n ? first + i : first + i - n;
			uint64_t k = get(&c->keys[slot]);
			if (k == key)
				return use(c, slot, t);
			uint32_t age = k ? atomic_load(&c->used[slot]) : 0;
			if (k == 0 || age < oldest) {
				oldest = age;
				victim = slot;
				had = k;
			}
			if (k == 0)
				break;
		}
		if (!make_new || (had && oldest & PINNED))
			return NULL;
		if (claim(c, victim, had, key))
			return use(c, victim, t);
	}
	return NULL;
}

void km_counters_pin(km_counters *c, const km_word *profile, bool pinned)
{
	size_t slot = (size_t)(profile - c->words) / KM_PROFILE_WORDS;

	if (pinned)
		atomic_fetch_or(&c->used[slot], PINNED);
	else
		atomic_fetch_and(&c->used[slot], ~PINNED);
}

/* How much a cell still says: none once its bucket is empty, or when its time can not be true. */
static uint64_t worth(const rate_cell *r, km_usec now)
{
	uint64_t tat = get(&r->tat);

	return tat > now && tat - now < LONGEST_WINDOW * (uint64_t)1000000 ? tat : 0;
}

/* The cell of @key, taken from the one that says least. */
static rate_cell *rate_of(km_counters *c, uint64_t key, km_usec now)
{
	uint32_t sets = c->head->size.rates / RATE_WAYS;
	rate_cell *line = c->rates + (size_t)spread(key, sets) * RATE_WAYS, *least = line;

	for (int i = 0; i < RATE_WAYS; i++) {
		if (get(&line[i].key) == key)
			return &line[i];
		if (worth(&line[i], now) < worth(least, now))
			least = &line[i];
	}
	set(&least->tat, 0);
	set(&least->key, key);
	return least;
}

bool km_counters_take(km_counters *c, uint64_t key, const km_rate *r, double cost, km_usec now,
		      uint32_t *wait_s)
{
	return km_rate_take(&rate_of(c, key, now)->tat, r, cost, now, wait_s);
}

/* An entry: 16 bits of the key, never 0; the day, 12 bits; on how many days, 4 bits. */
static uint32_t mark_of(uint64_t key)
{
	return (uint32_t)(key % 0xFFFF + 1) << 16;
}

static uint32_t day_of(km_time now)
{
	return (uint32_t)(now / 86400) & 0xFFF;
}

static _Atomic uint32_t *seen_line(const km_counters *c, uint64_t key)
{
	return c->seen + (size_t)spread(key, c->head->size.seen / SEEN_WAYS) * SEEN_WAYS;
}

static _Atomic uint32_t *find_seen(const km_counters *c, uint64_t key)
{
	_Atomic uint32_t *line = seen_line(c, key);

	for (int i = 0; i < SEEN_WAYS; i++)
		if ((atomic_load_explicit(&line[i], memory_order_relaxed) & 0xFFFF0000u) ==
		    mark_of(key))
			return &line[i];
	return NULL;
}

km_seen km_counters_seen(const km_counters *c, uint64_t key, km_time now)
{
	const _Atomic uint32_t *e = find_seen(c, key);

	if (e == NULL)
		return (km_seen){ 0 };
	uint32_t v = atomic_load_explicit(e, memory_order_relaxed);
	return (km_seen){ true, (v >> 4 & 0xFFF) == day_of(now), v & 0xF ? v & 0xF : 1 };
}

static uint32_t entry(uint64_t key, uint32_t day, uint32_t days)
{
	return mark_of(key) | day << 4 | (days < 15 ? days : 15);
}

/* How readily an entry makes room: the older, the sooner; what was seen on one day only three times
 * as soon; what was for one day (on 0 days) as soon as that has passed. */
static uint32_t staleness(uint32_t v, uint32_t day)
{
	uint32_t age = (day - (v >> 4 & 0xFFF)) & 0xFFF;

	if (v == 0 || (age && (v & 0xF) == 0))
		return UINT32_MAX;
	return (v & 0xF) > 1 ? age : 3 * age;
}

static void see(km_counters *c, uint64_t key, uint32_t day, uint32_t days)
{
	_Atomic uint32_t *line = seen_line(c, key), *e = line;
	uint32_t most = 0;

	for (int i = 0; i < SEEN_WAYS; i++) {
		uint32_t stale =
			staleness(atomic_load_explicit(&line[i], memory_order_relaxed), day);
		if (stale > most) {
			most = stale;
			e = &line[i];
		}
	}
	atomic_store_explicit(e, entry(key, day, days), memory_order_relaxed);
}

void km_counters_see(km_counters *c, uint64_t key, km_time now)
{
	_Atomic uint32_t *e = find_seen(c, key);
	uint32_t day = day_of(now);

	if (e == NULL) {
		see(c, key, day, 1);
		return;
	}
	uint32_t v = atomic_load_explicit(e, memory_order_relaxed);
	if ((v >> 4 & 0xFFF) != day)
		atomic_store_explicit(e, entry(key, day, (v & 0xF) + 1), memory_order_relaxed);
}

void km_counters_see_briefly(km_counters *c, uint64_t key, km_time now)
{
	_Atomic uint32_t *e = find_seen(c, key);

	if (e)
		atomic_store_explicit(e, entry(key, day_of(now), 0), memory_order_relaxed);
	else
		see(c, key, day_of(now), 0);
}

/* The cell of @key, or the one of its places that is free or expires first. */
static distinct_cell *distinct_place(km_counters *c, uint64_t key, bool *found)
{
	uint32_t n = c->head->size.distinct, first = spread(key, n);
	distinct_cell *least = NULL;

	for (uint32_t i = 0; i < DISTINCT_PROBE; i++) {
		distinct_cell *d = &c->distinct[first + i < n ? first + i : first + i - n];
		*found = get(&d->key) == key;
		if (*found)
			return d;
		if (least == NULL || get(&d->expires) < get(&least->expires))
			least = d;
	}
	return least;
}

static void raise_register(km_word *w, unsigned shift, uint64_t rank)
{
	uint64_t old = get(w);

	while ((old >> shift & 0xFF) < rank) {
		uint64_t to = (old & ~((uint64_t)0xFF << shift)) | rank << shift;
		if (atomic_compare_exchange_weak(w, &old, to))
			return;
	}
}

/* 2 to the power of -@n, which is below 1023. */
static double halved(unsigned n)
{
	uint64_t bits = (uint64_t)(1023 - n) << 52; /* IEEE 754: the exponent of 1, less @n */
	double d;

	memcpy(&d, &bits, sizeof(d));
	return d;
}

/* Flajolet et al. 2007, with linear counting while registers are empty. */
static double estimate(const uint8_t r[REGISTERS])
{
	double sum = 0;
	unsigned empty = 0;

	for (int i = 0; i < REGISTERS; i++) {
		sum += halved(r[i]);
		empty += r[i] == 0;
	}
	double e = 0.709 * REGISTERS * REGISTERS / sum;
	return e <= 2.5 * REGISTERS && empty ? REGISTERS * log((double)REGISTERS / empty) : e;
}

static uint64_t window_of(km_time now, uint32_t window_s)
{
	return (uint64_t)(now < 0 ? 0 : now) / window_s;
}

void km_counters_distinct_add(km_counters *c, uint64_t key, uint64_t item, uint32_t window_s,
			      unsigned back, km_time now)
{
	uint64_t window = window_of(now, window_s), k = km_key_mix(key, window);
	uint64_t h = km_key_mix(item, 0);
	unsigned reg = (unsigned)(h % REGISTERS);
	bool found;
	distinct_cell *d = distinct_place(c, k, &found);

	if (!found) {
		set(&d->key, 0);
		for (int i = 0; i < REGISTER_WORDS; i++)
			set(&d->registers[i], 0);
		set(&d->expires, (window + back + 1) * window_s);
		set(&d->key, k);
	}
	raise_register(&d->registers[reg / 8], reg % 8 * 8,
		       (uint64_t)__builtin_clzll(h | REGISTERS) + 1);
}

static void merge(uint8_t to[REGISTERS], distinct_cell *d)
{
	uint64_t words[REGISTER_WORDS];
	uint8_t r[REGISTERS];

	for (int i = 0; i < REGISTER_WORDS; i++)
		words[i] = get(&d->registers[i]);
	memcpy(r, words, sizeof(r)); /* in which order they come does not matter */
	for (int i = 0; i < REGISTERS; i++)
		to[i] = r[i] > to[i] ? r[i] : to[i];
}

double km_counters_distinct(km_counters *c, uint64_t key, uint32_t window_s, unsigned back,
			    km_time now)
{
	uint64_t window = window_of(now, window_s);
	uint8_t merged[REGISTERS] = { 0 };
	bool any = false, found;

	for (unsigned b = 0; b <= back && b <= window; b++) {
		distinct_cell *d = distinct_place(c, km_key_mix(key, window - b), &found);
		if (!found)
			continue;
		merge(merged, d);
		any = true;
	}
	return any ? estimate(merged) : 0;
}
