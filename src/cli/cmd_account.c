/* `komainu account list|show|history|notice`: what is in the files of accounts. */
#include <sysexits.h>

#include "cli/dossier.h"
#include "cli/jsonout.h"
#include "cli/style.h"
#include "cli/tables.h"
#include "cli/wrap.h"
#include "daemon/guard_ask.h"
#include "outbound/stored.h"
#include "policy/advice.h"

enum { OUT_MAX = 64 << 20, HISTORY = 50 };

/* clang-format off */
#define READER                                                                                     \
	{ .name = "for", .type = KM_OPT_CHOICE, .at = KM_ACCOUNT_AT(reader), .arg = "READER",                 \
	  .choices = "staff|subscriber",                                                           \
	  .help = { "読む人。subscriber には数値と点数を見せない (省略時 staff)",                  \
		    "for whom; a subscriber is shown no numbers (default: staff)" } }
/* clang-format on */

static const km_option list_rows[] = { { .letter = 'a',
					 .name = "all",
					 .type = KM_OPT_FLAG,
					 .at = KM_ACCOUNT_AT(all),
					 .help = { "措置のないアカウントも表示する",
						   "also accounts without a measure" } },
				       KM_ACCOUNT_PLACE };
static const km_option show_rows[] = { READER, KM_ACCOUNT_PLACE };
static const km_option history_rows[] = { { .letter = 'n',
					    .name = "limit",
					    .type = KM_OPT_NUMBER,
					    .at = KM_ACCOUNT_AT(limit),
					    .arg = "N",
					    .min = 1,
					    .max = 10000,
					    .help = { "新しいものから N 件 (省略時 50)",
						      "the newest N (default 50)" } },
					  READER,
					  KM_ACCOUNT_PLACE };
static const km_option notice_rows[] = {
	{ .name = "kind",
	  .type = KM_OPT_CHOICE,
	  .at = KM_ACCOUNT_AT(kind),
	  .arg = "KIND",
	  .choices = "notice|warning|throttle|brake|suspension|termination|restore|appeal|review",
	  .help = { "どの種類の記録についての通知か (省略時は最新のもの)",
		    "of which kind of entry (default: the newest one)" } },
	READER,
	KM_ACCOUNT_PLACE
};
const km_option_table km_account_list_options = { list_rows, KM_COUNT(list_rows),
						  sizeof(km_account_options) };
const km_option_table km_account_show_options = { show_rows, KM_COUNT(show_rows),
						  sizeof(km_account_options) };
const km_option_table km_account_history_options = { history_rows, KM_COUNT(history_rows),
						     sizeof(km_account_options) };
const km_option_table km_account_notice_options = { notice_rows, KM_COUNT(notice_rows),
						    sizeof(km_account_options) };

/* --- list --- */

static bool list_measure(void *ctx, int64_t row, const km_entry *e)
{
	km_dossier *j = ctx;
	const km_dossier_entry x = { row, *e };
	char since[KM_STORED_TIME], until[KM_STORED_TIME];
	km_buf b;

	if (j->o->common.json)
		return km_json_print(j->cli, km_dossier_json(j, &x)) == EX_OK;
	km_buf_init(&b, NULL, OUT_MAX);
	km_buf_fmt(&b, "%s  %s%s%s  ", km_stored_time(e->t_ms, since),
		   km_style_code(j->cli->colour, KM_STYLE_WARN), km_entry_title(e->kind, j->lang),
		   km_style_code(j->cli->colour, KM_STYLE_PLAIN));
	km_dossier_name(&b, e->account);
	if (e->until_ms)
		km_buf_fmt(&b, "  %s %s", km_say(j->cli, "期限", "until"),
			   km_stored_time(e->until_ms, until));
	km_buf_byte(&b, '\n');
	km_dossier_print(j, &b);
	km_buf_finish(&b);
	return !ferror(j->cli->out);
}

static json_t *json_subscriber(const km_subscriber *s)
{
	char when[32];
	json_t *o =
		json_pack("{s:o, s:o, s:o}", "account", km_json_text(s->account), "kind",
			  km_json_filled(s->kind), "alternative", km_json_filled(s->alternative));

	(void)json_object_set_new(o, "created",
				  s->created ? json_string(km_time_format(s->created, when))
					     : json_null());
	return o;
}

static bool list_subscriber(void *ctx, const km_subscriber *s)
{
	km_dossier *j = ctx;
	km_buf b;

	if (j->o->common.json)
		return km_json_print(j->cli, json_subscriber(s)) == EX_OK;
	km_buf_init(&b, NULL, OUT_MAX);
	km_dossier_name(&b, s->account);
	km_buf_add(&b, KM_S("  "));
	km_dossier_name(&b, s->kind);
	km_buf_add(&b, KM_S("  "));
	km_dossier_name(&b, s->alternative);
	km_buf_byte(&b, '\n');
	km_dossier_print(j, &b);
	km_buf_finish(&b);
	return !ferror(j->cli->out);
}

