#include "learn/base.h"

#include <math.h>
#include <stdlib.h>

#include "base/file.h"
#include "learn/builtin.h"

enum { VERSION = 1, WEIGHTS = KM_BASE_HEADER, FAMILIAR = WEIGHTS + KM_BUCKETS };

static const char magic[8] = "KMBASE\r\n";

struct km_base {
	km_file file;
	const int8_t *weight;
	const uint8_t *familiar[2]; /* raw, fielded; two buckets a byte */
	double value[256];	    /* of a weight, by its byte */
	uint64_t spam, ham, checksum;
};

uint64_t km_learn_checksum(km_sv bytes)
{
	uint64_t h = 0x6b6f6d61696e75u, word;

	for (size_t i = 0; i + sizeof(word) <= bytes.n; i += sizeof(word)) {
		memcpy(&word, bytes.p + i, sizeof(word));
		h = (h ^ word) * 0x9e3779b97f4a7c15u;
		h ^= h >> 29;
	}
	return h;
}

/* Mail with some of all that features are made of. */
static const char sample[] =
	"Received: from mx.example.net (mx.example.net [192.0.2.7]) by mail.example.jp"
	" (Postfix) with ESMTPS id 1; Mon, 2 Mar 2026 09:00:00 +0900\r\n"
	"From: =?UTF-8?B?5qWg5pysIOmbheS5hQ==?= <masa@example.net>\r\nTo: a@example.jp\r\n"
	"Reply-To: b@example.org\r\nSubject: Meeting notes =?UTF-8?B?6K2w5LqL6Yyy?= 3/5\r\n"
	"Date: Mon, 2 Mar 2026 09:00:00 +0900\r\nMessage-ID: <1.2@example.net>\r\n"
	"X-Mailer: Sample 1.0\r\nList-Id: <a.example.net>\r\nMIME-Version: 1.0\r\n"
	"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n"
	"<p>Please read <a href=\"https://www.example.net/a/b?c=d\">the notes</a> today, "
	"it's $5!</p>\r\n--b\r\nContent-Type: application/pdf; name=\"a.pdf\"\r\n"
	"Content-Transfer-Encoding: base64\r\n\r\nAAAA\r\n--b--\r\n";

uint64_t km_features_fingerprint(void)
{
	static const km_sv text = KM_SV("please read the notes today, it's $5! アカウントを確認"
					"してください。請求書 http://198.51.100.1/x/y");
	km_arena *a = km_arena_new((size_t)16 << 20);
	uint64_t h = 0;
	km_features f;
	km_mail *m;

	if (a && km_mail_read(a, km_sv_of(sample), &m) == KM_OK) {
		const km_learn_input in = { m, m->subject, KM_S("masa"), &text, 1, false };
		if (km_features_read(a, &in, &f) == KM_OK)
			for (int v = 0; v < KM_VIEW_COUNT; v++)
				for (size_t i = 0; i < f.view[v].n; i++)
					h = (h ^ f.view[v].bucket[i]) * 0x100000001b3u +
					    (uint64_t)v;
	}
	km_arena_free(a);
	return h;
}

static uint64_t get(km_sv bytes, size_t at, size_t n)
{
	uint64_t v = 0;

	for (size_t i = n; i-- > 0;)
		v = v << 8 | (unsigned char)bytes.p[at + i];
	return v;
}

km_status km_base_check(km_sv bytes, const char *name, km_err *err)
{
	if (bytes.n < KM_BASE_HEADER || memcmp(bytes.p, magic, sizeof(magic)) != 0)
		return KM_FAIL(err, KM_SYNTAX, "%s: not a base model", name);
	if (get(bytes, 8, 4) != VERSION || get(bytes, 12, 4) != KM_BUCKET_BITS)
		return KM_FAIL(err, KM_CONFIG,
			       "%s: base model of version %u; this Komainu knows version %d", name,
			       (unsigned)get(bytes, 8, 4), VERSION);
	if (bytes.n != KM_BASE_BYTES)
		return KM_FAIL(err, KM_SYNTAX, "%s: damaged: %zu bytes, should be %d", name,
			       bytes.n, KM_BASE_BYTES);
	if (get(bytes, 24, 8) != km_learn_checksum(km_sv_from(bytes, 32)))
		return KM_FAIL(err, KM_SYNTAX, "%s: damaged: its checksum does not match", name);
	if (get(bytes, 16, 8) != km_features_fingerprint())
		return KM_FAIL(
			err, KM_CONFIG,
			"%s: made for other features; make it again with data/make-base-model",
			name);
	return KM_OK;
}

