/*
 * daemon/sending.h - one mail by SMTP, one post by HTTP, with libcurl. They block, a bounded time:
 * for a thread of their own.
 */
#ifndef KM_DAEMON_SENDING_H
#define KM_DAEMON_SENDING_H

#include "base/arena.h"
#include "base/err.h"

/* What became of it. */
typedef enum {
	KM_SENT,
	KM_SENT_LATER, /* this one was refused for now */
	KM_SENT_DOWN,  /* the other side takes nothing now */
	KM_SENT_NEVER  /* it was refused for good */
} km_sent;

enum { KM_SEND_MS = 15000 }; /* at most */

/* Before any thread begins. */
KM_NODISCARD km_status km_sending_init(km_err *err);

typedef struct {
	const char
		*url; /* smtp://HOST:PORT: TLS where offered, and required with a login; smtps:// */
	const char *helo;
	const char *user, *password; /* NULL: no login */
} km_smtp;

/*
 * Sends @message (with CRLF line ends) with the null sender, so that no bounce and no automatic
 * answer comes back. @err tells why not.
 */
km_sent km_send_mail(const km_smtp *via, const char *to, km_sv message, km_err *err);

/* Posts @body as application/json with @headers ("Name: value"). Only 2xx counts as taken; no
 * redirect is followed. */
km_sent km_send_post(const char *url, km_sv body, const char *const *headers, size_t n,
		     km_err *err);

#endif
