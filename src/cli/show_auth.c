#include "cli/show_auth.h"

#include "auth/tag.h"
#include "cli/style.h"
#include "cli/wrap.h"
#include "engine/fields.h"
#include "mail/b64.h"

enum { LABEL = 16, WIDTH = 100, CUT = 160 };

void km_show_auth_read(km_show_auth *out, km_arena *arena, km_scan *s)
{
	const km_envelope *env = km_scan_envelope(s);
	const km_kit *kit = km_scan_kit(s);
	const km_spf_request q = { .ip = env->ip,
				   .helo = env->helo,
				   .from = env->from,
				   .receiver = km_kit_name(kit, env->mta),
				   .now = env->now,
				   .trace = true };

	out->arena = arena;
	out->auth = km_scan_auth(s);
	out->dns = km_scan_dns(s);
	out->sealers = &kit->sealers;
	out->env = env;
	out->mail = km_scan_mail(s);
	out->spf = out->auth->spf;
	km_spf *spf = out->auth->has_spf ? km_spf_new(arena, &q) : NULL;
	if (spf)
		(void)!km_spf_step(spf, km_scan_dns(s), &out->spf);
	out->n_levels =
		km_dmarc_levels(out->auth->dmarc.domain, kit->dmarc, km_scan_dns(s), out->level);
	out->results = km_scan_results(s, "\n");
}

const char *km_show_spf_outcome(km_spf_outcome o)
{
	static const char *const names[] = { "record", "no_match", "match", "enter", "error" };

	return names[o];
}

km_sv km_show_base64(km_arena *a, km_sv bytes)
{
	km_buf b;

	km_buf_init(&b, a, bytes.n * 2 + 4);
	km_b64_encode(&b, bytes);
	return km_buf_sv(&b);
}

static const char *say(const km_show_auth *s, const char *ja, const char *en)
{
	return s->lang == KM_JA ? ja : en;
}

static const char *style(const km_show_auth *s, km_style which)
{
	return km_style_code(s->colour, which);
}

/* "SPF  pass  example.jp", with the word coloured as it deserves. */
static void add_heading(km_buf *b, const km_show_auth *s, const char *method, const char *result,
			km_sv about)
{
	km_style good = strcmp(result, "pass") == 0   ? KM_STYLE_GOOD
			: strcmp(result, "none") == 0 ? KM_STYLE_DIM
						      : KM_STYLE_BAD;

	km_buf_fmt(b, "\n%s%s%s  %s%s%s  ", style(s, KM_STYLE_BOLD), method,
		   style(s, KM_STYLE_PLAIN), style(s, good), result, style(s, KM_STYLE_PLAIN));
	km_show_safe(b, about, false);
	km_buf_byte(b, '\n');
}

/* "  label  value": the value made harmless and laid out behind the label. */
static void add_row(km_buf *b, const km_show_auth *s, const char *label, km_sv value)
{
	size_t used = km_width(km_sv_of(label));
	km_buf safe;

	(void)s;
	if (value.n == 0)
		return;
	km_buf_fmt(b, "  %s%*s", label, used + 3 < LABEL ? (int)(LABEL - 2 - used) : 1, "");
	km_buf_init(&safe, NULL, 16 * CUT + 64);
	km_show_safe(&safe, km_sv_sub(value, 0, CUT), false);
	if (value.n > CUT)
		km_buf_add(&safe, KM_S(" …"));
	km_wrap(b, km_buf_sv(&safe), LABEL, WIDTH);
	km_buf_byte(b, '\n');
	km_buf_finish(&safe);
}

#define ADD_ROW(b, s, ja, en, ...) add_row(b, s, say(s, ja, en), km_sv_fmt((s)->arena, __VA_ARGS__))

/* What DNSSEC says of an answer. */
static const char *proof(km_dnssec p)
{
	static const char *const words[] = { "", "  DNSSEC: secure", "  DNSSEC: insecure",
					     "  DNSSEC: bogus" };

	return words[p];
}

static const char *proof_of_text(const km_show_auth *s, km_sv name)
{
	return proof(km_dns_proof(km_dns_known(s->dns, name, KM_DNS_TXT)));
}