km_status km_base_open(const char *path, km_base **out, km_err *err)
{
	bool own = path && path[0];
	km_base *b = calloc(1, sizeof(*b));
	km_status st = KM_OK;
	float greatest;

	*out = NULL;
	if (b == NULL)
		return KM_FAIL(err, KM_NOMEM, "no memory");
	if (own)
		st = km_file_open(&b->file, path, KM_BASE_BYTES, err);
	km_sv bytes = own ? b->file.bytes : km_base_builtin();
	if (st == KM_OK)
		st = km_base_check(bytes, own ? path : "built-in base.model", err);
	if (st != KM_OK) {
		km_base_close(b);
		return st;
	}
	memcpy(&greatest, bytes.p + 48, sizeof(greatest));
	for (int i = 0; i < 256; i++) {
		double q = (double)(int8_t)i / 127;
		b->value[i] = q * fabs(q) * (double)greatest;
	}
	b->spam = get(bytes, 32, 8);
	b->ham = get(bytes, 40, 8);
	b->checksum = get(bytes, 24, 8);
	b->weight = (const int8_t *)bytes.p + WEIGHTS;
	b->familiar[0] = (const uint8_t *)bytes.p + FAMILIAR;
	b->familiar[1] = b->familiar[0] + KM_BUCKETS / 2;
	*out = b;
	return KM_OK;
}

void km_base_close(km_base *b)
{
	if (b == NULL)
		return;
	km_file_close(&b->file);
	free(b);
}

double km_base_weight(const km_base *b, km_view view, uint32_t bucket)
{
	return km_view_is_raw(view) ? 0 : b->value[(uint8_t)b->weight[bucket]];
}

const int8_t *km_base_weights(const km_base *b, km_view view)
{
	return km_view_is_raw(view) ? NULL : b->weight;
}

double km_base_familiar(const km_base *b, km_view view, uint32_t bucket)
{
	unsigned pair = b->familiar[!km_view_is_raw(view)][bucket / 2];
	unsigned log = bucket & 1 ? pair >> 4 : pair & 15;

	return log ? (double)(1u << (log - 1)) : 0;
}

/* Features that are added to those of a text, so that a short one says little. */
enum { SHORT = 200 };
/* So many features that it knows are grounds for a judgement. */
enum { ENOUGH = 15 };

static double competence(double latin)
{
	static const double none = 0.5, full = 0.9;

	return latin >= full ? 1 : latin <= none ? 0 : (latin - none) / (full - none);
}

double km_base_share(const km_features *f, km_view view)
{
	return competence(f->latin) / km_view_weight(view) / sqrt((double)f->view[view].n + SHORT);
}

/* The weights of @set added up, and how many it knows of. Most are 0, and as good as at random: so
 * those that are not are gathered first, without a branch. */
static double sum_of(const km_base *b, const km_feature_set *set, size_t *known)
{
	enum { CHUNK = 256 };
	double sum = 0;

	for (size_t from = 0; from < set->n; from += CHUNK) {
		size_t end = set->n - from < CHUNK ? set->n : from + CHUNK, n = 0;
		uint8_t weight[CHUNK];
#pragma GCC unroll 4
		for (size_t i = from; i < end; i++) {
			weight[n] = (uint8_t)b->weight[set->bucket[i]];
			n += weight[n] != 0;
		}
		for (size_t i = 0; i < n; i++)
			sum += b->value[weight[i]];
		*known += n;
	}
	return sum;
}

