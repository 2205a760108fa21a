#include "daemon/keyring.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "test.h"

enum { NOW = 1800000000 };

static char dir[] = "/tmp/komainu-keyring-XXXXXX";

static int make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	char command[128];

	(void)state;
	(void)snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

static km_ring_key make(const char *domain, const char *selector, km_key_kind kind,
			km_ring_state state, km_time since)
{
	km_ring_key k = { .state = state, .made = since, .since = since };

	(void)snprintf(k.domain, sizeof(k.domain), "%s", domain);
	(void)snprintf(k.selector, sizeof(k.selector), "%s", selector);
	assert_int_equal(km_privkey_new(kind, 2048, &k.key, NULL), KM_OK);
	return k;
}

static mode_t mode_of(const char *name)
{
	char path[256];
	struct stat sb;

	(void)snprintf(path, sizeof(path), "%s/keys/%s", dir, name);
	assert_int_equal(stat(path, &sb), 0);
	return sb.st_mode & 0777;
}

/* What is saved is loaded again, sorted, and found; an older active key of a kind does not sign. */
static void test_round_trip(void **state)
{
	(void)state;
	km_ring_key keys[] = {
		make("example.jp", "k2", KM_KEY_RSA, KM_RING_ACTIVE, NOW - 5),
		make("example.jp", "k1", KM_KEY_RSA, KM_RING_ACTIVE, NOW - 9),
		make("example.jp", "k3", KM_KEY_RSA, KM_RING_PENDING, NOW),
		make("example.jp", "e1", KM_KEY_ED25519, KM_RING_RETIRED, NOW - 7),
		make("a.example", "e1", KM_KEY_ED25519, KM_RING_ACTIVE, NOW - 7),
	};
	char path[128];
	km_keyring ring;

	(void)snprintf(path, sizeof(path), "%s/keys", dir);
	assert_int_equal(km_keyring_load(path, NOW, &ring, NULL), KM_OK);
	assert_int_equal(ring.n, 0); /* there is no folder yet */
	for (size_t i = 0; i < KM_COUNT(keys); i++)
		assert_int_equal(km_keyring_save(path, &keys[i], NULL), KM_OK);
	assert_int_equal(mode_of(""), 0700);
	assert_int_equal(mode_of("example.jp"), 0700);
	assert_int_equal(mode_of("example.jp/k2.pem"), 0600);
	assert_int_equal(km_keyring_load(path, NOW, &ring, NULL), KM_OK);
	assert_int_equal(ring.n, KM_COUNT(keys));
	assert_string_equal(ring.key[0].domain, "a.example");
	assert_string_equal(ring.key[1].selector, "e1");
	assert_int_equal(ring.key[1].state, KM_RING_RETIRED);
	assert_true(ring.key[1].made == NOW - 7 && ring.key[1].since == NOW - 7);
	const km_ring_key *k = km_keyring_active(&ring, KM_S("Example.JP"), KM_KEY_RSA);
	assert_non_null(k);
	assert_string_equal(k->selector, "k2");
	assert_null(km_keyring_active(&ring, KM_S("example.jp"), KM_KEY_ED25519));
	assert_null(km_keyring_find(&ring, KM_S("example.jp"), KM_S("k9")));
	assert_non_null(km_keyring_find(&ring, KM_S("example.jp"), KM_S("k3")));
	assert_int_equal(km_keyring_remove(path, k, NULL), KM_OK);
	assert_int_equal(km_keyring_remove(path, k, NULL), KM_IO);
	km_keyring_free(&ring);
	for (size_t i = 0; i < KM_COUNT(keys); i++)
		km_privkey_free(keys[i].key);
}

static void test_record(void **state)
{
	(void)state;
	km_ring_key k = make("example.jp", "e1", KM_KEY_ED25519, KM_RING_ACTIVE, NOW);
	km_arena *a = km_arena_new(65536);
	km_sv record = km_ring_key_record(a, &k);

	assert_true(km_sv_starts(record, KM_S("v=DKIM1; k=ed25519; p=")));
	assert_int_equal(record.n, strlen("v=DKIM1; k=ed25519; p=") + 44);
	km_arena_free(a);
	km_privkey_free(k.key);
}

/* What stands before the PEM; "%s" is the PEM. */
static const struct {
	const char *name, *text;
	km_status want;
	km_ring_state state;
} texts[] = {
	{ "another program's", "%s", KM_OK, KM_RING_ACTIVE },
	{ "pending", "state: pending\n%s", KM_OK, KM_RING_PENDING },
	{ "retired, CRLF", "state: retired\r\nmade: 2026-01-01T00:00:00Z\r\n%s", KM_OK,
	  KM_RING_RETIRED },
	{ "other lines", "# mine\nsince: 2026-01-01T09:00:00+09:00\n\n%s", KM_OK, KM_RING_ACTIVE },
	{ "unknown state", "state: asleep\n%s", KM_SYNTAX, 0 },
	{ "no time", "made: yesterday\n%s", KM_SYNTAX, 0 },
	{ "no key", "state: active\n", KM_SYNTAX, 0 },
	{ "empty", "", KM_SYNTAX, 0 },
	{ "lines after the key say nothing", "%sstate: retired\n", KM_OK, KM_RING_ACTIVE },
};

