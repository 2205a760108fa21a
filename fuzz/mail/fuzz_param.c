/* Values are UTF-8, and written out in quotes they read the same. */
#include <stdlib.h>

#include "base/buf.h"
#include "mail/param.h"
#include "text/utf8.h"

static void check(bool ok)
{
	if (!ok)
		abort();
}

/* No white space at the ends, controls or encoded-words: what quotes keep as it is. */
static bool is_plain(km_sv v)
{
	for (size_t i = 0; i < v.n; i++)
		if (v.p[i] < ' ' || v.p[i] == 0x7f)
			return false;
	return km_sv_trim(v).n == v.n && km_sv_find(v, KM_S("=?"), 0) == v.n;
}

static void check_again(km_arena *a, km_sv value)
{
	km_params again;
	km_buf b;

	km_buf_init(&b, a, 1 << 24);
	km_buf_add(&b, KM_S("a/b; x=\""));
	for (size_t i = 0; i < value.n; i++) {
		if (value.p[i] == '"' || value.p[i] == '\\')
			km_buf_byte(&b, '\\');
		km_buf_byte(&b, value.p[i]);
	}
	km_buf_byte(&b, '"');
	check(km_params_parse(a, km_buf_sv(&b), &again) == KM_OK);
	check(again.n == 1 && !again.malformed && km_sv_eq(again.p[0].value, value));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	km_arena *a = km_arena_new(KM_MAX_ARENA_BYTES);
	km_sv v = { (const char *)data, size };
	km_params ps;

	check(km_params_parse(a, v, &ps) == KM_OK && ps.n <= KM_MAX_PARAMETERS);
	for (size_t i = 0; i < ps.n; i++) {
		const km_param *p = &ps.p[i];
		check(p->name.n != 0);
		if (km_sv_eq(p->name, KM_S("boundary")) && !p->extended)
			continue;
		check(km_utf8_valid(p->value));
		if (is_plain(p->value))
			check_again(a, p->value);
		(void)km_params_conflict(&ps, p->name);
	}
	km_arena_free(a);
	return 0;
}
