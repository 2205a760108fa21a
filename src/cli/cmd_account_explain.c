/*
 * `komainu account explain`: what somebody who is accused of sending spam needs to know and to
 * answer: when, from where, how much, what was stopped; what speaks for a take-over; what to do;
 * how to be heard.
 */
#include <sysexits.h>

#include "base/map.h"
#include "cli/dossier.h"
#include "cli/jsonout.h"
#include "cli/style.h"
#include "cli/tables.h"
#include "cli/wrap.h"
#include "outbound/stored.h"
#include "policy/advice.h"
#include "store/records.h"

enum {
	OUT_MAX = 64 << 20,
	SHOWN = 50,		     /* messages that are listed, the newest */
	ADDRESSES_MAX = 1000,	     /* told apart */
	BEFORE_MS = 24 * 3600 * 1000 /* messages looked at before the first measure */
};

/* clang-format off */
static const km_option rows[] = {
	{ .name = "for", .type = KM_OPT_CHOICE, .at = offsetof(km_account_options, reader),
	  .arg = "READER", .choices = "staff|subscriber",
	  .help = { "読む人。subscriber には数値と点数を見せない (省略時 staff)",
		    "for whom; a subscriber is shown no numbers (default: staff)" } },
	{ .letter = 'c', .name = "config", .type = KM_OPT_FILE,
	  .at = offsetof(km_account_options, config), .arg = "FILE",
	  .help = { "設定ファイル (state.dir を知るため)",
		    "configuration file, for its state.dir" } },
	{ .name = "state-dir", .type = KM_OPT_FILE, .at = offsetof(km_account_options, state_dir),
	  .arg = "DIR",
	  .help = { "state.dir の代わりのフォルダー", "folder in place of state.dir" } },
};
/* clang-format on */
const km_option_table km_account_explain_options = { rows, KM_COUNT(rows),
						     sizeof(km_account_options) };

typedef struct {
	int64_t t_ms;
	km_sv client, message_id, queue_id, action;
	int64_t port; /* 0: unknown */
	uint64_t n_rcpts;
} sent;

/* Mail of the account, as the daemon recorded it. */
typedef struct {
	km_dossier *j;
	size_t n, stopped;
	uint64_t rcpts;
	km_sv address[ADDRESSES_MAX];
	size_t n_addresses;
	km_map told; /* queue ids of what the guard stopped */
	sent last[SHOWN];
} mails;

static bool is_stopped(km_sv action)
{
	static const km_sv stops[] = { KM_SV("quarantine"), KM_SV("reject"), KM_SV("tempfail"),
				       KM_SV("discard"),    KM_SV("hold"),   KM_SV("defer") };

	for (size_t i = 0; i < KM_COUNT(stops); i++)
		if (km_sv_eq(action, stops[i]))
			return true;
	return false;
}

static void see_address(mails *m, km_sv address)
{
	if (address.n == 0)
		return;
	for (size_t i = 0; i < m->n_addresses; i++)
		if (km_sv_eq(m->address[i], address))
			return;
	if (m->n_addresses < ADDRESSES_MAX)
		m->address[m->n_addresses++] = km_sv_dup(m->j->cli->arena, address);
}

/* Puts it in its place, newest first; the oldest falls out. */
static void list_mail(mails *m, const sent *x)
{
	size_t at = m->n < SHOWN ? m->n : SHOWN;

	if (at == SHOWN && m->last[SHOWN - 1].t_ms >= x->t_ms)
		return;
	for (at -= at == SHOWN; at && m->last[at - 1].t_ms < x->t_ms; at--)
		m->last[at] = m->last[at - 1];
	m->last[at] = *x;
}

static void see(mails *m, const sent *x)
{
	km_arena *a = m->j->cli->arena;
	sent copy = *x;
	km_sv *const texts[] = { &copy.client, &copy.message_id, &copy.queue_id, &copy.action };

	for (size_t i = 0; i < KM_COUNT(texts); i++)
		*texts[i] = km_sv_dup(a, *texts[i]);
	list_mail(m, &copy);
	m->n++;
	m->rcpts += x->n_rcpts;
	m->stopped += is_stopped(x->action);
	see_address(m, x->client);
}

/* What the guard stopped, whether or not its content was looked at. */
static bool see_stopped(void *ctx, const km_stopped *s)
{
	mails *m = ctx;

	if (s->queue_id.n) {
		void **place = km_map_put(&m->told, km_sv_dup(m->j->cli->arena, s->queue_id));
		if (place)
			*place = m;
	}
	see(m, &(sent){ .t_ms = s->t_ms,
			.client = s->ip,
			.queue_id = s->queue_id,
			.action = s->action,
			.port = s->port,
			.n_rcpts = (uint64_t)s->n_rcpts });
	return !km_arena_full(m->j->cli->arena);
}