static void add_client(km_buf *b, const km_show_auth *s)
{
	char ip[64];

	km_buf_fmt(b, "\n%s%s%s\n", style(s, KM_STYLE_BOLD), say(s, "認証", "Authentication"),
		   style(s, KM_STYLE_PLAIN));
	ADD_ROW(b, s, "接続元", "Client", "%s %.*s",
		s->env->ip.len ? km_ip_format(&s->env->ip, ip) : "?", KM_FMT(s->env->hostname));
	ADD_ROW(b, s, "HELO", "HELO", "%.*s", KM_FMT(s->env->helo));
	if (s->auth->has_client)
		ADD_ROW(b, s, "逆引き", "Reverse DNS", "%s  %.*s%s",
			km_rdns_name(s->auth->client.rdns), KM_FMT(s->auth->client.name),
			proof(s->auth->client.dnssec));
	if (s->env->has_from)
		ADD_ROW(b, s, "MAIL FROM", "MAIL FROM", "<%.*s>", KM_FMT(s->env->from));
}

/* --- SPF --- */

static void add_step(km_buf *b, const km_show_auth *s, const km_spf_trace *t)
{
	static const char *const words[][KM_LANGS] = {
		[KM_SPF_STEP_RECORD] = { "レコード", "record" },
		[KM_SPF_STEP_NO] = { "一致しない", "no match" },
		[KM_SPF_STEP_MATCH] = { "一致", "MATCH" },
		[KM_SPF_STEP_ENTER] = { "次へ", "go to" },
		[KM_SPF_STEP_ERROR] = { "エラー", "ERROR" },
	};
	const char *word = words[t->outcome][s->lang];
	bool name = t->name.n && !km_sv_ieq(t->name, t->domain);

	km_buf_fmt(b, "  %*s%s%*s", (int)(2 * t->depth), "", word,
		   (int)(LABEL - 2 - km_width(km_sv_of(word))), "");
	km_show_safe(b, km_sv_sub(t->text, 0, CUT), false);
	if (t->outcome == KM_SPF_STEP_RECORD || name)
		km_buf_add(b, t->outcome == KM_SPF_STEP_RECORD ? KM_S("  ← ") : KM_S("  → "));
	if (t->outcome == KM_SPF_STEP_RECORD || name)
		km_show_safe(b, t->outcome == KM_SPF_STEP_RECORD ? t->domain : t->name, false);
	if (t->outcome == KM_SPF_STEP_RECORD)
		km_buf_add(b, km_sv_of(proof_of_text(s, t->domain)));
	km_buf_byte(b, '\n');
}

static void add_spf(km_buf *b, const km_show_auth *s)
{
	const km_spf_result *r = &s->spf;

	if (!s->auth->has_spf) {
		add_heading(b, s, "SPF", "none",
			    km_sv_of(say(s, "接続元か差出人のアドレスが不明",
					 "client or reverse-path not known")));
		return;
	}
	add_heading(b, s, "SPF", km_spf_code_name(r->code), r->domain);
	add_row(b, s, say(s, "調べたもの", "Identity"), r->helo ? KM_S("HELO") : KM_S("MAIL FROM"));
	for (size_t i = 0; i < r->n_trace; i++)
		add_step(b, s, &r->trace[i]);
	ADD_ROW(b, s, "DNS", "Look-ups",
		say(s, "問い合わせる語 %u / %d、答えなし %u / %d",
		    "%u of %d, without answer %u of %d"),
		r->lookups, (int)KM_SPF_MAX_LOOKUPS, r->voids, (int)KM_SPF_MAX_VOIDS);
	add_row(b, s, say(s, "決めた語", "Decided by"), r->term);
	add_row(b, s, say(s, "どこで", "In"), r->where);
	add_row(b, s, say(s, "理由", "Reason"), km_fact_reason(r->reason, s->lang));
	add_row(b, s, say(s, "所有者の説明", "Owner says"), r->explanation);
}

/* --- DKIM --- */

