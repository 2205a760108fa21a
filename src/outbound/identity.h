/*
 * outbound/identity.h - which addresses an account may send as: its own, aliases, "@domain" for all
 * of a domain. From account events, a CSV file, or the map that Postfix itself uses
 * (smtpd_sender_login_maps). One table per process; one thread at a time.
 */
#ifndef KM_OUTBOUND_IDENTITY_H
#define KM_OUTBOUND_IDENTITY_H

#include "base/err.h"

typedef struct km_identities km_identities;

km_identities *km_identities_new(void);
void km_identities_free(km_identities *t);

/* Adds to what @account may use, up to 1,000 addresses; case does not matter. KM_LIMIT past that.
 */
KM_NODISCARD km_status km_identities_add(km_identities *t, km_sv account, km_sv identity);
/* Forgets what @account may use. */
void km_identities_clear(km_identities *t, km_sv account);

/*
 * CSV: "account,identity" a line, more identities as more columns, # comments; a first line with
 * the word "account" is a heading. KM_SYNTAX with @name and line; what was read stays.
 */
KM_NODISCARD km_status km_identities_read_csv(km_identities *t, km_sv text, const char *name,
					      km_err *err);
/* Postfix map source: "address login, login" (access(5), RFC 5321 addresses or @domain); lines that
 * begin with white space go on. */
KM_NODISCARD km_status km_identities_read_map(km_identities *t, km_sv text, const char *name,
					      km_err *err);

typedef enum {
	KM_IDENTITY_UNKNOWN, /* nothing is known of what the account may use */
	KM_IDENTITY_OWN,
	KM_IDENTITY_FOREIGN,
	KM_IDENTITY_LOOKALIKE /* foreign, and made to look like an own one */
} km_identity_result;

/* May @account send as @address? *like (may be NULL) tells the one imitated; it lives until the
 * table changes. */
km_identity_result km_identities_check(const km_identities *t, km_sv account, km_sv address,
				       km_sv *like);
/* Whether any account may use addresses of @domain; false as well when nothing is known at all, for
 * which see km_identities_empty(). */
bool km_identities_is_ours(const km_identities *t, km_sv domain);
bool km_identities_empty(const km_identities *t);

#endif
