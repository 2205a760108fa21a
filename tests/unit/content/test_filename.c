#include "content/filename.h"

#include "test.h"

static const struct {
	const char *name, *stem, *extension;
	bool is_double, bidi;
} cases[] = {
	{ "", "", "", false, false },
	{ "a", "a", "", false, false },
	{ "a.txt", "a", "txt", false, false },
	{ "b.c/a", "b.c/a", "", false, false },
	{ "b.c/a.exe", "b.c/a", "exe", false, false },
	{ "b\\a.exe. .", "b\\a", "exe", false, false },
	{ ".", "", "", false, false },
	{ ".exe", "", "exe", false, false },
	{ "請求書.pdf.exe", "請求書.pdf", "exe", true, false },
	{ "folder/請求書.pdf          .scr", "folder/請求書.pdf", "scr", true, false },
	{ "a.pdf/b.exe", "a.pdf/b", "exe", false, false },
	{ ".pdf.exe", ".pdf", "exe", false, false },
	{ "a.tar.gz", "a.tar", "gz", false, false },
	{ "a.exe.pdf", "a.exe", "pdf", false, false },
	{ "a\xe2\x80\xaetxt.exe", "a\xe2\x80\xaetxt", "exe", false, true },
	{ "a\xe2\x81\xa6.txt", "a\xe2\x81\xa6", "txt", false, true },
	{ "a\xe2\x80\x8f.txt", "a\xe2\x80\x8f", "txt", false, false },
	{ "a\xe2\x80", "a\xe2\x80", "", false, false },
};

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		km_sv name = test_exact(cases[i].name, strlen(cases[i].name)), stem;
		test_sv_is(km_filename_extension(name, &stem), cases[i].extension, cases[i].name);
		test_sv_is(stem, cases[i].stem, cases[i].name);
		if (km_filename_is_double(name) != cases[i].is_double ||
		    km_filename_has_bidi(name) != cases[i].bidi)
			fail_msg("%s", cases[i].name);
		test_drop(name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
	};
	return cmocka_run_group_tests_name("content/filename", tests, NULL, NULL);
}
