#include "learn/feature.h"

#include <stdlib.h>

#include "base/buf.h"
#include "learn/gather.h"
#include "learn/places.h"
#include "learn/words.h"

enum { MAX_BODY_WORDS = 1500, MAX_HEADER_WORDS = 400, MAX_LINKS = 60, MAX_FIELDS = 60 };

typedef struct {
	km_gather g;
	const km_batch *batch;
	const uint64_t *field; /* hashes of the names */
	km_arena *a;
	km_places *places;
	int part; /* index of the text, or -1 */
} sink;

/* Header fields that only a receiver adds, by their first letter: with them the model learns where
 * a message was found. */
static const km_sv receivers_own['z' - 'a' + 1][12] = {
	['a' - 'a'] = { KM_SV("Authentication-Results"), KM_SV("ARC-") },
	['d' - 'a'] = { KM_SV("Delivered-To") },
	['l' - 'a'] = { KM_SV("Lines") },
	['r' - 'a'] = { KM_SV("Return-Path"), KM_SV("Received-SPF") },
	['s' - 'a'] = { KM_SV("Status") },
	['x' - 'a'] = { KM_SV("X-Spam"), KM_SV("X-MS-Exchange"), KM_SV("X-IncomingTopHeader"),
			KM_SV("X-TM-"), KM_SV("X-Komainu"), KM_SV("X-Original-To"),
			KM_SV("X-Status"), KM_SV("X-UID"), KM_SV("X-Microsoft-Antispam"),
			KM_SV("X-Forefront"), KM_SV("X-Gmail-Labels") },
};

bool km_feature_is_receivers(km_sv name)
{
	if (name.n == 0 || !km_is_alpha((unsigned char)name.p[0]))
		return false;
	for (const km_sv *own = receivers_own[km_lower((unsigned char)name.p[0]) - 'a']; own->n;
	     own++) {
		size_t last = own->n - 1; /* most differ there */
		if (name.n > last && (name.p[last] | 0x20) == (own->p[last] | 0x20) &&
		    km_sv_istarts(name, *own))
			return true;
	}
	return false;
}

/* What tells how the text was put into bytes: with it, who changes letters would change that too.
 */
static bool is_coding(km_sv name)
{
	return km_sv_ieq(name, KM_S("Content-Type")) ||
	       km_sv_ieq(name, KM_S("Content-Transfer-Encoding"));
}

/* The first bytes of the header as it was sent, without the receiver's fields; the subject as it
 * is read. */
static km_sv raw_header(km_arena *a, const km_learn_input *in)
{
	const km_headers *all = in->mail->headers;
	km_buf b;

	km_buf_init(&b, a, KM_RAW_HEADER);
	for (size_t i = 0; i < all->n && b.n < KM_RAW_HEADER; i++) {
		const km_header *h = &all->h[i];
		if (km_feature_is_receivers(h->name) || is_coding(h->name))
			continue;
		km_buf_add(&b, h->name);
		km_buf_byte(&b, ':');
		if (km_sv_ieq(h->name, KM_S("Subject"))) {
			km_buf_byte(&b, ' ');
			km_buf_add(&b, in->subject);
		} else {
			km_buf_add(&b, h->raw);
		}
		km_buf_byte(&b, '\n');
	}
	return km_buf_sv(&b);
}

/* The features of @n grams, as batch.h gives their buckets. Gives the number of features then. */
static inline __attribute__((always_inline)) size_t put_grams(
	km_gather to, uint32_t bucket[4][KM_BATCH_GRAMS / 4], size_t n)
{
	size_t i = 0, found = to.n;

	to.small = NULL; /* the base model knows nothing of bytes */
	for (; i < n / 4; i++)
		for (size_t k = 0; k < 4; k++)
			found = km_gather_put(to, found, bucket[k][i]);
	for (size_t k = 0; k < n % 4; k++)
		found = km_gather_put(to, found, bucket[k][i]);
	return found;
}

