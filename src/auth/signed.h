/*
 * auth/signed.h - a message as its signatures see it: fields by name from the bottom up, and hashes
 * of the body, each made once for all signatures that need it. Shared by DKIM and ARC.
 */
#ifndef KM_AUTH_SIGNED_H
#define KM_AUTH_SIGNED_H

#include "auth/canon.h"
#include "base/map.h"
#include "mail/message.h"

/* One hash of the body. */
typedef struct {
	km_canon how;
	km_hash_kind hash;
	uint64_t length; /* canonical bytes hashed; UINT64_MAX for all */
	uint64_t total;	 /* canonical bytes there are */
	bool done;
	uint8_t digest[KM_HASH_MAX_BYTES];
	size_t digest_n;
} km_body_hash;

enum { KM_BODY_HASHES = 16 };

/* Fields of one name. */
typedef struct {
	int last;	/* the one nearest to the body */
	int cursor;	/* the next to be taken, or -1 */
	unsigned count; /* of them */
	unsigned taken; /* of them, in this round */
	unsigned round;
} km_signed_name;

typedef struct {
	km_arena *arena;
	const km_mail *mail;
	km_map names; /* -> km_signed_name */
	int *above;   /* by field: the field of the same name above it, or -1 */
	unsigned round;
	bool cut; /* the header was cut, or its end is ambiguous: nothing may be believed */
	km_body_hash body[KM_BODY_HASHES];
	size_t n_body;
} km_signed;

/* NULL when the arena is full. */
km_signed *km_signed_new(km_arena *a, const km_mail *mail);

/* Starts taking fields from the bottom again. */
void km_signed_rewind(km_signed *s);
/* The next field called @name from the bottom, or -1 when there is none left. */
int km_signed_take(km_signed *s, km_sv name);
/* How many fields called @name there are, and how many were taken since the rewind. */
unsigned km_signed_count(km_signed *s, km_sv name, unsigned *taken);

/* Streams field @index, without the final CRLF; see km_canon_field(). @cut is into the raw value.
 */
void km_signed_field(const km_signed *s, km_canon_sink *to, km_canon how, int index, km_sv cut);

/*
 * Asks for a hash of the body; the same question gives the same object. NULL when there are too
 * many. Its digest is there after km_signed_hash_bodies(), which reads the body once for each pair
 * of canonicalisation and algorithm, whatever the lengths.
 */
km_body_hash *km_signed_want_body(km_signed *s, km_canon how, km_hash_kind hash, uint64_t length);
KM_NODISCARD km_status km_signed_hash_bodies(km_signed *s);

#endif
