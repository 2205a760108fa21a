#include "policy/category.h"

#include "content/brands.h"
#include "test.h"

static bool is_known(const char *category)
{
	for (size_t i = 0; km_category_at(i); i++)
		if (strcmp(km_category_at(i), category) == 0)
			return true;
	return false;
}

static void test_names(void **state)
{
	(void)state;
	for (size_t i = 0; km_category_at(i); i++) {
		km_sv ja = km_sv_of(km_category_name(km_category_at(i), KM_JA));
		km_sv en = km_sv_of(km_category_name(km_category_at(i), KM_EN));
		if (!((unsigned char)ja.p[0] & 0x80) || en.n == 0 || (unsigned char)en.p[0] & 0x80)
			fail_msg("%s: a name is missing", km_category_at(i));
		for (size_t k = 0; k < i; k++)
			if (strcmp(km_category_at(i), km_category_at(k)) == 0 ||
			    km_sv_eq(ja, km_sv_of(km_category_name(km_category_at(k), KM_JA))))
				fail_msg("%s: twice", km_category_at(i));
	}
	assert_string_equal(km_category_name("fraud_ceo", KM_EN), "fraud in the name of the boss");
	assert_string_equal(km_category_name("something", KM_JA), "something");
}

/* What brands stand for is one of them. */
static void test_brands(void **state)
{
	km_brand brand = { 0 };

	(void)state;
	for (km_brand_kind k = 0; k < KM_BRAND_KIND_COUNT; k++) {
		brand.kind = k;
		if (!is_known(km_brand_category(&brand)))
			fail_msg("%s: %s", km_brand_kind_name(k), km_brand_category(&brand));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_brands),
	};
	return cmocka_run_group_tests_name("policy/category", tests, NULL, NULL);
}