/* At most KM_RAW_BYTES. */
static void read_bytes(sink *s, km_sv v)
{
	uint32_t bucket[4][KM_BATCH_GRAMS / 4];
	char bytes[KM_BATCH_BYTES] = { 0 };
	size_t n;

	_Static_assert((int)KM_RAW_BYTES < (int)KM_GATHER_MAX, "none is too many");
	for (size_t at = 0, grams = v.n < KM_GRAM ? 0 : v.n - KM_GRAM + 1; at < grams; at += n) {
		n = grams - at < KM_BATCH_GRAMS ? grams - at : KM_BATCH_GRAMS;
		memcpy(bytes, v.p + at, n + KM_GRAM - 1);
		s->batch->grams(bytes, n, bucket);
		/* one loop that looks nothing up, and one that does */
		km_gather blind = s->g;
		blind.weight = NULL;
		s->g.n = s->g.weight ? put_grams(s->g, bucket, n) : put_grams(blind, bucket, n);
	}
}

/* Words of a text as features of one field, alone and in pairs with those before. */
typedef struct {
	sink *s;
	km_field field;
	size_t most;				     /* words that one makes pairs with */
	size_t n_before;			     /* those that the next one does */
	uint64_t feature[KM_PAIRS + KM_BATCH_WORDS]; /* of words that make pairs; those before */
} reader;

static km_place place_of(const reader *r, const km_words_found *w, size_t i, uint64_t feature,
			 size_t first, size_t pairs)
{
	size_t how = (w->pairs[i] ? KM_PLACE_PAIRS : 0) | pairs * KM_PLACE_BEFORE;

	return (km_place){ .p = w->text[i],
			   .feature = feature,
			   .n = w->len[i],
			   .first = (uint16_t)first,
			   .part = (int16_t)r->s->part,
			   .field = (uint8_t)r->field,
			   .how = (uint8_t)how };
}

static inline __attribute__((always_inline)) void put_words(reader *r, const km_gather to,
							    const km_words_found *w,
							    const uint64_t *feature,
							    const uint32_t *own,
							    uint32_t pair[KM_PAIRS][KM_BATCH_WORDS])
{
	km_place *place = km_places_room(r->s->places, w->n);
	size_t n = to.n, before = r->n_before;

	_Static_assert((int)KM_BATCH_WORDS <= (int)KM_PLACES_AT_ONCE, "room for their places");
	_Static_assert(KM_PAIRS + 1 <= (int)KM_GATHER_SPARE, "one word's features at a time");
	for (size_t i = 0, k = 0; i < w->n; i++) {
		size_t pairs = w->pairs[i] ? before : 0;
		place[i] = place_of(r, w, i, feature[i], n, pairs);
		n = km_gather_put(to, n, own[i]);
		if (pairs == KM_PAIRS) /* nearly all */
			for (size_t d = 0; d < KM_PAIRS; d++)
				n = km_gather_put(to, n, pair[d][k]);
		else
			for (size_t d = 0; d < pairs; d++)
				n = km_gather_put(to, n, pair[d][k]);
		n = km_gather_cut(&to, n);
		k += w->pairs[i];
		before += w->pairs[i] && before < r->most;
	}
	km_places_add(r->s->places, place, w->n);
	r->s->g.n = n;
	r->n_before = before;
}

static void take_words(void *ctx, const km_words_found *w)
{
	reader *r = ctx;
	uint64_t feature[KM_BATCH_WORDS];
	uint32_t own[KM_BATCH_WORDS], pair[KM_PAIRS][KM_BATCH_WORDS];
	size_t pairing = 0;

	r->s->batch->words(w->n, r->s->field[r->field], w->hash, feature, own);
	for (size_t i = 0; i < w->n; i++) {
		r->feature[KM_PAIRS + pairing] = feature[i];
		pairing += w->pairs[i];
	}
	r->s->batch->pairs(pairing, r->feature, pair);
	/* one loop that looks something up, and one that does not */
	km_gather blind = r->s->g;
	blind.weight = NULL;
	if (r->s->g.weight)
		put_words(r, r->s->g, w, feature, own, pair);
	else
		put_words(r, blind, w, feature, own, pair);
	memmove(r->feature, r->feature + pairing, KM_PAIRS * sizeof(*r->feature));
}

