#include "learn/feature.h"

#include <stdio.h>

#include "base/buf.h"
#include "learn/words.h"

enum {
	MAX_PER_VIEW = 16384,
	MAX_BODY_WORDS = 1500,
	MAX_HEADER_WORDS = 400,
	MAX_LINKS = 60,
	WINDOW = 5 /* words that a sparse bigram spans */
};

/* Buckets taken so far: one bit each, given back by walking the list. */
static _Thread_local uint64_t taken[KM_BUCKETS / 64];

typedef struct {
	km_feature_set *set;
	km_view view;
	km_feature_each *each; /* NULL: nobody asks what the features stand for */
	void *ctx;
	int part;
} sink;

static uint32_t bucket_of(uint64_t hash)
{
	return (uint32_t)((hash * 0x9e3779b97f4a7c15u) >> (64 - KM_BUCKET_BITS));
}

/* False when it was there already, or does not fit. */
static bool add(sink *s, uint64_t hash)
{
	uint32_t b = bucket_of(hash);
	uint64_t bit = 1ull << (b & 63);

	if (taken[b >> 6] & bit || s->set->n == MAX_PER_VIEW)
		return false;
	taken[b >> 6] |= bit;
	s->set->bucket[s->set->n++] = b;
	return true;
}

static void tell(sink *s, const char *field, km_sv text, km_sv before, unsigned gap)
{
	const km_feature f = { .view = s->view,
			       .bucket = s->set->bucket[s->set->n - 1],
			       .field = field,
			       .part = s->part,
			       .text = text,
			       .before = before,
			       .gap = gap };
	s->each(s->ctx, &f);
}

/* Adds a feature that stands for @text, or for @before and @text with @gap words between. */
static inline void add_text(sink *s, uint64_t hash, const char *field, km_sv text, km_sv before,
			    unsigned gap)
{
	if (add(s, hash) && s->each)
		tell(s, field, text, before, gap);
}

static void give_back(const km_feature_set *set)
{
	for (size_t i = 0; i < set->n; i++)
		taken[set->bucket[i] >> 6] = 0;
}

static uint64_t mix(uint64_t a, uint64_t b)
{
	uint64_t h = (a ^ (b + 0x9e3779b97f4a7c15u + (a << 6) + (a >> 2))) * 0xd6e8feb86659fd93u;

	return h ^ (h >> 32);
}

/* Header fields that only a receiver adds: with them the model learns where a message was found. */
static const km_sv receivers_own[] = {
	KM_SV("X-Spam"),
	KM_SV("X-MS-Exchange"),
	KM_SV("X-IncomingTopHeader"),
	KM_SV("X-TM-"),
	KM_SV("Authentication-Results"),
	KM_SV("Delivered-To"),
	KM_SV("X-Komainu"),
	KM_SV("X-Original-To"),
	KM_SV("Status"),
	KM_SV("X-Status"),
	KM_SV("X-UID"),
	KM_SV("Return-Path"),
	KM_SV("X-Microsoft-Antispam"),
	KM_SV("X-Forefront"),
	KM_SV("X-Gmail-Labels"),
	KM_SV("Lines"),
	KM_SV("ARC-"),
	KM_SV("Received-SPF"),
};

