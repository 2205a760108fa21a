/*
 * auth/signature.h - what DKIM-Signature, ARC-Message-Signature and ARC-Seal have in common:
 * reading the tags, fetching the key, checking the bytes.
 */
#ifndef KM_AUTH_SIGNATURE_H
#define KM_AUTH_SIGNATURE_H

#include "auth/dkim.h"
#include "auth/signed.h"
#include "auth/tag.h"
#include "crypt/sign.h"

typedef enum { KM_SIG_DKIM, KM_SIG_AMS, KM_SIG_SEAL } km_sig_kind;

/* A signature as written, in the grammar's terms. */
typedef struct {
	int field;	 /* in mail->headers */
	km_sv domain;	 /* lower case */
	km_sv selector;	 /* lower case */
	km_sv identity;	 /* i= as written, or empty */
	km_sv algorithm; /* static words */
	km_key_kind key;
	km_hash_kind hash;
	km_canon header, body;
	km_sv b, bh;	       /* decoded */
	km_sv b_text;	       /* as written, without white space */
	km_sv b_span;	       /* in the field: left out of the hash */
	km_sv h;	       /* names, with colons between them */
	uint64_t length;       /* l=, or UINT64_MAX */
	km_time time, expires; /* 0 when absent */
	unsigned instance;     /* i= of ARC; 0 when it is none */
	km_sv cv;	       /* of a seal */
} km_sig;

/* Reads field @index. KM_DKIM_WHY_NONE when it follows the rules; *out is as far as it was read. */
km_dkim_why km_sig_read(km_signed *s, km_sig_kind kind, int index, km_sig *out);

/* A published key, or why there is none that fits. */
typedef struct {
	km_dkim_why why;
	km_pubkey *key; /* km_pubkey_free() it; NULL with why */
	bool testing, strict;
	km_sv record; /* as published; empty when there is none */
} km_sig_key;

/* The answer to the question for @sig's key, or NULL while it is open. */
const km_dns_answer *km_sig_ask(km_arena *a, const km_sig *sig, km_dns_set *dns);
/* Reads the key out of @answer and checks whether it may make this signature (RFC 6376 section
 * 3.6.1). */
void km_sig_key_read(km_arena *a, const km_sig *sig, const km_dns_answer *answer, km_sig_key *out);

/* Streams the fields that @h names, each from the bottom up, with CRLF. Rewinds @s first. */
void km_sig_fields(km_signed *s, km_sv h, km_canon how, km_canon_sink *to);
/*
 * The digest over the signed fields and the signature itself, b= left out. Rewinds @s, so that
 * km_signed_count() tells afterwards what was signed.
 */
KM_NODISCARD km_status km_sig_digest(km_signed *s, const km_sig *sig,
				     uint8_t out[KM_HASH_MAX_BYTES], size_t *n);

/* Whether the key is of a length that may pass (RFC 8301 section 3.2). */
km_dkim_why km_sig_key_length(const km_pubkey *key, const km_sig *sig);
/* After km_sig_digest(): whether a field that is read once is signed, and stands there again. */
bool km_sig_field_added(km_signed *s);

#endif