static void begin_words(reader *r, sink *s, km_field f, size_t most)
{
	r->s = s;
	r->field = f;
	r->most = most;
	r->n_before = 0;
	/* the rest is written before it is read */
	memset(r->feature, 0, KM_PAIRS * sizeof(*r->feature));
}

static void read_text(sink *s, km_field f, km_sv text, size_t max_words)
{
	reader r;

	begin_words(&r, s, f, KM_PAIRS);
	km_words(text, max_words, take_words, &r);
}

static void read_value(sink *s, km_field f, km_sv value)
{
	km_place *place = km_places_room(s->places, 1);

	if (value.n == 0)
		return;
	uint64_t feature = km_hash_mix(s->field[f], km_sv_ihash(value));
	*place = (km_place){ .p = value.p,
			     .feature = feature,
			     .n = (uint16_t)(value.n < UINT16_MAX ? value.n : UINT16_MAX),
			     .first = (uint16_t)s->g.n,
			     .part = (int16_t)s->part,
			     .field = (uint8_t)f };
	km_places_add(s->places, place, 1);
	km_gather_add(&s->g, feature);
}

/* "a.b.example.jp" as "jp", "example.jp", "b.example.jp", …: five at most. */
static void read_host(sink *s, km_field f, km_sv host)
{
	size_t at = host.n;

	for (int i = 0; i < 5 && at > 0; i++) {
		size_t dot = km_sv_rchr(km_sv_sub(host, 0, at), '.');
		at = dot < at ? dot : 0;
		read_value(s, f, km_sv_from(host, at ? at + 1 : 0));
	}
}

static void read_addresses(sink *s, km_field f, const km_addr_list *list)
{
	for (size_t i = 0; i < list->n && i < 5; i++) {
		read_value(s, f, list->a[i].addr);
		read_host(s, f, list->a[i].domain);
	}
}

static void read_received(sink *s, const km_received *r)
{
	char ip[64];

	for (size_t i = 0; i < r->n && i < 4; i++) {
		const km_hop *h = &r->hop[i];
		read_host(s, KM_FIELD_HOP_RDNS, h->rdns);
		read_host(s, KM_FIELD_HOP_HELO, h->helo);
		read_value(s, KM_FIELD_HOP_WITH, h->with);
		if (h->ip.len == 0)
			continue;
		km_sv text = km_sv_dup(s->a, km_sv_of(km_ip_format(&h->ip, ip)));
		read_value(s, KM_FIELD_HOP_IP, text);
		read_value(s, KM_FIELD_HOP_NET, km_sv_sub(text, 0, km_sv_rchr(text, '.')));
	}
}

/* Charsets that a text in Latin letters may be in, whoever wrote it. */
static bool is_common_charset(km_sv charset)
{
	static const km_sv common[] = { KM_SV("us-ascii"), KM_SV("utf-8"), KM_SV("utf8"),
					KM_SV("iso-8859-1"), KM_SV("windows-1252") };

	for (size_t i = 0; i < KM_COUNT(common); i++)
		if (km_sv_istarts(charset, common[i]))
			return true;
	return false;
}

/* The words of the Content-Type field but for the charset. */
static void read_content_type(const km_mail *m, sink *s)
{
	const km_params *type = &m->parts[0].content_type;
	km_buf b;

	km_buf_init(&b, s->a, 400);
	km_buf_add(&b, type->value);
	for (size_t i = 0; i < type->n; i++)
		if (!km_sv_eq(type->p[i].name, KM_S("charset")))
			km_buf_fmt(&b, "; %.*s=%.*s", KM_FMT(type->p[i].name),
				   KM_FMT(type->p[i].raw));
	read_text(s, KM_FIELD_CONTENT_TYPE, km_buf_sv(&b), 40);
}

