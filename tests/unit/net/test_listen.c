#include "net/listen.h"

#include <unistd.h>

#include "test.h"

static const struct {
	const char *address;
	km_status want;
	const char *says;
} cases[] = {
	{ "127.0.0.1:0", KM_OK, NULL },
	{ "off", KM_OK, NULL },
	{ "127.0.0.1", KM_CONFIG, "HOST:PORT" },
	{ "127.0.0.1:", KM_CONFIG, "HOST:PORT" },
	{ ":25", KM_CONFIG, "HOST:PORT" },
	{ "127.0.0.1:smtp", KM_CONFIG, "127.0.0.1:smtp" },
	{ "unix:relative", KM_CONFIG, "absolute" },
	{ "unix:/nonexistent-folder/x", KM_IO, "can not listen" },
	{ "192.0.2.1:1", KM_IO, "can not listen" },
};

static void test_addresses(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		km_err err = { 0 };
		int fd;
		assert_int_equal(km_listen_open(cases[i].address, &fd, &err), cases[i].want);
		if (cases[i].says && strstr(err.msg, cases[i].says) == NULL)
			fail_msg("%s: said \"%s\"", cases[i].address, err.msg);
		if (fd >= 0)
			(void)close(fd);
	}
}

static void test_in_use(void **state)
{
	(void)state;
	char name[128];
	km_err err = { 0 };
	int a, b;

	assert_int_equal(km_listen_open("127.0.0.1:0", &a, NULL), KM_OK);
	(void)km_listen_name(a, name);
	assert_int_equal(km_listen_open(name, &b, &err), KM_IO);
	assert_non_null(strstr(err.msg, "in use"));
	(void)close(a);
}

/* A socket file that nobody listens on any more does not stop the next start. */
static void test_stale_unix(void **state)
{
	(void)state;
	char dir[] = "/tmp/komainu-test-XXXXXX", address[64];
	km_err err = { 0 };
	int a, b;

	assert_non_null(mkdtemp(dir));
	(void)snprintf(address, sizeof(address), "unix:%s/s", dir);
	assert_int_equal(km_listen_open(address, &a, &err), KM_OK);
	assert_int_equal(km_listen_open(address, &b, NULL), KM_IO);
	(void)close(a);
	assert_int_equal(km_listen_open(address, &b, NULL), KM_OK);
	(void)close(b);
	(void)unlink(address + 5);
	(void)rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_in_use),
		cmocka_unit_test(test_stale_unix),
	};
	return cmocka_run_group_tests_name("net/listen", tests, NULL, NULL);
}
