#include "content/structure.h"
#include "test.h"

/* Every limit that has a fact of its own in base/limits.h gives it, several of one kind only once.
 */
static void test_each(void **state)
{
	(void)state;
	for (unsigned i = 0; i < KM_LIMIT_COUNT; i++) {
		km_arena *a = km_arena_new(1 << 20);
		km_facts fs;
		const km_limit_info *info = km_limit_describe((km_limit)i);
		km_facts_init(&fs, a);
		km_structure_limits(UINT64_C(1) << i, &fs);
		bool silent = i == KM_LIMIT_SNIFF_BYTES || i == KM_LIMIT_FACTS ||
			      i == KM_LIMIT_SEEN_BYTES || i == KM_LIMIT_RESERVE_BYTES ||
			      i == KM_LIMIT_TAGS || i == KM_LIMIT_SIGNATURES ||
			      i == KM_LIMIT_ARC_SETS || i == KM_LIMIT_URL_BYTES ||
			      i == KM_LIMIT_WRAPPERS || i == KM_LIMIT_DNS_RECORDS ||
			      i == KM_LIMIT_RASTER_PIXELS || i == KM_LIMIT_QR_CODES ||
			      i == KM_LIMIT_PDF_LINKS;
		if (fs.n != (silent ? 0 : 1))
			fail_msg("%s: %zu facts", info->name, fs.n);
		if (fs.n)
			assert_true(km_sv_starts(fs.f[0].seen, km_sv_of(info->name)));
		km_arena_free(a);
	}
}

static void test_together(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(1 << 20);
	km_facts fs;

	km_facts_init(&fs, a);
	km_structure_limits(UINT64_C(1) << KM_LIMIT_MIME_DEPTH |
				    UINT64_C(1) << KM_LIMIT_MIME_PARTS |
				    UINT64_C(1) << KM_LIMIT_DNS_QUESTIONS,
			    &fs);
	assert_int_equal(fs.n, 2);
	assert_true(km_facts_has(&fs, KM_FACT_LIMIT_DNS));
	assert_int_equal(fs.f[0].id, KM_FACT_LIMIT_MIME);
	TEST_SV(fs.f[0].seen, "MIME_DEPTH: 20 levels, MIME_PARTS: 500 parts");
	km_facts_init(&fs, a);
	km_structure_limits(~(km_limit_set)0, &fs);
	assert_int_equal(fs.n, 9); /* size, memory, headers, mime, text, html, dns, links, files */
	km_arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each),
		cmocka_unit_test(test_together),
	};
	return cmocka_run_group_tests_name("content/limits", tests, NULL, NULL);
}
