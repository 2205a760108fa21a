#include "base/ip.h"

#include <arpa/inet.h>
#include <stdio.h>

bool km_ip_parse(km_sv text, km_ip *out)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	char copy[INET6_ADDRSTRLEN];

	*out = (km_ip){ 0 };
	if (km_sv_starts(text, KM_S("[")) && km_sv_ends(text, KM_S("]")) && text.n >= 2)
		text = km_sv_sub(text, 1, text.n - 2);
	if (km_sv_istarts(text, KM_S("IPv6:")))
		text = km_sv_from(text, 5);
	text.n = km_sv_chr(text, '%', 0); /* "fe80::1%eth0" */
	if (text.n == 0 || text.n >= sizeof(copy))
		return false;
	/* Most of what is asked about is a name, and has another letter soon. */
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] != '.' && text.p[i] != ':' &&
		    km_hex_value((unsigned char)text.p[i]) < 0)
			return false;
	memcpy(copy, text.p, text.n);
	copy[text.n] = '\0';
	if (inet_pton(AF_INET, copy, out->b) == 1) {
		out->len = 4;
		return true;
	}
	if (inet_pton(AF_INET6, copy, out->b) != 1)
		return false;
	out->len = 16;
	if (memcmp(out->b, mapped, sizeof(mapped)) == 0) {
		memmove(out->b, out->b + 12, 4);
		memset(out->b + 4, 0, 12);
		out->len = 4;
	}
	return true;
}

/* What inet_ntop() does with the help of printf(), in a tenth of the time. */
static void format_v4(const uint8_t b[4], char *out)
{
	for (int i = 0; i < 4; i++) {
		if (b[i] >= 100)
			*out++ = (char)('0' + b[i] / 100);
		if (b[i] >= 10)
			*out++ = (char)('0' + b[i] / 10 % 10);
		*out++ = (char)('0' + b[i] % 10);
		*out++ = i < 3 ? '.' : '\0';
	}
}

char *km_ip_format(const km_ip *ip, char *out)
{
	if (ip->len == 4)
		format_v4(ip->b, out);
	else if (ip->len == 0 || inet_ntop(AF_INET6, ip->b, out, INET6_ADDRSTRLEN) == NULL)
		out[0] = '\0';
	return out;
}

/* True when the first @bits bits are equal. */
static bool has_prefix(const uint8_t *a, const uint8_t *b, unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;

	if (memcmp(a, b, whole) != 0)
		return false;
	return rest == 0 || (a[whole] ^ b[whole]) >> (8 - rest) == 0;
}

bool km_ip_in(const km_ip *ip, const km_ip *net, unsigned bits)
{
	return ip->len == net->len && has_prefix(ip->b, net->b, bits);
}

static bool is_first(const km_ip *ip, unsigned bits)
{
	for (unsigned i = bits; i < ip->len * 8u; i++)
		if (ip->b[i / 8] >> (7 - i % 8) & 1)
			return false;
	return true;
}

bool km_net_parse(km_sv text, km_net *out)
{
	size_t slash = km_sv_chr(text, '/', 0);
	uint64_t bits;

	if (!km_ip_parse(km_sv_sub(text, 0, slash), &out->ip))
		return false;
	out->bits = out->ip.len * 8u;
	if (slash == text.n)
		return true;
	if (!km_sv_u64(km_sv_from(text, slash + 1), &bits) || bits > out->bits)
		return false;
	out->bits = (unsigned)bits;
	return is_first(&out->ip, out->bits);
}

typedef struct {
	uint8_t len, bits, b[4];
} prefix;

static bool is_in(const km_ip *ip, const prefix *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (ip->len == rows[i].len && has_prefix(ip->b, rows[i].b, rows[i].bits))
			return true;
	return false;
}

bool km_ip_is_loopback(const km_ip *ip)
{
	static const uint8_t one[16] = { [15] = 1 };
	static const prefix v4[] = { { 4, 8, { 127 } } };

	return is_in(ip, v4, KM_COUNT(v4)) || (ip->len == 16 && memcmp(ip->b, one, 16) == 0);
}

bool km_ip_is_private(const km_ip *ip)
{
	/*
	 * IANA special-purpose address registries (RFC 6890), and multicast; without those for
	 * documentation, which stand for public addresses wherever they are used.
	 */
	static const prefix rows[] = {
		{ 4, 8, { 0 } },
		{ 4, 8, { 10 } },
		{ 4, 10, { 100, 64 } },
		{ 4, 8, { 127 } },
		{ 4, 16, { 169, 254 } },
		{ 4, 12, { 172, 16 } },
		{ 4, 24, { 192, 0, 0 } },
		{ 4, 16, { 192, 168 } },
		{ 4, 15, { 198, 18 } },
		{ 4, 3, { 224 } },
		{ 16, 7, { 0xfc } },
		{ 16, 9, { 0xfe, 0x80 } }, /* fe80::/10 and the site-local fec0::/10 */
		{ 16, 8, { 0xff } },
	};
	static const uint8_t none[15] = { 0 };

	if (ip->len == 16 && memcmp(ip->b, none, 15) == 0 && ip->b[15] <= 1)
		return true;
	return is_in(ip, rows, KM_COUNT(rows));
}
