/*
 * cli/show_auth.h - every step of the authentication of a message, for the expert: records, terms,
 * hashes, keys, names walked, look-ups. What the engine did not keep is done again out of the
 * answers that it had, which costs no question.
 */
#ifndef KM_CLI_SHOW_AUTH_H
#define KM_CLI_SHOW_AUTH_H

#include <jansson.h>

#include "base/buf.h"
#include "engine/auth.h"

typedef struct {
	km_arena *arena;
	km_lang lang;
	bool colour;
	const km_auth *auth;
	const km_dns_set *dns;
	const km_trust *sealers; /* auth.trusted_sealers */
	const km_envelope *env;
	const km_mail *mail;
	km_spf_result spf; /* with its steps */
	km_dmarc_level level[KM_DMARC_MAX_QUERIES];
	size_t n_levels;
	km_sv results; /* the Authentication-Results field that would be written, or empty */
} km_show_auth;

/* Of a scan that is done. @arena: for what it shows. */
void km_show_auth_read(km_show_auth *out, km_arena *arena, km_scan *s);

void km_show_auth_text(km_buf *b, const km_show_auth *s);
/* NULL when out of memory. */
json_t *km_show_auth_json(const km_show_auth *s);

/* Names for programs: "record", "no_match", "match", "enter", "error". */
const char *km_show_spf_outcome(km_spf_outcome o);
/* @bytes in base64. */
km_sv km_show_base64(km_arena *a, km_sv bytes);

#endif
