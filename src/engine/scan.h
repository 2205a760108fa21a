/*
 * engine/scan.h - drives one message through mail, content and policy (DESIGN.md section 4).
 * Pure: bytes, envelope, DNS answers and clock in, verdict out. Thread rule: one scan, one thread.
 *
 *	km_scan *s = km_scan_new(arena, &kit, &env);
 *	km_scan_message(s, bytes);
 *	while (km_scan_step(s, &err) == KM_SCAN_ASK)
 *		… answer all of km_scan_questions(s) with km_scan_answer() …
 *	km_scan_verdict(s);
 */
#ifndef KM_ENGINE_SCAN_H
#define KM_ENGINE_SCAN_H

#include "base/clock.h"
#include "content/urls.h"
#include "dns/dns.h"
#include "engine/kit.h"
#include "engine/learn.h"
#include "mail/message.h"

typedef struct {
	bool has_ip; /* ip is settled, unknown though it may be */
	km_ip ip;    /* len 0: unknown */
	bool has_helo;
	km_sv helo;
	km_sv hostname;	    /* client's verified name, or empty */
	bool has_from;	    /* MAIL FROM is known, the null sender included */
	km_sv from;	    /* reverse-path without brackets; empty is the null sender */
	const km_sv *rcpts; /* without brackets */
	size_t n_rcpts;
	km_sv user; /* SASL login, or empty */
	km_sv queue_id;
	km_sv mta;	    /* its name for itself, or empty */
	uint32_t dnsbl_off; /* DNS lists not to be asked now, by bit (engine/dnsbl_health.h) */
	bool bulk;	    /* of a sender of mailings, or one message of a sudden mass of them */
	km_sv virus;	    /* what a virus scanner found, or empty */
	bool unexamined;    /* one should have looked and could not … */
	bool deferred;	    /* … and so it must come again later */
	bool stored;	    /* taken from the message's own header */
	km_time now;
} km_envelope;

typedef enum { KM_SCAN_ASK, KM_SCAN_DONE, KM_SCAN_FAILED } km_scan_state;

typedef struct {
	double read, auth, content, learn, judge; /* microseconds */
} km_timings;

typedef struct km_scan km_scan;

/* All in @arena (of KM_MAX_ARENA_BYTES, for the full limits); @kit and @env's views must outlive
 * it. NULL when the arena is full. */
km_scan *km_scan_new(km_arena *arena, const km_kit *kit, const km_envelope *env);
/*
 * The whole message; not copied. Once, before the first step. The verdict comes whatever it is: of
 * a message that does not fit into the arena, what fitted is judged.
 */
void km_scan_message(km_scan *s, km_sv message);
/* KM_SCAN_FAILED only when there is no memory for a verdict. */
km_scan_state km_scan_step(km_scan *s, km_err *err);

size_t km_scan_questions(const km_scan *s, const km_dns_question **q);
/* KM_LIMIT: no room for it; the question is then answered with SERVFAIL. */
KM_NODISCARD km_status km_scan_answer(km_scan *s, const km_dns_answer *answer);

const km_verdict *km_scan_verdict(const km_scan *s);
km_mail *km_scan_mail(const km_scan *s);
const km_facts *km_scan_facts(const km_scan *s);
const km_timings *km_scan_timings(const km_scan *s);
const km_envelope *km_scan_envelope(const km_scan *s);
const km_kit *km_scan_kit(const km_scan *s);
/* The answers that the verdict was made with. */
km_dns_set *km_scan_dns(km_scan *s);
const km_views *km_scan_views(const km_scan *s);
const km_links *km_scan_links(const km_scan *s);
/* What the message lacks if it is a mailing, whether it seems to be one or not: facts "BULK_…" for
 * those who know its sender. Of a scan that is done. */
void km_scan_bulk(const km_scan *s, km_facts *fs);
/* How the DNS lists did, once the scan is done. */
km_dnsbl_outcome km_scan_dnsbl(const km_scan *s);
/* What the classifier thinks; done is false when it was not asked. */
const km_learned *km_scan_learned(const km_scan *s);
/* Memory for reporting the verdict; there is some left even when the message filled the arena. */
km_arena *km_scan_reserve(const km_scan *s);

/*
 * The envelope of a stored message: MAIL FROM from Return-Path, client, HELO and recipient from the
 * Received field at the edge (@trusted_hops as in km_received_edge()), each only where @env has
 * none.
 * @received_time: env->now becomes the time of the topmost Received (or Date) that can be read.
 */
KM_NODISCARD km_status km_envelope_from_stored(km_arena *a, km_sv message, size_t trusted_hops,
					       bool received_time, km_envelope *env);
/*
 * A client of trusted.networks hands on what came from outside through @trusted_hops relays of ours
 * (itself among them): client and HELO become what the last of them saw, as its Received field
 * says. Mail that was handed in with a login there, or that comes from our own networks, is left as
 * it is.
 */
void km_envelope_beyond_relays(km_arena *a, const km_kit *kit, km_sv message, size_t trusted_hops,
			       km_envelope *env);

#endif
