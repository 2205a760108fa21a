/*
 * front/spamd/session.h - one connection of a client of SpamAssassin's spamd (SPAMC up to 1.5:
 * spamc, Exim) or of the old Rspamd (RSPAMC/1.3: Exim's variant=rspamd) as a state machine: bytes
 * in, bytes out, and a message to be judged. No I/O, no clock, no engine. A connection carries one
 * request; once it is answered the connection is to be closed.
 *
 *	switch (km_spamd_feed(s, in, out)) {
 *	case KM_SPAMD_MESSAGE: … judge km_spamd_message(s), km_spamd_answer(s, &verdict, out) …
 *	}
 *
 * A request is a line "COMMAND SPAMC/1.5", header lines, an empty line and, by Content-length or up
 * to the end of input, a message.
 */
#ifndef KM_FRONT_SPAMD_SESSION_H
#define KM_FRONT_SPAMD_SESSION_H

#include "base/spool.h"
#include "front/http/request.h"

typedef enum {
	KM_SPAMD_MORE,	  /* all input was taken; wants more */
	KM_SPAMD_MESSAGE, /* a message is whole: answer it */
	KM_SPAMD_CLOSE,	  /* done without a message: send the answer, if there is one, and close */
	KM_SPAMD_BAD	  /* same; it was no request of this protocol */
} km_spamd_event;

enum { KM_SPAMD_MAX_HEADER = 4 * 1024 * 1024 }; /* request line and headers */

typedef struct {
	size_t max_message;  /* bytes kept of a message; what is over is cut and counted */
	size_t max_returned; /* bytes of a message that PROCESS gives back; a larger one is refused
			      */
	size_t max_rcpts;
	/* Fields that only we may set: taken out of a message that is given back. Static. */
	const km_sv *ours;
	size_t n_ours;
} km_spamd_limits;

/* What a client says that a message is (TELL). */
typedef enum {
	KM_SPAMD_NO_LESSON, /* it wants to be told */
	KM_SPAMD_LEARN_SPAM,
	KM_SPAMD_LEARN_HAM,
	KM_SPAMD_FORGET
} km_spamd_lesson;

/* The statuses that are used, of sysexits.h. */
typedef enum {
	KM_SPAMD_DATAERR = 65,
	KM_SPAMD_UNAVAILABLE = 69,
	KM_SPAMD_TEMPFAIL = 75,
	KM_SPAMD_PROTOCOL = 76,
	KM_SPAMD_NOPERM = 77
} km_spamd_code;

/* Views live until the answer is given. */
typedef struct {
	km_spamd_lesson lesson;
	km_http_request *envelope; /* from the request's headers, or as Exim puts it before a
				      message */
	bool stored;	 /* nothing is known of the envelope but what the message's header tells */
	km_sv message;	 /* without the line "From …" of a mailbox */
	size_t dropped;	 /* bytes over max_message */
	km_status spool; /* KM_OK, or why `message` is not whole */
} km_spamd_message_view;

typedef struct {
	km_sv name;
	double points;
} km_spamd_symbol;

typedef struct {
	km_sv name, value; /* folded lines of the value end with LF */
} km_spamd_field;

typedef struct {
	bool spam;
	double score;
	double required;    /* points from which on mail is called spam */
	double reject;	    /* points from which on it is refused; may be INFINITY */
	const char *action; /* Rspamd's word */
	const km_spamd_symbol *symbols;
	size_t n_symbols;
	/* Lines end with LF; made ASCII. */
	km_sv report; /* for the administrator: REPORT */
	km_sv reply;  /* for the sender of a message that is not taken, else empty: RSPAMC */
	const km_spamd_field *add; /* on top of a message that is given back, in this order */
	size_t n_add;
} km_spamd_verdict;

typedef struct km_spamd km_spamd;

km_spamd *km_spamd_new(const km_spamd_limits *limits);
void km_spamd_free(km_spamd *s);

/* Takes all of @in. Answers that need no message are appended to @out. */
km_spamd_event km_spamd_feed(km_spamd *s, km_sv in, km_buf *out);
/* The client has closed its side. */
km_spamd_event km_spamd_end(km_spamd *s, km_buf *out);
/* The message to be judged; once. */
const km_spamd_message_view *km_spamd_message(km_spamd *s);
/* To a message that was whole. */
void km_spamd_answer(km_spamd *s, const km_spamd_verdict *v, km_buf *out);
/* To a message that was to be learned: it was, or had been (@changed is false). */
void km_spamd_answer_lesson(km_spamd *s, bool changed, km_buf *out);
/* Instead of either: @text (ASCII, one line) says why there is none. */
void km_spamd_refuse(km_spamd *s, km_spamd_code code, const char *text, km_buf *out);

#endif