static void test_texts(void **state)
{
	(void)state;
	km_ring_key made = make("a.example", "s", KM_KEY_ED25519, KM_RING_ACTIVE, NOW);
	km_buf pem;

	km_buf_init(&pem, NULL, 4096);
	assert_int_equal(km_privkey_write(made.key, &pem, NULL), KM_OK);
	km_buf_byte(&pem, '\0');
	for (size_t i = 0; i < KM_COUNT(texts); i++) {
		char text[4096];
		const char *at = strstr(texts[i].text, "%s");
		size_t before = at ? (size_t)(at - texts[i].text) : strlen(texts[i].text);
		(void)snprintf(text, sizeof(text), "%.*s%s%s", (int)before, texts[i].text,
			       at ? pem.p : "", at ? at + 2 : "");
		km_sv exact = test_exact(text, strlen(text));
		km_ring_key k = { 0 };
		km_status st = km_ring_key_parse(exact, &k, NULL);
		if (st != texts[i].want || (st == KM_OK && k.state != texts[i].state))
			fail_msg("%s: status %d, state %d", texts[i].name, (int)st, (int)k.state);
		km_privkey_free(k.key);
		test_drop(exact);
	}
	km_buf_finish(&pem);
	km_privkey_free(made.key);
}

static void put_file(const char *name, const char *text, mode_t mode)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/bad/%s", dir, name);
	assert_int_equal(km_file_replace_secret(path, km_sv_of(text), NULL), KM_OK);
	assert_int_equal(chmod(path, mode), 0);
}

static void refused(const char *word)
{
	char path[128];
	km_keyring ring;
	km_err err = { 0 };

	(void)snprintf(path, sizeof(path), "%s/bad", dir);
	assert_int_equal(km_keyring_load(path, NOW, &ring, &err), KM_CONFIG);
	if (strstr(err.msg, word) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", err.msg, word);
}

static void test_bad_files(void **state)
{
	(void)state;
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/bad", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	(void)snprintf(path, sizeof(path), "%s/bad/example.jp", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	put_file("example.jp/readme", "nothing", 0600); /* only .pem is a key */
	put_file("example.jp/s1.pem", "nothing", 0600);
	refused("s1.pem: this key can not be used");
	put_file("example.jp/s1.pem", "nothing", 0640);
	refused("chmod 600");
	(void)snprintf(path, sizeof(path), "%s/bad/example.jp/s1.pem", dir);
	assert_int_equal(unlink(path), 0);
	put_file("example.jp/s 1.pem", "nothing", 0600);
	refused("no names for DNS");
	(void)snprintf(path, sizeof(path), "%s/bad/example.jp/s 1.pem", dir);
	assert_int_equal(unlink(path), 0);
	put_file("example.jp.pem", "nothing", 0600);
	refused("without selector");
	(void)snprintf(path, sizeof(path), "%s/bad/example.jp.pem", dir);
	assert_int_equal(unlink(path), 0);
	km_ring_key small = { .domain = "example.jp", .selector = "small" };
	assert_int_equal(km_privkey_new(KM_KEY_RSA, 512, &small.key, NULL), KM_OK);
	(void)snprintf(path, sizeof(path), "%s/bad", dir);
	assert_int_equal(km_keyring_save(path, &small, NULL), KM_OK);
	refused("512 bits");
	assert_int_equal(km_keyring_remove(path, &small, NULL), KM_OK);
	km_privkey_free(small.key);
	km_ring_key k = make("example.jp", "s2", KM_KEY_ED25519, KM_RING_ACTIVE, NOW + 90000);
	(void)snprintf(path, sizeof(path), "%s/bad", dir);
	assert_int_equal(km_keyring_save(path, &k, NULL), KM_OK);
	refused("set the clock");
	km_privkey_free(k.key);
}

/* The folder of all keys is made, the one above it is somebody's to make: whose it is matters. */
static void test_no_state_folder(void **state)
{
	km_ring_key k = make("example.jp", "s3", KM_KEY_ED25519, KM_RING_ACTIVE, NOW);
	char path[160], above[128];
	km_err err = { 0 };

	(void)state;
	(void)snprintf(above, sizeof(above), "%s/missing", dir);
	(void)snprintf(path, sizeof(path), "%s/keys", above);
	assert_int_equal(km_keyring_save(path, &k, &err), KM_IO);
	assert_non_null(strstr(err.msg, above));
	assert_non_null(strstr(err.msg, "make that folder first"));
	assert_int_equal(access(above, F_OK), -1);
	km_privkey_free(k.key);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),	cmocka_unit_test(test_record),
		cmocka_unit_test(test_texts),		cmocka_unit_test(test_bad_files),
		cmocka_unit_test(test_no_state_folder),
	};
	return cmocka_run_group_tests_name("daemon/keyring", tests, make_dir, remove_dir);
}
