#include "crypt/sign.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <stdlib.h>

/*
 * d2i_PUBKEY() tries every decoder that OpenSSL has and takes five times as long as the
 * verification itself, so the two integers are taken out of the DER here.
 */
enum { DER_INTEGER = 0x02, DER_BITS = 0x03, DER_OID = 0x06, DER_SEQUENCE = 0x30 };
enum { MAX_MODULUS = 2048, MAX_EXPONENT = 8 }; /* bytes */

enum { HASHES = KM_HASH_SHA1 + 1 };

struct km_pubkey {
	EVP_PKEY *pkey;
	km_key_kind kind;
	unsigned refs;
	EVP_PKEY_CTX *ready[HASHES]; /* RSA: set up to verify, kept from one time to the next */
	uint64_t digest[KM_SHA256_BYTES / 8]; /* of its bytes */
};

struct km_privkey {
	EVP_PKEY *pkey;
	km_key_kind kind;
};

/* Takes one value of type @tag off @rest. */
static bool der_take(km_sv *rest, unsigned char tag, km_sv *value)
{
	const unsigned char *p = (const unsigned char *)rest->p;
	size_t n, head = 2;

	if (rest->n < 2 || p[0] != tag)
		return false;
	n = p[1];
	if (n >= 0x80) { /* that many bytes of length follow */
		size_t more = n & 0x7f;
		if (more == 0 || more > 2 || rest->n < 2 + more)
			return false;
		n = more == 1 ? p[2] : (size_t)p[2] << 8 | p[3];
		head += more;
	}
	if (rest->n - head < n)
		return false;
	*value = km_sv_sub(*rest, head, n);
	*rest = km_sv_from(*rest, head + n);
	return true;
}

/* An INTEGER over zero without its leading zeros. */
static bool der_unsigned(km_sv *rest, km_sv *out)
{
	if (!der_take(rest, DER_INTEGER, out) || out->n == 0 || (out->p[0] & 0x80))
		return false;
	while (out->n && out->p[0] == 0)
		*out = km_sv_from(*out, 1);
	return out->n > 0;
}

/* RSAPublicKey inside a SubjectPublicKeyInfo (RFC 8017 appendix A.1), or alone. */
static bool rsa_integers(km_sv der, km_sv *modulus, km_sv *exponent)
{
	static const char oid[] = "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01";
	km_sv outer, algorithm, bits, name;

	if (!der_take(&der, DER_SEQUENCE, &outer))
		return false;
	km_sv info = outer;
	if (der_take(&info, DER_SEQUENCE, &algorithm)) {
		if (!der_take(&algorithm, DER_OID, &name) ||
		    !km_sv_eq(name, (km_sv){ oid, sizeof(oid) - 1 }) ||
		    !der_take(&info, DER_BITS, &bits) || bits.n < 1 || bits.p[0] != 0)
			return false;
		bits = km_sv_from(bits, 1);
		if (!der_take(&bits, DER_SEQUENCE, &outer))
			return false;
	}
	return der_unsigned(&outer, modulus) && der_unsigned(&outer, exponent);
}

/* OSSL_PARAM holds integers in the machine's own byte order. */
static void native_order(uint8_t *to, km_sv big_endian)
{
	for (size_t i = 0; i < big_endian.n; i++)
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
		to[big_endian.n - 1 - i] = (uint8_t)big_endian.p[i];
#else
		to[i] = (uint8_t)big_endian.p[i];
#endif
}

static EVP_PKEY *rsa_new(km_sv modulus, km_sv exponent)
{
	uint8_t n[MAX_MODULUS], e[MAX_EXPONENT];
	EVP_PKEY *pkey = NULL;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_N, n, modulus.n),
		OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_E, e, exponent.n),
		OSSL_PARAM_construct_end(),
	};

	native_order(n, modulus);
	native_order(e, exponent);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	if (ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
		pkey = NULL;
	EVP_PKEY_CTX_free(ctx);
	return pkey;
}

static km_status key_from_bytes(km_key_kind kind, km_sv bytes, EVP_PKEY **out, km_err *err)
{
	km_sv modulus, exponent;

	if (kind == KM_KEY_ED25519) {
		if (bytes.n != 32)
			return KM_FAIL(err, KM_SYNTAX, "an Ed25519 key of %zu bytes", bytes.n);
		*out = EVP_PKEY_new_raw_public_key_ex(NULL, "ED25519", NULL,
						      (const unsigned char *)bytes.p, bytes.n);
		return KM_OK;
	}
	if (!rsa_integers(bytes, &modulus, &exponent))
		return KM_FAIL(err, KM_SYNTAX, "no RSA key");
	if (modulus.n > MAX_MODULUS || exponent.n > MAX_EXPONENT)
		return KM_FAIL(err, KM_LIMIT, "an RSA key of %zu bytes, exponent of %zu", modulus.n,
			       exponent.n);
	*out = rsa_new(modulus, exponent);
	return KM_OK;
}

/*
 * Keys that this thread read last. Most mail comes from few signers, and to set a key up for its
 * first verification costs as much as that does.
 */
