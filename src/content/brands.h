/*
 * content/brands.h - the brands that mail pretends to be from: names in all spellings, and domains.
 * Built in is data/brands.csv; operators add rows of their own in the same form.
 * A table is immutable once opened; any thread may use it.
 */
#ifndef KM_CONTENT_BRANDS_H
#define KM_CONTENT_BRANDS_H

#include "content/terms.h"

/* Kinds of brands, and the category (DESIGN.md section 7) of mail that pretends to be one. */
#define KM_BRAND_KINDS(X)                                                                          \
	X(airline, "phish_transport")                                                              \
	X(bank, "phish_bank")                                                                      \
	X(card, "phish_card")                                                                      \
	X(crypto, "phish_account")                                                                 \
	X(dating, "phish_account")                                                                 \
	X(delivery, "phish_parcel")                                                                \
	X(ec, "phish_account")                                                                     \
	X(food, "phish_account")                                                                   \
	X(game, "phish_account")                                                                   \
	X(government, "phish_public")                                                              \
	X(hosting, "phish_mail")                                                                   \
	X(insurance, "phish_other")                                                                \
	X(isp, "phish_mail")                                                                       \
	X(it, "phish_account")                                                                     \
	X(loan, "phish_bank")                                                                      \
	X(lottery, "phish_account")                                                                \
	X(mailbox, "phish_mail")                                                                   \
	X(payment, "phish_account")                                                                \
	X(point, "phish_account")                                                                  \
	X(portal, "phish_account")                                                                 \
	X(public, "phish_public")                                                                  \
	X(retail, "phish_account")                                                                 \
	X(securities, "phish_securities")                                                          \
	X(security, "phish_other")                                                                 \
	X(service, "phish_account")                                                                \
	X(sns, "phish_account")                                                                    \
	X(streaming, "phish_account")                                                              \
	X(tax, "phish_tax")                                                                        \
	X(telecom, "phish_account")                                                                \
	X(ticket, "phish_account")                                                                 \
	X(transport, "phish_transport")                                                            \
	X(travel, "phish_account")                                                                 \
	X(utility, "phish_public")                                                                 \
	X(webmail, "phish_mail")

typedef enum {
#define X(kind, category) KM_BRAND_##kind,
	KM_BRAND_KINDS(X)
#undef X
		KM_BRAND_KIND_COUNT
} km_brand_kind;

typedef struct {
	km_sv name;
	uint32_t term;	/* in the set of terms */
	bool ambiguous; /* also an ordinary word or name: needs context */
	bool disguised; /* not a spelling of the brand, but made to look like one: "paypai" */
} km_brand_alias;

typedef struct {
	const char *id; /* "rakuten_card" */
	km_brand_kind kind;
	km_sv owner;	       /* brands of one owner may speak for each other; may be empty */
	const char *certainty; /* "A1" read on the owner's page, "A2" elsewhere, "B" known, "C"
				  doubtful */
	km_sv name_ja, name_en;
	const km_brand_alias *alias;
	size_t n_aliases;
	const km_sv *domain; /* of pages and senders, with all below; lower case */
	size_t n_domains;
	const km_sv *sender; /* only of senders */
	size_t n_senders;
	const km_sv *mailbox; /* where anybody can have an address */
	size_t n_mailboxes;
	km_sv source;
	size_t line; /* in its file */
} km_brand;

typedef struct km_brands km_brands;

/* data/brands.csv as built in; static. */
km_sv km_brands_builtin(void);
/*
 * Reads the built-in table and, when @own is not NULL, the file @own, whose rows replace built-in
 * ones of the same brand_id. All names go into @terms, which must outlive the table. KM_CONFIG with
 * file, line and reason.
 */
KM_NODISCARD km_status km_brands_open(km_terms *terms, const char *own, km_brands **out,
				      km_err *err);
/* Reads one table alone, called @name in messages. */
KM_NODISCARD km_status km_brands_parse(km_terms *terms, km_sv text, const char *name,
				       km_brands **out, km_err *err);
void km_brands_free(km_brands *b);

size_t km_brands_count(const km_brands *b);
const km_brand *km_brands_at(const km_brands *b, size_t i);
/* By brand_id, or by any of its names in any spelling; NULL when there is none. */
const km_brand *km_brands_find(const km_brands *b, km_sv name);
/* The alias that @term is, and its brand; NULL when the term is no brand's. */
const km_brand *km_brands_of_term(const km_brands *b, uint32_t term, const km_brand_alias **alias);

/* The brand that the host or domain @host, or one above it, belongs to. @sender: also those it only
 * sends mail from. NULL when there is none. */
const km_brand *km_brands_of_host(const km_brands *b, km_sv host, bool sender);
/* Whether @host belongs to @brand, or to another brand of its owner. */
bool km_brand_owns(const km_brands *b, const km_brand *brand, km_sv host, bool sender);
/* Whether anybody can have an address in @domain. */
bool km_brands_is_mailbox(const km_brands *b, km_sv domain);

const char *km_brand_kind_name(km_brand_kind k);
/* "phish_card" */
const char *km_brand_category(const km_brand *brand);

#endif
