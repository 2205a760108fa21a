/*
 * daemon/shared.h - memory that all roles share: what each scanner works on, which messages killed
 * scanners, and the counters of /metrics. Made by the supervisor (memfd), mapped by every role.
 * All fields are moved with C11 atomics; a role that dies leaves nothing locked.
 */
#ifndef KM_DAEMON_SHARED_H
#define KM_DAEMON_SHARED_H

#include <stdatomic.h>

#include "base/err.h"
#include "outbound/guard.h"
#include "policy/policy.h"

enum {
	KM_MAX_SLOTS = 64, /* scanners, draining ones of an old generation included */
	KM_POISON_ENTRIES = 1024,
	KM_POISON_DEATHS = 2,	/* scanners that may die of a message before it is held unparsed */
	KM_LATENCY_BUCKETS = 16 /* upper bounds 64 µs * 2^i */
};

/* Counters; X(name, Prometheus type, help). */
#define KM_COUNTERS(X)                                                                             \
	X(connections_total, "counter", "connections accepted")                                    \
	X(connections_open, "gauge", "connections open now")                                       \
	X(connections_dropped_total, "counter",                                                    \
	  "connections closed at a deadline or for bad syntax")                                    \
	X(messages_total, "counter", "messages judged")                                            \
	X(message_bytes_total, "counter", "bytes of messages judged")                              \
	X(scan_microseconds_total, "counter", "time spent judging")                                \
	X(tempfail_total, "counter",                                                               \
	  "messages answered 451 because Komainu could not do its work")                           \
	X(held_poison_total, "counter", "messages held unparsed because scanners died of them")    \
	X(dns_questions_total, "counter", "DNS questions that messages asked")                     \
	X(dns_cache_hits_total, "counter", "DNS questions answered at once, from the cache")       \
	X(dns_timeouts_total, "counter", "DNS questions not answered in time")                     \
	X(dns_failures_total, "counter",                                                           \
	  "DNS questions that failed otherwise: SERVFAIL, bogus signatures")                       \
	X(dns_hurried_total, "counter",                                                            \
	  "messages that went on without DNS answers, since too many waited (limits.waiting)")     \
	X(dns_wait_microseconds_total, "counter",                                                  \
	  "time for which messages waited for DNS answers, summed up")                             \
	X(records_lost_total, "counter", "verdict records that could not be written")              \
	X(scanner_restarts_total, "counter", "scanners that died and were started again")          \
	X(keeper_restarts_total, "counter", "keepers that died and were started again")            \
	X(signer_restarts_total, "counter", "signers that died and were started again")            \
	X(guard_restarts_total, "counter", "guards that died and were started again")              \
	X(guard_failures_total, "counter",                                                         \
	  "decisions about outgoing mail that could not be made or written down")                  \
	X(guard_bad_requests_total, "counter", "policy requests and lines that are malformed")     \
	X(courier_restarts_total, "counter", "couriers that died and were started again")          \
	X(runner_restarts_total, "counter", "runners that died and were started again")            \
	X(notices_sent_total, "counter", "notices delivered: mails, posts, programs run")          \
	X(notices_put_off_total, "counter", "notices that could not be delivered at once")         \
	X(notices_given_up_total, "counter", "notices that could not be delivered at all")         \
	X(viruses_total, "counter", "messages in which a virus scanner found something")           \
	X(virus_failures_total, "counter",                                                         \
	  "messages that should have been examined for viruses and were not")                      \
	X(signed_total, "counter", "messages that were signed or sealed")                          \
	X(sign_failures_total, "counter", "messages that should have been signed and were not")    \
	X(lessons_total, "counter", "messages that were learned, or were known already")           \
	X(lessons_refused_total, "counter", "messages that could not be learned")

typedef enum {
#define X(name, type, help) KM_COUNTER_##name,
	KM_COUNTERS(X)
#undef X
		KM_COUNTER_COUNT
} km_counter;

/* First 16 bytes of the SHA-256 of a message. */
typedef struct {
	uint64_t a, b;
} km_digest_key;

typedef struct km_shared km_shared;

/* A new area; *fd is to be handed to the roles. */
KM_NODISCARD km_status km_shared_create(km_shared **out, int *fd, km_err *err);
KM_NODISCARD km_status km_shared_map(int fd, km_shared **out, km_err *err);
void km_shared_unmap(km_shared *s);

/* What scanner @slot has in hand: set before parsing, cleared after. */
void km_shared_begin(km_shared *s, unsigned slot, km_digest_key key);
void km_shared_end(km_shared *s, unsigned slot);
/* Supervisor: the scanner in @slot died. True, with *key, when a message was in hand; it is
 * counted. */
bool km_shared_blame(km_shared *s, unsigned slot, km_digest_key *key);
/* Supervisor: the process in @slot is gone, and with it what its gauges counted. */
void km_shared_left(km_shared *s, unsigned slot);
/* Scanners that died with this message in hand. */
unsigned km_shared_deaths(const km_shared *s, km_digest_key key);
/* Entry @i (below KM_POISON_ENTRIES), from the oldest on: its count and *key; 0: none there. */
unsigned km_shared_poison(const km_shared *s, size_t i, km_digest_key *key);
/* Sets the count, as it was remembered on disk. */
void km_shared_remember(km_shared *s, km_digest_key key, unsigned deaths);

void km_shared_count(km_shared *s, unsigned slot, km_counter which, int64_t by);
void km_shared_verdict(km_shared *s, unsigned slot, km_action action, km_class class, uint64_t us);
/* The guard's decisions and measures. */
void km_shared_decided(km_shared *s, unsigned slot, km_guard_action action);
void km_shared_measured(km_shared *s, unsigned slot, km_step step);
/* Sums over all slots. */
int64_t km_shared_total(const km_shared *s, km_counter which);
int64_t km_shared_actions(const km_shared *s, km_action action);
int64_t km_shared_classes(const km_shared *s, km_class class);
int64_t km_shared_latency(const km_shared *s, unsigned bucket);
int64_t km_shared_decisions(const km_shared *s, km_guard_action action);
int64_t km_shared_measures(const km_shared *s, km_step step);

/* A sign of life, given by every role once a second; km_shared_beats() counts them. */
void km_shared_beat(km_shared *s, unsigned slot);
uint64_t km_shared_beats(const km_shared *s, unsigned slot);

/* Whether records can be written: set by the keeper (supervisor: GONE), read by scanners. At first
 * none has ever come up. */
typedef enum { KM_KEEPER_NONE, KM_KEEPER_GONE, KM_KEEPER_READY, KM_KEEPER_FAILING } km_keeper_state;

/* Whether anything is signed: set by the supervisor. */
void km_shared_set_signing(km_shared *s, bool on);
bool km_shared_signing(const km_shared *s);

/* Whether outgoing mail is guarded: likewise. */
void km_shared_set_guarding(km_shared *s, bool on);
bool km_shared_guarding(const km_shared *s);

void km_shared_set_keeper(km_shared *s, km_keeper_state state);
km_keeper_state km_shared_keeper(const km_shared *s);

#endif