void km_base_weigh(const km_base *b, const km_features *f, km_view view, double *out)
{
	const km_feature_set *set = &f->view[view];
	double share = km_base_share(f, view);

	for (size_t i = 0; i < set->n && !km_view_is_raw(view); i++)
		out[i] += b->value[(uint8_t)b->weight[set->bucket[i]]] * share;
}

void km_base_read(const km_base *b, const km_features *f, km_base_opinion *out)
{
	size_t known = 0;

	*out = (km_base_opinion){ .grounds = 0 };
	for (int v = KM_VIEW_HEADER; v < KM_VIEW_COUNT; v++)
		out->view[v] = sum_of(b, &f->view[v], &known) * km_base_share(f, (km_view)v);
	out->grounds = competence(f->latin) * (double)(known < ENOUGH ? known : ENOUGH) / ENOUGH;
}

void km_base_add(const km_base_opinion *o, const km_features *f, km_score *s)
{
	for (int v = KM_VIEW_HEADER; v < KM_VIEW_COUNT; v++) {
		s->view[v] += o->view[v];
		for (int i = 0; i < KM_TAILS; i++)
			s->tail[v][i] += o->view[v];
	}
	s->disguised = f->disguised;
}

double km_base_offset(double grounds)
{
	return KM_BASE_PRIOR - KM_BASE_CAUTION * grounds;
}

double km_base_logit(const km_base_opinion *o)
{
	double sum = km_base_offset(o->grounds);

	for (int v = KM_VIEW_HEADER; v < KM_VIEW_COUNT; v++)
		sum += o->view[v] * km_view_weight((km_view)v);
	return sum;
}

uint64_t km_base_identity(const km_base *b)
{
	return b ? b->checksum : 0;
}

void km_base_trained(const km_base *b, uint64_t *spam, uint64_t *ham)
{
	*spam = b->spam;
	*ham = b->ham;
}

/* --- writing --- */

static void put(char *p, uint64_t v, size_t n)
{
	for (size_t i = 0; i < n; i++, v >>= 8)
		p[i] = (char)(v & 0xff);
}

static uint8_t log_of(uint32_t count)
{
	uint8_t log = 0;

	if (count < 4) /* chance; most buckets, and what would make the file large */
		return 0;
	for (; count && log < KM_FAMILIAR_MAX; count >>= 1)
		log++;
	return log;
}

static void put_familiar(char *p, const uint32_t *count)
{
	for (size_t i = 0; i < KM_BUCKETS; i += 2)
		p[i / 2] = (char)(log_of(count[i]) | log_of(count[i + 1]) << 4);
}

km_status km_base_write(km_buf *out, const float *weight, const uint32_t *raw_count,
			const uint32_t *fielded_count, uint64_t spam, uint64_t ham)
{
	float greatest = 0;

	if (!km_buf_reserve(out, KM_BASE_BYTES))
		return KM_NOMEM;
	char *p = out->p + out->n;
	memset(p, 0, KM_BASE_HEADER);
	for (size_t i = 0; i < KM_BUCKETS; i++)
		greatest = fmaxf(greatest, fabsf(weight[i]));
	for (size_t i = 0; i < KM_BUCKETS; i++) {
		float q = greatest > 0 ? sqrtf(fabsf(weight[i]) / greatest) * 127 : 0;
		p[WEIGHTS + i] = (char)lrintf(weight[i] < 0 ? -q : q);
	}
	put_familiar(p + FAMILIAR, raw_count);
	put_familiar(p + FAMILIAR + KM_BUCKETS / 2, fielded_count);
	memcpy(p, magic, sizeof(magic));
	put(p + 8, VERSION, 4);
	put(p + 12, KM_BUCKET_BITS, 4);
	put(p + 16, km_features_fingerprint(), 8);
	put(p + 32, spam, 8);
	put(p + 40, ham, 8);
	memcpy(p + 48, &greatest, sizeof(greatest));
	put(p + 24, km_learn_checksum((km_sv){ p + 32, KM_BASE_BYTES - 32 }), 8);
	out->n += KM_BASE_BYTES;
	return KM_OK;
}