static bool see_record(void *ctx, int64_t row, const km_record *r)
{
	mails *m = ctx;

	(void)row;
	if (r->queue_id.n == 0 || km_map_get(&m->told, r->queue_id) == NULL)
		see(m, &(sent){ .t_ms = r->t_ms,
				.client = r->client,
				.message_id = r->message_id,
				.queue_id = r->queue_id,
				.action = r->action,
				.n_rcpts = r->n_rcpts });
	return true;
}

static const km_dossier_entry *first_measure(const km_dossier *j)
{
	for (size_t i = 0; i < j->n; i++)
		if (j->entries[i].e.kind <= KM_ENTRY_termination)
			return &j->entries[i];
	return NULL;
}

/* Without records (another machine's, or too old) the rest still stands. */
static void find_mails(km_dossier *j, mails *m)
{
	const km_dossier_entry *first = first_measure(j);
	km_record_filter f = { .user = j->account, .limit = 1000000 };
	km_records *records = NULL;
	km_err err = { 0 };

	m->j = j;
	km_map_init(&m->told, j->cli->arena, false);
	if (first == NULL || j->account.n == 0)
		return;
	f.since_ms = first->e.t_ms > BEFORE_MS ? first->e.t_ms - BEFORE_MS : 1;
	km_status st =
		km_accounts_stopped(j->accounts, j->account, f.since_ms, see_stopped, m, &err);
	if (st == KM_OK)
		st = km_records_open_reader(j->dir, &records, &err);
	if (st == KM_OK)
		st = km_records_find(records, &f, see_record, m, &err);
	if (st != KM_OK)
		km_cli_error(j->cli, "%s", err.msg);
	km_records_close(records);
}

/* What was found by any measure, each fact once, with the latest values. */
static void all_facts(km_dossier *j, km_facts *out)
{
	km_facts_init(out, j->cli->arena);
	for (size_t i = j->n; i-- > 0;) {
		km_facts one;
		km_facts_init(&one, j->cli->arena);
		if (km_stored_facts(j->entries[i].e.facts, &one, NULL) != KM_OK)
			continue;
		for (size_t k = 0; k < one.n; k++) {
			const km_fact *f = &one.f[k];
			km_fact *g = km_facts_has(out, f->id)
					     ? NULL
					     : km_fact_add(out, f->id, f->seen, -1, 0, 0);
			for (int n = 0; g && n < 3; n++)
				km_fact_arg(out, g, n + 1, f->arg[n]);
		}
	}
}

/* --- for people --- */

static void heading(km_dossier *j, km_buf *b, const char *ja, const char *en)
{
	km_buf_fmt(b, "\n%s%s%s\n", km_style_code(j->cli->colour, KM_STYLE_BOLD),
		   km_say(j->cli, ja, en), km_style_code(j->cli->colour, KM_STYLE_PLAIN));
}

static void write_state(km_dossier *j, km_buf *b)
{
	const km_dossier_entry *now = km_dossier_in_force(j);
	char when[KM_STORED_TIME];

	km_buf_fmt(b, "%s: ", km_say(j->cli, "アカウント (ログイン名)", "Account (login name)"));
	km_dossier_name(b, j->account);
	km_buf_byte(b, '\n');
	if (now == NULL) {
		km_buf_fmt(b, "%s\n",
			   km_say(j->cli, "いま止められていることはありません。",
				  "Nothing is stopped now."));
		return;
	}
	km_buf_fmt(b, km_say(j->cli, "いまの措置: %s (%s から)\n", "In force: %s, since %s\n"),
		   km_entry_title(now->e.kind, j->lang), km_stored_time(now->e.t_ms, when));
	km_buf_fmt(b, "%s\n",
		   now->e.until_ms ? km_say(j->cli, "期限が来ると自動的に終わります。",
					    "It ends by itself when its time is over.")
				   : km_say(j->cli,
					    "止まっているのはこのアカウントからの送信だけです。保留"
					    "したメールは"
					    "失われていません。人が確認すれば解除されます。",
					    "Only mail sent from this account is stopped; what was "
					    "held is not "
					    "lost. It is lifted once a person has checked."));
}

/* What became of a message, in words; of an action without a word of its own, its name. */
static void add_outcome(const km_dossier *j, km_buf *b, km_sv action)
{
	static const struct {
		const char *action, *ja, *en;
	} words[] = {
		{ "hold", "保留", "held" },	    { "defer", "延期", "deferred" },
		{ "accept", "送信", "sent" },	    { "tag", "送信", "sent" },
		{ "junk", "送信", "sent" },	    { "quarantine", "保留", "held" },
		{ "greylist", "延期", "deferred" }, { "tempfail", "延期", "deferred" },
		{ "reject", "拒否", "refused" },
	};

	for (size_t i = 0; i < KM_COUNT(words); i++)
		if (km_sv_eq(action, km_sv_of(words[i].action))) {
			km_buf_add(b, km_sv_of(km_say(j->cli, words[i].ja, words[i].en)));
			return;
		}
	km_show_safe(b, action, false);
}

