/*
 * front/guardline/guardline.h - what is said on the guard's own socket, "guard.sock" in state.dir:
 * JSON, one object a line, each answered by one line in the same order. Without I/O. Who may write
 * in the state folder may connect.
 *
 * Lines that tell, as `komainu guard simulate` reads them (outbound/event.h); "t" may be left out
 * and is then now:
 *   {"event": "submit", "account": …, …}     answered by the decision
 *   {"event": "login" | "bounce" | "smtp25_out" | "complaint" | "account" | "lease", …}
 *   {"event": "password_changed", "account": …, "by": …}
 *   {"event": "review", "account": …, "outcome": "restore" | "keep" | "terminate", "by": …,
 *    "reason": …, "new_password": true}     new_password: with "restore", it has to be changed
 * Lines that are only kept in the file of the account (store/accounts.h):
 *   {"event": "appeal", "account": …, "text": …, "by": …}
 *   {"event": "told", "account": …, "how": "mail", "to": …, "row": N}      row: of the measure
 * All these are on disk, with what they led to, when the answer comes:
 *   {"ok": true, "measures": ["restore"]}
 * Lines that ask:
 *   {"query": "account", "account": …}
 *   {"query": "top", "limit": N}
 *   {"query": "ping"}
 * What can not be read or done: {"error": "…"}; the connection goes on. In place of a login, an IP
 * address stands for mail without one.
 */
#ifndef KM_FRONT_GUARDLINE_GUARDLINE_H
#define KM_FRONT_GUARDLINE_GUARDLINE_H

#include "engine/json_write.h"
#include "outbound/guard.h"
#include "store/accounts.h"

typedef enum {
	KM_GUARDLINE_EVENT,
	KM_GUARDLINE_ENTRY, /* for the file of the account alone */
	KM_GUARDLINE_ACCOUNT,
	KM_GUARDLINE_TOP,
	KM_GUARDLINE_PING
} km_guardline_kind;

enum {
	KM_GUARDLINE_TOP_DEFAULT = 20,
	KM_GUARDLINE_TOP_MAX = 1000,
	KM_GUARDLINE_TEXT_MAX = 1024 * 1024
};

typedef struct {
	km_guardline_kind kind;
	km_event event;	     /* of an EVENT; of an ENTRY its t and account */
	km_entry_kind entry; /* what is kept of it; KM_ENTRY_KIND_COUNT: nothing */
	km_sv by;	     /* of it; "" unknown */
	km_sv reason;	     /* of it: the words of who said it; of told, "HOW TO ROW" */
	km_sv account;	     /* of ACCOUNT */
	size_t limit;	     /* of TOP */
} km_guardline;

/*
 * Reads one line, without its line end. Views are copies in @a. KM_NOTFOUND for a line of white
 * space, KM_SYNTAX, KM_LIMIT with the reason.
 */
KM_NODISCARD km_status km_guardline_read(km_arena *a, km_sv line, km_time now, km_guardline *out,
					 km_err *err);

/* Answers, each a whole line with its end, appended to @out. */

/* With "reply", the sentence for the sender, unless it is let through. @error (may be NULL): why
 * the decision is not the guard's own. */
void km_guardline_decision(km_buf *out, const km_event *e, const km_decision *d, const char *error);
void km_guardline_done(km_buf *out, const km_decision *d);
void km_guardline_error(km_buf *out, const char *text);
/* For `komainu guard simulate`, which prints measures as well. @a: for the sentences of facts. */
void km_guardline_measure(km_buf *out, km_arena *a, const km_event *e, const km_measure *m,
			  km_lang lang);

/*
 * {"account", "known", "kind", "in_force", "since", …} of what is known of an account; as a line by
 * itself, or (@w) one in the list of km_guardline_top.
 */
void km_guardline_view(km_buf *out, km_sv account, const km_account_view *v);

typedef struct {
	km_sv account;
	km_account_view view;
} km_guardline_row;
/* {"accounts": […]}, each as km_guardline_view(). */
void km_guardline_top(km_buf *out, const km_guardline_row *rows, size_t n);

/* Facts as entries of an account's file keep them: [{"id", "points", "seen", "args"}, …]. */
void km_guardline_facts(km_buf *out, const km_facts *facts);

#endif
