/*
 * front/policyd/message.h - the requests about one message put together: Postfix asks once for each
 * recipient, and tells all but their names at the end. Without I/O; one for each connection, on
 * which messages follow each other.
 */
#ifndef KM_FRONT_POLICYD_MESSAGE_H
#define KM_FRONT_POLICYD_MESSAGE_H

#include "front/policyd/policyd.h"
#include "outbound/event.h"

enum { KM_POLICYD_INSTANCE_MAX = 255, KM_POLICYD_NAMES_MAX = 4 * 1024 * 1024 };

typedef struct {
	char instance[KM_POLICYD_INSTANCE_MAX];
	size_t instance_n;
	km_buf names; /* of recipients, each with a line end */
	size_t n;
} km_policyd_message;

void km_policyd_message_init(km_policyd_message *m);
void km_policyd_message_finish(km_policyd_message *m);
/* Forgets the message; the next one begins. */
void km_policyd_message_clear(km_policyd_message *m);

/* Remembers the recipient that @r (in state RCPT) asks about. Another instance begins anew. */
void km_policyd_message_rcpt(km_policyd_message *m, const km_policyd_request *r);

/*
 * The event of the whole message that @r (in state DATA or END-OF-MESSAGE) is about; the account is
 * the caller's to add. Recipients whose names were not told (the connection was another one) are
 * empty names. All of it is copied into @a; KM_LIMIT when that is full.
 */
KM_NODISCARD km_status km_policyd_message_event(const km_policyd_message *m, km_arena *a,
						const km_policyd_request *r, km_time now,
						km_event *out);

#endif
