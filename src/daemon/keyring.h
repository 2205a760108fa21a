/*
 * daemon/keyring.h - the private keys that mail is signed with: files DIR/DOMAIN/SELECTOR.pem, for
 * their owner's eyes only. Before the PEM a file may have lines
 *	state: pending
 *	made: 2026-11-23T09:00:00Z
 *	since: 2026-11-23T09:00:00Z
 * A file without them, from another program, is an active key. The selector is the file's name.
 * Loaded by the role that signs and by `komainu key`, by no other.
 */
#ifndef KM_DAEMON_KEYRING_H
#define KM_DAEMON_KEYRING_H

#include "base/clock.h"
#include "crypt/sign.h"

/* X(id, word) */
#define KM_RING_STATES(X)                                                                          \
	X(PENDING, "pending") /* made, not yet seen in DNS: signs nothing */                       \
	X(ACTIVE, "active")   /* signs */                                                          \
	X(RETIRED, "retired") /* signs no more; published on, for mail that is on its way */

typedef enum {
#define X(id, word) KM_RING_##id,
	KM_RING_STATES(X)
#undef X
		KM_RING_STATE_COUNT
} km_ring_state;

enum { KM_RING_MAX = 4096, KM_RING_DOMAIN = 256, KM_RING_SELECTOR = 64 };

typedef struct {
	char domain[KM_RING_DOMAIN], selector[KM_RING_SELECTOR]; /* lower case */
	km_ring_state state;
	km_time made, since; /* 0: not known; `since` when it is in its state */
	km_privkey *key;
} km_ring_key;

typedef struct {
	km_ring_key *key; /* by domain, then selector */
	size_t n;
} km_keyring;

const char *km_ring_state_name(km_ring_state s);

/* Reads one file's text; @k has its domain and selector. KM_SYNTAX for what is no key. */
KM_NODISCARD km_status km_ring_key_parse(km_sv text, km_ring_key *k, km_err *err);
/* Appends a file's text. Wipe it when it was written. */
KM_NODISCARD km_status km_ring_key_write(const km_ring_key *k, km_buf *out, km_err *err);

/*
 * Loads all keys below @dir, which may be absent: then there are none. KM_CONFIG, with the file and
 * what to do, for one that is broken, that others may read, or that was made after @now, which
 * means that the clock is wrong.
 */
KM_NODISCARD km_status km_keyring_load(const char *dir, km_time now, km_keyring *out, km_err *err);
void km_keyring_free(km_keyring *r);

/* Writes the key's file, atomically; as root for the owner of @dir, which is made when absent. A
 * daemon that serves takes the change up by itself. */
KM_NODISCARD km_status km_keyring_save(const char *dir, const km_ring_key *k, km_err *err);
KM_NODISCARD km_status km_keyring_remove(const char *dir, const km_ring_key *k, km_err *err);

/* The active key of @kind that signs for @domain: the newest; NULL when there is none. */
const km_ring_key *km_keyring_active(const km_keyring *r, km_sv domain, km_key_kind kind);
const km_ring_key *km_keyring_find(const km_keyring *r, km_sv domain, km_sv selector);

/* "v=DKIM1; k=rsa; p=…" as published at SELECTOR._domainkey.DOMAIN; {NULL, 0} without memory. */
km_sv km_ring_key_record(km_arena *a, const km_ring_key *k);

#endif
