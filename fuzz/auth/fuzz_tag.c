/* Every tag takes bytes off; a list that was read, written out again, reads the same. */
#include <stdlib.h>

#include "auth/tag.h"
#include "base/buf.h"

static void check(bool ok)
{
	if (!ok)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	km_sv list = { (const char *)data, size }, rest = list;
	km_tags ts, again;
	km_tag t;
	km_buf b;

	for (size_t left = rest.n; km_tag_next(&rest, &t, NULL) == KM_OK; left = rest.n)
		check(rest.n < left);
	if (km_tags_read(list, &ts, NULL) != KM_OK)
		return 0;
	km_buf_init(&b, NULL, 2 * size + 1);
	for (size_t i = 0; i < ts.n; i++) {
		km_buf_add(&b, ts.t[i].name);
		km_buf_byte(&b, '=');
		km_buf_add(&b, ts.t[i].span);
		km_buf_byte(&b, ';');
	}
	check(!b.cut && km_tags_read(km_buf_sv(&b), &again, NULL) == KM_OK && again.n == ts.n);
	for (size_t i = 0; i < ts.n; i++)
		check(km_sv_eq(ts.t[i].name, again.t[i].name) &&
		      km_sv_eq(ts.t[i].value, again.t[i].value));
	km_buf_finish(&b);
	return 0;
}