/* Writes @x in decimal digits; printf() would take longer than all else that is read of a part. */
static char *put_number(char *out, size_t x)
{
	char digits[24];
	size_t n = 0;

	do
		digits[n++] = (char)('0' + x % 10);
	while ((x /= 10) > 0);
	while (n > 0)
		*out++ = digits[--n];
	return out;
}

static size_t log2_of(size_t x)
{
	size_t log = 0;

	for (; x > 1; x >>= 1)
		log++;
	return log;
}

/* "depth index log": where a part is, and how large. */
static km_sv shape_of(char out[80], const km_part *p, size_t index, size_t log)
{
	char *end = put_number(out, (size_t)p->depth);

	*end++ = ' ';
	end = put_number(end, index);
	*end++ = ' ';
	end = put_number(end, log);
	return (km_sv){ out, (size_t)(end - out) };
}

static void read_part(sink *s, const km_part *p, size_t index, size_t size)
{
	char shape[80];

	read_value(s, KM_FIELD_PART_TYPE, p->type);
	if (!is_common_charset(p->charset))
		read_value(s, KM_FIELD_PART_CHARSET, p->charset);
	if (p->cte >= KM_CTE_BASE64)
		read_value(s, KM_FIELD_PART_CTE, km_sv_of(km_cte_name(p->cte)));
	read_value(s, KM_FIELD_PART_SHAPE,
		   km_sv_dup(s->a, shape_of(shape, p, index, log2_of(size))));
	size_t dot = km_sv_rchr(p->filename, '.');
	if (dot < p->filename.n)
		read_value(s, KM_FIELD_PART_EXT, km_sv_from(p->filename, dot));
}

static void read_count(sink *s, char kind, size_t x)
{
	char text[32] = { kind };
	char *end = put_number(text + 1, x);

	read_value(s, KM_FIELD_PART_COUNT, km_sv_dup(s->a, (km_sv){ text, (size_t)(end - text) }));
}

/* How much there is of text, of links and of parts. */
static void read_counts(sink *s, const km_learn_input *in)
{
	const km_mail *m = in->mail;
	size_t text = 0, html = 0, links = 0;

	for (size_t i = 0; i < in->n_text; i++)
		text += in->text[i].n;
	for (size_t i = 0; i < m->n_parts; i++) {
		html += m->parts[i].html != NULL;
		links += m->parts[i].html ? m->parts[i].html->n_links : 0;
	}
	read_count(s, 't', log2_of(text));
	read_count(s, 'l', log2_of(2 * links + 1));
	read_count(s, html ? 'p' : 'q', m->n_parts);
}

/* The header fields, alone and each with the one before: every program has its own order. */
static void read_order(sink *s, const km_headers *all)
{
	km_words_found w = { .n = 0 };
	reader r;

	_Static_assert((int)MAX_FIELDS <= (int)KM_BATCH_WORDS, "all at once");
	for (size_t i = 0; i < all->n && i < MAX_FIELDS; i++) {
		km_sv name = km_sv_sub(all->h[i].name, 0, UINT8_MAX);
		if (name.n == 0 || km_feature_is_receivers(name) || is_coding(name))
			continue;
		w.text[w.n] = name.p;
		w.len[w.n] = (uint8_t)name.n;
		w.pairs[w.n] = true;
		w.hash[w.n++] = km_sv_hash(name);
	}
	begin_words(&r, s, KM_FIELD_HAS, 1);
	take_words(&r, &w);
}

