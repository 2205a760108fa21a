#include "auth/arc.h"

#include "auth/dkim_shared.h"
#include "auth/signature.h"

/* One set while it is read; the fields' indexes are -1 where there is none. */
typedef struct {
	int aar, ams, seal;
	km_sv results;
	km_sig message, sealing;
	km_dkim_why message_why, sealing_why;
	const km_dns_answer *seal_answer;
} set;

struct km_arc {
	km_signed *s;
	km_arena *arena;
	set *set; /* of instances 1 to KM_MAX_ARC_SETS */
	unsigned n;
	const km_dns_answer *message_answer;
	km_body_hash *body;
	km_arc_result result;
	km_arc_set *shown; /* those of the result */
	bool done;
};

static const km_sv reasons[] = {
#define X(id, words) [KM_ARC_WHY_##id] = KM_SV(words),
	KM_ARC_REASONS(X)
#undef X
};

const char *km_arc_code_name(km_arc_code c)
{
	static const char *const names[] = { "none", "pass", "fail", "temperror" };

	return names[c];
}

static void fail(km_arc *c, km_arc_why why, unsigned at)
{
	bool temporary = why == KM_ARC_WHY_KEY || why == KM_ARC_WHY_MEMORY;

	c->result.code = temporary ? KM_ARC_TEMPERROR : KM_ARC_FAIL;
	c->result.why = why;
	c->result.reason = reasons[why];
	c->result.at = at;
	c->done = true;
}

/* --- structure (section 5.2, steps 1 to 3) --- */

/* "i=N;" at the start of ARC-Authentication-Results; 0 when there is none. */
static unsigned results_instance(km_sv raw, km_sv *rest)
{
	size_t end = km_sv_chr(raw, ';', 0);
	km_sv first = km_sv_sub(raw, 0, end);
	km_tag t;
	uint64_t n;

	*rest = km_sv_from(raw, end + 1);
	if (end == raw.n || km_tag_next(&first, &t, NULL) != KM_OK ||
	    !km_sv_eq(t.name, KM_S("i")) || !km_sv_u64(t.value, &n) || n > KM_MAX_ARC_SETS)
		return 0;
	return (unsigned)n;
}

/* Puts a field in its place; false when the place is taken or is none. */
static bool place(km_arc *c, unsigned instance, size_t offset, int field)
{
	if (instance == 0 || instance > KM_MAX_ARC_SETS)
		return false;
	if (instance > c->n)
		c->n = instance;
	int *at = (int *)(void *)((char *)&c->set[instance - 1] + offset);
	if (*at >= 0)
		return false;
	*at = field;
	return true;
}

static bool place_results(km_arc *c, int field)
{
	km_sv rest;
	unsigned n = results_instance(c->s->mail->headers->h[field].raw, &rest);

	if (!place(c, n, offsetof(set, aar), field))
		return false;
	c->set[n - 1].results = rest;
	return true;
}

static bool place_message(km_arc *c, int field)
{
	km_sig sig;
	km_dkim_why why = km_sig_read(c->s, KM_SIG_AMS, field, &sig);

	if (!place(c, sig.instance, offsetof(set, ams), field))
		return false;
	c->set[sig.instance - 1].message = sig;
	c->set[sig.instance - 1].message_why = why;
	return true;
}

static bool place_seal(km_arc *c, int field)
{
	km_sig sig;
	km_dkim_why why = km_sig_read(c->s, KM_SIG_SEAL, field, &sig);

	if (!place(c, sig.instance, offsetof(set, seal), field))
		return false;
	c->set[sig.instance - 1].sealing = sig;
	c->set[sig.instance - 1].sealing_why = why;
	return true;
}

static const struct {
	km_sv name;
	bool (*place)(km_arc *c, int field);
} kinds[] = {
	{ KM_SV("arc-authentication-results"), place_results },
	{ KM_SV("arc-message-signature"), place_message },
	{ KM_SV("arc-seal"), place_seal },
};

