/*
 * front/policyd/policyd.h - Postfix's policy delegation protocol (SMTPD_POLICY_README of Postfix
 * 3.x), without I/O. A request is lines "name=value", ended by an empty line; many follow each
 * other on one connection. The reply is one line "action=…" and an empty line.
 */
#ifndef KM_FRONT_POLICYD_POLICYD_H
#define KM_FRONT_POLICYD_POLICYD_H

#include "base/buf.h"
#include "base/err.h"

/* Postfix's own limit is far below: its lines are at most line_length_limit (2048) each. */
enum { KM_POLICYD_MAX_REQUEST = 65536, KM_POLICYD_MAX_TEXT = 480 };

/* Attributes that somebody here reads; views into the request, empty where absent. Hostile. */
typedef struct {
	km_sv request;	      /* "smtpd_access_policy" */
	km_sv protocol_state; /* CONNECT EHLO HELO MAIL RCPT DATA END-OF-MESSAGE VRFY ETRN */
	km_sv queue_id;	      /* from DATA on, at times earlier */
	km_sv instance;	      /* the same for all requests about one message */
	km_sv client_address, client_name, client_port;
	km_sv helo_name;
	km_sv sender, recipient;
	km_sv recipient_count; /* at DATA and END-OF-MESSAGE; 0 before */
	km_sv size;	       /* bytes; at END-OF-MESSAGE the real one */
	km_sv sasl_method, sasl_username, sasl_sender;
	km_sv ccert_subject, ccert_fingerprint;
	km_sv policy_context;
} km_policyd_request;

/*
 * Takes the request at the start of @in, *used bytes with its empty line. KM_NOTFOUND while it is
 * not whole: call again with more bytes and the same *seen (0 at first), so that no byte is
 * searched twice. KM_LIMIT over KM_POLICYD_MAX_REQUEST, KM_SYNTAX for a line without "=" or with a
 * NUL. Of an attribute that comes twice the first counts.
 */
KM_NODISCARD km_status km_policyd_read(km_sv in, size_t *seen, size_t *used,
				       km_policyd_request *out, km_err *err);

typedef enum {
	KM_POLICYD_DUNNO, /* no opinion: the rules that follow decide */
	KM_POLICYD_DEFER, /* 450 at once: DEFER_IF_PERMIT would be asked for each recipient */
	KM_POLICYD_REJECT,
	KM_POLICYD_HOLD /* accepted, into the hold queue */
} km_policyd_action;

/*
 * Appends the reply. @text, for all but DUNNO: an enhanced status code for DEFER and REJECT comes
 * from @code ("4.7.1"). Control characters and line ends in @text become spaces, other than ASCII
 * "?"; it is cut at KM_POLICYD_MAX_TEXT.
 */
void km_policyd_reply(km_buf *out, km_policyd_action action, const char *code, km_sv text);

#endif