bool km_feature_is_receivers(km_sv name)
{
	for (size_t i = 0; i < KM_COUNT(receivers_own); i++)
		if (km_sv_istarts(name, receivers_own[i]))
			return true;
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

/* As add_text() of each gram; written out, since most features of a message are these. */
static void read_bytes(sink *s, km_sv v)
{
	km_feature_set *set = s->set;
	uint32_t *bucket = set->bucket;
	size_t n = set->n;

	for (size_t i = 0; i + 4 <= v.n && n < MAX_PER_VIEW; i++) {
		uint32_t gram;
		memcpy(&gram, v.p + i, sizeof(gram));
		uint32_t b = bucket_of(mix(0x4752, gram));
		uint64_t bit = 1ull << (b & 63), old = taken[b >> 6];
		if (old & bit)
			continue;
		taken[b >> 6] = old | bit;
		bucket[n++] = b;
		if (s->each == NULL)
			continue;
		set->n = n;
		tell(s, "raw", km_sv_sub(v, i, 4), KM_S(""), 0);
	}
	set->n = n;
}

/* Words of a text as features of one field, alone and in pairs with those up to WINDOW before. */
typedef struct {
	sink *sink;
	const char *name;
	uint64_t field;
	size_t left; /* words still to be read */
	uint64_t before[WINDOW];
	km_sv words[WINDOW]; /* those of `before`, when somebody asks */
} reader;

static bool take_word(void *ctx, km_sv word, bool pairs)
{
	reader *r = ctx;
	uint64_t h = mix(r->field, km_sv_hash(word));

	add_text(r->sink, h, r->name, word, KM_S(""), 0);
	for (size_t d = 1; d < WINDOW && pairs; d++)
		if (r->before[d - 1])
			add_text(r->sink, mix(r->before[d - 1], h + d), r->name, word,
				 r->words[d - 1], (unsigned)d - 1);
	if (pairs) {
		memmove(r->before + 1, r->before, sizeof(r->before) - sizeof(r->before[0]));
		r->before[0] = h;
	}
	if (pairs && r->sink->each) {
		memmove(r->words + 1, r->words, sizeof(r->words) - sizeof(r->words[0]));
		r->words[0] = word;
	}
	return --r->left > 0;
}

static uint64_t field_hash(const char *name)
{
	return km_sv_hash(km_sv_of(name));
}

static void read_text(sink *s, const char *field, km_sv text, size_t max_words)
{
	reader r = { .sink = s, .name = field, .field = field_hash(field), .left = max_words };

	km_words(text, take_word, &r);
}

static void read_value(sink *s, const char *field, km_sv value)
{
	if (value.n)
		add_text(s, mix(field_hash(field), km_sv_ihash(value)), field, value, KM_S(""), 0);
}

/* "a.b.example.jp" as "jp", "example.jp", "b.example.jp", …: five at most. */
static void read_host(sink *s, const char *field, km_sv host)
{
	size_t at = host.n;

	for (int i = 0; i < 5 && at > 0; i++) {
		size_t dot = km_sv_rchr(km_sv_sub(host, 0, at), '.');
		at = dot < at ? dot : 0;
		read_value(s, field, km_sv_from(host, at ? at + 1 : 0));
	}
}

static void read_addresses(sink *s, const char *field, const km_addr_list *list)
{
	for (size_t i = 0; i < list->n && i < 5; i++) {
		read_value(s, field, list->a[i].addr);
		read_host(s, field, list->a[i].domain);
	}
}

static void read_received(sink *s, const km_received *r)
{
	char ip[64];

	for (size_t i = 0; i < r->n && i < 4; i++) {
		const km_hop *h = &r->hop[i];
		read_host(s, "hop-rdns", h->rdns);
		read_host(s, "hop-helo", h->helo);
		read_value(s, "hop-with", h->with);
		if (h->ip.len == 0)
			continue;
		km_sv text = km_sv_of(km_ip_format(&h->ip, ip));
		read_value(s, "hop-ip", text);
		read_value(s, "hop-net", km_sv_sub(text, 0, km_sv_rchr(text, '.')));
	}
}

/* Fields whose words say something of the program that made the message. */
static const char *const telling_fields[] = {
	"X-Mailer",   "User-Agent", "MIME-Version", "List-Id",	    "Precedence",
	"X-Priority", "Importance", "Message-ID",   "Organization",
};

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
static void read_content_type(km_arena *a, const km_mail *m, sink *s)
{
	const km_params *type = &m->parts[0].content_type;
	km_buf b;

	km_buf_init(&b, a, 400);
	km_buf_add(&b, type->value);
	for (size_t i = 0; i < type->n; i++)
		if (!km_sv_eq(type->p[i].name, KM_S("charset")))
			km_buf_fmt(&b, "; %.*s=%.*s", KM_FMT(type->p[i].name),
				   KM_FMT(type->p[i].raw));
	read_text(s, "Content-Type", km_buf_sv(&b), 40);
}

static void read_part(sink *s, const km_part *p, size_t index, size_t size)
{
	char shape[32];
	int log = 0;

	for (; size > 1; size >>= 1)
		log++;
	read_value(s, "part-type", p->type);
	if (!is_common_charset(p->charset))
		read_value(s, "part-charset", p->charset);
	if (p->cte >= KM_CTE_BASE64)
		read_value(s, "part-cte", km_sv_of(km_cte_name(p->cte)));
	(void)snprintf(shape, sizeof(shape), "%d %zu %d", p->depth, index, log);
	read_value(s, "part-shape", km_sv_of(shape));
	size_t dot = km_sv_rchr(p->filename, '.');
	if (dot < p->filename.n)
		read_value(s, "part-ext", km_sv_from(p->filename, dot));
}

static void read_structure(sink *s, const km_learn_input *in)
{
	const km_mail *m = in->mail;
	size_t text = 0;
	char zone[16];

	for (size_t i = 0; i < m->n_parts && i < 12; i++) {
		const km_part *p = &m->parts[i];
		/* of a text the size as it is read: another coding must not change it */
		bool read = km_part_is_text(p) && text < in->n_text;
		read_part(s, p, i, read ? in->text[text].n : p->body.n);
		text += read;
	}
	for (size_t i = 0; i < m->headers->n && i < 60; i++) {
		km_sv name = m->headers->h[i].name;
		if (!km_feature_is_receivers(name) && !is_coding(name))
			read_value(s, "has", name);
	}
	if (m->has_date) {
		(void)snprintf(zone, sizeof(zone), "%d", m->date.zone);
		read_value(s, "zone", km_sv_of(zone));
	}
}

static void read_header(km_arena *a, const km_learn_input *in, sink *s)
{
	const km_mail *m = in->mail;

	read_text(s, "subject", in->subject, MAX_HEADER_WORDS);
	read_text(s, "from-name", in->from_name, 50);
	read_addresses(s, "from", &m->from);
	read_addresses(s, "reply-to", &m->reply_to);
	read_addresses(s, "to", &m->to);
	read_received(s, &m->received);
	read_structure(s, in);
	read_content_type(a, m, s);
	for (size_t i = 0; i < KM_COUNT(telling_fields); i++) {
		const km_header *h = km_headers_find(m->headers, km_sv_of(telling_fields[i]), 0);
		if (h)
			read_text(s, telling_fields[i],
				  km_sv_sub(km_header_unfold(a, h->raw), 0, 400), 40);
	}
}

static void read_body(const km_learn_input *in, sink *s)
{
	for (size_t i = 0; i < in->n_text; i++) {
		s->part = (int)i;
		read_text(s, "body", in->text[i], MAX_BODY_WORDS);
	}
}

/* Scheme, host and words of the path of a link's target. */
static void read_link(sink *s, km_sv url)
{
	size_t colon = km_sv_find(url, KM_S("://"), 0);

	if (colon == url.n) {
		read_text(s, "link-odd", km_sv_sub(url, 0, 100), 10);
		return;
	}
	read_value(s, "link-scheme", km_sv_sub(url, 0, colon));
	km_sv rest = km_sv_from(url, colon + 3);
	size_t end = 0;
	while (end < rest.n && strchr("/?#\\", rest.p[end]) == NULL)
		end++;
	km_sv host = km_sv_sub(rest, 0, end);
	size_t port = km_sv_chr(host, ':', 0);
	read_host(s, "link-host", km_sv_sub(host, 0, port));
	read_text(s, "link-path", km_sv_sub(rest, end, 200), 30);
}

static void read_plain_links(sink *s, km_sv text)
{
	size_t at = 0;

	for (int i = 0; i < MAX_LINKS; i++) {
		at = km_sv_find(text, KM_S("://"), at);
		if (at == text.n)
			return;
		size_t from = at, to = at + 3;
		while (from > 0 && km_is_alnum((unsigned char)text.p[from - 1]) && at - from < 8)
			from--;
		while (to < text.n && (unsigned char)text.p[to] > ' ' &&
		       strchr("<>\"')]", text.p[to]) == NULL && to - from < 500)
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

static void read_view(km_arena *a, const km_learn_input *in, km_sv raw, sink *s)
{
	switch (s->view) {
	case KM_VIEW_RAW:
		read_bytes(s, raw);
		break;
	case KM_VIEW_START:
		/* bytes that were changed so as not to be known say nothing */
		if (!in->disguised)
			read_bytes(s, km_sv_sub(in->mail->parts[0].body, 0, KM_RAW_BYTES - raw.n));
		break;
	case KM_VIEW_HEADER:
		read_header(a, in, s);
		break;
	case KM_VIEW_BODY:
		read_body(in, s);
		break;
	default:
		read_links(in, s);
	}
	/* A view that is empty says something too. */
	if (!(in->disguised && s->view == KM_VIEW_START))
		add(s, mix(0xe3, s->set->n == 0));
}

/* Bytes of A to Z among them and those of all other scripts. */
static double latin_share(const km_learn_input *in)
{
	size_t latin = 0, other = 0;

	for (size_t i = 0; i < in->n_text; i++)
		for (size_t k = 0; k < in->text[i].n; k++) {
			unsigned char c = (unsigned char)in->text[i].p[k];
			latin += (unsigned char)((c | 0x20) - 'a') < 26;
			other += c >> 7;
		}
	return latin + other ? (double)latin / (double)(latin + other) : 1;
}

static km_status read_views(km_arena *a, const km_learn_input *in, km_view first,
			    km_feature_each *each, void *ctx, km_features *out)
{
	km_sv raw = km_view_is_raw(first) ? raw_header(a, in) : (km_sv){ NULL, 0 };

	for (int v = (int)first; v < KM_VIEW_COUNT; v++) {
		km_feature_set *set = &out->view[v];
		sink s = { .set = set, .view = (km_view)v, .each = each, .ctx = ctx, .part = -1 };
		set->n = 0;
		set->bucket = km_alloc(a, MAX_PER_VIEW * sizeof(*set->bucket));
		if (set->bucket == NULL)
			return KM_LIMIT;
		read_view(a, in, raw, &s);
		give_back(set);
	}
	out->latin = latin_share(in);
	out->disguised = in->disguised;
	return KM_OK;
}

km_status km_features_watch(km_arena *a, const km_learn_input *in, km_feature_each *each, void *ctx,
			    km_features *out)
{
	return read_views(a, in, 0, each, ctx, out);
}

km_status km_features_watch_words(km_arena *a, const km_learn_input *in, km_feature_each *each,
				  void *ctx)
{
	km_features out;

	return read_views(a, in, KM_VIEW_HEADER, each, ctx, &out);
}

km_status km_features_read(km_arena *a, const km_learn_input *in, km_features *out)
{
	return km_features_watch(a, in, NULL, NULL, out);
}
