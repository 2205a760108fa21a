#include "daemon/shared.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

/* A slot is written by one process only, so its counters need no read-modify-write across cores. */
typedef struct {
	_Alignas(64) _Atomic uint64_t busy;
	_Atomic uint64_t key_a, key_b, beat;
	_Atomic int64_t counter[KM_COUNTER_COUNT];
	_Atomic int64_t action[KM_ACTIONS];
	_Atomic int64_t class[KM_CLASSES];
	_Atomic int64_t latency[KM_LATENCY_BUCKETS];
	_Atomic int64_t decision[KM_GUARD_ACTIONS];
	_Atomic int64_t measure[KM_STEPS];
} slot_area;

typedef struct {
	_Atomic uint64_t a, b;
	_Atomic uint32_t deaths; /* 0: free */
} poison;

struct km_shared {
	_Atomic int keeper; /* km_keeper_state */
	_Atomic bool signing, guarding;
	_Atomic uint32_t oldest; /* next entry to be overwritten when the table is full */
	slot_area slot[KM_MAX_SLOTS];
	poison poison[KM_POISON_ENTRIES];
};

km_status km_shared_map(int fd, km_shared **out, km_err *err)
{
	void *p = mmap(NULL, sizeof(km_shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (p == MAP_FAILED)
		return KM_FAIL(err, KM_IO, "shared memory can not be mapped: %s", strerror(errno));
	*out = p;
	return KM_OK;
}

void km_shared_unmap(km_shared *s)
{
	(void)munmap(s, sizeof(*s));
}

km_status km_shared_create(km_shared **out, int *fd, km_err *err)
{
	*fd = memfd_create("komainu-shared", MFD_CLOEXEC);
	if (*fd < 0 || ftruncate(*fd, sizeof(km_shared)) != 0)
		return KM_FAIL(err, KM_IO, "no shared memory: %s", strerror(errno));
	return km_shared_map(*fd, out, err);
}

void km_shared_begin(km_shared *s, unsigned slot, km_digest_key key)
{
	slot_area *a = &s->slot[slot % KM_MAX_SLOTS];

	atomic_store_explicit(&a->key_a, key.a, memory_order_relaxed);
	atomic_store_explicit(&a->key_b, key.b, memory_order_relaxed);
	atomic_store_explicit(&a->busy, 1, memory_order_release);
}

void km_shared_end(km_shared *s, unsigned slot)
{
	atomic_store_explicit(&s->slot[slot % KM_MAX_SLOTS].busy, 0, memory_order_release);
}

/* The entry of @key, or NULL. */
static poison *find(km_shared *s, km_digest_key key)
{
	for (size_t i = 0; i < KM_POISON_ENTRIES; i++) {
		poison *p = &s->poison[i];
		if (atomic_load(&p->deaths) && atomic_load(&p->a) == key.a &&
		    atomic_load(&p->b) == key.b)
			return p;
	}
	return NULL;
}

void km_shared_remember(km_shared *s, km_digest_key key, unsigned deaths)
{
	poison *p = find(s, key);

	/* Only the supervisor writes here, so the oldest entry can be replaced without a race. */
	if (p == NULL)
		p = &s->poison[atomic_fetch_add(&s->oldest, 1) % KM_POISON_ENTRIES];
	atomic_store(&p->deaths, 0);
	atomic_store(&p->a, key.a);
	atomic_store(&p->b, key.b);
	atomic_store(&p->deaths, deaths);
}

unsigned km_shared_poison(const km_shared *s, size_t i, km_digest_key *key)
{
	km_shared *m = (km_shared *)(uintptr_t)s;
	poison *p = &m->poison[(atomic_load(&m->oldest) + i) % KM_POISON_ENTRIES];

	key->a = atomic_load(&p->a);
	key->b = atomic_load(&p->b);
	return atomic_load(&p->deaths);
}

bool km_shared_blame(km_shared *s, unsigned slot, km_digest_key *key)
{
	slot_area *a = &s->slot[slot % KM_MAX_SLOTS];

	if (!atomic_exchange(&a->busy, 0))
		return false;
	key->a = atomic_load(&a->key_a);
	key->b = atomic_load(&a->key_b);
	km_shared_remember(s, *key, km_shared_deaths(s, *key) + 1);
	return true;
}

void km_shared_left(km_shared *s, unsigned slot)
{
	atomic_store(&s->slot[slot % KM_MAX_SLOTS].counter[KM_COUNTER_connections_open], 0);
}

unsigned km_shared_deaths(const km_shared *s, km_digest_key key)
{
	/* Nothing was ever written: the common case costs one load. */
	if (atomic_load_explicit(&((km_shared *)(uintptr_t)s)->oldest, memory_order_relaxed) == 0)
		return 0;
	const poison *p = find((km_shared *)(uintptr_t)s, key);
	return p ? atomic_load(&((poison *)(uintptr_t)p)->deaths) : 0;
}

static void bump(_Atomic int64_t *c, int64_t by)
{
	atomic_fetch_add_explicit(c, by, memory_order_relaxed);
}

void km_shared_count(km_shared *s, unsigned slot, km_counter which, int64_t by)
{
	bump(&s->slot[slot % KM_MAX_SLOTS].counter[which], by);
}

void km_shared_verdict(km_shared *s, unsigned slot, km_action action, km_class class, uint64_t us)
{
	slot_area *a = &s->slot[slot % KM_MAX_SLOTS];
	unsigned bucket = 0;

	while (bucket + 1 < KM_LATENCY_BUCKETS && us > (64ull << bucket))
		bucket++;
	bump(&a->action[action], 1);
	bump(&a->class[class], 1);
	bump(&a->latency[bucket], 1);
	bump(&a->counter[KM_COUNTER_messages_total], 1);
	bump(&a->counter[KM_COUNTER_scan_microseconds_total], (int64_t)us);
}

void km_shared_decided(km_shared *s, unsigned slot, km_guard_action action)
{
	bump(&s->slot[slot % KM_MAX_SLOTS].decision[action], 1);
}

void km_shared_measured(km_shared *s, unsigned slot, km_step step)
{
	bump(&s->slot[slot % KM_MAX_SLOTS].measure[step], 1);
}

#define SUM(field)                                                                                 \
	do {                                                                                       \
		int64_t sum = 0;                                                                   \
		for (size_t i = 0; i < KM_MAX_SLOTS; i++)                                          \
			sum += atomic_load_explicit(&((km_shared *)(uintptr_t)s)->slot[i].field,   \
						    memory_order_relaxed);                         \
		return sum;                                                                        \
	} while (0)

int64_t km_shared_total(const km_shared *s, km_counter which)
{
	SUM(counter[which]);
}

int64_t km_shared_actions(const km_shared *s, km_action action)
{
	SUM(action[action]);
}

int64_t km_shared_classes(const km_shared *s, km_class class)
{
	SUM(class[class]);
}

int64_t km_shared_latency(const km_shared *s, unsigned bucket)
{
	SUM(latency[bucket]);
}

int64_t km_shared_decisions(const km_shared *s, km_guard_action action)
{
	SUM(decision[action]);
}

int64_t km_shared_measures(const km_shared *s, km_step step)
{
	SUM(measure[step]);
}

void km_shared_beat(km_shared *s, unsigned slot)
{
	atomic_fetch_add_explicit(&s->slot[slot % KM_MAX_SLOTS].beat, 1, memory_order_relaxed);
}

uint64_t km_shared_beats(const km_shared *s, unsigned slot)
{
	return atomic_load(&((km_shared *)(uintptr_t)s)->slot[slot % KM_MAX_SLOTS].beat);
}

void km_shared_set_keeper(km_shared *s, km_keeper_state state)
{
	atomic_store(&s->keeper, (int)state);
}

km_keeper_state km_shared_keeper(const km_shared *s)
{
	return (km_keeper_state)atomic_load(&((km_shared *)(uintptr_t)s)->keeper);
}

void km_shared_set_signing(km_shared *s, bool on)
{
	atomic_store(&s->signing, on);
}

void km_shared_set_guarding(km_shared *s, bool on)
{
	atomic_store(&s->guarding, on);
}

bool km_shared_guarding(const km_shared *s)
{
	return atomic_load_explicit(&((km_shared *)(uintptr_t)s)->guarding, memory_order_relaxed);
}

bool km_shared_signing(const km_shared *s)
{
	return atomic_load_explicit(&((km_shared *)(uintptr_t)s)->signing, memory_order_relaxed);
}
