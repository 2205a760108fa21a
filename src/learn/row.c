#include "learn/row.h"

#include <math.h>
#include <stdlib.h>

enum { SUM = 8, MAX_MODEL = 1 << 28 };

static const char magic[4] = "KMR1";

/* As it lies in the file. */
typedef struct {
	char magic[4];
	uint32_t kind;
	uint64_t seq, before;
	int64_t t_ms;
	double weight;
	uint64_t fingerprint;
	uint8_t digest[KM_ROW_DIGEST];
	uint32_t reporter, domain, user, body;
} head;

_Static_assert(sizeof(head) == KM_ROW_HEADER, "no padding in files");

const char *km_row_kind_name(km_row_kind k)
{
	switch (k) {
#define X(id, number, word)                                                                        \
	case KM_ROW_##id:                                                                          \
		return word;
		KM_ROW_KINDS(X)
#undef X
	}
	return "";
}

/* --- rows --- */

static uint64_t padded(uint64_t n)
{
	return (n + 7) / 8 * 8;
}

static uint64_t size_of(const head *h)
{
	return padded((uint64_t)KM_ROW_HEADER + h->reporter + h->domain + h->user + h->body) + SUM;
}

km_status km_row_write(km_buf *out, const km_row *r)
{
	static const char zeros[8];
	const km_sv parts[] = { r->reporter, r->scope.domain, r->scope.user, r->body };
	size_t begun = out->n;
	head h = { .kind = (uint32_t)r->kind,
		   .seq = r->seq,
		   .before = r->before,
		   .t_ms = r->t_ms,
		   .weight = r->weight,
		   .fingerprint = r->fingerprint,
		   .reporter = (uint32_t)r->reporter.n,
		   .domain = (uint32_t)r->scope.domain.n,
		   .user = (uint32_t)r->scope.user.n,
		   .body = (uint32_t)r->body.n };

	memcpy(h.magic, magic, sizeof(magic));
	memcpy(h.digest, r->digest, sizeof(h.digest));
	km_buf_add(out, (km_sv){ (const char *)&h, sizeof(h) });
	for (size_t i = 0; i < KM_COUNT(parts); i++)
		km_buf_add(out, parts[i]);
	km_buf_add(out, (km_sv){ zeros, padded(out->n - begun) - (out->n - begun) });
	uint64_t sum = km_learn_checksum(km_sv_from(km_buf_sv(out), begun));
	km_buf_add(out, (km_sv){ (const char *)&sum, sizeof(sum) });
	return out->cut ? KM_NOMEM : KM_OK;
}

static bool is_sound(const head *h)
{
	return memcmp(h->magic, magic, sizeof(magic)) == 0 && h->kind >= KM_ROW_SPAM &&
	       h->kind <= KM_ROW_COMPACT && h->reporter <= KM_ROW_MAX_NAME &&
	       h->domain <= KM_ROW_MAX_NAME && h->user <= KM_ROW_MAX_NAME &&
	       h->body <= (h->kind == KM_ROW_MODEL ? MAX_MODEL : KM_FEATURES_MAX_BYTES) &&
	       isfinite(h->weight) && h->weight >= 0 && h->weight <= 1;
}

static km_sv take(km_sv *rest, size_t n)
{
	km_sv v = km_sv_sub(*rest, 0, n);

	*rest = km_sv_from(*rest, n);
	return v;
}

km_status km_row_read(km_sv row, km_row *r, km_err *err)
{
	head h;
	uint64_t sum;

	if (row.n < KM_ROW_HEADER + SUM)
		return KM_FAIL(err, KM_SYNTAX, "a lesson of only %zu bytes", row.n);
	memcpy(&h, row.p, sizeof(h));
	memcpy(&sum, row.p + row.n - SUM, sizeof(sum));
	if (!is_sound(&h) || size_of(&h) != row.n ||
	    km_learn_checksum(km_sv_sub(row, 0, row.n - SUM)) != sum)
		return KM_FAIL(err, KM_SYNTAX, "a damaged lesson: its checksum does not match");
	*r = (km_row){ .kind = (km_row_kind)h.kind,
		       .seq = h.seq,
		       .before = h.before,
		       .t_ms = h.t_ms,
		       .weight = h.weight,
		       .fingerprint = h.fingerprint };
	memcpy(r->digest, h.digest, sizeof(h.digest));
	km_sv rest = km_sv_from(row, KM_ROW_HEADER);
	r->reporter = take(&rest, h.reporter);
	r->scope.domain = take(&rest, h.domain);
	r->scope.user = take(&rest, h.user);
	r->body = take(&rest, h.body);
	return KM_OK;
}

km_status km_row_next(km_sv *rest, km_sv *row, km_err *err)
{
	head h;

	if (rest->n == 0)
		return KM_NOTFOUND;
	if (rest->n < sizeof(h))
		return KM_FAIL(err, KM_SYNTAX, "cut off within a lesson");
	memcpy(&h, rest->p, sizeof(h));
	if (!is_sound(&h))
		return KM_FAIL(err, KM_SYNTAX, "damaged: no lesson where one should begin");
	if (size_of(&h) > rest->n)
		return KM_FAIL(err, KM_SYNTAX, "cut off within a lesson");
	*row = take(rest, (size_t)size_of(&h));
	return KM_OK;
}

