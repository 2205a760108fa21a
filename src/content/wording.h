/*
 * content/wording.h - what a message says, by phrases of known kinds of fraud: account stopped,
 * card used, parcel, bill for nothing, sextortion … Built in is data/phrases.csv. One phrase says
 * little: honest mail has it too. A fact is written for a kind once its phrases come to enough, and
 * its weight is what they come to.
 */
#ifndef KM_CONTENT_WORDING_H
#define KM_CONTENT_WORDING_H

#include "content/areas.h"
#include "fact/fact.h"

/*
 * Kinds of wording, the fact of each (NONE: it has none), the sum from which it is written, and the
 * sum of strong phrases in different places from which the whole is typical of the kind (0: never),
 * and the category of such a message.
 */
#define KM_WORDINGS(X)                                                                             \
	X(account, WORDING_ACCOUNT, 3, 0, NULL)                                                    \
	X(acquaintance, WORDING_ACQUAINTANCE, 4, 12, "fraud_acquaintance")                         \
	X(advance_fee, WORDING_ADVANCE_FEE, 5, 15, "fraud_advance_fee")                            \
	X(bait, WORDING_WRONG_ADDRESS, 4, 12, "bait_reply")                                        \
	X(bank, WORDING_BANK, 3, 0, NULL)                                                          \
	X(billing, WORDING_BILLING, 5, 14, "fraud_billing")                                        \
	X(call, WORDING_CALL, 2, 0, NULL)                                                          \
	X(card, WORDING_CARD, 3, 0, NULL)                                                          \
	X(ceo, WORDING_CEO, 5, 12, "fraud_ceo")                                                    \
	X(dating, WORDING_DATING, 5, 12, "fraud_dating")                                           \
	X(gift_card, WORDING_GIFT_CARD, 4, 10, "fraud_gift_card")                                  \
	X(invest, WORDING_INVEST, 5, 13, "fraud_invest")                                           \
	X(job, WORDING_JOB, 5, 12, "fraud_job")                                                    \
	X(mailbox, WORDING_MAILBOX, 3, 11, "phish_mail")                                           \
	X(malware, WORDING_MALWARE, 3, 0, NULL)                                                    \
	X(messenger, WORDING_MESSENGER, 2, 0, NULL)                                                \
	X(notice, NONE, 4, 0, NULL)                                                                \
	X(odd, WORDING_ODD, 3, 0, NULL)                                                            \
	X(offer, WORDING_OFFER, 5, 12, "ad_bulk")                                                  \
	X(oneclick, WORDING_ONECLICK, 5, 14, "fraud_oneclick")                                     \
	X(parcel, WORDING_PARCEL, 3, 9, "phish_parcel")                                            \
	X(pharma, WORDING_PHARMA, 4, 10, "ad_pharma")                                              \
	X(points, WORDING_POINTS, 3, 0, NULL)                                                      \
	X(police, WORDING_POLICE, 5, 12, "fraud_police")                                           \
	X(pressure, WORDING_PRESSURE, 2, 0, NULL)                                                  \
	X(prize, WORDING_PRIZE, 4, 14, "fraud_prize")                                              \
	X(public, WORDING_PUBLIC, 3, 0, NULL)                                                      \
	X(refund, WORDING_REFUND, 3, 0, NULL)                                                      \
	X(securities, WORDING_SECURITIES, 3, 0, NULL)                                              \
	X(sextortion, WORDING_SEXTORTION, 5, 13, "fraud_sextortion")                               \
	X(shop, WORDING_SHOP, 4, 12, "fraud_shop")                                                 \
	X(support, WORDING_SUPPORT, 5, 12, "fraud_oneclick")                                       \
	X(tax, WORDING_TAX, 3, 11, "phish_tax")                                                    \
	X(transfer, WORDING_TRANSFER, 2, 0, NULL)                                                  \
	X(transport, WORDING_TRANSPORT, 3, 0, NULL)                                                \
	X(unsubscribe, WORDING_UNSUBSCRIBE, 4, 10, "bait_unsubscribe")

typedef enum {
#define X(name, fact, enough, typical, category) KM_WORDING_##name,
	KM_WORDINGS(X)
#undef X
		KM_WORDING_COUNT
} km_wording_kind;

typedef struct km_phrases km_phrases;

/* data/phrases.csv as built in; static. */
km_sv km_phrases_builtin(void);
/* Reads a table, called @name in messages; its words go into @terms, which must outlive it. */
KM_NODISCARD km_status km_phrases_parse(km_terms *terms, km_sv text, const char *name,
					km_phrases **out, km_err *err);
void km_phrases_free(km_phrases *p);
size_t km_phrases_count(const km_phrases *p);

enum { KM_WORDING_SHOWN = 6 }; /* phrases kept for each kind, the weightiest */

typedef struct {
	double sum;    /* of the strengths of the phrases, each once; less where quoted */
	double strong; /* of those that are strong and do not overlap */
	size_t places; /* how many these are */
	struct {
		km_sv words; /* as they stand in area->key */
		double weight;
		const km_area *area;
	} shown[KM_WORDING_SHOWN];
	size_t n_shown;
} km_wording_sum;

typedef struct {
	km_wording_sum of[KM_WORDING_COUNT];
	bool notice; /* warns of fraud, or tells of it */
	bool demand; /* some kind that asks for something came to enough */
} km_wording;

void km_wording_read(km_arena *a, const km_phrases *p, const km_areas *areas, km_wording *out);
/* Adds facts of the group wording. */
void km_wording_facts(km_arena *a, km_mail *m, const km_wording *w, km_facts *fs);

#endif