static void add_hashes(km_buf *b, const km_show_auth *s, const km_dkim_sig *g)
{
	km_sv claimed = km_show_base64(s->arena, g->bh);
	km_sv found = km_show_base64(s->arena, g->body_hash);

	add_row(b, s, say(s, "本文 (署名)", "Body claimed"), claimed);
	add_row(b, s, say(s, "本文 (実際)", "Body found"), found);
	if (g->unsigned_tail)
		ADD_ROW(b, s, "署名の外", "Unsigned",
			say(s, "本文の末尾 %zu バイト", "last %zu bytes"), g->unsigned_tail);
}

static void add_key(km_buf *b, const km_show_auth *s, const km_dkim_sig *g)
{
	if (g->key_name.n == 0)
		return;
	ADD_ROW(b, s, "鍵の場所", "Key at", "%.*s%s%s%s", KM_FMT(g->key_name),
		g->key_rcode == KM_DNS_OK ? "" : "  ",
		g->key_rcode == KM_DNS_OK ? "" : km_dns_rcode_name(g->key_rcode),
		proof(g->key_dnssec));
	add_row(b, s, say(s, "鍵", "Key"), g->key_record);
	if (g->key_bits)
		ADD_ROW(b, s, "鍵の長さ", "Key size", say(s, "%u ビット%s%s", "%u bits%s%s"),
			g->key_bits, g->testing ? "  t=y" : "", g->strict ? "  t=s" : "");
}

static const char *yes(const km_show_auth *s, bool is)
{
	return is ? say(s, "はい", "yes") : say(s, "いいえ", "no");
}

static void add_signature(km_buf *b, const km_show_auth *s, size_t i)
{
	const km_dkim_sig *g = &s->auth->dkim->sig[i];
	char from[32], until[32], method[32];

	(void)snprintf(method, sizeof(method), "DKIM %zu", i + 1);
	add_heading(b, s, method, km_dkim_code_name(g->code), g->domain);
	add_row(b, s, say(s, "セレクタ", "Selector"), g->selector);
	add_row(b, s, say(s, "名義 (i=)", "Identity"), g->identity);
	ADD_ROW(b, s, "方式", "Algorithm", "%.*s  %s", KM_FMT(g->algorithm), g->canonical);
	add_row(b, s, say(s, "署名した欄", "Signed"), km_tag_squeeze(s->arena, g->h));
	if (g->time || g->expires)
		ADD_ROW(b, s, "日時", "Time", "%s → %s",
			g->time ? km_time_format(g->time, from) : "-",
			g->expires ? km_time_format(g->expires, until) : "-");
	add_hashes(b, s, g);
	add_key(b, s, g);
	ADD_ROW(b, s, "正しいか", "Right", say(s, "本文 %s、署名 %s", "body %s, signature %s"),
		yes(s, g->body_ok), yes(s, g->signature_ok));
	add_row(b, s, say(s, "Fromと一致", "Aligned"),
		km_sv_of(yes(s, km_auth_is_aligned(s->auth, i))));
	if (g->code == KM_DKIM_PASS && g->unsigned_tail)
		add_row(b, s, say(s, "理由", "Reason"),
			km_sv_of(say(s, "本文の末尾が署名の外なので、証明とは認めない",
				     "proves nothing: the end of the body is not signed")));
	add_row(b, s, say(s, "理由", "Reason"), km_fact_reason(g->reason, s->lang));
}

static void add_dkim(km_buf *b, const km_show_auth *s)
{
	const km_dkim_result *r = s->auth->dkim;

	if (r == NULL || r->n == 0)
		add_heading(b, s, "DKIM", "none", km_sv_of(say(s, "署名がない", "not signed")));
	for (size_t i = 0; r && i < r->n; i++)
		add_signature(b, s, i);
}

/* --- DMARC --- */

static void add_level(km_buf *b, const km_show_auth *s, const km_dmarc_level *l)
{
	km_sv found =
		l->record.n ? l->record
		: l->several
			? km_sv_of(say(s, "レコードが複数あるため無効", "several records: none"))
			: km_sv_of(l->rcode == KM_DNS_OK
					   ? say(s, "DMARC レコードではない", "no DMARC record")
					   : km_dns_rcode_name(l->rcode));

	km_sv name = km_sv_fmt(s->arena, "_dmarc.%.*s", KM_FMT(l->name));
	ADD_ROW(b, s, "探索", "Asked", "%.*s  %.*s%s%s", KM_FMT(name), KM_FMT(found),
		proof_of_text(s, name),
		l->in_force ? "" : say(s, "  (ここより手前で終わり)", "  (beyond the end)"));
}

