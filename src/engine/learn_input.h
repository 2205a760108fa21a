/*
 * engine/learn_input.h - the classifier's features of a message as the engine reads it: the same in
 * a scan, in learning and in measuring.
 */
#ifndef KM_ENGINE_LEARN_INPUT_H
#define KM_ENGINE_LEARN_INPUT_H

#include "content/views.h"
#include "learn/feature.h"

/* What the features are read from. KM_LIMIT when the arena is too small. */
KM_NODISCARD km_status km_learn_input_of(km_arena *a, km_mail *mail, const km_views *views,
					 km_learn_input *out);
/* All from the bytes of a message. KM_NOMEM, KM_LIMIT. */
KM_NODISCARD km_status km_learn_input_read(km_arena *a, km_sv message, km_learn_input *out);

#endif
