/*
 * learn/disguise.h - text whose letters were changed so that people read it and programs do not:
 * look-alikes of other scripts, full-width letters in a text without Chinese or Japanese, signs
 * without width inside words. A few of them are found in honest mail, too.
 */
#ifndef KM_LEARN_DISGUISE_H
#define KM_LEARN_DISGUISE_H

#include "text/view.h"

typedef struct {
	size_t letters; /* of the Latin alphabet, after the match key undid what it could */
	size_t changed; /* of them changed, or cut off from the next one */
} km_disguise;

/* Adds what there is in a text; @stats are those of its match key. Linear. */
void km_disguise_add(km_disguise *d, km_sv text, const km_view_stats *stats);
/* Was much of it changed? */
bool km_is_disguised(const km_disguise *d);

#endif
