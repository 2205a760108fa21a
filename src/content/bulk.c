#include "content/bulk.h"

enum {
	LOOKED_AT = 64 * 1024, /* bytes at the beginning and at the end of a text */
	TEXTS = 2,
	NAME_LEAST = 4 /* bytes of a sender's name that is looked for in the text */
};

/* What the act wants shown; bits. */
enum { SENDER = 1, OPT_OUT = 2, POSTAL = 4, CONTACT = 8, ALL = 15 };

/* Words as they stand in a match key: no case, no width, no space between Japanese characters. Of
 * the act's words whatever honest mailings write for them, or for the page that has them. */
static const struct {
	km_sv word;
	unsigned shows;
} words[] = {
	{ KM_SV("配信停止"), OPT_OUT },
	{ KM_SV("配信を停止"), OPT_OUT },
	{ KM_SV("配信の停止"), OPT_OUT },
	{ KM_SV("配信解除"), OPT_OUT },
	{ KM_SV("配信を解除"), OPT_OUT },
	{ KM_SV("配信の解除"), OPT_OUT },
	{ KM_SV("配信をご希望"), OPT_OUT },
	{ KM_SV("配信を希望"), OPT_OUT },
	{ KM_SV("配信不要"), OPT_OUT },
	{ KM_SV("配信が不要"), OPT_OUT },
	{ KM_SV("メール停止"), OPT_OUT },
	{ KM_SV("受信拒否"), OPT_OUT },
	{ KM_SV("受信停止"), OPT_OUT },
	{ KM_SV("受信を停止"), OPT_OUT },
	{ KM_SV("受信を希望"), OPT_OUT },
	{ KM_SV("受信をご希望"), OPT_OUT },
	{ KM_SV("購読解除"), OPT_OUT },
	{ KM_SV("購読停止"), OPT_OUT },
	{ KM_SV("購読を解除"), OPT_OUT },
	{ KM_SV("購読を停止"), OPT_OUT },
	{ KM_SV("購読をやめ"), OPT_OUT },
	{ KM_SV("購読の解除"), OPT_OUT },
	{ KM_SV("登録解除"), OPT_OUT },
	{ KM_SV("登録を解除"), OPT_OUT },
	{ KM_SV("登録の解除"), OPT_OUT },
	{ KM_SV("解除はこちら"), OPT_OUT },
	{ KM_SV("解除手続"), OPT_OUT },
	{ KM_SV("停止手続"), OPT_OUT },
	{ KM_SV("停止をご希望"), OPT_OUT },
	{ KM_SV("不要な方"), OPT_OUT },
	{ KM_SV("退会"), OPT_OUT },
	{ KM_SV("オプトアウト"), OPT_OUT },
	{ KM_SV("unsubscribe"), OPT_OUT },
	{ KM_SV("opt out"), OPT_OUT },
	{ KM_SV("opt-out"), OPT_OUT },
	{ KM_SV("stop receiving"), OPT_OUT },
	{ KM_SV("email preferences"), OPT_OUT },
	{ KM_SV("mail preferences"), OPT_OUT },
	{ KM_SV("no longer wish"), OPT_OUT },
	{ KM_SV("株式会社"), SENDER },
	{ KM_SV("(株)"), SENDER },
	{ KM_SV("有限会社"), SENDER },
	{ KM_SV("(有)"), SENDER },
	{ KM_SV("合同会社"), SENDER },
	{ KM_SV("合資会社"), SENDER },
	{ KM_SV("社団法人"), SENDER },
	{ KM_SV("財団法人"), SENDER },
	{ KM_SV("学校法人"), SENDER },
	{ KM_SV("医療法人"), SENDER },
	{ KM_SV("宗教法人"), SENDER },
	{ KM_SV("福祉法人"), SENDER },
	{ KM_SV("活動法人"), SENDER },
	{ KM_SV("行政法人"), SENDER },
	{ KM_SV("協同組合"), SENDER },
	{ KM_SV("送信者:"), SENDER },
	{ KM_SV("送信者名"), SENDER },
	{ KM_SV("配信者:"), SENDER },
	{ KM_SV("配信元"), SENDER },
	{ KM_SV("発行元"), SENDER },
	{ KM_SV("発行者"), SENDER },
	{ KM_SV("発行:"), SENDER },
	{ KM_SV("運営会社"), SENDER },
	{ KM_SV("運営者"), SENDER },
	{ KM_SV("編集部"), SENDER },
	{ KM_SV("事務局"), SENDER },
	{ KM_SV("販売業者"), SENDER },
	{ KM_SV(" inc."), SENDER },
	{ KM_SV(" llc"), SENDER },
	{ KM_SV(" ltd"), SENDER },
	{ KM_SV("co., "), SENDER },
	{ KM_SV(" gmbh"), SENDER },
	{ KM_SV("〒"), POSTAL },
	{ KM_SV("住所"), POSTAL },
	{ KM_SV("所在地"), POSTAL },
	{ KM_SV("会社概要"), POSTAL },
	{ KM_SV("会社情報"), POSTAL },
	{ KM_SV("企業情報"), POSTAL },
	{ KM_SV("運営会社"), POSTAL },
	{ KM_SV("特定商取引"), POSTAL },
	{ KM_SV("about us"), POSTAL },
	{ KM_SV("p.o. box"), POSTAL },
	{ KM_SV(" street"), POSTAL },
	{ KM_SV(" avenue"), POSTAL },
	{ KM_SV(" suite "), POSTAL },
	{ KM_SV("お問い合わせ"), CONTACT },
	{ KM_SV("お問合せ"), CONTACT },
	{ KM_SV("お問合わせ"), CONTACT },
	{ KM_SV("問い合わせ先"), CONTACT },
	{ KM_SV("ご連絡先"), CONTACT },
	{ KM_SV("連絡先"), CONTACT },
	{ KM_SV("ご意見"), CONTACT },
	{ KM_SV("苦情"), CONTACT },
	{ KM_SV("フリーダイヤル"), CONTACT },
	{ KM_SV("カスタマーサ"), CONTACT },
	{ KM_SV("電話"), CONTACT },
	{ KM_SV("tel:"), CONTACT },
	{ KM_SV("tel."), CONTACT },
	{ KM_SV("contact us"), CONTACT },
	{ KM_SV("customer service"), CONTACT },
	{ KM_SV("mailto:"), CONTACT },
	{ KM_SV("東京都"), POSTAL },
	{ KM_SV("北海道"), POSTAL },
	{ KM_SV("大阪府"), POSTAL },
	{ KM_SV("京都府"), POSTAL },
};