enum { KEPT = 64 };
static pthread_key_t kept_key;
static pthread_once_t kept_once = PTHREAD_ONCE_INIT;

static void forget_kept(void *table)
{
	km_pubkey **kept = table;

	for (size_t i = 0; i < KEPT; i++)
		km_pubkey_free(kept[i]);
	free(kept);
}

static void make_kept_key(void)
{
	(void)pthread_key_create(&kept_key, forget_kept);
}

/* The place for a key of that digest; NULL when there is no memory for places. */
static km_pubkey **kept_place(const uint64_t *digest)
{
	static _Thread_local km_pubkey **kept;

	if (kept == NULL) {
		(void)pthread_once(&kept_once, make_kept_key);
		kept = calloc(KEPT, sizeof(km_pubkey *));
		(void)pthread_setspecific(kept_key, kept);
	}
	return kept ? &kept[digest[0] % KEPT] : NULL;
}

static km_status read_new(km_key_kind kind, km_sv bytes, km_pubkey **out, km_err *err)
{
	EVP_PKEY *pkey = NULL;
	km_status st = key_from_bytes(kind, bytes, &pkey, err);

	if (st != KM_OK)
		return st;
	if (pkey == NULL) {
		ERR_clear_error();
		return KM_FAIL(err, KM_SYNTAX, "no key that OpenSSL takes");
	}
	km_pubkey *k = calloc(1, sizeof(*k));
	if (k == NULL) {
		EVP_PKEY_free(pkey);
		return KM_NOMEM;
	}
	k->pkey = pkey;
	k->kind = kind;
	k->refs = 1;
	*out = k;
	return KM_OK;
}

km_status km_pubkey_read(km_key_kind kind, km_sv bytes, km_pubkey **out, km_err *err)
{
	uint64_t digest[KM_SHA256_BYTES / 8];

	*out = NULL;
	if (km_sha256(bytes, (uint8_t *)digest) != KM_OK)
		return read_new(kind, bytes, out, err);
	km_pubkey **place = kept_place(digest);
	if (place && *place && (*place)->kind == kind &&
	    memcmp((*place)->digest, digest, sizeof(digest)) == 0) {
		(*place)->refs++;
		*out = *place;
		return KM_OK;
	}
	km_status st = read_new(kind, bytes, out, err);
	if (st != KM_OK || place == NULL)
		return st;
	memcpy((*out)->digest, digest, sizeof(digest));
	km_pubkey_free(*place);
	*place = *out;
	(*out)->refs++;
	return KM_OK;
}

void km_pubkey_free(km_pubkey *k)
{
	if (k == NULL || --k->refs)
		return;
	for (size_t i = 0; i < HASHES; i++)
		EVP_PKEY_CTX_free(k->ready[i]);
	EVP_PKEY_free(k->pkey);
	free(k);
}

unsigned km_pubkey_bits(const km_pubkey *k)
{
	return k->kind == KM_KEY_ED25519 ? 256 : (unsigned)EVP_PKEY_get_bits(k->pkey);
}

static const EVP_MD *md_of(km_hash_kind hash)
{
	return hash == KM_HASH_SHA1 ? EVP_sha1() : EVP_sha256();
}

static EVP_PKEY_CTX *ready_to_verify(km_pubkey *k, km_hash_kind hash)
{
	EVP_PKEY_CTX *ctx = k->ready[hash];

	if (ctx)
		return ctx;
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, k->pkey, NULL);
	if (ctx && EVP_PKEY_verify_init(ctx) == 1 &&
	    EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1 &&
	    EVP_PKEY_CTX_set_signature_md(ctx, md_of(hash)) == 1)
		return k->ready[hash] = ctx;
	EVP_PKEY_CTX_free(ctx);
	return NULL;
}

static int verify_rsa(km_pubkey *k, km_hash_kind hash, km_sv digest, km_sv sig)
{
	EVP_PKEY_CTX *ctx = ready_to_verify(k, hash);

	if (ctx == NULL)
		return -1;
	return EVP_PKEY_verify(ctx, (const unsigned char *)sig.p, sig.n,
			       (const unsigned char *)digest.p, digest.n) == 1;
}

static int verify_ed25519(EVP_PKEY *pkey, km_sv digest, km_sv sig)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int ok = -1;

	if (ctx && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, pkey) == 1)
		ok = EVP_DigestVerify(ctx, (const unsigned char *)sig.p, sig.n,
				      (const unsigned char *)digest.p, digest.n) == 1;
	EVP_MD_CTX_free(ctx);
	return ok;
}

km_status km_pubkey_verify(km_pubkey *k, km_hash_kind hash, km_sv digest, km_sv signature,
			   bool *right)
{
	int ok = k->kind == KM_KEY_RSA ? verify_rsa(k, hash, digest, signature)
				       : verify_ed25519(k->pkey, digest, signature);

	ERR_clear_error();
	*right = ok == 1;
	return ok < 0 ? KM_NOMEM : KM_OK;
}

/* --- private keys --- */

