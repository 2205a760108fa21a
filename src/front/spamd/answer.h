/*
 * front/spamd/answer.h - what a client is told, in the two languages of the protocol. Internal to
 * front/spamd/.
 */
#ifndef KM_FRONT_SPAMD_ANSWER_H
#define KM_FRONT_SPAMD_ANSWER_H

#include "front/spamd/session.h"

/* "SPAMD/1.1 CODE TEXT" or "RSPAMD/1.3 CODE TEXT", and no body. */
void km_spamd_put_error(km_buf *out, bool rspamd, unsigned code, const char *text);
void km_spamd_put_rspamd(km_buf *out, const km_spamd_verdict *v);
/* @length: the client knows Content-length in an answer (SPAMC/1.3; all that return a message). */
void km_spamd_put_spamc(km_buf *out, const km_spamd_verdict *v, bool length, km_sv body);

/* Appends the body of an answer. */
void km_spamd_put_symbols(km_buf *out, const km_spamd_verdict *v);
void km_spamd_put_report(km_buf *out, const km_spamd_verdict *v);
/*
 * Appends @message with the fields of @v on top and without those of @ours that it came with, in
 * its own kind of line ends; a mailbox's line "From …" stays first. @header_only: without the body.
 */
void km_spamd_put_message(km_buf *out, km_sv message, bool header_only, const km_sv *ours,
			  size_t n_ours, const km_spamd_verdict *v);

/* Takes a mailbox's line "From …" off @message; false when there is none. */
bool km_spamd_take_from_line(km_sv *message);

#endif
