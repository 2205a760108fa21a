#include "mail/sniff.h"
#include "test.h"

#define BYTES(lit) lit, sizeof(lit) - 1

static const struct {
	const char *want, *in;
	size_t n;
} cases[] = {
	{ "application/pdf", BYTES("%PDF-1.7\n") },
	{ "application/pdf", BYTES("\0junk before\n%PDF-1.4\n") },
	{ "image/png", BYTES("\x89PNG\r\n\x1a\n\0\0") },
	{ "image/jpeg", BYTES("\xff\xd8\xff\xe0") },
	{ "image/gif", BYTES("GIF89a\1\0") },
	{ "image/webp", BYTES("RIFF\0\0\0\0WEBPVP8 ") },
	{ "image/bmp", BYTES("BM\0\0\0\0\0\0\0\0\0\0\0\0\x28\0\0\0") },
	{ "text/plain", BYTES("BMW and other cars, and so on") },
	{ "image/tiff", BYTES("II*\0\x08") },
	{ "image/x-icon", BYTES("\0\0\1\0\1\0\x10\x10\0\0\1\0\x20\0\0\0\0\0\0\0\0\0") },
	{ "application/zip",
	  BYTES("PK\3\4\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0ax") },
	{ "application/zip", BYTES("PK\5\6\0\0") },
	{ "application/java-archive",
	  BYTES("PK\3\4\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x09\0\0\0META-INF/") },
	{ "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
	  BYTES("PK\3\4\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\2\0\0\0\2\0\0\0\x13\0\0\0[Content_Types]."
		"xmlab"
		"PK\3\4\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\2\0\0\0\2\0\0\0\x05\0\0\0word/ab") },
	{ "application/vnd.oasis.opendocument.text",
	  BYTES("PK\3\4\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\2\0\0\0\2\0\0\0\x08\0\0\0"
		"mimetypeapplication/vnd.oasis.opendocument.text") },
	{ "application/vnd.rar", BYTES("Rar!\x1a\x07\0") },
	{ "application/vnd.rar", BYTES("Rar!\x1a\x07\1\0") },
	{ "application/x-7z-compressed", BYTES("7z\xbc\xaf\x27\x1c") },
	{ "application/gzip", BYTES("\x1f\x8b\x08\0") },
	{ "application/x-bzip2", BYTES("BZh91AY&SY") },
	{ "application/x-xz", BYTES("\xfd"
				    "7zXZ\0") },
	{ "application/zstd", BYTES("\x28\xb5\x2f\xfd") },
	{ "application/vnd.ms-cab-compressed", BYTES("MSCF\0\0\0\0") },
	{ "application/x-arj", BYTES("\x60\xea\x29\0\x22\x0b\1\2\0\0\2") },
	{ "application/x-lzh-compressed", BYTES("!\x12-lh5-") },
	{ "application/x-ace-compressed", BYTES("\0\0\0\0\0\0\0**ACE**") },
	{ "application/x-virtualbox-vhd", BYTES("conectix\0\0") },
	{ "application/x-ole-storage", BYTES("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") },
	{ "application/rtf", BYTES("{\\rtf1\\ansi") },
	{ "application/x-dosexec", BYTES("MZ\x90\0\3\0\0\0") },
	{ "text/plain", BYTES("MZ is how this text begins, and it goes on for more than one line "
			      "without any zero byte") },
	{ "application/x-elf", BYTES("\x7f"
				     "ELF\2\1\1") },
	{ "application/x-mach-binary", BYTES("\xcf\xfa\xed\xfe\7\0\0\1") },
	{ "application/x-mach-binary", BYTES("\xca\xfe\xba\xbe\0\0\0\2") },
	{ "application/java-vm", BYTES("\xca\xfe\xba\xbe\0\0\0\x34") },
	{ "application/x-ms-shortcut", BYTES("L\0\0\0\x01\x14\x02\0\0\0\0\0") },
	{ "application/vnd.ms-htmlhelp", BYTES("ITSF\3\0\0\0") },
	{ "application/x-shockwave-flash", BYTES("CWS\x0a") },
	{ "text/html", BYTES("<!DOCTYPE HTML PUBLIC>") },
	{ "text/html", BYTES("\xef\xbb\xbf \r\n<!-- a --> <Html>") },
	{ "text/html", BYTES("<!-- unfinished") },
	{ "text/html", BYTES("<?xml version=\"1.0\"?><html xmlns=\"x\">") },
	{ "text/xml", BYTES("<?xml version=\"1.0\"?><feedback>") },
	{ "image/svg+xml", BYTES("<?xml version=\"1.0\"?><svg>") },
	{ "text/calendar", BYTES("BEGIN:VCALENDAR\r\n") },
	{ "text/vcard", BYTES("BEGIN:VCARD\r\n") },
	{ "text/x-shellscript", BYTES("#!/bin/sh\n") },
	{ "message/rfc822", BYTES("Received: from a by b\r\n") },
	{ "audio/mpeg", BYTES("ID3\3\0") },
	{ "audio/ogg", BYTES("OggS\0") },
	{ "audio/wav", BYTES("RIFF\0\0\0\0WAVEfmt ") },
	{ "video/mp4", BYTES("\0\0\0\x18"
			     "ftypisom") },
	{ "text/plain", BYTES("Hello") },
	{ "text/plain", BYTES("\x1b$B$3$s\x1b(B") },
	{ "text/plain", BYTES("\x82\xb1\x82\xf1") },
	{ "text/plain", BYTES("\xff\xfeH\0i\0") },
	{ "application/octet-stream", BYTES("Hello\0") },
	{ "application/octet-stream", BYTES("\1\2\3") },
	{ "inode/x-empty", "", 0 },
};

