/* First byte chooses the label. What comes out is UTF-8, every U+FFFD in it was counted, and
 * decoding it again as UTF-8 changes nothing. */
#include <stdlib.h>

#include "base/limits.h"
#include "text/charset_table.h"
#include "text/utf8.h"

static size_t count_replacements(km_sv v)
{
	size_t n = 0;

	for (size_t at = 0; at < v.n;)
		n += km_utf8_next(v, &at) == KM_REPLACEMENT;
	return n;
}

/* U+FFFD that the bytes themselves say: a charset of Unicode has it. */
static bool can_say_replacement(const km_charset *cs)
{
	return cs->kind == KM_DECODE_UTF8 || cs->kind >= KM_DECODE_SEVEN ||
	       cs->kind == KM_DECODE_DOUBLE;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	km_arena *a = km_arena_new(KM_MAX_ARENA_BYTES);
	km_sv label = data[0] < KM_CS_COUNT ? km_sv_of(km_charset_rows[data[0]].name)
					    : (km_sv){ NULL, 0 };
	km_sv bytes = { (const char *)data + 1, size - 1 };
	km_decoded d, again;

	if (km_charset_decode(a, label, bytes, &d) != KM_OK || d.truncated ||
	    !km_utf8_valid(d.utf8))
		abort();
	size_t shown = count_replacements(d.utf8);
	if (shown < d.bad || (shown > d.bad && !can_say_replacement(d.used)))
		abort();
	if (d.mismatch && (d.declared == NULL || d.declared == d.used))
		abort();
	/* A byte order mark that is left is one that the text began with twice. */
	if (!km_sv_starts(d.utf8, KM_S("\xEF\xBB\xBF")) &&
	    !memchr(d.utf8.p ? d.utf8.p : "", 0x1B, d.utf8.n)) {
		if (km_charset_decode(a, KM_S("utf-8"), d.utf8, &again) != KM_OK || again.bad ||
		    !km_sv_eq(again.utf8, d.utf8))
			abort();
	}
	(void)km_charset_detect(bytes);
	(void)km_charset_find(bytes);
	km_arena_free(a);
	return 0;
}
