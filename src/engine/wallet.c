/* Addresses for bitcoin. Their checksums leave no doubt: nothing else looks like one by chance. */
#include "engine/wallet.h"

#include "crypt/digest.h"

enum {
	BASE58_BYTES = 25,
	BASE58_LEAST = 26,
	BASE58_MOST = 35,
	BECH32_LEAST = 14,
	BECH32_MOST = 90
};

static bool base58_digit(char c, unsigned *out)
{
	static const char digits[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
	const char *at = memchr(digits, c, sizeof(digits) - 1);

	*out = at ? (unsigned)(at - digits) : 0;
	return at != NULL;
}

static bool is_base58(km_sv v)
{
	uint8_t b[BASE58_BYTES] = { 0 }, once[KM_SHA256_BYTES], twice[KM_SHA256_BYTES];

	if (v.n < BASE58_LEAST || v.n > BASE58_MOST || (v.p[0] != '1' && v.p[0] != '3'))
		return false;
	for (size_t i = 0; i < v.n; i++) {
		unsigned carry;
		if (!base58_digit(v.p[i], &carry))
			return false;
		for (size_t k = BASE58_BYTES; k-- > 0; carry >>= 8) {
			carry += 58u * b[k];
			b[k] = (uint8_t)carry;
		}
		if (carry)
			return false;
	}
	return (b[0] == 0 || b[0] == 5) &&
	       km_sha256((km_sv){ (const char *)b, BASE58_BYTES - 4 }, once) == KM_OK &&
	       km_sha256((km_sv){ (const char *)once, sizeof(once) }, twice) == KM_OK &&
	       memcmp(twice, b + BASE58_BYTES - 4, 4) == 0;
}

static uint32_t bech32_step(uint32_t sum, unsigned value)
{
	static const uint32_t generator[] = { 0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd,
					      0x2a1462b3 };
	uint32_t top = sum >> 25;

	sum = (sum & 0x1ffffff) << 5 ^ value;
	for (size_t i = 0; i < KM_COUNT(generator); i++)
		if (top >> i & 1)
			sum ^= generator[i];
	return sum;
}

static bool is_bech32(km_sv v)
{
	static const char digits[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
	uint32_t sum = 1;

	if (v.n < BECH32_LEAST || v.n > BECH32_MOST || !km_sv_istarts(v, KM_S("bc1")))
		return false;
	/* The prefix "bc": its high bits, nothing, its low bits. */
	static const unsigned prefix[] = { 'b' >> 5, 'c' >> 5, 0, 'b' & 31, 'c' & 31 };
	for (size_t i = 0; i < KM_COUNT(prefix); i++)
		sum = bech32_step(sum, prefix[i]);
	for (size_t i = strlen("bc1"); i < v.n; i++) {
		const char *at =
			memchr(digits, km_lower((unsigned char)v.p[i]), sizeof(digits) - 1);
		if (at == NULL)
			return false;
		sum = bech32_step(sum, (unsigned)(at - digits));
	}
	return sum == 1 || sum == 0x2bc830a3;
}

bool km_wallet_is_bitcoin(km_sv v)
{
	return v.n && (v.p[0] == 'b' || v.p[0] == 'B' ? is_bech32(v) : is_base58(v));
}
