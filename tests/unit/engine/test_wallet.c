#include "engine/wallet.h"

#include "test.h"

/* The addresses are those of the specifications' own examples, of the first block, and of others
 * that everybody may send to. */
static const struct {
	const char *name, *in;
	bool want;
} cases[] = {
	{ "first block", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", true },
	{ "script", "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy", true },
	{ "bech32", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", true },
	{ "bech32 in capitals", "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4", true },
	{ "bech32m", "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0", true },
	{ "one letter changed", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb", false },
	{ "one letter changed, bech32", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5", false },
	{ "two swapped", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DvifNa", false },
	{ "no letter of base58", "1A1zP1eP5QGefi2DMPTfTL5SLmv7Div0Na", false },
	{ "for tests only", "mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn", false },
	{ "other prefix", "tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx", false },
	{ "ones", "1111111111111111111111111111111", false },
	{ "too long", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNaA1zP1eP5QG", false },
	{ "letters", "supercalifragilisticexpialidocious", false },
	{ "short", "bc1", false },
	{ "empty", "", false },
};

static void test_bitcoin(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		km_sv in = test_exact(cases[i].in, strlen(cases[i].in));
		if (km_wallet_is_bitcoin(in) != cases[i].want)
			fail_msg("%s", cases[i].name);
		test_drop(in);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_bitcoin) };

	return cmocka_run_group_tests_name("engine/wallet", tests, NULL, NULL);
}
