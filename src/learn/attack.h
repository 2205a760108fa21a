/*
 * learn/attack.h - what spammers do to a message so that filters take it for another one, done to a
 * message at hand: to measure how well the classifier bears it. Text parts and the subject are
 * rewritten; addresses, links and HTML tags stay as they were, for a spam must still work.
 */
#ifndef KM_LEARN_ATTACK_H
#define KM_LEARN_ATTACK_H

#include "mail/message.h"

/* What is put in place of letters; bits. */
enum {
	KM_ATTACK_HOMOGLYPH = 1,  /* Latin letters by Cyrillic ones that look the same */
	KM_ATTACK_ZERO_WIDTH = 2, /* U+200B between the letters of a word */
	KM_ATTACK_FULLWIDTH = 4	  /* ASCII letters and digits by their full-width forms */
};

typedef struct {
	unsigned letters; /* KM_ATTACK_* */
	km_sv words;	  /* put before the text of the first text part; UTF-8; empty: none */
} km_attack;

/*
 * @m as a new message in *out: the parts that were rewritten are UTF-8, in base64 where they were,
 * else in quoted-printable. A message without text comes out as it was. KM_LIMIT when the arena is
 * full.
 */
KM_NODISCARD km_status km_attack_rewrite(km_arena *a, km_mail *m, const km_attack *k, km_sv *out);

#endif
