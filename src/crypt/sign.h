/*
 * crypt/sign.h - signatures of mail by OpenSSL: RSA (PKCS#1 v1.5, RFC 8017) and Ed25519 (RFC 8032)
 * over a digest that was made before (RFC 8463 signs the digest itself).
 * Objects are on the heap. Private keys may be used by several threads at once; a public key stays
 * with the thread that read it, which keeps the last ones.
 */
#ifndef KM_CRYPT_SIGN_H
#define KM_CRYPT_SIGN_H

#include "base/buf.h"
#include "crypt/digest.h"

typedef enum { KM_KEY_RSA, KM_KEY_ED25519 } km_key_kind;

enum { KM_SIGNATURE_MAX_BYTES = 2048 };

typedef struct km_pubkey km_pubkey;
typedef struct km_privkey km_privkey;

/*
 * Reads a public key as DKIM publishes it: RSA as SubjectPublicKeyInfo or RSAPublicKey (DER),
 * Ed25519 as its 32 bytes. KM_SYNTAX when it is none; KM_LIMIT for a modulus over 16384 bits or an
 * exponent over 64, which would only cost time.
 */
KM_NODISCARD km_status km_pubkey_read(km_key_kind kind, km_sv bytes, km_pubkey **out, km_err *err);
void km_pubkey_free(km_pubkey *k);
/* Bits of an RSA modulus; 256 for Ed25519. */
unsigned km_pubkey_bits(const km_pubkey *k);
/* *right: whether @signature is the owner's over @digest. KM_NOMEM when it could not be found out.
 */
KM_NODISCARD km_status km_pubkey_verify(km_pubkey *k, km_hash_kind hash, km_sv digest,
					km_sv signature, bool *right);

/* A private key in PEM (PKCS#8 or PKCS#1), without passphrase. KM_SYNTAX when it is none. */
KM_NODISCARD km_status km_privkey_read(km_sv pem, km_privkey **out, km_err *err);
/* A new one; @bits for RSA. */
KM_NODISCARD km_status km_privkey_new(km_key_kind kind, unsigned bits, km_privkey **out,
				      km_err *err);
void km_privkey_free(km_privkey *k);
km_key_kind km_privkey_kind(const km_privkey *k);
/* As km_pubkey_bits(). */
unsigned km_privkey_bits(const km_privkey *k);
/* Appends it in PEM (PKCS#8). Wipe it when it is not needed any more. */
KM_NODISCARD km_status km_privkey_write(const km_privkey *k, km_buf *out, km_err *err);
/* Appends the public half, in the form that km_pubkey_read() takes. */
KM_NODISCARD km_status km_privkey_public(const km_privkey *k, km_buf *out, km_err *err);
/* Appends the signature over @digest. */
KM_NODISCARD km_status km_privkey_sign(const km_privkey *k, km_hash_kind hash, km_sv digest,
				       km_buf *out, km_err *err);

#endif
