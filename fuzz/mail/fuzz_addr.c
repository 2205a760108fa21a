/* A valid address written out canonically is read as the same address, alone and unambiguous. */
#include <stdlib.h>

#include "base/buf.h"
#include "mail/addr.h"
#include "text/utf8.h"

static void check(bool ok)
{
	if (!ok)
		abort();
}

static void check_again(km_arena *a, const km_addr *x)
{
	km_addr_list again;
	km_buf b;

	km_buf_init(&b, a, 1 << 24);
	km_buf_add(&b, KM_S("<\""));
	for (size_t i = 0; i < x->local.n; i++) {
		if (x->local.p[i] == '"' || x->local.p[i] == '\\')
			km_buf_byte(&b, '\\');
		km_buf_byte(&b, x->local.p[i]);
	}
	km_buf_add(&b, KM_S("\"@"));
	km_buf_add(&b, x->domain);
	km_buf_byte(&b, '>');
	check(km_addr_parse(a, km_buf_sv(&b), &again) == KM_OK);
	check(again.n >= 1 && again.a[0].valid);
	check(km_sv_eq(again.a[0].local, x->local) && km_sv_eq(again.a[0].domain, x->domain));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	km_arena *a = km_arena_new(KM_MAX_ARENA_BYTES);
	km_sv v = { (const char *)data, size };
	km_addr_list list;
	km_addr path;

	check(km_addr_parse(a, v, &list) == KM_OK);
	for (size_t i = 0; i < list.n; i++) {
		const km_addr *x = &list.a[i];
		check(x->offset <= size && km_utf8_valid(x->addr) && km_utf8_valid(x->name));
		if (!x->valid)
			continue;
		/* An empty quoted string is a local-part too (RFC 5322 section 3.2.4). */
		check(x->domain.n && x->addr.n == x->local.n + 1 + x->domain.n);
		check_again(a, x);
	}
	(void)!km_addr_path(a, v, &path);
	km_sv found = km_addr_find(v);
	check(found.n == 0 || (found.p >= v.p && found.p + found.n <= v.p + v.n));
	km_arena_free(a);
	return 0;
}
