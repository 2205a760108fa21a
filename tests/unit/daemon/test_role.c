#include "daemon/role.h"
#include "test.h"

static const struct {
	const char *title;
	bool is;
	const char *name;
	unsigned slot;
} cases[] = {
	{ "komainu: scanner 12", true, "scanner", 12 },
	{ "komainu: keeper 0", true, "keeper", 0 },
	{ "komainu", false, "", 0 },
	{ "/usr/bin/komainu", false, "", 0 },
	{ "", false, "", 0 },
	{ "komainu: ", false, "", 0 },
	{ "komainu: scanner", false, "", 0 },
	{ "komainu: scanner x", false, "", 0 },
	{ "komainu: scanner 1 2", false, "", 0 },
	{ "komainu: scanner 64", false, "", 0 },
};

static void test_titles(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		char title[64];
		unsigned slot = 0;
		km_sv name;

		assert_int_equal(km_role_title_parse(cases[i].title, &name, &slot), cases[i].is);
		if (!cases[i].is)
			continue;
		TEST_SV(name, cases[i].name);
		assert_int_equal(slot, cases[i].slot);
		km_role_title(cases[i].name, cases[i].slot, title, sizeof(title));
		assert_string_equal(title, cases[i].title);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_titles) };

	return cmocka_run_group_tests_name("daemon/role", tests, NULL, NULL);
}