static void test_types(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		km_sv in = test_exact(cases[i].in, cases[i].n);
		const char *got = km_sniff_type(in);
		if (strcmp(got, cases[i].want) != 0)
			fail_msg("row %zu: got %s, want %s", i, got, cases[i].want);
		test_drop(in);
	}
}

/* Any start of any of them: no byte behind the end may be read. */
static void test_starts(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		for (size_t n = 0; n < cases[i].n; n++) {
			km_sv in = test_exact(cases[i].in, n);
			assert_non_null(km_sniff_type(in));
			test_drop(in);
		}
	}
}

static void test_tar(void **state)
{
	(void)state;
	char tar[512] = "name";

	memcpy(tar + 257, "ustar", 5);
	assert_string_equal(km_sniff_type((km_sv){ tar, sizeof(tar) }), "application/x-tar");
}

static const struct {
	const char *declared, *sniffed;
	bool want;
} pairs[] = {
	{ "application/octet-stream", "application/x-dosexec", true },
	{ "application/pdf", "application/pdf", true },
	{ "application/pdf", "application/x-dosexec", false },
	{ "application/pdf", "text/html", false },
	{ "application/pdf", "application/octet-stream", false },
	{ "image/jpeg", "image/png", true },
	{ "image/png", "application/zip", false },
	{ "image/png", "text/plain", false },
	{ "text/plain", "text/html", false },
	{ "text/html", "text/plain", true },
	{ "text/csv", "text/plain", true },
	{ "application/vnd.ms-excel", "text/plain", true },
	{ "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "application/zip",
	  true },
	{ "application/msword", "application/x-ole-storage", true },
	{ "application/msword", "application/rtf", true },
	{ "application/zip", "application/vnd.rar", false },
	{ "application/x-zip-compressed", "application/zip", true },
	{ "application/x-unheard-of", "application/zip", true },
	{ "application/x-unheard-of", "application/x-dosexec", false },
	{ "text/rfc822-headers", "message/rfc822", true },
	{ "text/plain", "application/octet-stream", false },
	{ "APPLICATION/PDF", "application/pdf", true },
	{ "image/png", "inode/x-empty", true },
};

static void test_agrees(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(pairs); i++)
		if (km_sniff_agrees(km_sv_of(pairs[i].declared), pairs[i].sniffed) != pairs[i].want)
			fail_msg("%s for %s", pairs[i].declared, pairs[i].sniffed);
}

static void test_kinds(void **state)
{
	(void)state;
	assert_int_equal(km_kind_of_extension(KM_S("EXE")), KM_KIND_PROGRAM);
	assert_int_equal(km_kind_of_extension(KM_S("lnk")), KM_KIND_PROGRAM);
	assert_int_equal(km_kind_of_extension(KM_S("iso")), KM_KIND_DISK);
	assert_int_equal(km_kind_of_extension(KM_S("docx")), KM_KIND_DOCUMENT);
	assert_int_equal(km_kind_of_extension(KM_S("zip rar")), KM_KIND_OTHER);
	assert_int_equal(km_kind_of_extension(KM_S("xe")), KM_KIND_OTHER);
	assert_int_equal(km_kind_of_extension(KM_S("")), KM_KIND_OTHER);
	assert_int_equal(km_kind_of_type(KM_S("Text/HTML")), KM_KIND_HTML);
	assert_int_equal(km_kind_of_type(KM_S("image/anything")), KM_KIND_IMAGE);
	assert_int_equal(km_kind_of_type(KM_S("application/zipper")), KM_KIND_OTHER);
	assert_int_equal(km_kind_of_type(KM_S("application/vnd.ms-excel")), KM_KIND_DOCUMENT);
	for (size_t i = 0; i < KM_COUNT(cases); i++) /* every sniffed type agrees with itself */
		assert_true(km_sniff_agrees(km_sv_of(cases[i].want), cases[i].want));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_types), cmocka_unit_test(test_starts),
		cmocka_unit_test(test_tar),   cmocka_unit_test(test_agrees),
		cmocka_unit_test(test_kinds),
	};
	return cmocka_run_group_tests_name("mail/sniff", tests, NULL, NULL);
}