static const km_header *field(const km_mail *m, km_sv name)
{
	return km_headers_find(m->headers, name, 0);
}

static km_sv value(km_arena *a, const km_mail *m, km_sv name)
{
	const km_header *h = field(m, name);

	return h ? km_header_unfold(a, h->raw) : (km_sv){ 0 };
}

bool km_bulk_is_one(const km_mail *m)
{
	static const km_sv spoken[] = { KM_SV("bulk"), KM_SV("list"), KM_SV("junk") };
	const km_header *precedence = field(m, KM_S("Precedence"));
	const km_header *automatic = field(m, KM_S("Auto-Submitted"));

	/* RFC 3834 section 5 */
	if (automatic && !km_sv_istarts(km_sv_trim(automatic->raw), KM_S("no")))
		return false;
	if (field(m, KM_S("List-Unsubscribe")) || field(m, KM_S("List-Id")))
		return true;
	for (size_t i = 0; precedence && i < KM_COUNT(spoken); i++)
		if (km_sv_ieq(km_sv_trim(precedence->raw), spoken[i]))
			return true;
	return false;
}

/* List-Post of RFC 2369 with an address: members write to each other. */
static bool is_discussion(km_arena *a, const km_mail *m)
{
	km_sv v = value(a, m, KM_S("List-Post"));

	return km_sv_ifind(v, KM_S("<mailto:"), 0) < v.n;
}

