/*
 * front/http/request.h - the envelope in the headers of a scan request, as Rspamd's clients send
 * them (and, for /scan, all others): IP, Helo, Hostname, From, Rcpt, Deliver-To, User, Queue-Id,
 * MTA-Name, Envelope. Pure. Names are case-blind. A hostile value is data, never an error.
 */
#ifndef KM_FRONT_HTTP_REQUEST_H
#define KM_FRONT_HTTP_REQUEST_H

#include "engine/scan.h"

typedef struct {
	km_arena *arena;
	size_t max_rcpts;
	km_sv ip, helo, hostname, from, deliver_to, user, queue_id, mta, envelope, encoding;
	bool has_from;
	km_sv *rcpts; /* without brackets */
	size_t n_rcpts, cap_rcpts;
	size_t rcpts_dropped; /* past max_rcpts, or no memory */
} km_http_request;

/* The list of recipients grows in @arena. */
void km_http_request_init(km_http_request *r, km_arena *arena, size_t max_rcpts);
/*
 * Takes one header in; @value must live as long as @r. Rcpt may come many times, and each may hold
 * several addresses separated by commas; of all others the first one counts.
 */
void km_http_request_header(km_http_request *r, km_sv name, km_sv value);
/* Views of *env point into @r and the values; env->now is left alone. */
void km_http_request_envelope(const km_http_request *r, km_envelope *env);
/* The envelope is to be taken from the message ("Envelope: stored"). */
bool km_http_request_stored(const km_http_request *r);
/* The body is compressed (Content-Encoding, or Rspamd's Compression). */
bool km_http_request_compressed(const km_http_request *r);

#endif
