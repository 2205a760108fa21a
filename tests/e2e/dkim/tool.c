/*
 * Signs and verifies from the command line, for check_dkim.py:
 *	tool sign KEY DOMAIN SELECTOR <MESSAGE       the message with our signature on top
 *	tool verify RECORD <MESSAGE                  the result, with RECORD as every key
 *	tool record KEY                              the key record to publish
 */
#include "auth/dkim_sign.h"
#include "base/file.h"
#include "dkim_make.h"

static km_privkey *read_key(const char *path)
{
	km_privkey *key = NULL;
	km_file f;

	if (km_file_open(&f, path, 1 << 16, NULL) == KM_OK) {
		(void)!km_privkey_read(f.bytes, &key, NULL);
		km_file_close(&f);
	}
	return key;
}

static const char *version_of(const km_privkey *key)
{
	return km_privkey_kind(key) == KM_KEY_RSA ? "v=DKIM1; k=rsa;" : "v=DKIM1; k=ed25519;";
}

static int sign(km_arena *a, km_sv message, char **argv)
{
	km_privkey *key = read_key(argv[2]);
	km_buf signature;
	km_sv field;
	km_mail *m;

	if (key == NULL || km_mail_read(a, message, &m) != KM_OK)
		return 1;
	km_dkim_sign_params p = { .domain = km_sv_of(argv[3]),
				  .selector = km_sv_of(argv[4]),
				  .key = km_privkey_kind(key),
				  .time = km_clock_now() };
	km_dkim_sign *d = km_dkim_sign_new(a, m, &p, NULL);
	km_buf_init(&signature, a, KM_SIGNATURE_MAX_BYTES);
	if (d == NULL ||
	    km_privkey_sign(key, KM_HASH_SHA256, km_dkim_sign_digest(d), &signature, NULL) !=
		    KM_OK ||
	    km_dkim_sign_finish(d, km_buf_sv(&signature), &field) != KM_OK)
		return 1;
	printf("%.*s\r\n", KM_FMT(field));
	fwrite(message.p, 1, message.n, stdout);
	km_privkey_free(key);
	return 0;
}

static int verify(km_arena *a, km_sv message, char **argv)
{
	const km_dkim_result *r =
		make_verdict(a, message, km_sv_of(argv[2]), KM_DNS_OK, km_clock_now());

	for (size_t i = 0; i < r->n; i++)
		printf("%s %.*s\n", km_dkim_code_name(r->sig[i].code), KM_FMT(r->sig[i].reason));
	return 0;
}

static int record(km_arena *a, char **argv)
{
	km_privkey *key = read_key(argv[2]);

	if (key == NULL)
		return 1;
	km_sv text = make_record(a, version_of(key), key);
	printf("%.*s\n", KM_FMT(text));
	km_privkey_free(key);
	return 0;
}

int main(int argc, char **argv)
{
	km_arena *a = km_arena_new(KM_MAX_ARENA_BYTES);
	km_file f = { .map = NULL };
	int rc = 64;

	if (argc == 3 && strcmp(argv[1], "record") == 0)
		rc = record(a, argv);
	else if (argc >= 3 && km_file_open(&f, "-", KM_MAX_MESSAGE_BYTES, NULL) != KM_OK)
		rc = 1;
	else if (argc == 5 && strcmp(argv[1], "sign") == 0)
		rc = sign(a, f.bytes, argv);
	else if (argc == 3 && strcmp(argv[1], "verify") == 0)
		rc = verify(a, f.bytes, argv);
	km_file_close(&f);
	km_arena_free(a);
	return rc;
}
