/* Field spans and line ends cover the section; the fields written out again read the same. */
#include <stdlib.h>

#include "base/buf.h"
#include "mail/header.h"

static void check(bool ok)
{
	if (!ok)
		abort();
}

static void check_line_ends(km_sv v, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		check(v.p[i] == '\r' || v.p[i] == '\n');
}

static void check_cover(km_sv v, const km_headers *hs)
{
	size_t at = hs->n ? hs->h[0].offset : 0;

	for (size_t i = 0; i < hs->n; i++) {
		const km_header *h = &hs->h[i];
		check_line_ends(v, at, h->offset);
		check(h->raw.p >= v.p + h->offset + h->name.n);
		at = (size_t)(h->raw.p + h->raw.n - v.p);
		check(at <= hs->body);
	}
	if (hs->n)
		check_line_ends(v, at, hs->body);
	check(hs->body <= v.n && hs->strict_body <= hs->body);
}

static void check_again(km_arena *a, const km_headers *hs)
{
	km_headers again;
	km_buf b;

	km_buf_init(&b, a, 1 << 24);
	for (size_t i = 0; i < hs->n; i++) {
		km_buf_add(&b, hs->h[i].name);
		if (!(hs->h[i].odd & KM_HDR_NO_COLON))
			km_buf_byte(&b, ':');
		km_buf_add(&b, hs->h[i].raw);
		km_buf_add(&b, KM_S("\r\n"));
	}
	km_buf_add(&b, KM_S("\r\n"));
	check(km_headers_read(a, km_buf_sv(&b), 0, b.n, &again) == KM_OK);
	check(again.n == hs->n && again.body == b.n);
	for (size_t i = 0; i < hs->n; i++)
		check(km_sv_eq(hs->h[i].name, again.h[i].name) &&
		      km_sv_eq(hs->h[i].raw, again.h[i].raw));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	km_arena *a = km_arena_new(KM_MAX_ARENA_BYTES);
	km_sv v = { (const char *)data, size };
	km_headers hs;

	check(km_headers_read(a, v, 0, size, &hs) == KM_OK);
	if (hs.limits == 0) {
		check_cover(v, &hs);
		check_again(a, &hs);
	}
	for (size_t i = 0; i < hs.n; i++) {
		km_sv flat = km_header_unfold(a, hs.h[i].raw);
		check(km_sv_chr(flat, '\n', 0) == flat.n);
		(void)km_header_text(a, hs.h[i].raw);
	}
	km_arena_free(a);
	return 0;
}