static void add(km_facts *fs, km_fact_id id, km_sv seen)
{
	(void)km_fact_add(fs, id, seen, -1, 0, 0);
}

/* RFC 8058 section 3.1: one https URI at least, and the other field with just these words. */
static void look_at_one_click(km_arena *a, const km_mail *m, km_facts *fs)
{
	km_sv uris = value(a, m, KM_S("List-Unsubscribe"));
	km_sv post = value(a, m, KM_S("List-Unsubscribe-Post"));
	const char *missing = NULL;

	if (uris.n == 0)
		missing = "List-Unsubscribe";
	else if (km_sv_ifind(uris, KM_S("<https://"), 0) == uris.n)
		missing = "List-Unsubscribe: <https://…>";
	else if (!km_sv_ieq(post, KM_S("List-Unsubscribe=One-Click")))
		missing = "List-Unsubscribe-Post: List-Unsubscribe=One-Click";
	else if (km_headers_count(m->headers, KM_S("List-Unsubscribe")) > 1)
		missing = "List-Unsubscribe (2)";
	if (missing)
		add(fs, KM_FACT_BULK_NO_ONE_CLICK, km_sv_of(missing));
}

static bool covers(km_sv names, km_sv name)
{
	km_sv one;

	while (km_sv_split(&names, ':', &one))
		if (km_sv_ieq(km_sv_trim(one), name))
			return true;
	return false;
}

static void look_at_signatures(const km_bulk_mail *b, km_facts *fs)
{
	if (!b->is_signed || field(b->mail, KM_S("List-Unsubscribe-Post")) == NULL)
		return;
	for (size_t i = 0; i < b->n_covered; i++)
		if (covers(b->covered[i], KM_S("List-Unsubscribe")) &&
		    covers(b->covered[i], KM_S("List-Unsubscribe-Post")))
			return;
	add(fs, KM_FACT_BULK_UNSUBSCRIBE_UNSIGNED, KM_S(""));
}

static void look_at_list_id(km_arena *a, const km_mail *m, km_facts *fs)
{
	km_sv v = value(a, m, KM_S("List-Id"));
	size_t open = km_sv_rchr(v, '<');

	/* RFC 2919 section 3: a name with a dot in angle brackets */
	if (km_sv_chr(v, '.', open) == v.n || km_sv_chr(v, '>', open) == v.n)
		add(fs, KM_FACT_BULK_NO_LIST_ID, v);
}

/* What people read, as match keys: of long texts both ends, where such things stand. */
typedef struct {
	km_sv v[2 * TEXTS];
	size_t n;
} texts;

static void gather(const km_views *views, texts *t)
{
	t->n = 0;
	for (size_t i = 0; i < views->n_text && t->n + 2 <= KM_COUNT(t->v); i++) {
		km_sv key = views->text[i].key;
		t->v[t->n++] = km_sv_sub(key, 0, LOOKED_AT);
		if (key.n > LOOKED_AT)
			t->v[t->n++] = km_sv_from(key, key.n > 2 * LOOKED_AT ? key.n - LOOKED_AT
									     : LOOKED_AT);
	}
}

static bool has(const texts *t, km_sv what)
{
	for (size_t i = 0; i < t->n; i++)
		if (km_sv_find(t->v[i], what, 0) < t->v[i].n)
			return true;
	return false;
}

static unsigned pair(const char *p)
{
	return ((unsigned char)p[0] * 31u + (unsigned char)p[1]) & 0xFF;
}

