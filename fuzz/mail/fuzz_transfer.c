/*
 * What is encoded decodes to itself; the size counted is the size decoded; a short maximum gives
 * the start of the same bytes.
 */
#include <stdlib.h>

#include "base/buf.h"
#include "mail/transfer.h"

static void encode_base64(km_buf *b, km_sv v)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < v.n; i += 3) {
		uint32_t bits = 0;
		size_t n = v.n - i < 3 ? v.n - i : 3;
		for (size_t k = 0; k < 3; k++)
			bits = bits << 8 | (k < n ? (uint8_t)v.p[i + k] : 0);
		for (size_t k = 0; k < 4; k++)
			km_buf_byte(b, k <= n ? digits[bits >> (18 - 6 * k) & 63] : '=');
		if (i % 57 == 54)
			km_buf_add(b, KM_S("\r\n"));
	}
}

static void encode_qp(km_buf *b, km_sv v)
{
	for (size_t i = 0; i < v.n; i++) {
		uint8_t c = (uint8_t)v.p[i];
		if (km_is_alnum(c))
			km_buf_byte(b, (char)c);
		else
			km_buf_fmt(b, "=%02X", c);
		if (i % 20 == 19)
			km_buf_add(b, KM_S("=\r\n"));
	}
}

static void encode_uu(km_buf *b, km_sv v)
{
	km_buf_add(b, KM_S("begin 644 x\n"));
	for (size_t i = 0; i < v.n; i += 45) {
		km_sv line = km_sv_sub(v, i, 45);
		km_buf_byte(b, (char)(32 + line.n));
		for (size_t k = 0; k < line.n; k += 3) {
			uint32_t bits = 0;
			for (size_t j = k; j < k + 3; j++)
				bits = bits << 8 | (j < line.n ? (uint8_t)line.p[j] : 0);
			for (int s = 18; s >= 0; s -= 6)
				km_buf_byte(b,
					    (char)(bits >> s & 63 ? 32 + (bits >> s & 63) : '`'));
		}
		km_buf_byte(b, '\n');
	}
	km_buf_add(b, KM_S("`\nend\n"));
}

static void check(km_arena *a, km_cte cte, km_sv in, const km_sv *want)
{
	km_sv all, some;
	km_transfer_info info;

	if (km_transfer_decode(a, cte, in, SIZE_MAX / 8, &all, &info) != KM_OK || info.truncated)
		abort();
	if (all.n != km_transfer_size(cte, in) || (want && !km_sv_eq(all, *want)))
		abort();
	if (want && (info.junk || info.bad_padding || info.soft_nothing || info.no_end))
		abort();
	if (km_transfer_decode(a, cte, in, all.n / 2, &some, &info) != KM_OK ||
	    !km_sv_eq(some, km_sv_sub(all, 0, all.n / 2)) || (all.n && !info.truncated))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const encode[])(km_buf * b, km_sv v) = {
		[KM_CTE_QP] = encode_qp,
		[KM_CTE_BASE64] = encode_base64,
		[KM_CTE_UUENCODE] = encode_uu,
	};
	km_arena *a = km_arena_new((size_t)1 << 30);
	km_sv in = { (const char *)data, size };

	for (int c = 0; c <= KM_CTE_UNKNOWN; c++) {
		km_buf b;

		check(a, (km_cte)c, in, NULL);
		if (c >= (int)KM_COUNT(encode) || !encode[c])
			continue;
		km_buf_init(&b, NULL, (size_t)1 << 28);
		encode[c](&b, in);
		check(a, (km_cte)c, km_buf_sv(&b), &in);
		km_buf_finish(&b);
	}
	(void)km_cte_parse(in);
	km_arena_free(a);
	return 0;
}
