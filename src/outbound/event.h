/*
 * outbound/event.h - what happened, as the guard is told: one JSON object a line (DESIGN.md section
 * 7, "Outbound events"), or filled in by a front end. What is not known is empty or 0. Names and
 * addresses are bytes; nothing is done with them but comparing and hashing.
 */
#ifndef KM_OUTBOUND_EVENT_H
#define KM_OUTBOUND_EVENT_H

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/ip.h"

#define KM_EVENT_KINDS(X)                                                                          \
	X(submit)                                                                                  \
	X(login)                                                                                   \
	X(bounce)                                                                                  \
	X(smtp25_out)                                                                              \
	X(complaint)                                                                               \
	X(account)                                                                                 \
	X(lease)                                                                                   \
	X(review)                                                                                  \
	X(password_changed)

typedef enum {
#define X(name) KM_EVENT_##name,
	KM_EVENT_KINDS(X)
#undef X
		KM_EVENT_KIND_COUNT
} km_event_kind;

typedef enum {
	KM_ACCOUNT_UNKNOWN, /* nobody said; limits as for a person */
	KM_ACCOUNT_PERSON,
	KM_ACCOUNT_BULK,   /* registered for newsletters and lists */
	KM_ACCOUNT_SERVER, /* programs: monitoring, web forms, own mail servers */
	KM_ACCOUNT_NEW,
	KM_ACCOUNT_KINDS
} km_account_kind;

/* "person"; "" for unknown. */
const char *km_account_kind_name(km_account_kind k);

enum { KM_EVENT_LINE_MAX = 4 * 1024 * 1024, KM_EVENT_RCPTS_MAX = 50000, KM_EVENT_ADVICE_MAX = 16 };

typedef struct {
	km_event_kind kind;
	km_time t;
	km_sv stamp;   /* t as it was written; empty when a front end made the event */
	km_sv account; /* SASL login, certificate, site…; empty: none */
	km_ip ip;
	uint16_t port;
	km_sv helo;
	km_sv country; /* two letters */
	uint32_t asn;
	/* submit */
	bool has_mail_from;
	km_sv mail_from; /* empty and has_mail_from: the null sender */
	km_sv from;	 /* address of the From field */
	const km_sv *rcpts;
	size_t n_rcpts;
	uint64_t size; /* bytes */
	km_sv subject, body_digest, script, queue_id;
	km_sv class; /* as the verdict names it: "ham", "spam", …; empty: content not judged */
	double score;
	const km_sv *advice; /* facts "BULK_…" that the verdict has: what a mailing lacks */
	size_t n_advice;
	/* login */
	bool ok;
	km_sv service;
	/* bounce */
	km_sv rcpt, status; /* "5.1.1" */
	/* smtp25_out */
	km_sv dest;
	/* complaint */
	km_sv type;
	/* account */
	km_account_kind account_kind;
	km_time created; /* 0: not told */
	const km_sv *identities;
	size_t n_identities;
	bool has_identities;
	km_sv alternative;
	/* lease */
	km_time until;
	/* review */
	bool restore;	/* "outcome": "restore"; else "keep" */
	bool terminate; /* "outcome": "terminate": kept, and ended for good */
} km_event;

/*
 * Reads one line. Views are copies in @a. KM_SYNTAX with the reason in @err (the line's number is
 * the caller's to add). Bytes that are no UTF-8 become characters of private use (U+F780…);
 * KM_NOTFOUND for a line of white space, and for an event of a kind that is not known, which is no
 * error: later versions have more of them. Members that are not known are passed over; null counts
 * as absent.
 */
KM_NODISCARD km_status km_event_read(km_arena *a, km_sv line, km_event *out, km_err *err);

/* The same of a JSON object that was parsed already; @now is the time of one without "t". */
struct json_t;
KM_NODISCARD km_status km_event_from(km_arena *a, const struct json_t *object, km_time now,
				     km_event *out, km_err *err);

#endif
