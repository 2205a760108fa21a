/*
 * daemon/signwire.h - what scanner and signer say to each other (frames of net/frame.h).
 *   KEYS (domain, selector, kind)*        signer: what may be signed with; first on every line
 *   SIGN seq, domain, selector, digest    scanner: sign this
 *   SIGNED seq, signature                 signer: here it is; empty: it can not be
 */
#ifndef KM_DAEMON_SIGNWIRE_H
#define KM_DAEMON_SIGNWIRE_H

#include "base/buf.h"
#include "crypt/sign.h"

enum { KM_SIGNWIRE_KEYS = 16, KM_SIGNWIRE_SIGN = 17, KM_SIGNWIRE_SIGNED = 18 };

typedef struct {
	km_sv domain, selector;
	km_key_kind kind;
} km_sign_key;

typedef struct {
	uint64_t seq;
	km_sv domain, selector, digest;
} km_sign_ask;

/* A frame of any number of keys: begin, keys, km_frame_end(). */
size_t km_signwire_begin_keys(km_buf *out);
void km_signwire_put_key(km_buf *out, const km_sign_key *k);
/* Takes the next key off @body; false at its end, or (*bad) when it is none. */
bool km_signwire_get_key(km_sv *body, km_sign_key *k, bool *bad);

void km_signwire_put_ask(km_buf *out, const km_sign_ask *a);
KM_NODISCARD bool km_signwire_get_ask(km_sv body, km_sign_ask *a);

void km_signwire_put_signed(km_buf *out, uint64_t seq, km_sv signature);
KM_NODISCARD bool km_signwire_get_signed(km_sv body, uint64_t *seq, km_sv *signature);

#endif
