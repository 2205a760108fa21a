/*
 * outbound/stored.h - what an account's file (store/accounts.h) tells, as people read it: facts,
 * times, and what they speak for.
 */
#ifndef KM_OUTBOUND_STORED_H
#define KM_OUTBOUND_STORED_H

#include "fact/fact.h"

/*
 * Adds the facts of @json, [{"id", "points", "seen", "args"}, …], to @out. Those that this version
 * does not know are passed over. KM_SYNTAX for what is no such list; empty text is an empty one.
 */
KM_NODISCARD km_status km_stored_facts(km_sv json, km_facts *out, km_err *err);

/* "2026-03-02 09:14:05 JST (2026-03-02T00:14:05Z)"; @t_ms: milliseconds since 1970. */
enum { KM_STORED_TIME = 64 };
const char *km_stored_time(int64_t t_ms, char out[KM_STORED_TIME]);

/* Whose hand a fact speaks for. None speaks for the holder's bad intent: at most for a mailing. */
typedef enum {
	KM_HAND_NONE,	 /* for nobody's */
	KM_HAND_OTHER,	 /* somebody else knows the password */
	KM_HAND_MACHINE, /* a device is infected, or a web site was broken into */
	KM_HAND_EITHER,	 /* found with a take-over, and with honest mail as well */
	KM_HAND_MAILING, /* the holder's own mailing, not as it should be made */
	KM_HANDS
} km_hand;

km_hand km_stored_hand(km_fact_id id);
const char *km_hand_name(km_hand h); /* "other", … */
/* What it means, for people; of KM_HAND_NONE empty. */
const char *km_hand_meaning(km_hand h, km_lang lang);

/* Text of unknown origin without what would act on a terminal or a mail: control characters and
 * those that change the order of letters become spaces, what is no UTF-8 U+FFFD. With @lines, line
 * ends stay. */
km_sv km_stored_text(km_arena *a, km_sv v, bool lines);

#endif
