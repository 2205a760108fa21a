/*
 * cli/show.h - the structure of a message, for people and as JSON (DESIGN.md section 7).
 */
#ifndef KM_CLI_SHOW_H
#define KM_CLI_SHOW_H

#include "base/buf.h"
#include "cli/show_auth.h"
#include "fact/fact.h"
#include "mail/message.h"

typedef struct {
	km_arena *arena; /* the message's */
	km_mail *mail;
	const char *file;
	km_lang lang;
	bool colour;
	bool headers;		  /* all of them, not only those that people know */
	bool received;		  /* the chain of Received fields */
	bool links;		  /* of the HTML parts */
	const km_show_auth *auth; /* or NULL */
} km_show;

void km_show_text(km_buf *b, const km_show *s);
/* One object in one line. KM_NOMEM when it can not be made. */
KM_NODISCARD km_status km_show_json(km_buf *b, const km_show *s);

/* The part called @path, or NULL. */
km_part *km_show_part(const km_mail *m, km_sv path);

/* How parts are drawn: indexes, or KM_NO_PART. */
typedef struct {
	int first, next; /* in what it holds; beside it */
	int parent;
} km_show_link;

/*
 * A link for each part, so that further readings stand beside the first one; *root is where to
 * begin. NULL when the arena is full.
 */
const km_show_link *km_show_tree(km_arena *a, const km_mail *m, int *root);
/* The part drawn after @i: what it holds goes before what is beside it. KM_NO_PART at the end. */
int km_show_next(const km_show_link *links, int i);

const char *km_show_link_kind(km_link_kind k);

#endif