static km_status privkey_of(EVP_PKEY *pkey, km_privkey **out, km_err *err)
{
	bool rsa = pkey && EVP_PKEY_is_a(pkey, "RSA");
	km_privkey *k = malloc(sizeof(*k));

	*out = NULL;
	ERR_clear_error();
	if (k == NULL || pkey == NULL || (!rsa && !EVP_PKEY_is_a(pkey, "ED25519"))) {
		EVP_PKEY_free(pkey);
		free(k);
		return KM_FAIL(err, KM_SYNTAX, "no RSA or Ed25519 private key");
	}
	*k = (km_privkey){ .pkey = pkey, .kind = rsa ? KM_KEY_RSA : KM_KEY_ED25519 };
	*out = k;
	return KM_OK;
}

/* A key file with a passphrase must not make the daemon ask for it on its terminal. */
static int no_passphrase(char *buf, int size, int rwflag, void *arg)
{
	(void)buf, (void)size, (void)rwflag, (void)arg;
	return -1;
}

km_status km_privkey_read(km_sv pem, km_privkey **out, km_err *err)
{
	*out = NULL;
	if (pem.n > 1 << 16)
		return KM_FAIL(err, KM_LIMIT, "a key file of %zu bytes", pem.n);
	BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
	if (bio == NULL)
		return KM_NOMEM;
	EVP_PKEY *pkey = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
	BIO_free(bio);
	return privkey_of(pkey, out, err);
}

km_status km_privkey_new(km_key_kind kind, unsigned bits, km_privkey **out, km_err *err)
{
	EVP_PKEY *pkey = kind == KM_KEY_RSA ? EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)bits)
					    : EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");

	return privkey_of(pkey, out, err);
}

void km_privkey_free(km_privkey *k)
{
	if (k == NULL)
		return;
	EVP_PKEY_free(k->pkey);
	free(k);
}

km_key_kind km_privkey_kind(const km_privkey *k)
{
	return k->kind;
}

unsigned km_privkey_bits(const km_privkey *k)
{
	return k->kind == KM_KEY_ED25519 ? 256 : (unsigned)EVP_PKEY_get_bits(k->pkey);
}

km_status km_privkey_write(const km_privkey *k, km_buf *out, km_err *err)
{
	BIO *bio = BIO_new(BIO_s_secmem());
	char *pem = NULL;
	bool ok = bio && PEM_write_bio_PrivateKey(bio, k->pkey, NULL, NULL, 0, NULL, NULL) == 1;
	long n = ok ? BIO_get_mem_data(bio, &pem) : 0;

	if (n > 0)
		km_buf_add(out, (km_sv){ pem, (size_t)n });
	BIO_free(bio);
	ERR_clear_error();
	return n > 0 && !out->cut ? KM_OK : KM_FAIL(err, KM_NOMEM, "the key can not be written");
}

km_status km_privkey_public(const km_privkey *k, km_buf *out, km_err *err)
{
	unsigned char raw[32], *der = NULL;
	size_t n = sizeof(raw);

	if (k->kind == KM_KEY_ED25519) {
		if (EVP_PKEY_get_raw_public_key(k->pkey, raw, &n) != 1)
			return KM_FAIL(err, KM_BUG, "no public half");
		km_buf_add(out, (km_sv){ (const char *)raw, n });
		return KM_OK;
	}
	int length = i2d_PUBKEY(k->pkey, &der);
	if (length <= 0)
		return KM_FAIL(err, KM_BUG, "no public half");
	km_buf_add(out, (km_sv){ (const char *)der, (size_t)length });
	OPENSSL_free(der);
	return KM_OK;
}

static bool sign_rsa(EVP_PKEY *pkey, km_hash_kind hash, km_sv digest, unsigned char *sig, size_t *n)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
	bool ok = ctx && EVP_PKEY_sign_init(ctx) == 1 &&
		  EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1 &&
		  EVP_PKEY_CTX_set_signature_md(ctx, md_of(hash)) == 1 &&
		  EVP_PKEY_sign(ctx, sig, n, (const unsigned char *)digest.p, digest.n) == 1;

	EVP_PKEY_CTX_free(ctx);
	return ok;
}

static bool sign_ed25519(EVP_PKEY *pkey, km_sv digest, unsigned char *sig, size_t *n)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok = ctx && EVP_DigestSignInit(ctx, NULL, NULL, NULL, pkey) == 1 &&
		  EVP_DigestSign(ctx, sig, n, (const unsigned char *)digest.p, digest.n) == 1;

	EVP_MD_CTX_free(ctx);
	return ok;
}

km_status km_privkey_sign(const km_privkey *k, km_hash_kind hash, km_sv digest, km_buf *out,
			  km_err *err)
{
	unsigned char sig[KM_SIGNATURE_MAX_BYTES];
	size_t n = sizeof(sig);
	bool ok = k->kind == KM_KEY_RSA ? sign_rsa(k->pkey, hash, digest, sig, &n)
					: sign_ed25519(k->pkey, digest, sig, &n);

	ERR_clear_error();
	if (!ok)
		return KM_FAIL(err, KM_BUG, "OpenSSL would not sign");
	km_buf_add(out, (km_sv){ (const char *)sig, n });
	return KM_OK;
}
