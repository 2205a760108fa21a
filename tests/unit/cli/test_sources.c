#include "cli/sources.h"

#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "test.h"

#define FROM "From a@example.jp Mon Mar  2 09:14:05 2026\n"

/* A folder of its own, with everything that can be met; the test runs inside it. */
static const struct {
	const char *path, *text; /* text NULL: a folder */
} tree[] = {
	{ "one.eml", "Subject: one\n\n" },
	{ "two.mbox", FROM "S: 1\n\n1\n\n" FROM "S: 2\n\n2\n" },
	{ "empty", "" },
	{ "folder", NULL },
	{ "folder/b", "b" },
	{ "folder/a", "a" },
	{ "folder/.hidden", "no" },
	{ "folder/c.mbox", FROM "\n" FROM "\n" FROM },
	{ "folder/deep", NULL },
	{ "folder/deep/er", NULL },
	{ "folder/deep/er/z", "z" },
	{ "Maildir", NULL },
	{ "Maildir/cur", NULL },
	{ "Maildir/cur/1:2,S", FROM "\n" FROM },
	{ "Maildir/new", NULL },
	{ "Maildir/new/2", "2" },
	{ "Maildir/tmp", NULL },
	{ "Maildir/tmp/3", "no" },
	{ "Maildir/dovecot-uidlist", "no" },
	{ "Maildir/.Sent", NULL },
	{ "Maildir/.Sent/cur", NULL },
	{ "Maildir/.Sent/cur/4", "4" },
	{ "Maildir/.Sent/new", NULL },
	{ "Maildir/Work", NULL },
	{ "Maildir/Work/cur", NULL },
	{ "Maildir/Work/cur/6", "6" },
	{ "Maildir/Work/new", NULL },
	{ "Maildir/sieve", NULL },
	{ "Maildir/sieve/filter", "no" },
	{ "Maildir/.notmail", NULL },
	{ "Maildir/.notmail/5", "no" },
	{ "none", NULL },
};

static char root[] = "/tmp/km-sources-XXXXXX";

static int make_tree(void **state)
{
	(void)state;
	if (mkdtemp(root) == NULL || chmod(root, 0755) != 0 || chdir(root) != 0)
		return -1;
	for (size_t i = 0; i < KM_COUNT(tree); i++) {
		if (tree[i].text == NULL) {
			if (mkdir(tree[i].path, 0755) != 0)
				return -1;
			continue;
		}
		FILE *f = fopen(tree[i].path, "w");
		if (f == NULL || fputs(tree[i].text, f) < 0 || fclose(f) != 0)
			return -1;
	}
	/* circles and dead ends */
	return symlink("..", "folder/deep/up") || symlink("nowhere", "folder/dangling") ||
	       symlink("../one.eml", "folder/link.eml") || symlink("folder", "link");
}

static int remove_one(const char *path, const struct stat *sb, int type, struct FTW *where)
{
	(void)sb;
	(void)type;
	(void)where;
	return remove(path);
}

static int remove_tree(void **state)
{
	(void)state;
	return chdir("/") || nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* "NAME=bytes" of all messages, "NAME!status" of all errors, divided by spaces. */
static void is_read_as(const char *const *operands, size_t n, const char *want)
{
	km_sources *s = km_sources_new((char *const *)(uintptr_t)operands, n);
	km_source m;
	km_buf b;

	assert_non_null(s);
	km_buf_init(&b, NULL, 4096);
	while (km_sources_next(s, &m)) {
		if (b.n)
			km_buf_byte(&b, ' ');
		if (m.err.st != KM_OK)
			km_buf_fmt(&b, "%s!%s", m.name, km_status_name(m.err.st));
		else
			km_buf_fmt(&b, "%s=%zu", m.name, m.bytes.n);
		km_source_done(&m);
	}
	test_sv_is(km_buf_sv(&b), want, operands[0]);
	km_buf_finish(&b);
	km_sources_free(s);
}

static void reads_all_kinds(void **state)
{
	static const struct {
		const char *operands[4];
		const char *want;
	} cases[] = {
		{ { "one.eml" }, "one.eml=14" },
		{ { "./one.eml", "one.eml" }, "./one.eml=14 one.eml=14" },
		{ { "empty" }, "empty=0" },
		{ { "two.mbox" }, "two.mbox:1=51 two.mbox:2=51" },
		{ { "absent", "one.eml" }, "absent!not found one.eml=14" },
		{ { "none" }, "" },
		{ { "folder" },
		  "folder/a=1 folder/b=1 folder/c.mbox:1=43 folder/c.mbox:2=43 "
		  "folder/c.mbox:3=43 folder/deep/er/z=1 folder/link.eml=14" },
		{ { "link/", "folder/deep" },
		  "link/a=1 link/b=1 link/c.mbox:1=43 link/c.mbox:2=43 "
		  "link/c.mbox:3=43 link/deep/er/z=1 link/link.eml=14 "
		  "folder/deep/er/z=1" },
		{ { "Maildir" },
		  "Maildir/.Sent/cur/4=1 Maildir/Work/cur/6=1 Maildir/cur/1:2,S=87 "
		  "Maildir/new/2=1" },
		{ { "/dev/null" }, "/dev/null=0" },
	};

	(void)state;
	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		size_t n = 0;
		while (n < 4 && cases[i].operands[n])
			n++;
		is_read_as(cases[i].operands, n, cases[i].want);
	}
}

/* Messages of an mbox may be given back in any order, also after the reader is gone. */
static void keeps_the_file_while_in_use(void **state)
{
	char *const operands[] = { (char *)(uintptr_t) "two.mbox" };
	km_sources *s = km_sources_new(operands, 1);
	km_source first, second, third;

	(void)state;
	assert_true(km_sources_next(s, &first));
	assert_true(km_sources_next(s, &second));
	assert_false(km_sources_next(s, &third));
	km_sources_free(s);
	assert_memory_equal(first.bytes.p, "From ", 5);
	km_source_done(&first);
	assert_int_equal(second.bytes.p[second.bytes.n - 2], '2');
	km_source_done(&second);
}

static void counts_bytes(void **state)
{
	char *const some[] = { (char *)(uintptr_t) "one.eml", (char *)(uintptr_t) "Maildir" };
	char *const standard_input[] = { (char *)(uintptr_t) "-" };

	(void)state;
	assert_int_equal(km_sources_bytes(some, 2), 14 + 1 + 1 + 87 + 1);
	assert_int_equal(km_sources_bytes(standard_input, 1), 0);
}

static void says_what_can_not_be_read(void **state)
{
	static const char *const operands[] = { "locked", "one.eml" };

	(void)state;
	assert_int_equal(mkdir("locked", 0), 0);
	uid_t me = geteuid();
	if (me == 0) /* nothing is locked for root */
		assert_int_equal(seteuid(65534), 0);
	is_read_as(operands, 2, "locked!input/output one.eml=14");
	assert_int_equal(seteuid(me), 0);
	assert_int_equal(rmdir("locked"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_all_kinds),
		cmocka_unit_test(keeps_the_file_while_in_use),
		cmocka_unit_test(counts_bytes),
		cmocka_unit_test(says_what_can_not_be_read),
	};

	return cmocka_run_group_tests(tests, make_tree, remove_tree);
}
