/*
 * front/milter/client.h - the MTA's side of one milter session, without I/O: packets to send,
 * replies to understand. `komainu try` shows with it what an MTA would be told.
 */
#ifndef KM_FRONT_MILTER_CLIENT_H
#define KM_FRONT_MILTER_CLIENT_H

#include "front/milter/proto.h"
#include "mail/header.h"

typedef struct {
	km_sv client_host, client_addr, helo;
	km_sv mail_from;    /* without brackets */
	const km_sv *rcpts; /* same */
	size_t n_rcpts;
	km_sv user; /* {auth_authen}; empty: none */
	km_sv queue_id;
	const km_headers *headers;
	km_sv message; /* the headers' offsets are of this */
} km_milter_session_data;

typedef enum {
	KM_CLIENT_SEND,	 /* bytes were appended that need no reply: ask for more */
	KM_CLIENT_REPLY, /* bytes were appended; the filter's reply comes next */
	KM_CLIENT_DONE	 /* the session is over */
} km_client_step;

typedef struct {
	char verdict;  /* km_smfir of the last reply that decides, 'c' by default */
	km_sv text;    /* of REPLYCODE: "550 5.7.1 …"; of QUARANTINE: its reason; arena */
	km_sv *fields; /* header fields inserted, "Name: value" each */
	size_t n_fields;
	size_t n_removed;
	bool quarantined;
} km_milter_outcome;

typedef struct km_milter_client km_milter_client;

km_milter_client *km_milter_client_new(km_arena *a, const km_milter_session_data *data);
/* Appends what an MTA says next. */
km_client_step km_milter_client_next(km_milter_client *c, km_buf *out);
/*
 * Takes the reply at the start of @in. KM_OK when the step is answered, KM_NOTFOUND when more bytes
 * are needed, KM_SYNTAX when the peer does not speak milter.
 */
KM_NODISCARD km_status km_milter_client_reply(km_milter_client *c, km_sv *in, km_err *err);
const km_milter_outcome *km_milter_client_outcome(const km_milter_client *c);

#endif
