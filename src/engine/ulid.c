#include "engine/ulid.h"

#include <stddef.h>

char *km_ulid(uint64_t unix_ms, const uint8_t random[10], char *out)
{
	static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
	uint64_t high = unix_ms << 16 | (uint64_t)random[0] << 8 | random[1], low = 0;

	for (size_t i = 2; i < 10; i++)
		low = low << 8 | random[i];
	/* 128 bits as 26 digits of five bits; the first one has only three. */
	for (size_t i = 26; i-- > 0;) {
		out[i] = digits[low & 31];
		low = low >> 5 | high << 59;
		high >>= 5;
	}
	out[26] = '\0';
	return out;
}
