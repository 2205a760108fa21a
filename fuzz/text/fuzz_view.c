/* The key of a key is itself; both views are UTF-8; the display view loses only what it counts. */
#include <stdlib.h>

#include "base/limits.h"
#include "text/utf8.h"
#include "text/view.h"

static size_t count_chars(km_sv v)
{
	size_t n = 0;

	for (size_t at = 0; at < v.n; n++)
		(void)km_utf8_next(v, &at);
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	km_arena *a = km_arena_new(KM_MAX_ARENA_BYTES);
	size_t bad = 0;
	km_sv v = km_utf8_sanitise(a, (km_sv){ (const char *)data, size }, &bad), key, again;
	km_view_stats st;

	if (km_view_key(a, v, &key, &st) != KM_OK || km_view_key(a, key, &again, NULL) != KM_OK)
		abort();
	if (!km_utf8_valid(key) || !km_sv_eq(key, again) || st.chars != count_chars(v))
		abort();
	if (km_view_display(a, v, &key, &st) != KM_OK || !km_utf8_valid(key))
		abort();
	if (count_chars(key) + st.ignorable + st.bidi + st.control != st.chars)
		abort();
	km_arena_free(a);
	return 0;
}