static void add_alignment(km_buf *b, const km_show_auth *s)
{
	const km_auth *x = s->auth;

	ADD_ROW(b, s, "SPF と一致", "SPF aligned", "%s", yes(s, x->dmarc.spf_aligned));
	for (size_t i = 0; x->dkim && i < x->dkim->n; i++)
		if (km_auth_is_aligned(x, i))
			ADD_ROW(b, s, "DKIM と一致", "DKIM aligned", "DKIM %zu  %.*s", i + 1,
				KM_FMT(x->dkim->sig[i].domain));
}

static void add_dmarc(km_buf *b, const km_show_auth *s)
{
	const km_dmarc_result *r = &s->auth->dmarc;

	add_heading(b, s, "DMARC", km_dmarc_code_name(r->code), r->domain);
	for (size_t i = 0; i < s->n_levels; i++)
		add_level(b, s, &s->level[i]);
	add_row(b, s, say(s, "組織", "Organization"), r->organization);
	add_row(b, s, say(s, "採用した所", "Record of"), r->policy_domain);
	if (r->policy_domain.n)
		ADD_ROW(b, s, "ポリシー", "Policy",
			say(s, "公開 %s → 適用 %s%s", "published %s, in effect %s%s"),
			km_dmarc_policy_name(r->published), km_dmarc_policy_name(r->policy),
			r->missing ? say(s, " (差出人のドメインは存在しない)",
					 " (the author's domain does not exist)")
				   : "");
	add_alignment(b, s);
	if (s->auth->override)
		ADD_ROW(b, s, "例外扱い", "Override", "%s  %.*s", s->auth->override,
			KM_FMT(s->auth->voucher));
	add_row(b, s, say(s, "理由", "Reason"), km_fact_reason(r->reason, s->lang));
}

/* --- ARC --- */

static void add_arc(km_buf *b, const km_show_auth *s)
{
	const km_arc_result *r = s->auth->arc;

	add_heading(b, s, "ARC", km_arc_code_name(r ? r->code : KM_ARC_NONE),
		    r && r->n ? r->set[r->n - 1].sealer : (km_sv){ NULL, 0 });
	for (size_t i = 0; r && i < r->n; i++) {
		const km_arc_set *set = &r->set[i];
		ADD_ROW(b, s, "封印", "Seal",
			say(s, "i=%zu  %.*s (セレクタ %.*s)%s  署名 %.*s%s",
			    "i=%zu  %.*s (selector %.*s)%s  message signed by %.*s%s"),
			i + 1, KM_FMT(set->sealer), KM_FMT(set->selector), proof(set->dnssec),
			KM_FMT(set->signer),
			r->at == i + 1 ? say(s, "  ← ここで壊れている", "  ← broken here") : "");
		if (!km_trust_has_name(s->sealers, set->sealer))
			add_row(b, s, say(s, "信頼", "Believed"),
				km_sv_of(say(s, "いいえ (auth.trusted_sealers にない)",
					     "no (not in auth.trusted_sealers)")));
		add_row(b, s, say(s, "封印者の結果", "Its results"),
			km_header_unfold(s->arena, set->results));
	}
	if (r)
		add_row(b, s, say(s, "理由", "Reason"), km_fact_reason(r->reason, s->lang));
}

void km_show_auth_text(km_buf *b, const km_show_auth *s)
{
	km_sv rest = s->results, line;

	add_client(b, s);
	add_spf(b, s);
	add_dkim(b, s);
	add_dmarc(b, s);
	add_arc(b, s);
	if (rest.n)
		km_buf_fmt(b, "\n%sAuthentication-Results%s\n", style(s, KM_STYLE_BOLD),
			   style(s, KM_STYLE_PLAIN));
	while (km_sv_line(&rest, &line)) {
		km_buf_add(b, KM_S("  "));
		km_show_safe(b, line, true);
		km_buf_byte(b, '\n');
	}
}