/* Reads all fields of all sets. False when the result is known. */
static bool read_sets(km_arc *c)
{
	unsigned unused, count[KM_COUNT(kinds)], total = 0;
	bool placed = true;

	for (size_t i = 0; i < KM_COUNT(kinds); i++)
		total += count[i] = km_signed_count(c->s, kinds[i].name, &unused);
	if (total == 0) {
		c->done = true;
		return false;
	}
	for (size_t i = 0; i < KM_COUNT(kinds); i++)
		if (count[i] > KM_MAX_ARC_SETS) {
			fail(c, KM_ARC_WHY_TOO_MANY, 0);
			return false;
		}
	km_signed_rewind(c->s);
	for (size_t i = 0; i < KM_COUNT(kinds); i++)
		for (int f; (f = km_signed_take(c->s, kinds[i].name)) >= 0;)
			placed &= kinds[i].place(c, f);
	c->result.highest = c->n;
	if (!placed)
		fail(c, KM_ARC_WHY_INSTANCE, 0);
	return placed;
}

/* Each set is whole and says of those before it what its place demands. */
static bool check_sets(km_arc *c)
{
	for (unsigned i = 0; i < c->n; i++) {
		const set *s = &c->set[i];
		if (s->aar < 0 || s->ams < 0 || s->seal < 0) {
			fail(c, KM_ARC_WHY_STRUCTURE, i + 1);
			return false;
		}
	}
	for (unsigned i = c->n; i-- > 0;) {
		km_sv cv = c->set[i].sealing.cv;
		if (km_sv_ieq(cv, KM_S("fail"))) {
			c->result.closed |= i + 1 == c->n;
			fail(c, KM_ARC_WHY_CV_FAIL, i + 1);
			return false;
		}
		if (!km_sv_ieq(cv, i == 0 ? KM_S("none") : KM_S("pass"))) {
			fail(c, KM_ARC_WHY_CV, i + 1);
			return false;
		}
	}
	return true;
}

static bool show_sets(km_arc *c)
{
	km_arc_set *out = KM_NEW_ARRAY(c->arena, km_arc_set, c->n);

	if (out == NULL)
		return false;
	for (unsigned i = 0; i < c->n; i++) {
		const set *s = &c->set[i];
		out[i] = (km_arc_set){
			.sealer = s->sealing.domain,
			.selector = s->sealing.selector,
			.signer = s->message.domain,
			.results = km_sv_trim(s->results),
			.aar = (size_t)s->aar,
			.ams = (size_t)s->ams,
			.seal = (size_t)s->seal,
		};
	}
	c->result.set = c->shown = out;
	c->result.n = c->n;
	return true;
}

km_arc *km_arc_new(km_arena *a, km_dkim *k)
{
	km_arc *c = KM_NEW(a, km_arc);

	if (c == NULL)
		return NULL;
	c->s = km_dkim_signed(k);
	c->arena = a;
	c->result.code = KM_ARC_NONE;
	unsigned unused, any = 0;
	for (size_t i = 0; i < KM_COUNT(kinds); i++)
		any += km_signed_count(c->s, kinds[i].name, &unused);
	c->set = KM_NEW_ARRAY(a, set, any ? KM_MAX_ARC_SETS : 0);
	if (c->set == NULL)
		return NULL;
	for (size_t i = 0; any && i < KM_MAX_ARC_SETS; i++)
		c->set[i].aar = c->set[i].ams = c->set[i].seal = -1;
	if (!read_sets(c))
		return c;
	bool whole = check_sets(c);
	if ((whole || c->result.why != KM_ARC_WHY_STRUCTURE) && !show_sets(c))
		return NULL;
	if (whole && c->s->cut)
		fail(c, KM_ARC_WHY_HEADER_CUT, 0);
	return c;
}

/* --- signatures (steps 4 and 5) --- */

/* Whether @sig over @digest is right by the key in @answer. */
static bool verifies(km_arc *c, const km_sig *sig, const km_dns_answer *answer, km_sv digest,
		     km_arc_why otherwise, unsigned at)
{
	km_sig_key key;
	bool right = false;

	km_sig_key_read(c->arena, sig, answer, &key);
	if (key.why == KM_DKIM_WHY_KEY_UNAVAILABLE || key.why == KM_DKIM_WHY_MEMORY) {
		fail(c, KM_ARC_WHY_KEY, at);
		return false;
	}
	if (key.why == KM_DKIM_WHY_NONE && sig->hash == KM_HASH_SHA256 &&
	    km_sig_key_length(key.key, sig) == KM_DKIM_WHY_NONE &&
	    km_pubkey_verify(key.key, sig->hash, digest, sig->b, &right) != KM_OK) {
		km_pubkey_free(key.key);
		fail(c, KM_ARC_WHY_MEMORY, at);
		return false;
	}
	km_pubkey_free(key.key);
	if (!right)
		fail(c, otherwise, at);
	return right;
}