/* Which words are there, in one pass: each place is compared with those that begin like it. */
static unsigned shown(const texts *t)
{
	int first[256], next[KM_COUNT(words)];
	unsigned found = 0;

	memset(first, -1, sizeof(first));
	for (size_t w = 0; w < KM_COUNT(words); w++) {
		unsigned h = pair(words[w].word.p);
		next[w] = first[h];
		first[h] = (int)w;
	}
	for (size_t k = 0; k < t->n; k++)
		for (size_t i = 0; i + 1 < t->v[k].n && found != ALL; i++)
			for (int w = first[pair(t->v[k].p + i)]; w >= 0; w = next[w])
				if (km_sv_starts(km_sv_from(t->v[k], i), words[w].word))
					found |= words[w].shows;
	return found;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Japanese telephone numbers (0…-…-…, +81…) and postal codes (123-4567), by their digits. */
typedef struct {
	bool telephone, code;
} numbers;

static void look_at_number(km_sv run, numbers *out)
{
	size_t digits = 0, hyphens = 0, last = 0;

	for (size_t i = 0; i < run.n; i++) {
		digits += is_digit(run.p[i]);
		if (!is_digit(run.p[i])) {
			hyphens++;
			last = i;
		}
	}
	bool international = run.p[0] == '+';
	out->telephone |= (run.p[0] == '0' && hyphens >= 1 && digits >= 9 && digits <= 11) ||
			  (international && digits >= 10 && digits <= 14);
	out->code |= hyphens == 1 && digits == 7 && last == 3;
}

static numbers find_numbers(const texts *t)
{
	numbers out = { 0 };

	for (size_t k = 0; k < t->n; k++) {
		km_sv v = t->v[k];
		for (size_t i = 0, n; i < v.n; i += n ? n : 1) {
			for (n = 0;
			     i + n < v.n &&
			     (is_digit(v.p[i + n]) ||
			      (n == 0 ? v.p[i] == '+' : strchr("-()", v.p[i + n]) && v.p[i + n]));
			     n++)
				;
			if (n >= 8)
				look_at_number(km_sv_sub(v, i, n), &out);
		}
	}
	return out;
}

static bool has_address(const texts *t)
{
	for (size_t i = 0; i < t->n; i++) {
		size_t at = km_sv_chr(t->v[i], '@', 0);
		for (; at < t->v[i].n; at = km_sv_chr(t->v[i], '@', at + 1)) {
			km_sv domain = km_sv_sub(t->v[i], at, 64);
			if (at && km_sv_chr(domain, '.', 0) < domain.n)
				return true;
		}
	}
	return false;
}

static bool can_be_clicked(const km_links *links)
{
	for (size_t i = 0; i < links->n; i++)
		if (km_link_is_clicked(&links->a[i]) && links->a[i].origin != KM_FROM_FIELD)
			return true;
	return false;
}

static void look_at_labels(const km_bulk_mail *b, km_facts *fs)
{
	km_sv name = km_sv_trim(b->views->from_name.key);
	texts t;

	gather(b->views, &t);
	numbers n = find_numbers(&t);
	unsigned found = shown(&t);
	bool address = has_address(&t), link = can_be_clicked(b->links);
	if (!(found & SENDER) && (name.n < NAME_LEAST || !has(&t, name)))
		add(fs, KM_FACT_BULK_NO_SENDER_NAME, b->views->from_name.text);
	/* that it is possible, and where */
	if (!(found & OPT_OUT) || !(address || link))
		add(fs, KM_FACT_BULK_NO_OPT_OUT, KM_S(""));
	if (!n.code && !(found & POSTAL))
		add(fs, KM_FACT_BULK_NO_POSTAL, KM_S(""));
	if (!n.telephone && !address && !(found & CONTACT))
		add(fs, KM_FACT_BULK_NO_CONTACT, KM_S(""));
}

void km_bulk_facts(km_arena *a, const km_bulk_mail *b, km_facts *fs)
{
	look_at_list_id(a, b->mail, fs);
	if (!b->has_policy) {
		km_fact *f = km_fact_add(fs, KM_FACT_BULK_NO_DMARC, b->domain, -1, 0, 0);
		km_fact_arg(fs, f, 1, b->policy);
	}
	if (is_discussion(a, b->mail))
		return;
	look_at_one_click(a, b->mail, fs);
	look_at_signatures(b, fs);
	look_at_labels(b, fs);
}
