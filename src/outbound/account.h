/*
 * outbound/account.h - what is remembered of an account: a profile of words in km_counters, each a
 * statistic that fades. Its own history is the yardstick; what a kind of account usually does
 * stands in for it until there is one.
 *
 * Weight: mail is counted not by messages but by what speaks for somebody else's hand. A recipient
 * who was written to before weighs next to nothing, one who was not weighs 1, and what is unusual
 * about a message (network, hour, sender address, content…) multiplies that.
 */
#ifndef KM_OUTBOUND_ACCOUNT_H
#define KM_OUTBOUND_ACCOUNT_H

#include "outbound/guard.h"

typedef enum {
	KM_W_STATE,	/* see km_state */
	KM_W_BORN,	/* created, first seen: seconds */
	KM_W_TOLD,	/* last notice, last warning: seconds */
	KM_W_SIGNS,	/* time, bits of km_sign: what was seen within SIGNS_LAST */
	KM_W_PLACE,	/* time, last country */
	KM_W_FLOOD,	/* budget of an hour */
	KM_W_DRIFT,	/* budget of a day */
	KM_W_HOUR,	/* tally: weight of this hour */
	KM_W_DAY,	/* tally: weight of this day */
	KM_W_TOP,	/* what was greatest today, see km_top */
	KM_W_PEAK_HOUR, /* fading greatest weight of an hour, a day */
	KM_W_PEAK_DAY,
	KM_W_PEAK_RCPTS, /* recipients of one message */
	KM_W_PEAK_NETS,	 /* new networks in two days */
	KM_W_ACTIVE,	 /* days with mail */
	KM_W_MESSAGES,
	KM_W_FOREIGN,	 /* messages with an address that is not the account's */
	KM_W_JUDGED_BAD, /* messages whose content was judged as spam */
	KM_W_KNOWN, /* recipients of the last hours: known ones and strangers, at home and away */
	KM_W_STRANGE,
	KM_W_KNOWN_AWAY,
	KM_W_STRANGE_AWAY,
	KM_W_RCPTS,   /* recipients within a day */
	KM_W_UNKNOWN, /* of whom so many do not exist */
	KM_W_COMPLAINTS,
	KM_W_SUSPICION,		     /* signs that came without a message: logins, complaints */
	KM_W_FAILED,		     /* failed logins */
	KM_W_HELD,		     /* weight of what was stopped */
	KM_W_PORT25,		     /* connections past the relay in an hour */
	KM_W_RATES,		     /* six: messages and recipients per minute, hour, day */
	KM_W_HOURS = KM_W_RATES + 6, /* three words: use of each hour of the day, 8 bits each */
	KM_W_END = KM_W_HOURS + 3
} km_account_word;

/* Half-lives in seconds. */
enum {
	KM_HALF_RECENT = 20 * 60,
	KM_HALF_AWAY = 12 * 3600,
	KM_HALF_SUSPICION = 12 * 3600,
	KM_HALF_DAY = 86400,
	KM_HALF_WEEK = 7 * 86400,
	KM_HALF_PEAK = 14 * 86400,
	KM_HALF_LONG = 30 * 86400
};

/* What speaks for somebody else's hand. */
typedef enum {
	KM_SIGN_NETWORK = 1 << 0,  /* a new network */
	KM_SIGN_NETWORKS = 1 << 1, /* many of them */
	KM_SIGN_COUNTRY = 1 << 2,
	KM_SIGN_TRAVEL = 1 << 3,
	KM_SIGN_GUESSED = 1 << 4,
	KM_SIGN_FOREIGN = 1 << 5,
	KM_SIGN_CONTENT = 1 << 6,
	KM_SIGN_BOUNCES = 1 << 7,
	KM_SIGN_SCRIPT = 1 << 8,
	KM_SIGN_MANY_RCPTS = 1 << 9,
	KM_SIGN_BODY = 1 << 10,
	KM_SIGN_HOURS = 1 << 11,
	KM_SIGN_PORT25 = 1 << 12,
	KM_SIGN_COMPLAINT = 1 << 13,
	KM_SIGN_FLOOD = 1 << 14
} km_sign;

/* Signs that no habit of an honest sender explains. */
#define KM_SIGNS_STRONG                                                                            \
	(KM_SIGN_NETWORKS | KM_SIGN_TRAVEL | KM_SIGN_GUESSED | KM_SIGN_FOREIGN | KM_SIGN_CONTENT | \
	 KM_SIGN_BOUNCES | KM_SIGN_PORT25)
/* Of these, the ones that no mailing of the account's owner leaves, wanted or not. */
#define KM_SIGNS_OTHER_HANDS (KM_SIGN_NETWORKS | KM_SIGN_TRAVEL | KM_SIGN_GUESSED | KM_SIGN_FOREIGN)

typedef struct {
	km_step step; /* NONE, THROTTLE, BRAKE or SUSPENSION */
	km_account_kind kind;
	uint8_t generation; /* moves with every change, so that none is made twice */
	bool cleared;	    /* a person found right what it had been stopped for */
	uint32_t since;	    /* seconds; of the step, or of the last restore */
} km_state;

km_state km_state_unpack(uint64_t word);
uint64_t km_state_pack(km_state s);
/* A throttle whose @throttle_s have passed, or that began in a future that did not come. */
bool km_state_is_over(const km_state *s, uint32_t throttle_s, km_time now);

/* The greatest of a day: 16 bits of its number, 24 of a weight in tenths, 16 of recipients, 8 of
 * networks. They become habits when the day is over, so that no attack makes room for itself. */
typedef struct {
	uint32_t day, hour_tenths, rcpts, networks;
} km_top;

km_top km_top_unpack(uint64_t word);

typedef struct {
	km_sv name; /* empty: an address without login and lease */
	uint64_t key;
	km_word *w;
	km_state state;
	km_account_kind kind; /* as which it is judged: never UNKNOWN */
	double days;	      /* with mail, fading */
} km_account;

/* Reads the profile at @w for an event at @now; begins one that is new. */
void km_account_load(km_account *a, uint64_t key, km_sv name, km_word *w, uint32_t new_days,
		     km_time now);
/* What an account event tells. */
void km_account_tell(km_account *a, const km_event *e);

typedef struct {
	km_rate flood, drift; /* of an hour, of a day */
	double strict;	      /* what is enough for mail from where the account never was */
} km_budgets;
km_budgets km_account_budgets(const km_account *a, double leniency, km_time now);

/* A message that was let through. */
typedef struct {
	double weight;	 /* without what multiplies it */
	double networks; /* new ones in two days */
	size_t n_rcpts;
	bool foreign;
} km_account_sent;
void km_account_learn(km_account *a, const km_account_sent *s, km_time now);

/* Share of the account's mail that goes out in this hour of the day and those beside it; 1 while
 * there is too little to tell. */
double km_account_hour_share(const km_account *a, km_time now);

/* Signs of the last half day; adds @more to them. */
unsigned km_account_signs(const km_account *a, unsigned more, km_time now);
/* Within a month of the day when a person found right what it does. */
bool km_account_is_cleared(const km_account *a, km_time now);
/* Forgets all that spoke against the account; @raise: what it did was right, so it may again. */
void km_account_clear(km_account *a, bool raise, km_time now);

#endif