static void write_mails(km_dossier *j, km_buf *b, const mails *m)
{
	char when[KM_STORED_TIME];

	heading(j, b, "送られた、または止めたメール (記録のあるもの)",
		"Mail sent or stopped (as recorded)");
	if (m->n == 0) {
		km_buf_fmt(b, "  %s\n",
			   km_say(j->cli, "このサーバーに記録はありません。",
				  "There are no records on this server."));
		return;
	}
	km_buf_fmt(b,
		   km_say(j->cli,
			  "  %zu 通、宛先 %llu 件、接続元 %zu アドレス。そのうち %zu "
			  "通を止めました。\n",
			  "  %zu messages to %llu recipients from %zu client addresses; %zu of the "
			  "messages were stopped.\n"),
		   m->n, (unsigned long long)m->rcpts, m->n_addresses, m->stopped);
	for (size_t i = 0; i < m->n && i < SHOWN; i++) {
		const sent *s = &m->last[i];
		km_buf_fmt(b, "  %s  ", km_stored_time(s->t_ms, when));
		km_dossier_name(b, s->client);
		if (s->port)
			km_buf_fmt(b, " %s %lld", km_say(j->cli, "ポート", "port"),
				   (long long)s->port);
		km_buf_fmt(b, "  %s %llu  ", km_say(j->cli, "宛先", "rcpts"),
			   (unsigned long long)s->n_rcpts);
		add_outcome(j, b, s->action);
		if (s->message_id.n) {
			km_buf_add(b, KM_S("  <"));
			km_show_safe(b, s->message_id, false);
			km_buf_byte(b, '>');
		}
		km_buf_add(b, KM_S("  "));
		km_dossier_name(b, s->queue_id);
		km_buf_byte(b, '\n');
	}
	if (m->n > SHOWN)
		km_buf_fmt(b, km_say(j->cli, "  (新しい %d 通)\n", "  (the newest %d)\n"), SHOWN);
}

static void write_hands(km_dossier *j, km_buf *b, const km_facts *facts)
{
	bool sign = false;

	heading(j, b, "何を示しているか", "What it speaks for");
	for (int h = KM_HAND_OTHER; h < KM_HANDS; h++) {
		bool any = false;
		for (size_t i = 0; i < facts->n; i++) {
			const km_fact *f = &facts->f[i];
			if (km_stored_hand(f->id) != (km_hand)h)
				continue;
			if (!any)
				km_buf_fmt(b, "  %s:\n", km_hand_meaning((km_hand)h, j->lang));
			any = true;
			km_buf_fmt(b, "    - %.*s\n",
				   KM_FMT(km_fact_sentence(j->cli->arena, f, j->reader, j->lang)));
		}
		sign |= any && (h == KM_HAND_OTHER || h == KM_HAND_MACHINE);
	}
	km_buf_fmt(
		b, "  → %s\n",
		sign ? km_say(j->cli,
			      "乗っ取りまたは感染と考えるのが自然です。わざと送ったことを示すもの"
			      "ではありません。",
			      "A take-over or an infection explains this; none of it shows intent.")
		     : km_say(j->cli,
			      "わざと送ったことを示すものはありません。ほかに分かるまで、感染か盗用"
			      "と考えます。",
			      "Nothing shows intent; until more is known, an infection or a stolen "
			      "password is assumed."));
}

static void write_advice(km_dossier *j, km_buf *b)
{
	const char *contact = km_conf_str(j->conf, KM_KEY_NOTIFY_CONTACT);

	heading(j, b, "どうすればよいか", "What to do");
	km_sv steps = km_advice_numbered(j->cli->arena, KM_S("accused"), KM_ADVICE_DO, j->lang);
	km_buf_add(b, km_sv_from(steps, 1));
	km_buf_byte(b, '\n');
	heading(j, b, "説明し、見直しを求めるには", "How to be heard");
	km_buf_fmt(b, "  %s\n",
		   km_say(j->cli,
			  "あなたの説明と、お手元の記録 (ルーターやメールソフトのログ、外出していた"
			  "証拠など) を送ってください。人が読み、理由を付けてお答えします。",
			  "Send your statement, and records of your own: logs of router or mail "
			  "program, proof that you were away. A person reads them and answers with "
			  "reasons."));
	if (*contact)
		km_buf_fmt(b, "  %s: %s\n", km_say(j->cli, "連絡先", "Contact"), contact);
	if (j->reader == KM_FOR_ADMIN)
		km_buf_fmt(b, "  %s\n",
			   km_say(j->cli,
				  "担当者: komainu account appeal に申し立てを、komainu account "
				  "review に決定を記録する。",
				  "Staff: record the statement with komainu account appeal, the "
				  "decision with komainu account review."));
}

