/*
 * `komainu account appeal|review|restore`: what the subscriber says and what a person decides, told
 * to the daemon, which alone writes accounts' files.
 */
#include <pwd.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/dossier.h"
#include "cli/jsonout.h"
#include "cli/tables.h"
#include "daemon/guard_ask.h"
#include "outbound/stored.h"

enum {
	STATEMENT_MAX = 64 * 1024,
	LOG_MAX = 256 * 1024,  /* each of the subscriber's own logs */
	TEXT_MAX = 1024 * 1024 /* all together */
};

/* clang-format off */
#define BY                                                                                         \
	{ .name = "by", .type = KM_OPT_TEXT, .at = KM_ACCOUNT_AT(by), .arg = "NAME",                          \
	  .help = { "記録する担当者の名前 (省略時はログイン名)",                                   \
		    "the person's name for the record (default: your login)" } }
#define REASON                                                                                     \
	{ .letter = 'r', .name = "reason", .type = KM_OPT_TEXT, .at = KM_ACCOUNT_AT(reason), .arg = "TEXT",   \
	  .help = { "理由。利用者にも知らされる (必須)",                                           \
		    "the reason, which the subscriber is told (required)" } }
/* clang-format on */

static const km_option appeal_rows[] = { { .name = "log",
					   .type = KM_OPT_LIST,
					   .at = KM_ACCOUNT_AT(logs),
					   .arg = "FILE",
					   .help = { "本人の記録 (ログ) を添える",
						     "attaches a log of the subscriber's own" } },
					 BY,
					 KM_ACCOUNT_PLACE };
static const km_option review_rows[] = { { .name = "outcome",
					   .type = KM_OPT_CHOICE,
					   .at = KM_ACCOUNT_AT(outcome),
					   .arg = "OUTCOME",
					   .choices = "restore|keep|terminate",
					   .help = { "決定 (必須)", "the decision (required)" } },
					 REASON,
					 BY,
					 KM_ACCOUNT_PLACE };
static const km_option restore_rows[] = { REASON, BY, KM_ACCOUNT_PLACE };

const km_option_table km_account_appeal_options = { appeal_rows, KM_COUNT(appeal_rows),
						    sizeof(km_account_options) };
const km_option_table km_account_review_options = { review_rows, KM_COUNT(review_rows),
						    sizeof(km_account_options) };
const km_option_table km_account_restore_options = { restore_rows, KM_COUNT(restore_rows),
						     sizeof(km_account_options) };

/* Root is nobody: then it must be said who decides. */
static const char *who(const km_account_options *o)
{
	const char *sudo = getenv("SUDO_USER");
	const struct passwd *pw = getuid() ? getpwuid(getuid()) : NULL;

	if (o->by && *o->by)
		return o->by;
	return pw ? pw->pw_name : sudo && *sudo ? sudo : NULL;
}

static bool is_said(const char *text)
{
	return text != NULL && km_sv_trim(km_sv_of(text)).n > 0;
}

static int usage(const km_cli *cli, const char *ja, const char *en)
{
	km_cli_error(cli, "%s", km_say(cli, ja, en));
	return EX_USAGE;
}

static json_t *event(km_dossier *j, const char *kind)
{
	char now[32];

	return json_pack("{s:s, s:s, s:o}", "event", kind, "t",
			 km_time_format(j->now_ms / 1000, now), "account",
			 km_json_text(j->account));
}

/* Tells the daemon; @ja, @en: what to say then. */
static int tell(km_dossier *j, json_t *e, const char *ja, const char *en)
{
	json_t *answer = NULL;

	if (km_guard_ask(j->dir, e, &answer, &j->err) != KM_OK)
		return km_dossier_failed(j);
	if (j->o->common.json)
		return km_json_print(j->cli, answer);
	json_decref(answer);
	(void)fprintf(j->cli->out, "%s\n", km_say(j->cli, ja, en));
	return EX_OK;
}

/* --- appeal --- */