int km_account_list_run(km_cli *cli, const void *options)
{
	km_dossier j = { .cli = cli, .o = options };
	km_status st = km_dossier_begin(&j);

	if (st == KM_OK)
		st = km_accounts_in_force(j.accounts, j.now_ms, list_measure, &j, &j.err);
	if (st == KM_OK && j.o->all)
		st = km_accounts_subscribers(j.accounts, KM_S(""), list_subscriber, &j, &j.err);
	return km_dossier_end(&j, st == KM_OK ? EX_OK : km_dossier_failed(&j));
}

/* --- show --- */

typedef struct {
	km_dossier *j;
	km_buf *b;
	json_t *json;
} teller;

static bool tell_subscriber(void *ctx, const km_subscriber *s)
{
	teller *t = ctx;
	char when[KM_STORED_TIME];

	if (t->json) {
		(void)json_object_set_new(t->json, "subscriber", json_subscriber(s));
		return true;
	}
	if (s->kind.n)
		km_buf_fmt(t->b, "%s: %.*s\n", km_say(t->j->cli, "種類", "kind"), KM_FMT(s->kind));
	if (s->alternative.n) {
		km_buf_fmt(t->b, "%s: ", km_say(t->j->cli, "予備の連絡先", "alternative address"));
		km_show_safe(t->b, s->alternative, false);
		km_buf_byte(t->b, '\n');
	}
	if (s->created)
		km_buf_fmt(t->b, "%s: %s\n", km_say(t->j->cli, "開設", "created"),
			   km_stored_time(s->created * 1000, when));
	return true;
}

/* False, with the job's error, when it can not be read; not to be known is no failure. */
static bool find_subscriber(teller *t)
{
	km_dossier *j = t->j;
	km_status st =
		km_accounts_subscribers(j->accounts, j->account, tell_subscriber, t, &j->err);

	return st == KM_OK || st == KM_NOTFOUND;
}

/* What the daemon has counted; shown to staff as it says it. */
static void tell_live(teller *t)
{
	km_dossier *j = t->j;
	km_err err = { 0 };
	json_t *live = NULL, *value;
	const char *key;

	if (j->reader != KM_FOR_ADMIN)
		return;
	json_t *ask =
		json_pack("{s:s, s:o}", "query", "account", "account", km_json_text(j->account));
	if (km_guard_ask(j->dir, ask, &live, &err) != KM_OK) {
		if (t->json == NULL)
			km_buf_fmt(t->b, "%s: %s\n",
				   km_say(j->cli, "今の計数は見られません", "no live counts"),
				   err.msg);
		return;
	}
	if (t->json) {
		(void)json_object_set_new(t->json, "live", live);
		return;
	}
	km_buf_fmt(t->b, "\n%s\n",
		   km_say(j->cli, "今の計数 (社外秘)", "Live (not for the sender)"));
	json_object_foreach(live, key, value)
	{
		char *text =
			json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(4));
		if (text == NULL)
			continue;
		km_buf_fmt(t->b, "  %-18s ", key);
		km_show_safe(t->b, km_sv_of(text), false);
		km_buf_byte(t->b, '\n');
		free(text);
	}
	json_decref(live);
}

static void count_kinds(km_dossier *j, size_t counts[KM_ENTRY_KIND_COUNT])
{
	for (size_t i = 0; i < j->n; i++)
		if (j->entries[i].e.kind < KM_ENTRY_KIND_COUNT)
			counts[j->entries[i].e.kind]++;
}

static void write_counts(km_dossier *j, teller *t)
{
	size_t counts[KM_ENTRY_KIND_COUNT] = { 0 };
	json_t *o = t->json ? json_object() : NULL;

	count_kinds(j, counts);
	for (int k = 0; k < KM_ENTRY_KIND_COUNT; k++) {
		if (counts[k] == 0)
			continue;
		if (o)
			(void)json_object_set_new(o, km_entry_kind_name((km_entry_kind)k),
						  json_integer((json_int_t)counts[k]));
		else
			km_buf_fmt(t->b, "  %s %zu\n", km_entry_title((km_entry_kind)k, j->lang),
				   counts[k]);
	}
	if (o)
		(void)json_object_set_new(t->json, "entries", o);
}

static int show_json(km_dossier *j)
{
	const km_dossier_entry *now = km_dossier_in_force(j);
	teller t = { .j = j, .json = json_pack("{s:o}", "account", km_json_text(j->account)) };

	(void)json_object_set_new(t.json, "in_force", now ? km_dossier_json(j, now) : json_null());
	(void)json_object_set_new(t.json, "subscriber", json_null());
	if (!find_subscriber(&t)) {
		json_decref(t.json);
		return km_dossier_failed(j);
	}
	write_counts(j, &t);
	tell_live(&t);
	return km_json_print(j->cli, t.json);
}

