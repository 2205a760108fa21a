/*
 * Addresses for bitcoin. Properties: one character changed in a right address makes it wrong (both
 * checksums see that), and what is right is of one of the two alphabets.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/wallet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const right[] = { "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
					     "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq" };
	char copy[64];

	(void)km_wallet_is_bitcoin((km_sv){ (const char *)data, size });
	if (size < 2)
		return 0;
	for (size_t i = 0; i < KM_COUNT(right); i++) {
		size_t n = strlen(right[i]), at = data[0] % n;
		memcpy(copy, right[i], n);
		copy[at] = (char)data[1];
		bool same =
			km_lower((unsigned char)copy[at]) == km_lower((unsigned char)right[i][at]);
		if (!same && km_wallet_is_bitcoin((km_sv){ copy, n }))
			abort();
	}
	return 0;
}