static km_status add_file(km_dossier *j, km_buf *b, const char *path, size_t max)
{
	km_file f;
	km_status st = km_file_open(&f, path, max, &j->err);

	if (st != KM_OK)
		return st;
	km_buf_add(b, km_stored_text(j->cli->arena, f.bytes, true));
	km_file_close(&f);
	return b->cut ? KM_FAIL(&j->err, KM_LIMIT, "statement and logs are over %d bytes", TEXT_MAX)
		      : KM_OK;
}

static km_status read_appeal(km_dossier *j, km_buf *b)
{
	const char *path = j->cli->n_operands > 1 ? j->cli->operands[1] : "-";

	km_buf_init(b, j->cli->arena, TEXT_MAX);
	km_status st = add_file(j, b, path, STATEMENT_MAX);
	if (st == KM_OK && km_sv_trim(km_buf_sv(b)).n == 0)
		return KM_FAIL(&j->err, KM_SYNTAX, "%s",
			       km_say(j->cli, "申し立ての文がありません",
				      "the statement is empty"));
	for (size_t i = 0; i < j->o->logs.n && st == KM_OK; i++) {
		km_buf_fmt(b, "\n--- %s: ", km_say(j->cli, "本人の記録", "the subscriber's log"));
		km_buf_add(b, km_stored_text(j->cli->arena, km_sv_of(j->o->logs.v[i]), false));
		km_buf_byte(b, '\n');
		st = add_file(j, b, j->o->logs.v[i], LOG_MAX);
	}
	return st;
}

int km_account_appeal_run(km_cli *cli, const void *options)
{
	km_dossier j = { .cli = cli, .o = options };
	const char *by = who(j.o);
	km_status st = km_dossier_begin(&j);
	km_buf text;

	if (st == KM_OK)
		st = km_dossier_load(&j, 1);
	if (st == KM_OK)
		st = read_appeal(&j, &text);
	if (st != KM_OK)
		return km_dossier_end(&j, km_dossier_failed(&j));
	json_t *e = event(&j, "appeal");
	(void)json_object_set_new(e, "text", km_json_text(km_buf_sv(&text)));
	/* Most often staff write down what the subscriber said; else it is the subscriber's own. */
	(void)json_object_set_new(e, "by", by ? km_json_cstr(by) : km_json_text(j.account));
	return km_dossier_end(&j, tell(&j, e, "申し立てを記録しました。人が読んで答えます。",
				       "The statement is on file; a person is to read it."));
}

/* --- review, restore --- */

static int decide(km_cli *cli, const km_account_options *o, const char *outcome, bool new_password)
{
	km_dossier j = { .cli = cli, .o = o };
	const char *by = who(o);

	if (outcome == NULL)
		return usage(cli, "--outcome restore、keep、terminate のどれかが必要です",
			     "--outcome restore, keep or terminate is needed");
	if (!is_said(o->reason))
		return usage(cli, "--reason に理由が必要です。利用者にも知らされます",
			     "--reason is needed; the subscriber is told");
	if (by == NULL)
		return usage(cli, "誰の決定かを --by で示してください",
			     "say with --by who decides this");
	km_status st = km_dossier_begin(&j);
	if (st == KM_OK)
		st = km_dossier_load(&j, 1);
	if (st != KM_OK)
		return km_dossier_end(&j, km_dossier_failed(&j));
	json_t *e = event(&j, "review");
	(void)json_object_set_new(e, "outcome", json_string(outcome));
	(void)json_object_set_new(e, "by", km_json_cstr(by));
	(void)json_object_set_new(
		e, "reason", km_json_text(km_stored_text(cli->arena, km_sv_of(o->reason), true)));
	if (new_password)
		(void)json_object_set_new(e, "new_password", json_true());
	return km_dossier_end(&j, tell(&j, e, "決定を記録しました。利用者に知らされます。",
				       "The decision is on file and in force; the subscriber is "
				       "told."));
}

int km_account_review_run(km_cli *cli, const void *options)
{
	const km_account_options *o = options;

	return decide(cli, o, o->outcome, false);
}

int km_account_restore_run(km_cli *cli, const void *options)
{
	return decide(cli, options, "restore", true);
}
