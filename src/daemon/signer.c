/*
 * The signer: holds the private keys, and signs the digests that scanners send. It reads no mail,
 * opens no file once it is ready, and knows nobody but the scanners.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>

#include "base/log.h"
#include "daemon/keyring.h"
#include "daemon/role.h"
#include "daemon/sandbox.h"
#include "daemon/setup.h"
#include "daemon/signwire.h"
#include "net/frame.h"
#include "net/stream.h"

enum { ASK_MAX = 64 * 1024, KEYS_MAX = KM_FRAME_MAX };

typedef struct line line;
struct line {
	line *next;
	struct signer *signer;
	km_stream *stream;
	km_buf in;
};

typedef struct signer {
	km_role *role;
	km_keyring ring;
	line *lines;
} signer;

static void tell_keys(const signer *g, line *l)
{
	static const km_key_kind kinds[] = { KM_KEY_RSA, KM_KEY_ED25519 };
	km_buf out;

	km_buf_init(&out, NULL, KEYS_MAX);
	size_t begun = km_signwire_begin_keys(&out);
	for (size_t i = 0; i < g->ring.n; i++) {
		const km_ring_key *k = &g->ring.key[i];
		for (size_t j = 0; j < KM_COUNT(kinds); j++)
			if (km_keyring_active(&g->ring, km_sv_of(k->domain), kinds[j]) == k)
				km_signwire_put_key(&out, &(km_sign_key){ km_sv_of(k->domain),
									  km_sv_of(k->selector),
									  kinds[j] });
	}
	km_frame_end(&out, begun);
	km_stream_write(l->stream, km_buf_sv(&out));
	km_buf_finish(&out);
}

static void answer(const signer *g, line *l, const km_sign_ask *ask)
{
	const km_ring_key *k = km_keyring_find(&g->ring, ask->domain, ask->selector);
	km_buf signature, out;
	km_err err = { 0 };

	km_buf_init(&signature, NULL, KM_SIGNATURE_MAX_BYTES);
	km_buf_init(&out, NULL, 2 * KM_SIGNATURE_MAX_BYTES);
	if (k == NULL || k->state != KM_RING_ACTIVE || ask->digest.n != KM_SHA256_BYTES)
		km_error("asked to sign for %.*s with selector %.*s, of which there is no active "
			 "key",
			 KM_FMT(ask->domain), KM_FMT(ask->selector));
	else if (km_privkey_sign(k->key, KM_HASH_SHA256, ask->digest, &signature, &err) != KM_OK)
		km_error("%s, selector %s: %s", k->domain, k->selector, err.msg);
	km_signwire_put_signed(&out, ask->seq, km_buf_sv(&signature));
	km_stream_write(l->stream, km_buf_sv(&out));
	km_buf_finish(&signature);
	km_buf_finish(&out);
}

static void on_data(void *ctx, km_stream *stream, km_sv bytes)
{
	line *l = ctx;
	km_status st;
	km_sign_ask ask;
	km_frame f;

	km_buf_add(&l->in, bytes);
	km_sv rest = km_buf_sv(&l->in);
	while ((st = km_frame_next(&rest, &f)) == KM_OK) {
		if (f.type != KM_SIGNWIRE_SIGN || !km_signwire_get_ask(f.body, &ask)) {
			st = KM_SYNTAX;
			break;
		}
		answer(l->signer, l, &ask);
	}
	if (st != KM_NOTFOUND || l->in.cut) {
		km_error("a scanner does not speak our protocol; its line is closed");
		km_stream_close(stream);
		return;
	}
	km_buf_keep(&l->in, rest);
}

static void on_close(void *ctx, km_stream *stream)
{
	line *l = ctx;

	(void)stream;
	for (line **at = &l->signer->lines; *at; at = &(*at)->next)
		if (*at == l) {
			*at = l->next;
			break;
		}
	if (l->signer->role->orphan && l->signer->lines == NULL)
		km_role_end(l->signer->role);
	km_buf_finish(&l->in);
	free(l);
}

static const km_stream_ops line_ops = { .on_data = on_data, .on_close = on_close };

static void signer_link(km_role *r, km_channel_word what, int fd)
{
	signer *g = r->self;
	line *l = calloc(1, sizeof(*l));

	(void)what;
	if (l == NULL)
		return;
	l->signer = g;
	km_buf_init(&l->in, NULL, ASK_MAX);
	l->stream = km_stream_adopt(&r->loop, fd, &line_ops, l);
	if (l->stream == NULL) {
		free(l);
		return;
	}
	l->next = g->lines;
	g->lines = l;
	tell_keys(g, l);
}

/* What is under way takes no longer than one signature; scanners ask the next signer again. */
static void signer_drain(km_role *r, bool quit)
{
	const signer *g = r->self;

	/* Without a supervisor no next one comes: the scanners finish first. */
	if (quit && !(r->orphan && g->lines))
		km_role_end(r);
}

static km_status signer_start(km_role *r, km_err *err)
{
	signer *g = calloc(1, sizeof(*g));
	char dir[KM_KEY_DIR];

	if (g == NULL)
		return KM_FAIL(err, KM_NOMEM, "no memory");
	g->role = r;
	r->self = g;
	/* No core dump, and no tracing by others of our user. */
	(void)prctl(PR_SET_DUMPABLE, 0);
	km_status st = km_key_dir(r->conf, r->state_dir, dir, err);
	if (st == KM_OK)
		st = km_keyring_load(dir, km_clock_now(), &g->ring, err);
	return st == KM_OK ? km_sandbox_enter(&(km_sandbox){ .kind = KM_SANDBOX_SIGNER }, err) : st;
}

static void signer_stop(km_role *r)
{
	const signer *g = r->self;

	for (line *l = g->lines; l; l = l->next)
		km_stream_close(l->stream);
}

static void signer_finish(km_role *r)
{
	signer *g = r->self;

	if (g == NULL)
		return;
	km_keyring_free(&g->ring);
	free(g);
}

const km_role_ops km_signer_role = {
	.name = "signer",
	.start = signer_start,
	.link = signer_link,
	.drain = signer_drain,
	.stop = signer_stop,
	.finish = signer_finish,
};
