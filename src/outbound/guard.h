/*
 * outbound/guard.h - Un-gyō: judges what our own accounts send by their own habits, and proposes
 * measures. Pure: it knows no clock, file or socket; the time is the events', the state is in
 * km_counters, which several processes may share.
 *
 * How a front end uses it:
 *
 *   km_guard_open(&conf, counters, identities, &guard, err);      once per process, after a role is
 *                                                                 confined; one guard, one thread
 *   for each message, when its recipients are known (Postfix policy: END-OF-MESSAGE, collecting
 * RCPTs by `instance`; milter: end of message, with class and score of the verdict):
 *       km_arena_reset(arena);
 *       fill km_event e, or km_event_read(arena, line, &e, err);
 *       km_guard_submit(guard, arena, &e, &d);                    any kind of event, also login,
 * bounce for each of d.measures: write it with its facts to disk (store/accounts.h), and when that
 * is done km_guard_apply(guard, &measure). True: it took effect by this call, tell subscriber and
 * staff. False: another process was faster, all is told already. When it can not be written: answer
 * "try again later" and do not apply. answer d.action; d.reply is the sentence for the sender,
 * English and ASCII, without limits. at RCPT, before a message is complete: km_guard_check()
 * changes nothing and says whether the account is stopped.
 *
 * Policy and milter may both submit the same message: the same account and queue_id count once, and
 * the second time only what is new (class, score) is looked at. A deferred message that comes again
 * with its queue_id is judged anew and not counted as another attempt.
 *
 * After a start, measures that the records have in force but the counters do not (they were lost)
 * are put back with km_guard_reinstate().
 */
#ifndef KM_OUTBOUND_GUARD_H
#define KM_OUTBOUND_GUARD_H

#include "fact/fact.h"
#include "outbound/event.h"
#include "outbound/identity.h"
#include "store/counters.h"

typedef struct km_guard km_guard;

typedef enum {
	KM_GUARD_ACCEPT,
	KM_GUARD_DEFER,
	KM_GUARD_HOLD,
	KM_GUARD_REJECT,
	KM_GUARD_ACTIONS
} km_guard_action;
/* "accept", … */
const char *km_guard_action_name(km_guard_action a);

typedef enum {
	KM_STEP_NONE,
	KM_STEP_NOTICE,
	KM_STEP_WARNING,
	KM_STEP_THROTTLE,
	KM_STEP_BRAKE,
	KM_STEP_SUSPENSION,
	KM_STEP_RESTORE,
	KM_STEPS
} km_step;
/* "notice", …; "" for none. KM_STEP_NONE for a name that is not known. */
const char *km_step_name(km_step s);
km_step km_step_by_name(km_sv name);

typedef struct {
	km_guard_action on_brake; /* KM_GUARD_HOLD; or DEFER, REJECT */
	bool reject_foreign;	  /* a From that the account may not use is refused */
	uint32_t new_days;	  /* of ordinary use until a new account is a person's; 14 */
	uint32_t throttle_s;	  /* how long a throttle lasts; 6 hours */
	double leniency;	  /* multiplies all budgets and rates; 1, greater is more lenient */
	double client_hour; /* messages of one client address in an hour, all accounts: 5000 */
	double block_hour;  /* same of its /24 or /48: 20000 */
} km_guard_conf;

km_guard_conf km_guard_defaults(void);

typedef struct {
	km_step step;
	km_time t;
	km_time until; /* it ends by itself then; 0: a person or a new password ends it */
	km_sv account; /* empty: only the address is known */
	km_ip ip;
	const km_facts *facts; /* of the decision that it came with */
	/* What km_guard_apply() does; of no concern to others. */
	uint64_t key, from, to;
	unsigned word;
	bool clear, raise;
} km_measure;

enum { KM_MEASURES_MAX = 3 };

/* Everything in it lives in the arena of the call. */
typedef struct {
	bool is_submit; /* else only facts and measures count */
	km_guard_action action;
	size_t accepted_rcpts; /* all of them when accepted; 0 otherwise */
	km_sv account;	       /* empty: sent without login */
	km_step in_force;      /* before this event */
	km_facts facts;
	km_measure measures[KM_MEASURES_MAX];
	size_t n_measures;
	uint32_t wait_s; /* deferred for a rate: seconds until there is room; 0 unknown */
	km_sv reply;	 /* for the sender; empty when accepted */
	double cost;	 /* what it weighed, and how full the account's budgets are now, 0 to 1 */
	double flood, drift;
} km_decision;

/* @c and @ids must outlive the guard; account and lease events change @ids and the guard. */
KM_NODISCARD km_status km_guard_open(const km_guard_conf *conf, km_counters *c, km_identities *ids,
				     km_guard **out, km_err *err);
void km_guard_close(km_guard *g);

/* Judges one event. KM_NOMEM or KM_LIMIT when the arena is full: answer "try again later". */
KM_NODISCARD km_status km_guard_submit(km_guard *g, km_arena *a, const km_event *e, km_decision *d);

/* True when the measure takes effect by this call; false when the account's state has moved on. */
bool km_guard_apply(km_guard *g, const km_measure *m);

/* In place of an account, the text of an IP address names what is known of that address, in all of
 * these: */

/* What its sender is told of a fact: what is the matter, and what to do. English, ASCII, no limits.
 */
km_sv km_guard_sentence(km_arena *a, const km_fact *f);

/* What is known of whoever answers for it: events with the same key are of one account. */
uint64_t km_guard_key(const km_guard *g, km_sv account, const km_ip *ip, km_time now);
/* Whether mail of @account (empty: of the holder of @ip) is stopped now: the step in force. */
km_step km_guard_check(km_guard *g, km_sv account, const km_ip *ip, km_time now);
/* Puts a recorded measure in force again, or takes it out (KM_STEP_NONE). */
void km_guard_reinstate(km_guard *g, km_sv account, km_step step, km_time since);

/* What is known of an account, for `account show` and `guard top`. */
typedef struct {
	bool known;
	km_account_kind kind;
	km_step step;
	km_time since; /* of the step */
	km_time first_seen, created;
	unsigned days_active;
	double flood_budget, drift_budget, flood, drift; /* budgets in weight; levels 0 to 1 */
	double messages_30d, recipients_1d, unknown_1d, judged_bad_30d, complaints_7d, suspicion;
	double peak_hour, peak_day, peak_recipients, peak_networks, held_7d;
	uint8_t hours[24]; /* of UTC, relative */
} km_account_view;
void km_guard_view(km_guard *g, km_sv account, km_time now, km_account_view *out);

#endif