/* --- features --- */

enum { DISGUISED = 1, FEATURES_HEAD = sizeof(float) + 1 };

/* Whoever gives features another member packs it here, too. */
_Static_assert(sizeof(km_features) == KM_VIEW_COUNT * sizeof(km_feature_set) + 2 * sizeof(double),
	       "all of km_features is packed");

static void put_number(km_buf *out, uint32_t x)
{
	for (; x >= 0x80; x >>= 7)
		km_buf_byte(out, (char)(x | 0x80));
	km_buf_byte(out, (char)x);
}

enum { DIGIT_BITS = KM_BUCKET_BITS / 2, DIGITS = 1 << DIGIT_BITS };

/* Moves @from to @to in the order of one of the two halves of each bucket; equal ones stay so. */
static void sort_pass(const uint32_t *from, uint32_t *to, size_t n, unsigned shift)
{
	size_t at[DIGITS + 1] = { 0 };

	for (size_t i = 0; i < n; i++)
		at[(from[i] >> shift) % DIGITS + 1]++;
	for (size_t d = 0; d < DIGITS; d++)
		at[d + 1] += at[d];
	for (size_t i = 0; i < n; i++)
		to[at[(from[i] >> shift) % DIGITS]++] = from[i];
}

/* By radix: a comparing sort of thousands would take longer than learning them. */
static bool sort_buckets(const km_feature_set *set)
{
	uint32_t *spare = reallocarray(NULL, set->n + 1, sizeof(*spare));

	if (spare == NULL)
		return false;
	sort_pass(set->bucket, spare, set->n, 0);
	sort_pass(spare, set->bucket, set->n, DIGIT_BITS);
	free(spare);
	return true;
}

void km_features_pack(km_buf *out, const km_features *f)
{
	float latin = (float)f->latin;

	km_buf_add(out, (km_sv){ (const char *)&latin, sizeof(latin) });
	km_buf_byte(out, f->disguised ? DISGUISED : 0);
	for (int v = 0; v < KM_VIEW_COUNT; v++) {
		const km_feature_set *set = &f->view[v];
		uint32_t last = 0;
		if (!sort_buckets(set)) /* sorted they are small */
			out->cut = true;
		put_number(out, (uint32_t)set->n);
		for (size_t i = 0; i < set->n; i++) {
			put_number(out, set->bucket[i] - last);
			last = set->bucket[i];
		}
	}
}

static bool get_number(km_sv *rest, uint32_t *out)
{
	uint32_t x = 0;

	for (unsigned shift = 0; shift < 28 && rest->n; shift += 7) {
		unsigned char c = (unsigned char)rest->p[0];
		*rest = km_sv_from(*rest, 1);
		x |= (uint32_t)(c & 0x7f) << shift;
		if (c < 0x80) {
			*out = x;
			return c != 0 || shift == 0; /* one way to write a number */
		}
	}
	return false;
}

/* A set of @n buckets, each greater than the one before. */
static bool get_set(km_sv *rest, km_feature_set *set, uint32_t n)
{
	uint32_t last = 0, step;

	for (set->n = 0; set->n < n; set->n++) {
		if (!get_number(rest, &step) || (set->n && step == 0) || step >= KM_BUCKETS - last)
			return false;
		last += step;
		set->bucket[set->n] = last;
	}
	return true;
}

km_status km_features_unpack(km_arena *a, km_sv body, km_features *f, km_err *err)
{
	float latin;
	uint32_t n;

	*f = (km_features){ 0 };
	if (body.n < FEATURES_HEAD || (unsigned char)body.p[sizeof(latin)] > DISGUISED)
		return KM_FAIL(err, KM_SYNTAX, "a lesson without features");
	memcpy(&latin, body.p, sizeof(latin));
	f->latin = (double)latin;
	f->disguised = body.p[sizeof(latin)] == DISGUISED;
	km_sv rest = km_sv_from(body, FEATURES_HEAD);
	for (int v = 0; v < KM_VIEW_COUNT; v++) {
		/* each takes at least a byte */
		if (!get_number(&rest, &n) || n > rest.n)
			return KM_FAIL(err, KM_SYNTAX, "a lesson with damaged features");
		f->view[v].bucket = KM_NEW_ARRAY(a, uint32_t, n);
		if (f->view[v].bucket == NULL)
			return KM_FAIL(err, KM_LIMIT, "no memory for the features of a lesson");
		if (!get_set(&rest, &f->view[v], n))
			return KM_FAIL(err, KM_SYNTAX, "a lesson with damaged features");
	}
	/* "not (a and b)", so that what is no number is refused too */
	if (rest.n || !(f->latin >= 0 && f->latin <= 1))
		return KM_FAIL(err, KM_SYNTAX, "a lesson with damaged features");
	return KM_OK;
}
