#include "text/icu.h"

#include <unicode/ucnv.h>
#include <unicode/ucnv_cb.h>
#include <unicode/utf16.h>

#include "text/utf8.h"

enum { CHUNK = 1024 };

/* Counts a bad sequence and puts U+FFFD in its place. */
static void U_CALLCONV count_bad(const void *context, UConverterToUnicodeArgs *args,
				 const char *units, int32_t length, UConverterCallbackReason why,
				 UErrorCode *st)
{
	static const UChar replacement = KM_REPLACEMENT;

	(void)units;
	(void)length;
	if (why > UCNV_IRREGULAR)
		return;
	*st = U_ZERO_ERROR;
	++*(size_t *)(uintptr_t)context;
	ucnv_cbToUWriteUChars(args, &replacement, 1, 0, st);
}

/* Appends UTF-16; a high surrogate that ends @u waits in *high for the next call. */
static void add_utf16(km_buf *out, const UChar *u, size_t n, UChar *high, size_t *bad)
{
	for (size_t i = 0; i < n && !out->cut; i++) {
		if (*high && U16_IS_TRAIL(u[i])) {
			km_utf8_add(out, U16_GET_SUPPLEMENTARY(*high, u[i]));
			*high = 0;
			continue;
		}
		if (*high) {
			km_utf8_add(out, KM_REPLACEMENT);
			++*bad;
		}
		*high = U16_IS_LEAD(u[i]) ? u[i] : 0;
		if (*high)
			continue;
		km_utf8_add(out, u[i]);
		*bad += U16_IS_TRAIL(u[i]);
	}
}

bool km_icu_decode(const char *name, km_buf *out, km_sv in, size_t *bad)
{
	UErrorCode st = U_ZERO_ERROR;
	UConverter *cv = ucnv_open(name, &st);
	UChar chunk[CHUNK], high = 0;
	const char *from = in.p, *end = in.p + in.n;

	if (U_FAILURE(st))
		return false;
	ucnv_setToUCallBack(cv, count_bad, bad, NULL, NULL, &st);
	do {
		UChar *to = chunk;
		st = U_ZERO_ERROR;
		ucnv_toUnicode(cv, &to, chunk + CHUNK, &from, end, NULL, true, &st);
		add_utf16(out, chunk, (size_t)(to - chunk), &high, bad);
	} while (st == U_BUFFER_OVERFLOW_ERROR && !out->cut);
	/* What stopped ICU for good (never seen) loses the rest, but not silently. */
	if (high || (U_FAILURE(st) && st != U_BUFFER_OVERFLOW_ERROR)) {
		km_utf8_add(out, KM_REPLACEMENT);
		++*bad;
	}
	ucnv_close(cv);
	return true;
}