static int show_text(km_dossier *j)
{
	const km_dossier_entry *now = km_dossier_in_force(j);
	km_buf b;
	teller t = { .j = j, .b = &b };

	km_buf_init(&b, NULL, OUT_MAX);
	km_buf_add(&b, km_sv_of(km_style_code(j->cli->colour, KM_STYLE_BOLD)));
	km_dossier_name(&b, j->account);
	km_buf_fmt(&b, "%s\n", km_style_code(j->cli->colour, KM_STYLE_PLAIN));
	if (!find_subscriber(&t))
		return km_dossier_failed(j);
	if (now) {
		km_buf_fmt(&b, "\n%s\n", km_say(j->cli, "いまの措置", "In force"));
		km_dossier_write(j, &b, now);
	} else {
		km_buf_fmt(&b, "%s\n",
			   km_say(j->cli, "いま措置はありません", "No measure is in force."));
	}
	if (j->n)
		km_buf_fmt(&b, "\n%s\n", km_say(j->cli, "これまでの記録", "On file"));
	write_counts(j, &t);
	tell_live(&t);
	km_dossier_print(j, &b);
	km_buf_finish(&b);
	return EX_OK;
}

int km_account_show_run(km_cli *cli, const void *options)
{
	km_dossier j = { .cli = cli, .o = options };
	km_status st = km_dossier_begin(&j);

	if (st == KM_OK)
		st = km_dossier_load(&j, 0);
	if (st != KM_OK)
		return km_dossier_end(&j, km_dossier_failed(&j));
	return km_dossier_end(&j, j.o->common.json ? show_json(&j) : show_text(&j));
}

/* --- history --- */

int km_account_history_run(km_cli *cli, const void *options)
{
	km_dossier j = { .cli = cli, .o = options };
	km_status st = km_dossier_begin(&j);
	int rc = EX_OK;
	km_buf b;

	if (st == KM_OK)
		st = km_dossier_load(&j, j.o->limit.given ? (size_t)j.o->limit.v : HISTORY);
	if (st != KM_OK)
		return km_dossier_end(&j, km_dossier_failed(&j));
	km_buf_init(&b, NULL, OUT_MAX);
	for (size_t i = 0; i < j.n && rc == EX_OK; i++)
		if (!km_dossier_shows(&j, &j.entries[i]))
			continue;
		else if (j.o->common.json)
			rc = km_json_print(cli, km_dossier_json(&j, &j.entries[i]));
		else
			km_dossier_write(&j, &b, &j.entries[i]);
	km_dossier_print(&j, &b);
	km_buf_finish(&b);
	return km_dossier_end(&j, rc);
}

/* --- notice --- */

static const km_dossier_entry *newest(const km_dossier *j)
{
	const char *kind = j->o->kind;

	for (size_t i = j->n; i-- > 0;) {
		const km_entry *e = &j->entries[i].e;
		if (kind ? e->kind == km_entry_kind_by_name(km_sv_of(kind))
			 : km_told_wanted(e, j->reader))
			return &j->entries[i];
	}
	return NULL;
}

static km_status write_notice(km_dossier *j, km_notice *n)
{
	km_arena *a = j->cli->arena;
	const km_dossier_entry *x = newest(j);
	km_notices all;

	if (x == NULL)
		return KM_FAIL(&j->err, KM_NOTFOUND, "%s",
			       km_say(j->cli, "通知する記録がありません",
				      "there is no entry to tell of"));
	const km_told t = {
		.row = x->row,
		.entry = &x->e,
		.reader = j->reader,
		.operator_name = km_sv_of(km_conf_str(j->conf, KM_KEY_NOTIFY_OPERATOR)),
		.contact = km_sv_of(km_conf_str(j->conf, KM_KEY_NOTIFY_CONTACT)),
		.steps = { km_advice_numbered(a, KM_S("accused"), KM_ADVICE_DO, KM_JA),
			   km_advice_numbered(a, KM_S("accused"), KM_ADVICE_DO, KM_EN) },
	};
	km_status st =
		km_notices_open(a, km_conf_str(j->conf, KM_KEY_NOTIFY_TEMPLATES), &all, &j->err);
	return st == KM_OK ? km_told_write(a, &all, &t, j->lang, n, &j->err) : st;
}

int km_account_notice_run(km_cli *cli, const void *options)
{
	km_dossier j = { .cli = cli, .o = options };
	km_status st = km_dossier_begin(&j);
	km_notice n = { 0 };

	if (st == KM_OK && j.o->reader == NULL)
		j.reader = KM_FOR_RECIPIENT;
	if (st == KM_OK)
		st = km_dossier_load(&j, 0);
	if (st == KM_OK)
		st = write_notice(&j, &n);
	if (st != KM_OK)
		return km_dossier_end(&j, km_dossier_failed(&j));
	if (j.o->common.json)
		return km_dossier_end(&j,
				      km_json_print(cli, json_pack("{s:o, s:o}", "subject",
								   km_json_text(n.subject), "body",
								   km_json_text(n.body))));
	(void)fprintf(cli->out, "Subject: %.*s\n\n%.*s", KM_FMT(n.subject), KM_FMT(n.body));
	return km_dossier_end(&j, EX_OK);
}
