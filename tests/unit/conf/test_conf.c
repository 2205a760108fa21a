#include <unistd.h>

#include "base/buf.h"
#include "conf/conf.h"
#include "test.h"

static km_conf *parse(const char *text, km_err *err)
{
	km_sv in = test_exact(text, strlen(text));
	km_conf *c;

	(void)!km_conf_parse(in, "k.yaml", &c, err);
	test_drop(in);
	return c;
}

static void test_defaults(void **state)
{
	km_err err = { 0 };
	const char *const *items;
	km_conf *c;

	(void)state;
	assert_int_equal(km_conf_load(NULL, &c, &err), KM_OK);
	assert_string_equal(km_conf_str(c, KM_KEY_LISTEN_MILTER), "127.0.0.1:8471");
	assert_int_equal(km_conf_int(c, KM_KEY_DNS_TIMEOUT), 5000);
	assert_int_equal(km_conf_int(c, KM_KEY_LIMITS_MESSAGE_SIZE), 134217728);
	assert_int_equal(km_conf_list(c, KM_KEY_DNS_SERVERS, &items), 0);
	assert_int_equal(km_conf_list(c, KM_KEY_TRUSTED_NETWORKS, &items), 2);
	assert_string_equal(items[1], "::1/128");
	for (km_conf_key k = 0; k < KM_KEY_COUNT; k++) {
		assert_int_equal(km_conf_line(c, k), 0);
		assert_int_equal(km_conf_by_name(km_sv_of(km_conf_describe(k)->name)), k);
		assert_true(strlen(km_conf_describe(k)->help[0]) > 10);
		assert_true(strlen(km_conf_describe(k)->help[1]) > 10);
		assert_non_null(km_conf_type_name(km_conf_describe(k)->type));
	}
	assert_int_equal(km_conf_by_name(KM_S("listen")), KM_KEY_COUNT);
	km_conf_free(c);
	km_conf_free(NULL);
}

static const struct {
	const char *in;
	km_conf_key key;
	const char *text;
	int64_t number;
	unsigned line;
} values[] = {
	{ "listen:\n  milter: 0.0.0.0:25\n", KM_KEY_LISTEN_MILTER, "0.0.0.0:25", 0, 2 },
	{ "listen.milter: 'unix:/run/k/m'\n", KM_KEY_LISTEN_MILTER, "unix:/run/k/m", 0, 1 },
	{ "listen:\n  http: off\n", KM_KEY_LISTEN_HTTP, "off", 0, 2 },
	{ "listen.http: \"[::1]:0\"", KM_KEY_LISTEN_HTTP, "[::1]:0", 0, 1 },
	{ "listen.http: mx.example.jp:65535", KM_KEY_LISTEN_HTTP, "mx.example.jp:65535", 0, 1 },
	{ "listen:\nscanner: {processes: 4}", KM_KEY_SCANNER_PROCESSES, "4", 4, 2 },
	{ "dns.timeout: 250ms", KM_KEY_DNS_TIMEOUT, "250ms", 250, 1 },
	{ "dns.timeout: 1m", KM_KEY_DNS_TIMEOUT, "1m", 60000, 1 },
	{ "milter.timeout: 1H", KM_KEY_MILTER_TIMEOUT, "1H", 3600000, 1 },
	{ "limits.message_size: 10M", KM_KEY_LIMITS_MESSAGE_SIZE, "10M", 10485760, 1 },
	{ "limits.message_size: 64k", KM_KEY_LIMITS_MESSAGE_SIZE, "64k", 65536, 1 },
	{ "limits.message_size: 65536", KM_KEY_LIMITS_MESSAGE_SIZE, "65536", 65536, 1 },
	{ "policy.pack: \"\"", KM_KEY_POLICY_PACK, "", 0, 1 },
	{ "policy.pack: /etc/k/p.yaml", KM_KEY_POLICY_PACK, "/etc/k/p.yaml", 0, 1 },
	{ "language: en", KM_KEY_LANGUAGE, "en", 0, 1 },
	{ "run.user: nobody", KM_KEY_RUN_USER, "nobody", 0, 1 },
};

static void test_values(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(values); i++) {
		km_err err = { 0 };
		km_conf *c = parse(values[i].in, &err);
		if (c == NULL)
			fail_msg("%s: %s", values[i].in, err.msg);
		assert_string_equal(km_conf_str(c, values[i].key), values[i].text);
		assert_int_equal(km_conf_int(c, values[i].key), values[i].number);
		assert_int_equal(km_conf_line(c, values[i].key), values[i].line);
		km_conf_free(c);
	}
}

static void test_lists(void **state)
{
	static const char *const forms[] = {
		"dns.servers: [192.0.2.1, '2001:db8::1']",
		"dns:\n  servers:\n    - 192.0.2.1\n    - 2001:db8::1\n",
		"dns.servers: 192.0.2.1  2001:db8::1",
	};
	const char *const *items;
	(void)state;
	for (size_t i = 0; i < KM_COUNT(forms); i++) {
		km_conf *c = parse(forms[i], NULL);
		assert_non_null(c);
		assert_int_equal(km_conf_list(c, KM_KEY_DNS_SERVERS, &items), 2);
		assert_string_equal(items[0], "192.0.2.1");
		assert_string_equal(items[1], "2001:db8::1");
		km_conf_free(c);
	}
	km_conf *c = parse("trusted.networks: []", NULL);
	assert_int_equal(km_conf_list(c, KM_KEY_TRUSTED_NETWORKS, &items), 0);
	km_conf_free(c);
}

