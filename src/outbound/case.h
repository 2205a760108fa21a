/*
 * outbound/case.h - one event under judgement: what the parts of the guard share. Private to
 * outbound/.
 */
#ifndef KM_OUTBOUND_CASE_H
#define KM_OUTBOUND_CASE_H

#include "outbound/account.h"

typedef struct {
	km_counters *c;
	const km_identities *ids;
	const km_guard_conf *conf;
	km_arena *arena;
	const km_event *e;
	km_decision *d;
	km_account acc;
	km_budgets budgets;
	/* of a message */
	size_t strangers;   /* recipients never written to */
	size_t acquainted;  /* of the others, those first written to today */
	double factor;	    /* what is unusual about it; 1 for nothing */
	double strict;	    /* how much more it may from where it is known */
	double steady;	    /* how much more it weighs in the day's budget; 1 for nothing */
	double share;	    /* what its content alone uses of the budgets, 0 to 1 */
	unsigned signs;	    /* km_sign */
	bool new_network;   /* not seen on an earlier day, nor beside one that was */
	bool networks_told; /* that they are many */
	bool away;	    /* from a network that the account never used */
	double networks;    /* how many such within two days */
	bool foreign;	    /* the sender address is not the account's */
	bool again;	    /* it was let through before, by another front end */
	double cost;	    /* weight with what is unusual */
} km_case;

/* Name spaces of keys in km_counters. */
enum {
	KM_KEY_ACCOUNT = 'a',
	KM_KEY_RCPT = 'r',
	KM_KEY_FROM = 'f',
	KM_KEY_SCRIPT = 's',
	KM_KEY_NARROW = 'n', /* networks: /24, /48 */
	KM_KEY_WIDE = 'N',   /* /16, /32 */
	KM_KEY_ASN = 'A',
	KM_KEY_COUNTRY = 'C',
	KM_KEY_NEW_NETWORKS = 'w',
	KM_KEY_STRANGER_NETWORKS = 'W',
	KM_KEY_FRIEND_NETWORKS = 'F',
	KM_KEY_BODY = 'b',
	KM_KEY_BODY_ACCOUNTS = 'B',
	KM_KEY_PASSED = 'q', /* queue ids: let through, refused */
	KM_KEY_REFUSED = 'Q',
	KM_KEY_PORT25 = '5',
	KM_KEY_BOUNCED = 'u',
	KM_KEY_RATE_RCPT = 't',
	KM_KEY_RATE_DOMAIN = 'd',
	KM_KEY_RATE_STRANGERS = 'D',
	KM_KEY_RATE_CLIENT = 'i',
	KM_KEY_RATE_BLOCK = 'I',
	KM_KEY_LEASE = 'l'
};

/* A key of @item in lower case, or of its very bytes, that belongs to the account of @c. */
uint64_t km_case_key(const km_case *c, char kind, km_sv item);
uint64_t km_case_key_of(const km_counters *c, char kind, uint64_t owner, km_sv item);
uint64_t km_case_key_bytes(const km_case *c, char kind, km_sv item);
/* Adds a fact about the event; args are formatted. May return NULL. */
km_fact *km_case_fact(km_case *c, km_fact_id id, km_sv seen);
void km_case_arg(km_case *c, km_fact *f, int which, double value);
/* Multiplies what is unusual about the event; @sign: of km_sign, or 0. */
void km_case_weigh(km_case *c, double factor, unsigned sign);
/* Whether the account has a history to compare with. */
bool km_case_is_known(const km_case *c);
/* Whether @key was seen on a day before this one. */
bool km_case_is_usual(const km_case *c, uint64_t key);

km_sv km_case_domain(km_sv address);
/* The narrow (/24, /48) and wide (/16, /32) network of @ip. */
km_sv km_case_narrow(const km_ip *ip);
km_sv km_case_wide(const km_ip *ip);
/* The client's address as text, in the arena. */
km_sv km_case_ip(km_case *c);

/* place.c: signs in where it comes from; the first sets new_network, networks, away, strict. */
void km_place_network(km_case *c);
void km_place_country(km_case *c);
/*
 * To strangers alone, and from yet another network. Whoever carries a telephone about, or is on a
 * journey, writes to friends from such networks as well, be it to some for the second time on his
 * first day; so this tells a botnet, however many networks the account has been seen in.
 */
void km_place_strangers(km_case *c);
/* A network that was used on an earlier day, one beside such a one, or another one of its provider.
 */
bool km_place_is_home(const km_case *c);
bool km_place_is_own_country(const km_case *c);
void km_place_remember(km_case *c);

/* takeover.c: looks at where a message, a login comes from and what it is like; sets factor, share,
 * signs, foreign, and what place.c sets. */
void km_takeover_message(km_case *c);
void km_takeover_login(km_case *c);
/* Weight of the message without @factor; sets cost; counts its recipients among those of the last
 * hours. */
double km_takeover_weight(km_case *c);
/* Remembers where it came from, whom it went to. */
void km_takeover_remember(km_case *c);
/* Events that are told about an account; each may call for a measure. */
void km_takeover_bounce(km_case *c);
void km_takeover_complaint(km_case *c);
void km_takeover_port25(km_case *c);

/* rates.c: false, with fact and wait, when one of the rates is met. */
bool km_rates_take(km_case *c);

/* ladder.c */
void km_ladder_propose(km_case *c, km_step step);
/* Ends what is in force; @raise: what was stopped was right. */
void km_ladder_restore(km_case *c, bool raise);
/* What a message that does not fit the budgets leads to, and one of an account that is stopped. */
void km_ladder_flood(km_case *c, double weight);
void km_ladder_drift(km_case *c, double weight);
void km_ladder_stopped(km_case *c);
/* A throttle whose time is over ends. */
void km_ladder_lapse(km_case *c);
/* Of a mailing, registered or not: what it lacks, with a notice when it was let through. */
void km_ladder_advise(km_case *c);
/* After a message was let through: tells when budgets run low. */
void km_ladder_tell(km_case *c);

#endif