static bool check_message(km_arc *c)
{
	const set *s = &c->set[c->n - 1];
	const km_sig *sig = &s->message;
	uint8_t digest[KM_HASH_MAX_BYTES];
	size_t n;

	if (s->message_why != KM_DKIM_WHY_NONE) {
		fail(c, KM_ARC_WHY_MESSAGE, c->n);
		return false;
	}
	km_body_hash *b = km_signed_want_body(c->s, sig->body, sig->hash, sig->length);
	if (b == NULL || km_signed_hash_bodies(c->s) != KM_OK ||
	    km_sig_digest(c->s, sig, digest, &n) != KM_OK) {
		fail(c, KM_ARC_WHY_MEMORY, c->n);
		return false;
	}
	if (!km_sv_eq(sig->bh, (km_sv){ (const char *)b->digest, b->digest_n }))
		fail(c, KM_ARC_WHY_MESSAGE, c->n);
	else if (b->length != UINT64_MAX && b->length != b->total)
		fail(c, KM_ARC_WHY_TAIL, c->n);
	else if (km_sig_field_added(c->s))
		fail(c, KM_ARC_WHY_ADDED, c->n);
	else
		return verifies(c, sig, c->message_answer, (km_sv){ (const char *)digest, n },
				KM_ARC_WHY_MESSAGE, c->n);
	return false;
}

static void put_field(km_arc *c, km_hash *hash, int field, km_sv cut, bool last)
{
	km_canon_sink sink;

	km_canon_begin(&sink, km_canon_to_hash, hash);
	km_signed_field(c->s, &sink, KM_CANON_RELAXED, field, cut);
	if (!last)
		km_canon_crlf(&sink);
	km_canon_end(&sink);
}

/* Seal N covers all sets up to its own: one running hash, forked for each. */
static void check_seals(km_arc *c)
{
	bool good = true;
	km_hash all, one;
	uint8_t digest[KM_HASH_MAX_BYTES];
	size_t n;

	km_hash_init(&all, KM_HASH_SHA256);
	for (unsigned i = 0; i < c->n && good; i++) {
		const set *s = &c->set[i];
		if (s->sealing_why != KM_DKIM_WHY_NONE) {
			fail(c, KM_ARC_WHY_SEAL, i + 1);
			break;
		}
		put_field(c, &all, s->aar, (km_sv){ NULL, 0 }, false);
		put_field(c, &all, s->ams, (km_sv){ NULL, 0 }, false);
		km_hash_copy(&one, &all);
		put_field(c, &one, s->seal, s->sealing.b_span, true);
		good = km_hash_finish(&one, digest, &n) == KM_OK;
		if (!good)
			fail(c, KM_ARC_WHY_MEMORY, i + 1);
		good = good && verifies(c, &s->sealing, s->seal_answer,
					(km_sv){ (const char *)digest, n }, KM_ARC_WHY_SEAL, i + 1);
		put_field(c, &all, s->seal, (km_sv){ NULL, 0 }, false);
	}
	(void)!km_hash_finish(&all, digest, &n);
}

/* Notes the questions for all keys; true when all are answered. */
static bool ask(km_arc *c, km_dns_set *dns)
{
	set *newest = &c->set[c->n - 1];
	bool all = true;

	if (newest->message_why == KM_DKIM_WHY_NONE && c->message_answer == NULL) {
		c->message_answer = km_sig_ask(c->arena, &newest->message, dns);
		all &= c->message_answer != NULL;
	}
	for (unsigned i = 0; i < c->n; i++) {
		set *s = &c->set[i];
		if (s->sealing_why != KM_DKIM_WHY_NONE || s->seal_answer)
			continue;
		s->seal_answer = km_sig_ask(c->arena, &s->sealing, dns);
		all &= s->seal_answer != NULL;
	}
	return all;
}

km_status km_arc_step(km_arc *c, km_dns_set *dns, const km_arc_result **out)
{
	*out = &c->result;
	if (c->done)
		return KM_OK;
	if (!ask(c, dns))
		return KM_NOTFOUND;
	for (unsigned i = 0; i < c->n; i++)
		c->shown[i].dnssec = km_dns_proof(c->set[i].seal_answer);
	c->result.code = KM_ARC_PASS;
	if (check_message(c))
		check_seals(c);
	c->done = true;
	return KM_OK;
}