static const struct {
	const char *in, *want;
} errors[] = {
	{ "listen:\n  miltr: x\n",
	  "k.yaml:2: listen.miltr: unknown key; did you mean \"listen.milter\"?" },
	{ "lissten.http: x", "k.yaml:1: lissten.http: unknown key; did you mean \"listen.http\"?" },
	{ "colour: red", "k.yaml:1: colour: unknown key" },
	{ "listen:\n  milter: 8471\n",
	  "k.yaml:2: listen.milter: found \"8471\", expected HOST:PORT, unix:/PATH or off" },
	{ "listen.http: h:65536",
	  "k.yaml:1: listen.http: found \"h:65536\", expected HOST:PORT, unix:/PATH or off" },
	{ "listen.http: a b:1",
	  "k.yaml:1: listen.http: found \"a b:1\", expected HOST:PORT, unix:/PATH or off" },
	{ "listen.http: '::1:80'",
	  "k.yaml:1: listen.http: found text \"::1:80\", expected HOST:PORT, unix:/PATH or off" },
	{ "listen: 1", "k.yaml:1: listen: found \"1\", expected a map of keys" },
	{ "listen: [1]", "k.yaml:1: listen: found a list, expected a map of keys" },
	{ "listen:\n  http: off\nlisten.http: off\n",
	  "k.yaml:3: listen.http: set before, on line 2" },
	{ "scanner.processes: 1000",
	  "k.yaml:1: scanner.processes: found \"1000\", expected a whole number from 0 to 256" },
	{ "scanner:\n  processes:\n    many: 3\n",
	  "k.yaml:2: scanner.processes: found a map, expected a whole number from 0 to 256" },
	{ "dns.timeout: 5", "k.yaml:1: dns.timeout: found \"5\", expected a time from 100ms to "
			    "60000ms, such as 500ms or 5s" },
	{ "dns.timeout: 99999999999999999999s",
	  "k.yaml:1: dns.timeout: found \"99999999999999999999s\", expected a time from 100ms to "
	  "60000ms, such as 500ms or 5s" },
	{ "limits.message_size: 1G",
	  "k.yaml:1: limits.message_size: found \"1G\", expected a size from 65536 to 134217728 "
	  "bytes, such as 64K or 10M" },
	{ "limits.message_size: 9223372036854775807G",
	  "k.yaml:1: limits.message_size: found \"9223372036854775807G\", expected a size from "
	  "65536 to 134217728 bytes, such as 64K or 10M" },
	{ "state.dir:",
	  "k.yaml:1: state.dir: found nothing, expected the name of a file or folder" },
	{ "state.dir: ''",
	  "k.yaml:1: state.dir: found text \"\", expected the name of a file or folder" },
	{ "log.level: loud",
	  "k.yaml:1: log.level: found \"loud\", expected one of error|warn|info|debug" },
	{ "run.user: ''", "k.yaml:1: run.user: found text \"\", expected text of 1 to 32 bytes" },
	{ "dns.servers:", "k.yaml:1: dns.servers: found nothing, expected a list; an empty one is "
			  "written []" },
	{ "dns.servers: [[a]]", "k.yaml:1: dns.servers[0]: found a list, expected text" },
	{ "dns.servers: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17",
	  "k.yaml:1: dns.servers: more than 16 items" },
	{ "- a", "k.yaml:1: found a list, expected keys such as listen.milter" },
	{ "a: b: c", "k.yaml:1: mapping values are not allowed in this context" },
};

static void test_errors(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(errors); i++) {
		km_err err = { 0 };
		assert_null(parse(errors[i].in, &err));
		assert_int_equal(err.st, KM_CONFIG);
		test_sv_is(km_sv_of(err.msg), errors[i].want, errors[i].in);
	}
}

static void test_file(void **state)
{
	char name[] = "/tmp/km-conf-XXXXXX";
	int fd = mkstemp(name);
	km_err err = { 0 };
	km_conf *c;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "language: en\n", 13), 13);
	(void)close(fd);
	assert_int_equal(km_conf_load(name, &c, NULL), KM_OK);
	assert_string_equal(km_conf_str(c, KM_KEY_LANGUAGE), "en");
	km_conf_free(c);
	(void)unlink(name);
	assert_int_equal(km_conf_load(name, &c, &err), KM_NOTFOUND);
	assert_null(c);
	assert_non_null(strstr(err.msg, name));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults), cmocka_unit_test(test_values),
		cmocka_unit_test(test_lists),	 cmocka_unit_test(test_errors),
		cmocka_unit_test(test_file),
	};
	return cmocka_run_group_tests_name("conf/conf", tests, NULL, NULL);
}
