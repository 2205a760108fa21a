/*
 * daemon/http.h - inside of the scanner's HTTP front end: requests, and what endpoints do with
 * them.
 */
#ifndef KM_DAEMON_HTTP_H
#define KM_DAEMON_HTTP_H

#include <microhttpd.h>

#include "base/spool.h"
#include "daemon/scanner.h"
#include "front/http/request.h"

typedef struct km_http km_http;
typedef struct km_request km_request;

/*
 * An endpoint fills r->body and returns the status code, or KM_HTTP_LATER: then it has begun
 * something at whose end it calls km_http_answer().
 */
typedef unsigned km_endpoint(km_http *h, km_request *r);
enum { KM_HTTP_LATER = 0 };

typedef struct {
	const char *method, *path, *type;
	km_endpoint *run;
} km_route;

struct km_request {
	km_http *front;
	const km_route *route;
	struct MHD_Connection *connection;
	km_spool spool;
	km_arena *arena; /* of the envelope */
	km_http_request headers;
	km_task *task; /* in hand */
	struct km_learning *learning;
	km_buf body;
	unsigned status; /* of the answer, once it is there */
	bool suspended;
	bool asked;				 /* the keeper has been, and will answer */
	km_request *next_waiting, *prev_waiting; /* while suspended */
};

km_scanner *km_http_scanner(const km_http *h);
/* Makes the body an error; returns @status. */
unsigned km_http_problem(km_request *r, unsigned status, const char *text);
/* The answer is there: it goes out now, or when libmicrohttpd comes back to the request. */
void km_http_answer(km_request *r, unsigned status);
/* Reads the headers into r->headers and the message into @job; a status that says why not, with the
 * body filled, or KM_HTTP_LATER when all is well. */
unsigned km_http_read(km_http *h, km_request *r, km_job *job);

/* Learning (scanner_learn.c): "/learnspam" and so on; NULL past the last. */
const km_route *km_http_learn_route(size_t i);
/* @r goes away while it waits for the keeper. */
void km_http_learn_forget(km_request *r);

#endif
