#include "daemon/signwire.h"

#include "net/frame.h"

size_t km_signwire_begin_keys(km_buf *out)
{
	return km_frame_begin(out, KM_SIGNWIRE_KEYS);
}

void km_signwire_put_key(km_buf *out, const km_sign_key *k)
{
	km_frame_put(out, k->domain);
	km_frame_put(out, k->selector);
	km_frame_put_u64(out, k->kind);
}

bool km_signwire_get_key(km_sv *body, km_sign_key *k, bool *bad)
{
	uint64_t kind;

	*bad = false;
	if (body->n == 0)
		return false;
	*bad = !km_frame_get(body, &k->domain) || !km_frame_get(body, &k->selector) ||
	       !km_frame_get_u64(body, &kind) || kind > KM_KEY_ED25519 || k->domain.n == 0 ||
	       k->selector.n == 0;
	if (!*bad)
		k->kind = (km_key_kind)kind;
	return !*bad;
}

void km_signwire_put_ask(km_buf *out, const km_sign_ask *a)
{
	size_t begun = km_frame_begin(out, KM_SIGNWIRE_SIGN);

	km_frame_put_u64(out, a->seq);
	km_frame_put(out, a->domain);
	km_frame_put(out, a->selector);
	km_frame_put(out, a->digest);
	km_frame_end(out, begun);
}

bool km_signwire_get_ask(km_sv body, km_sign_ask *a)
{
	return km_frame_get_u64(&body, &a->seq) && km_frame_get(&body, &a->domain) &&
	       km_frame_get(&body, &a->selector) && km_frame_get(&body, &a->digest) && body.n == 0;
}

void km_signwire_put_signed(km_buf *out, uint64_t seq, km_sv signature)
{
	size_t begun = km_frame_begin(out, KM_SIGNWIRE_SIGNED);

	km_frame_put_u64(out, seq);
	km_frame_put(out, signature);
	km_frame_end(out, begun);
}

bool km_signwire_get_signed(km_sv body, uint64_t *seq, km_sv *signature)
{
	return km_frame_get_u64(&body, seq) && km_frame_get(&body, signature) && body.n == 0;
}
