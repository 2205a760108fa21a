/*
 * engine/lesson.h - a message that somebody calls spam or ham, as a row of the learning journal
 * (learn/row.h).
 */
#ifndef KM_ENGINE_LESSON_H
#define KM_ENGINE_LESSON_H

#include "learn/row.h"

/*
 * Features and digest of @message into @out->body and @out->digest, in @a. The digest is that of
 * the content: line ends, and fields that only a receiver adds, make no difference. KM_SYNTAX:
 * there is nothing to be learned from it, or it is no mail (no header field, and bytes that no text
 * has); KM_LIMIT: larger than the limits; KM_NOMEM.
 */
KM_NODISCARD km_status km_lesson_read(km_arena *a, km_sv message, km_row *out, km_err *err);

#endif
