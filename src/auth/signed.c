#include "auth/signed.h"

km_signed *km_signed_new(km_arena *a, const km_mail *mail)
{
	const km_headers *hs = mail->headers;
	km_signed *s = KM_NEW(a, km_signed);

	if (s == NULL)
		return NULL;
	s->arena = a;
	s->mail = mail;
	s->cut = hs->limits != 0 || hs->strict_body != hs->body ||
		 (mail->limits >> KM_LIMIT_MESSAGE_BYTES & 1);
	km_map_init(&s->names, a, true);
	s->above = KM_NEW_ARRAY(a, int, hs->n);
	if (s->above == NULL)
		return NULL;
	for (size_t i = 0; i < hs->n; i++) {
		if (hs->h[i].name.n == 0) /* a line that is no field */
			continue;
		void **slot = km_map_put(&s->names, hs->h[i].name);
		if (slot == NULL)
			return NULL;
		km_signed_name *e = *slot;
		if (e == NULL) {
			e = *slot = KM_NEW(a, km_signed_name);
			if (e == NULL)
				return NULL;
			e->last = -1;
		}
		s->above[i] = e->last;
		e->last = (int)i;
		e->count++;
	}
	s->round = 1;
	return s;
}

void km_signed_rewind(km_signed *s)
{
	s->round++;
}

static km_signed_name *entry(km_signed *s, km_sv name)
{
	km_signed_name *e = km_map_get(&s->names, name);

	if (e && e->round != s->round) {
		e->round = s->round;
		e->cursor = e->last;
		e->taken = 0;
	}
	return e;
}

int km_signed_take(km_signed *s, km_sv name)
{
	km_signed_name *e = entry(s, name);

	if (e == NULL || e->cursor < 0)
		return -1;
	int index = e->cursor;
	e->cursor = s->above[index];
	e->taken++;
	return index;
}

unsigned km_signed_count(km_signed *s, km_sv name, unsigned *taken)
{
	const km_signed_name *e = entry(s, name);

	*taken = e ? e->taken : 0;
	return e ? e->count : 0;
}

void km_signed_field(const km_signed *s, km_canon_sink *to, km_canon how, int index, km_sv cut)
{
	const km_header *h = &s->mail->headers->h[index];
	const char *start = s->mail->raw.p + h->offset;
	km_sv field = { start, (size_t)(h->raw.p + h->raw.n - start) };

	km_canon_field(to, how, field, (size_t)(h->raw.p - 1 - start),
		       cut.n ? (size_t)(cut.p - start) : field.n, cut.n);
}

km_body_hash *km_signed_want_body(km_signed *s, km_canon how, km_hash_kind hash, uint64_t length)
{
	for (size_t i = 0; i < s->n_body; i++) {
		km_body_hash *b = &s->body[i];
		if (b->how == how && b->hash == hash && b->length == length)
			return b;
	}
	if (s->n_body == KM_BODY_HASHES)
		return NULL;
	km_body_hash *b = &s->body[s->n_body++];
	*b = (km_body_hash){ .how = how, .hash = hash, .length = length };
	return b;
}

/* One pass over the body, for hashes that differ in length alone. */
typedef struct {
	km_hash hash;
	km_body_hash *want[KM_BODY_HASHES]; /* by length */
	size_t n, next;
	uint64_t total;
	bool failed;
} body_pass;

static void finish_next(body_pass *p)
{
	km_body_hash *b = p->want[p->next++];
	km_hash fork, *h = &p->hash;

	if (p->next < p->n) { /* it goes on for a longer one */
		km_hash_copy(&fork, h);
		h = &fork;
	}
	p->failed |= km_hash_finish(h, b->digest, &b->digest_n) != KM_OK;
	b->done = true;
}

static void take_body(void *to, km_sv bytes)
{
	body_pass *p = to;

	p->total += bytes.n;
	while (p->next < p->n && p->want[p->next]->length <= p->total) {
		/* The rest of @bytes goes beyond what this one covers. */
		size_t over = (size_t)(p->total - p->want[p->next]->length);
		km_hash_add(&p->hash, km_sv_sub(bytes, 0, bytes.n - over));
		bytes = km_sv_from(bytes, bytes.n - over);
		finish_next(p);
	}
	if (p->next < p->n)
		km_hash_add(&p->hash, bytes);
}

static void sort_by_length(km_body_hash **want, size_t n)
{
	for (size_t i = 1; i < n; i++)
		for (size_t k = i; k > 0 && want[k]->length < want[k - 1]->length; k--) {
			km_body_hash *t = want[k];
			want[k] = want[k - 1];
			want[k - 1] = t;
		}
}

/* All that can be had in one pass with @first, which is not done. */
static km_status hash_like(km_signed *s, const km_body_hash *first)
{
	km_sv body = km_sv_from(s->mail->raw, s->mail->headers->body);
	body_pass p = { .n = 0 };
	km_canon_sink sink;

	for (size_t i = 0; i < s->n_body; i++) {
		km_body_hash *b = &s->body[i];
		if (!b->done && b->how == first->how && b->hash == first->hash)
			p.want[p.n++] = b;
	}
	sort_by_length(p.want, p.n);
	km_hash_init(&p.hash, first->hash);
	km_canon_begin(&sink, take_body, &p);
	take_body(&p, KM_S("")); /* those of length 0 */
	km_canon_body(&sink, first->how, body);
	km_canon_end(&sink);
	while (p.next < p.n)
		finish_next(&p);
	for (size_t i = 0; i < p.n; i++)
		p.want[i]->total = p.total;
	return p.failed ? KM_NOMEM : KM_OK;
}

km_status km_signed_hash_bodies(km_signed *s)
{
	km_status st = KM_OK;

	for (size_t i = 0; i < s->n_body && st == KM_OK; i++)
		if (!s->body[i].done)
			st = hash_like(s, &s->body[i]);
	return st;
}
