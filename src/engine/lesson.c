#include "engine/lesson.h"

#include "crypt/digest.h"
#include "engine/learn_input.h"

_Static_assert((int)KM_ROW_DIGEST == (int)KM_SHA256_BYTES, "digests are SHA-256");

/* Adds @v with LF for every kind of line end. */
static void add_lines(km_hash *h, km_sv v)
{
	km_sv line;

	while (km_sv_line(&v, &line)) {
		km_hash_add(h, line);
		km_hash_add(h, KM_S("\n"));
	}
}

static km_sv without_last_lines(km_sv v)
{
	while (v.n && (v.p[v.n - 1] == '\n' || v.p[v.n - 1] == '\r'))
		v.n--;
	return v;
}

static km_status digest(const km_mail *m, uint8_t out[KM_ROW_DIGEST])
{
	size_t n;
	km_hash h;

	km_hash_init(&h, KM_HASH_SHA256);
	for (size_t i = 0; i < m->headers->n; i++) {
		const km_header *f = &m->headers->h[i];
		if (km_feature_is_receivers(f->name))
			continue;
		km_hash_add(&h, f->name);
		km_hash_add(&h, KM_S(":"));
		add_lines(&h, f->raw);
	}
	km_hash_add(&h, KM_S("\n"));
	add_lines(&h, without_last_lines(km_sv_from(m->raw, m->headers->body)));
	return km_hash_finish(&h, out, &n);
}

/* Where the first byte is that no text has, in any charset of mail (ESC begins those of ISO 2022);
 * the length when there is none. */
static size_t find_binary(km_sv v)
{
	size_t at = 0;

	while (at < v.n) {
		unsigned char c = (unsigned char)v.p[at];
		if (c < ' ' && c != '\t' && c != '\n' && c != '\v' && c != '\f' && c != '\r' &&
		    c != 0x1b)
			break;
		at++;
	}
	return at;
}

/* Mail may lack a header or hold odd bytes; what does both is a file of another kind. */
static km_status refuse_other_files(const km_mail *m, km_err *err)
{
	size_t at = m->headers->n ? m->raw.n : find_binary(m->raw);

	if (at == m->raw.n)
		return KM_OK;
	return KM_FAIL(err, KM_SYNTAX,
		       "not mail: it has no header field, and byte %zu is 0x%02x, which no text "
		       "has; give the message as it was received, not compressed",
		       at + 1, (unsigned char)m->raw.p[at]);
}

km_status km_lesson_read(km_arena *a, km_sv message, km_row *out, km_err *err)
{
	km_learn_input in;
	km_features f;
	km_buf body;

	if (message.n == 0)
		return KM_FAIL(err, KM_SYNTAX, "an empty message: nothing to learn");
	if (message.n > KM_MAX_MESSAGE_BYTES)
		return KM_FAIL(err, KM_LIMIT, "the message of %zu bytes is over the limit of %d",
			       message.n, KM_MAX_MESSAGE_BYTES);
	km_status st = km_learn_input_read(a, message, &in);
	if (st == KM_OK && refuse_other_files(in.mail, err) != KM_OK)
		return KM_SYNTAX;
	if (st == KM_OK)
		st = km_features_read(a, &in, &f);
	if (st == KM_OK)
		st = digest(in.mail, out->digest);
	if (st != KM_OK)
		return KM_FAIL(err, st, "the message is over the limits of memory");
	km_buf_init(&body, a, KM_FEATURES_MAX_BYTES);
	km_features_pack(&body, &f);
	out->body = km_buf_sv(&body);
	return body.cut ? KM_FAIL(err, KM_LIMIT, "the message is over the limits of memory")
			: KM_OK;
}