static void read_structure(sink *s, const km_learn_input *in)
{
	const km_mail *m = in->mail;
	size_t text = 0;
	char zone[32];

	for (size_t i = 0; i < m->n_parts && i < 12; i++) {
		const km_part *p = &m->parts[i];
		/* of a text the size as it is read: another coding must not change it */
		bool read = km_part_is_text(p) && text < in->n_text;
		read_part(s, p, i, read ? in->text[text].n : p->body.n);
		text += read;
	}
	read_counts(s, in);
	read_order(s, m->headers);
	if (m->has_date) {
		size_t west = m->date.zone < 0;
		zone[0] = '-';
		char *end = put_number(zone + west, (size_t)abs(m->date.zone));
		read_value(s, KM_FIELD_ZONE,
			   km_sv_dup(s->a, (km_sv){ zone, (size_t)(end - zone) }));
	}
}

static void read_header(const km_learn_input *in, sink *s)
{
	const km_mail *m = in->mail;

	read_text(s, KM_FIELD_SUBJECT, in->subject, MAX_HEADER_WORDS);
	read_text(s, KM_FIELD_FROM_NAME, in->from_name, 50);
	read_addresses(s, KM_FIELD_FROM, &m->from);
	read_addresses(s, KM_FIELD_REPLY_TO, &m->reply_to);
	read_addresses(s, KM_FIELD_TO, &m->to);
	read_received(s, &m->received);
	read_structure(s, in);
	read_content_type(m, s);
	for (km_field f = KM_FIELD_TELLING; f < KM_FIELD_COUNT; f++) {
		const km_header *h = km_headers_find(m->headers, km_field_name(f), 0);
		if (h)
			read_text(s, f, km_sv_sub(km_header_unfold(s->a, h->raw), 0, 400), 40);
	}
}

static void read_body(const km_learn_input *in, sink *s)
{
	for (size_t i = 0; i < in->n_text; i++) {
		s->part = (int)i;
		read_text(s, KM_FIELD_BODY, in->text[i], MAX_BODY_WORDS);
	}
}

static const bool ends_host[256] = {
	['\0'] = true, ['/'] = true, ['?'] = true, ['#'] = true, ['\\'] = true
};
static const bool ends_url[256] = {
	['\0' ... ' '] = true, ['<'] = true, ['>'] = true, ['"'] = true,
	['\''] = true,	       [')'] = true, [']'] = true,
};

/* Scheme, host and words of the path of a link's target. */
static void read_link(sink *s, km_sv url)
{
	size_t colon = km_sv_find(url, KM_S("://"), 0);

	if (colon == url.n) {
		read_text(s, KM_FIELD_LINK_ODD, km_sv_sub(url, 0, 100), 10);
		return;
	}
	read_value(s, KM_FIELD_LINK_SCHEME, km_sv_sub(url, 0, colon));
	km_sv rest = km_sv_from(url, colon + 3);
	size_t end = 0;
	while (end < rest.n && !ends_host[(unsigned char)rest.p[end]])
		end++;
	km_sv host = km_sv_sub(rest, 0, end);
	size_t port = km_sv_chr(host, ':', 0);
	read_host(s, KM_FIELD_LINK_HOST, km_sv_sub(host, 0, port));
	read_text(s, KM_FIELD_LINK_PATH, km_sv_sub(rest, end, 200), 30);
}

/* Where the next "://" begins, or the text's end. */
static size_t find_scheme_end(km_sv text, size_t at)
{
	do {
		at = km_sv_chr(text, ':', at);
		if (km_sv_starts(km_sv_from(text, at), KM_S("://")))
			return at;
	} while (at++ < text.n);
	return text.n;
}

static void read_plain_links(sink *s, km_sv text)
{
	size_t at = 0;

	for (int i = 0; i < MAX_LINKS; i++) {
		at = find_scheme_end(text, at);
		if (at == text.n)
			return;
		size_t from = at, to = at + 3;
		while (from > 0 && km_is_alnum((unsigned char)text.p[from - 1]) && at - from < 8)
			from--;
		while (to < text.n && !ends_url[(unsigned char)text.p[to]] && to - from < 500)
			to++;
		read_link(s, km_sv_sub(text, from, to - from));
		at = to;
	}
}

