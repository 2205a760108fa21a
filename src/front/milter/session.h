/*
 * front/milter/session.h - one milter connection as a state machine: bytes in, bytes out, and now
 * and then a message to be judged. No I/O, no clock, no engine: the driver judges and says what to
 *answer.
 *
 *	while (km_milter_feed(s, &in, out) == KM_MILTER_MESSAGE) {
 *		… judge km_milter_message(s) …
 *		km_milter_answer(s, &answer, out);
 *	}
 *
 * Memory: an idle session holds under 1 KB; what a message needs is freed when it ends.
 */
#ifndef KM_FRONT_MILTER_SESSION_H
#define KM_FRONT_MILTER_SESSION_H

#include "base/buf.h"
#include "base/err.h"
#include "base/spool.h"

typedef enum {
	KM_MILTER_MORE,	   /* all input was taken; wants more */
	KM_MILTER_MESSAGE, /* a message is whole: answer it before feeding on */
	KM_MILTER_CLOSE,   /* the MTA said goodbye */
	KM_MILTER_BAD	   /* not the protocol: close; err says what was wrong */
} km_milter_event;

enum { KM_MILTER_OURS = 8 };

typedef struct {
	size_t max_message; /* bytes kept of a message; what is over is cut and counted */
	size_t max_rcpts;   /* recipients kept */
	size_t max_strings; /* bytes of envelope and macros of one message */
	/* Names of fields that only we may set (at most KM_MILTER_OURS, static): all that the MTA
	 * sent are deleted when the message is let through. */
	const km_sv *ours;
	size_t n_ours;
	/* Our name in Authentication-Results: fields that claim to be ours are deleted likewise.
	 * Without one it is the MTA's own name ({j}), else @host. */
	km_sv authserv_id, host;
} km_milter_limits;

/* Views live until the answer is given. */
typedef struct {
	km_sv client_host;    /* verified name, or empty */
	km_sv client_addr;    /* text of the IP address, or empty */
	uint16_t client_port; /* or 0 */
	km_sv helo;
	km_sv mail_from;    /* without brackets; empty is the null sender */
	const km_sv *rcpts; /* without brackets */
	size_t n_rcpts, rcpts_dropped;
	km_sv user;	/* {auth_authen} */
	km_sv queue_id; /* i */
	km_sv tls;	/* {tls_version}, or empty */
	/* {cert_subject}, unless {verify} says that it proves nothing (Postfix tells it of trusted
	 * ones only and has no {verify}) */
	km_sv certificate;
	km_sv mta;	 /* j, the MTA's name for itself, or empty */
	km_sv message;	 /* headers and body with CRLF */
	size_t dropped;	 /* bytes over max_message */
	km_status spool; /* KM_OK, or why `message` is not whole */
} km_milter_message_view;

typedef enum {
	KM_ANSWER_ACCEPT,
	KM_ANSWER_QUARANTINE, /* goes to the MTA's hold queue */
	KM_ANSWER_REJECT,
	KM_ANSWER_TEMPFAIL,
	KM_ANSWER_DISCARD
} km_answer_kind;

typedef struct {
	km_sv name, value;
} km_milter_field;

typedef struct {
	km_answer_kind kind;
	km_sv text;		    /* reply text or reason of quarantine; UTF-8 is made ASCII */
	const km_milter_field *add; /* inserted on top, in this order */
	size_t n_add;
} km_milter_answer_view;

typedef struct km_milter km_milter;

km_milter *km_milter_new(const km_milter_limits *limits);
void km_milter_free(km_milter *s);

/*
 * Takes packets off @in until it is empty or a message is whole. What is not yet a whole packet is
 * kept inside. Replies are appended to @out.
 */
km_milter_event km_milter_feed(km_milter *s, km_sv *in, km_buf *out, km_err *err);
const km_milter_message_view *km_milter_message(km_milter *s);
void km_milter_answer(km_milter *s, const km_milter_answer_view *answer, km_buf *out);

/* True while a message is under way (from MAIL on): what is cut off then was not answered. */
bool km_milter_busy(const km_milter *s);
/* True when the input so far ends within a packet. */
bool km_milter_partial(const km_milter *s);
/* Messages answered so far on this connection. */
size_t km_milter_served(const km_milter *s);

#endif
