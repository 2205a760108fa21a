/*
 * dns/master.h - the lexer and the record data of RFC 1035 section 5 master files.
 * Internal to dns/.
 */
#ifndef KM_DNS_MASTER_H
#define KM_DNS_MASTER_H

#include "base/buf.h"
#include "dns/dns.h"

enum { KM_MASTER_TOKENS = 512, KM_MASTER_RDATA = 65535 };

typedef struct {
	km_sv text; /* as written, without quotes, escapes still in */
	bool quoted;
} km_master_token;

typedef struct {
	km_sv rest;
	size_t line; /* of the entry's first line, from 1 */
	size_t at;   /* line that the lexer is in */
	km_master_token token[KM_MASTER_TOKENS];
	size_t n;
	bool indented; /* begins with white space: the owner is the one before */
	bool status;   /* a ";!" line */
} km_master;

/* Reads the next entry that has tokens. KM_NOTFOUND at the end, KM_SYNTAX with the reason. */
KM_NODISCARD km_status km_master_next(km_master *m, km_err *err);

/*
 * Name of @token below @origin in the form of dns.h; "@" is the origin, the root is empty.
 * False when it is no name.
 */
bool km_master_name(const km_master_token *token, km_sv origin, char out[KM_DNS_NAME_TEXT],
		    size_t *n);

/* Number with the units s m h d w, as in "1h30m". */
bool km_master_ttl(km_sv text, uint32_t *out);

/*
 * Type by mnemonic or as TYPEnnn; 0 when unknown. Types that nobody here asks for have a number
 * too: their owners exist, their data is passed over.
 */
unsigned km_master_type(km_sv text);

/*
 * Data of a record of @type from @n tokens, also in the generic form "\# length hex" (RFC 3597).
 * Text is put together in @scratch, which the result points into. False when it does not fit.
 */
bool km_master_rdata(km_dns_type type, const km_master_token *token, size_t n, km_sv origin,
		     km_buf *scratch, km_dns_rr *out);

/* Appends @data of @type as tokens that read back to the same; a name with final dot. */
void km_master_write_name(km_buf *out, km_sv name);
void km_master_write_rdata(km_buf *out, km_dns_type type, const km_dns_rr *rr);

#endif
