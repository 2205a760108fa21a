/*
 * net/av.h - what virus scanners are asked and answer, without I/O: clamd (INSTREAM, clamd(8)) and
 * ICAP (RESPMOD, RFC 3507). One connection for each message: what comes before it, the message,
 * what comes after it; then the answer.
 */
#ifndef KM_NET_AV_H
#define KM_NET_AV_H

#include <sys/socket.h>

#include "base/buf.h"
#include "base/err.h"

typedef enum {
	KM_AV_CLEAN,
	KM_AV_FOUND,
	KM_AV_TOO_LARGE /* for it to look at */
} km_av_result;

enum { KM_AV_NAME = 128, KM_AV_ANSWER_BYTES = 16384 };

typedef struct {
	km_av_result result;
	char name[KM_AV_NAME]; /* of what was found, printable ASCII; "?" when it has none */
} km_av_answer;

typedef struct km_av_protocol km_av_protocol;

/* A scanner, as configured. */
typedef struct {
	const km_av_protocol *protocol;
	char name[300];	   /* as it was written, for messages and "Host:" */
	char service[300]; /* ICAP: what is asked for */
	struct sockaddr_storage address;
	socklen_t length;
} km_av_target;

struct km_av_protocol {
	/* Appends what comes before a message of @n bytes. */
	void (*before)(const km_av_target *t, size_t n, km_buf *out);
	km_sv after;
	/*
	 * Reads all that has come so far; @end: no more will. KM_NOTFOUND while the answer is not
	 * whole; KM_TEMPFAIL when it is an error, KM_SYNTAX when it is no answer.
	 */
	km_status (*read)(km_sv got, bool end, km_av_answer *out, km_err *err);
};

/* Makes @out tell of what is called @name; signatures are named by whoever made them. */
void km_av_found(km_sv name, km_av_answer *out);

extern const km_av_protocol km_av_clamd, km_av_icap;

/*
 * Reads and resolves an address: of clamd "HOST:PORT", "[::1]:PORT" or "unix:/path", of ICAP
 * "icap://HOST[:PORT]/SERVICE". KM_CONFIG for text that is none, KM_TEMPFAIL for a name that can
 * not be resolved now.
 */
KM_NODISCARD km_status km_av_target_clamd(const char *text, km_av_target *out, km_err *err);
KM_NODISCARD km_status km_av_target_icap(const char *text, km_av_target *out, km_err *err);
/* Its TCP port; 0 for a unix socket. */
uint16_t km_av_target_port(const km_av_target *t);

#endif
