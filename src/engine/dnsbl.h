/*
 * engine/dnsbl.h - DNS lists of clients, domains, links and addresses (RFC 5782): the table of
 * those that the operator switched on, and the look-ups for one message.
 *
 * A list that refuses to answer (127.0.0.1, 127.255.255.0/24, or what its row says) is said to do
 * so, never scored. An answer outside 127.0.0.0/8 is none: the zone was given up, and somebody
 * answers for everything. Which lists are not to be asked now is an input (engine/dnsbl_health.h).
 */
#ifndef KM_ENGINE_DNSBL_H
#define KM_ENGINE_DNSBL_H

#include "conf/conf.h"
#include "content/urls.h"
#include "dns/dns.h"
#include "fact/fact.h"
#include "mail/message.h"
#include "mail/received.h"

enum {
	KM_DNSBL_MAX = 32,	 /* that may be switched on */
	KM_DNSBL_QUESTIONS = 60, /* for one message, all lists together */
	KM_DNSBL_SUBJECTS = 20	 /* for one list and message */
};

/* What a list is asked about. */
typedef enum {
	KM_DNSBL_CLIENT,
	KM_DNSBL_DOMAIN,
	KM_DNSBL_LINK,
	KM_DNSBL_ADDRESS,
	KM_DNSBL_KINDS
} km_dnsbl_kind;

typedef struct {
	km_net is;     /* of the answer */
	int last;      /* the last number, or -1 for any */
	unsigned bits; /* all set in the last number; 0: any */
	double points;
	km_sv says;
} km_dnsbl_answer;

typedef struct {
	km_sv name, zone;
	unsigned what; /* bits 1 << km_dnsbl_kind */
	km_dnsbl_answer *answer;
	size_t n_answers;
	km_net *refused; /* besides those that all lists have */
	size_t n_refused;
} km_dnsbl;

typedef struct {
	km_arena *arena; /* NULL: none are switched on */
	km_dnsbl *list;
	size_t n;
} km_dnsbls;

/* The table that is built in (data/dnsbl.yaml). */
km_sv km_dnsbls_builtin(void);
/*
 * Reads the built-in table and dnsbl.file, whose lists go before those of the same name, and keeps
 * what dnsbl.enabled names. KM_CONFIG with file, line and what was expected.
 */
KM_NODISCARD km_status km_dnsbls_open(km_dnsbls *l, const km_conf *conf, km_err *err);
/* Same from text. @names: those to keep. */
KM_NODISCARD km_status km_dnsbls_parse(km_dnsbls *l, km_sv text, const char *name,
				       const char *const *names, size_t n_names, km_err *err);
void km_dnsbls_close(km_dnsbls *l);

/* How the lists did in one message, by bit. */
typedef struct {
	uint32_t answered; /* at least once, whatever */
	uint32_t silent;   /* a question without answer, or one that is none */
	uint32_t refused;
} km_dnsbl_outcome;

typedef struct {
	const km_dnsbls *lists;
	uint32_t off;	 /* lists not to be asked, by bit */
	bool ask_client; /* the client is a stranger */
	km_ip ip;
	km_sv mail_from;
	const km_mail *mail;
	const km_links *links;
} km_dnsbl_request;

typedef struct km_dnsbl_check km_dnsbl_check;

/* NULL when the arena is full. */
km_dnsbl_check *km_dnsbl_check_new(km_arena *a, const km_dnsbl_request *q);
/* KM_OK when done, with the facts added; KM_NOTFOUND while questions are open: all of them at once.
 */
KM_NODISCARD km_status km_dnsbl_check_step(km_dnsbl_check *c, km_dns_set *dns, km_facts *fs);
km_dnsbl_outcome km_dnsbl_check_outcome(const km_dnsbl_check *c);

#endif
