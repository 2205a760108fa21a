/*
 * content/structure.h - facts about how a message is built: what the reader in mail/ and text/ saw.
 */
#ifndef KM_CONTENT_STRUCTURE_H
#define KM_CONTENT_STRUCTURE_H

#include "base/clock.h"
#include "fact/fact.h"
#include "mail/message.h"

/* Adds the facts of groups structure, mime, ambiguity, sender, link, disguise, attachment, list. */
void km_structure_facts(km_mail *m, km_time now, km_facts *fs);

#endif
