/*
 * What is shown of hostile bytes is printable UTF-8, showing it again changes nothing, and wrapping
 * it loses nothing but white space.
 */
#include <stdlib.h>

#include "cli/wrap.h"
#include "text/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t visible(km_sv v)
{
	size_t n = 0;

	for (size_t i = 0; i < v.n; i++)
		n += !km_is_wsp((unsigned char)v.p[i]);
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	km_buf once, twice, wrapped;

	km_buf_init(&once, NULL, 16 * size + 1);
	km_buf_init(&twice, NULL, 16 * size + 1);
	km_buf_init(&wrapped, NULL, 64 * size + 64);
	km_show_safe(&once, (km_sv){ (const char *)data, size }, size & 1);
	km_sv shown = km_buf_sv(&once);
	if (!km_utf8_valid(shown))
		abort();
	for (size_t i = 0; i < shown.n; i++)
		if ((unsigned char)shown.p[i] < ' ' && shown.p[i] != '\n' && shown.p[i] != '\t')
			abort();
	km_show_safe(&twice, shown, size & 1);
	if (!km_sv_eq(shown, km_buf_sv(&twice)))
		abort();
	km_wrap(&wrapped, shown, size % 7, size % 90);
	if (!wrapped.cut && visible(shown) != visible(km_buf_sv(&wrapped)))
		abort();
	km_buf_finish(&once);
	km_buf_finish(&twice);
	km_buf_finish(&wrapped);
	return 0;
}
