/*
 * engine/json.h - the verdict as JSON, the contract of DESIGN.md section 7.
 */
#ifndef KM_ENGINE_JSON_H
#define KM_ENGINE_JSON_H

#include "base/buf.h"
#include "engine/scan.h"
#include "engine/ulid.h"

/*
 * Appends one JSON object without line end. Beyond section 7 it has "composites" [{id, points,
 * text}], what combinations of facts added to the score; "auth" has the reasons, and which identity
 * and mechanism decided SPF. "learn" is absent: the engine does not learn yet. @file is the name as
 * given; NULL: an answer over the network, without it, but with "headers" {add: [{name, value}],
 * remove: [{name, index}]} for whoever passes the message on (index from 1 among the fields of that
 * name; 0: all of them). Bytes that are not UTF-8 become U+FFFD. @id identifies the
 * scan (ULID). @lang: explanation.
 */
KM_NODISCARD km_status km_verdict_json(km_buf *out, const km_scan *s, const char *file,
				       const char *id, km_lang lang);
/*
 * Appends the facts alone, as they are kept with a record: [{"id", "points", "seen", "args"}, …],
 * weightiest first.
 */
KM_NODISCARD km_status km_verdict_facts_json(km_buf *out, const km_scan *s);
/* {"file": …, "error": …} */
KM_NODISCARD km_status km_error_json(km_buf *out, const char *file, const char *error);

#endif
