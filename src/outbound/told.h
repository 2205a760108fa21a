/*
 * outbound/told.h - the notice that an entry in an account's file calls for, to its subscriber or
 * to staff. Subscribers are told no number that would tell a limit.
 */
#ifndef KM_OUTBOUND_TOLD_H
#define KM_OUTBOUND_TOLD_H

#include "outbound/notice.h"
#include "store/accounts.h"

typedef struct {
	int64_t row; /* of the entry: the reference number, and the key that tells repeats */
	const km_entry *entry;
	/* Words of the decision that a restore goes back to; empty: the entry's own. */
	km_sv reason;
	km_reader reader; /* KM_FOR_RECIPIENT: the subscriber; KM_FOR_ADMIN: staff */
	/* Of the operator; where empty something general stands. Any bytes. */
	km_sv operator_name, contact;
	/* How to clean up: a block, see outbound/notice.h. */
	km_sv steps[KM_LANGS];
} km_told;

/* Whether @reader is to be told of it at all. */
bool km_told_wanted(const km_entry *e, km_reader reader);
/* KM_NOTFOUND when it is not wanted. */
KM_NODISCARD km_status km_told_write(km_arena *a, const km_notices *all, const km_told *t,
				     km_lang lang, km_notice *out, km_err *err);

/* "送信停止", "suspension": what an entry is, for people. */
const char *km_entry_title(km_entry_kind k, km_lang lang);
/* The words of a review without the outcome that they begin with. */
km_sv km_review_words(km_sv reason);
bool km_review_restores(km_sv reason);
/* It restores on condition that the password is changed: "restore+password: …". */
bool km_review_wants_password(km_sv reason);

#endif