static void read_links(const km_learn_input *in, sink *s)
{
	km_mail *m = in->mail;

	for (size_t i = 0; i < m->n_parts; i++) {
		const km_html *h = m->parts[i].html;
		for (size_t k = 0; h && k < h->n_links && k < MAX_LINKS; k++)
			read_link(s, h->links[k].target);
	}
	for (size_t i = 0; i < in->n_text; i++)
		read_plain_links(s, in->text[i]);
}

/* The first @left bytes of the texts as a mail reader gets them, with the marks of HTML. */
static void read_start(sink *s, km_mail *m, size_t left)
{
	for (size_t i = 0; i < m->n_parts && left > 0; i++) {
		km_part *p = &m->parts[i];
		if (!km_part_is_text(p))
			continue;
		(void)km_part_text(m, p);
		km_sv text = km_sv_sub(p->decoded.utf8, 0, left);
		read_bytes(s, text);
		left -= text.n;
	}
}

static void read_view(const km_learn_input *in, km_sv raw, sink *s)
{
	bool hidden = in->disguised && s->g.view == KM_VIEW_START;

	switch (s->g.view) {
	case KM_VIEW_RAW:
		read_bytes(s, raw);
		break;
	case KM_VIEW_START:
		/* bytes that were changed so as not to be known say nothing */
		if (!hidden)
			read_start(s, in->mail, KM_RAW_BYTES - raw.n);
		break;
	case KM_VIEW_HEADER:
		read_header(in, s);
		break;
	case KM_VIEW_BODY:
		read_body(in, s);
		break;
	default:
		read_links(in, s);
	}
	/* A view that is empty says something too. */
	if (!hidden)
		km_gather_add(&s->g, km_hash_mix(0xe3, s->g.n == 0));
}

/* Bytes of A to Z among them and those of all other scripts. */
static double latin_share(const km_learn_input *in)
{
	enum { BLOCK = 240 }; /* counts of one fit a byte, so that they are made side by side */
	size_t latin = 0, other = 0;

	for (size_t i = 0; i < in->n_text; i++)
		for (size_t at = 0; at < in->text[i].n; at += BLOCK) {
			km_sv v = km_sv_sub(in->text[i], at, BLOCK);
			uint8_t l = 0, o = 0;
			for (size_t k = 0; k < v.n; k++) {
				uint8_t c = (uint8_t)v.p[k];
				l = (uint8_t)(l + ((uint8_t)((c | 0x20) - 'a') < 26));
				o = (uint8_t)(o + (c >> 7));
			}
			latin += l;
			other += o;
		}
	return latin + other ? (double)latin / (double)(latin + other) : 1;
}

km_status km_features_read_for(km_arena *a, const km_learn_input *in, const km_lookups *soon,
			       km_places *places, km_features *out)
{
	bool no_bytes = soon->left_out[KM_VIEW_RAW] && soon->left_out[KM_VIEW_START];
	km_sv raw = no_bytes ? (km_sv){ NULL, 0 } : raw_header(a, in);
	km_status st = KM_OK;

	for (km_view v = 0; v < KM_VIEW_COUNT && st == KM_OK; v++) {
		km_places_begin(places, v);
		out->view[v] = (km_feature_set){ NULL, 0 };
		if (soon->left_out[v])
			continue;
		sink s = { .g = km_gather_begin(v),
			   .batch = km_batch_best(),
			   .field = km_field_hashes(),
			   .a = a,
			   .places = places,
			   .part = -1 };
		s.g.weight = soon->weight[v];
		s.g.small = soon->small[v];
		read_view(in, raw, &s);
		st = km_gather_end(&s.g, a, &out->view[v]);
	}
	km_places_begin(places, KM_VIEW_COUNT);
	out->latin = latin_share(in);
	out->disguised = in->disguised;
	return st;
}

km_status km_features_read(km_arena *a, const km_learn_input *in, km_features *out)
{
	km_places nowhere;

	km_places_init(&nowhere, NULL);
	return km_features_read_for(a, in, &(km_lookups){ { NULL } }, &nowhere, out);
}