static int explain_text(km_dossier *j, const mails *m, const km_facts *facts)
{
	km_buf b;

	km_buf_init(&b, NULL, OUT_MAX);
	write_state(j, &b);
	heading(j, &b, "記録 (古い順)", "On file, oldest first");
	for (size_t i = 0; i < j->n; i++)
		if (km_dossier_shows(j, &j->entries[i]))
			km_dossier_write(j, &b, &j->entries[i]);
	write_mails(j, &b, m);
	write_hands(j, &b, facts);
	write_advice(j, &b);
	km_dossier_print(j, &b);
	km_buf_finish(&b);
	return EX_OK;
}

/* --- for programs --- */

static json_t *json_mails(const mails *m)
{
	json_t *list = json_array();
	char when[32];

	for (size_t i = 0; i < m->n && i < SHOWN; i++) {
		const sent *s = &m->last[i];
		(void)json_array_append_new(
			list,
			json_pack("{s:s, s:o, s:I, s:o, s:o, s:o, s:I}", "t",
				  km_time_format(s->t_ms / 1000, when), "ip",
				  km_json_filled(s->client), "port", (json_int_t)s->port,
				  "message_id", km_json_filled(s->message_id), "queue_id",
				  km_json_filled(s->queue_id), "action", km_json_text(s->action),
				  "recipients", (json_int_t)s->n_rcpts));
	}
	return json_pack("{s:I, s:I, s:I, s:I, s:o}", "count", (json_int_t)m->n, "stopped",
			 (json_int_t)m->stopped, "recipients", (json_int_t)m->rcpts, "addresses",
			 (json_int_t)m->n_addresses, "newest", list);
}

static json_t *json_hands(km_dossier *j, const km_facts *facts)
{
	json_t *o = json_object();

	for (int h = KM_HAND_OTHER; h < KM_HANDS; h++)
		(void)json_object_set_new(o, km_hand_name((km_hand)h), json_array());
	for (size_t i = 0; i < facts->n; i++) {
		const km_fact *f = &facts->f[i];
		json_t *list = json_object_get(o, km_hand_name(km_stored_hand(f->id)));
		km_sv text = km_fact_sentence(j->cli->arena, f, j->reader, j->lang);
		if (list)
			(void)json_array_append_new(list, json_pack("{s:s, s:o}", "id",
								    km_fact_describe(f->id)->id,
								    "text", km_json_text(text)));
	}
	return o;
}

static int explain_json(km_dossier *j, const mails *m, const km_facts *facts)
{
	const km_dossier_entry *now = km_dossier_in_force(j);
	json_t *entries = json_array(), *steps = json_array();
	km_advice one;
	size_t at = 0;

	for (size_t i = 0; i < j->n; i++)
		if (km_dossier_shows(j, &j->entries[i]))
			(void)json_array_append_new(entries, km_dossier_json(j, &j->entries[i]));
	while (km_advice_next(KM_S("accused"), KM_ADVICE_DO, &at, &one))
		(void)json_array_append_new(steps, km_json_text(one.text[j->lang]));
	return km_json_print(j->cli,
			     json_pack("{s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "account",
				       km_json_text(j->account), "for",
				       j->reader == KM_FOR_ADMIN ? "staff" : "subscriber",
				       "in_force", now ? km_dossier_json(j, now) : json_null(),
				       "entries", entries, "messages", json_mails(m), "speaks_for",
				       json_hands(j, facts), "steps", steps, "contact",
				       km_json_cstr(km_conf_str(j->conf, KM_KEY_NOTIFY_CONTACT))));
}

int km_account_explain_run(km_cli *cli, const void *options)
{
	km_dossier j = { .cli = cli, .o = options };
	km_status st = km_dossier_begin(&j);
	km_facts facts;

	if (st == KM_OK)
		st = km_dossier_load(&j, 0);
	mails *m = st == KM_OK ? KM_NEW(cli->arena, mails) : NULL;
	if (st == KM_OK && m == NULL)
		st = KM_FAIL(&j.err, KM_NOMEM, "no memory");
	if (st != KM_OK)
		return km_dossier_end(&j, km_dossier_failed(&j));
	find_mails(&j, m);
	all_facts(&j, &facts);
	return km_dossier_end(&j, j.o->common.json ? explain_json(&j, m, &facts)
						   : explain_text(&j, m, &facts));
}
