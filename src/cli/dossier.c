#include "cli/dossier.h"

#include <sysexits.h>

#include "cli/jsonout.h"
#include "cli/settings.h"
#include "cli/style.h"
#include "cli/wrap.h"
#include "outbound/stored.h"

enum { ENTRIES_MAX = 10000 };

km_status km_dossier_begin(km_dossier *j)
{
	const km_account_options *o = j->o;
	km_status st = km_conf_load(km_settings_path(o->config), &j->conf, &j->err);

	if (st != KM_OK)
		return st;
	km_settings_speak(j->cli, j->conf);
	j->lang = j->cli->lang == 0 ? KM_JA : KM_EN;
	j->reader =
		o->reader && strcmp(o->reader, "subscriber") == 0 ? KM_FOR_RECIPIENT : KM_FOR_ADMIN;
	j->now_ms = (int64_t)km_clock_unix_ms();
	j->dir = o->state_dir ? o->state_dir : km_conf_str(j->conf, KM_KEY_STATE_DIR);
	if (j->cli->n_operands)
		j->account = km_sv_of(j->cli->operands[0]);
	return km_accounts_open_reader(j->dir, &j->accounts, &j->err);
}

int km_dossier_end(km_dossier *j, int rc)
{
	km_accounts_close(j->accounts);
	km_conf_free(j->conf);
	return rc == EX_OK ? km_cli_flush(j->cli) : rc;
}

int km_dossier_failed(km_dossier *j)
{
	return km_cli_fail(j->cli, &j->err);
}

static bool keep(void *ctx, int64_t row, const km_entry *e)
{
	km_dossier *j = ctx;
	km_arena *a = j->cli->arena;
	km_dossier_entry *x = &j->entries[j->n];

	if (j->n == ENTRIES_MAX)
		return false;
	*x = (km_dossier_entry){ row, *e };
	km_sv *const texts[] = { &x->e.account, &x->e.by,	&x->e.reason,
				 &x->e.ip,	&x->e.queue_id, &x->e.facts };
	for (size_t i = 0; i < KM_COUNT(texts); i++)
		*texts[i] = km_sv_dup(a, *texts[i]);
	j->n += !km_arena_full(a);
	return !km_arena_full(a);
}

static bool is_known(void *ctx, const km_subscriber *s)
{
	(void)ctx;
	(void)s;
	return false;
}

km_status km_dossier_load(km_dossier *j, size_t limit)
{
	const km_entry_filter f = { .account = j->account, .limit = limit ? limit : ENTRIES_MAX };

	j->entries = KM_NEW_ARRAY(j->cli->arena, km_dossier_entry, ENTRIES_MAX);
	if (j->entries == NULL)
		return KM_FAIL(&j->err, KM_NOMEM, "no memory");
	km_status st = km_accounts_find(j->accounts, &f, keep, j, &j->err);
	for (size_t i = 0; i < j->n / 2; i++) {
		km_dossier_entry x = j->entries[i];
		j->entries[i] = j->entries[j->n - 1 - i];
		j->entries[j->n - 1 - i] = x;
	}
	if (st != KM_OK || j->n)
		return st;
	st = km_accounts_subscribers(j->accounts, j->account, is_known, NULL, &j->err);
	if (st == KM_NOTFOUND)
		return KM_FAIL(&j->err, KM_NOTFOUND, "%s",
			       km_say(j->cli, "このアカウントの記録はありません",
				      "there is no record of this account"));
	return st;
}

const km_dossier_entry *km_dossier_in_force(const km_dossier *j)
{
	for (size_t i = j->n; i-- > 0;) {
		const km_entry *e = &j->entries[i].e;
		if (e->kind == KM_ENTRY_restore)
			return NULL;
		if (e->kind >= KM_ENTRY_throttle && e->kind <= KM_ENTRY_termination)
			return e->until_ms == 0 || e->until_ms > j->now_ms ? &j->entries[i] : NULL;
	}
	return NULL;
}

bool km_dossier_shows(const km_dossier *j, const km_dossier_entry *x)
{
	return j->reader == KM_FOR_ADMIN || x->e.kind != KM_ENTRY_told;
}

void km_dossier_name(km_buf *b, km_sv name)
{
	if (name.n)
		km_show_safe(b, name, false);
	else
		km_buf_add(b, KM_S("-"));
}

void km_dossier_print(const km_dossier *j, const km_buf *b)
{
	(void)fwrite(b->p, 1, b->n, j->cli->out);
}

static void write_facts(km_dossier *j, km_buf *b, const km_entry *e)
{
	km_arena *a = j->cli->arena;
	km_facts facts;
	km_err err = { 0 };

	km_facts_init(&facts, a);
	if (km_stored_facts(e->facts, &facts, &err) != KM_OK)
		km_buf_fmt(b, "    (%s)\n", err.msg);
	for (size_t i = 0; i < facts.n; i++) {
		const km_fact *f = &facts.f[i];
		km_buf_fmt(b, "    - %.*s", KM_FMT(km_fact_sentence(a, f, j->reader, j->lang)));
		if (j->reader == KM_FOR_ADMIN)
			km_buf_fmt(b, "  [%s %.1f]", km_fact_describe(f->id)->id,
				   km_fact_describe(f->id)->points * f->weight);
		km_buf_byte(b, '\n');
	}
}

static void write_line(km_dossier *j, km_buf *b, const char *ja, const char *en, km_sv value)
{
	if (value.n == 0)
		return;
	km_buf_fmt(b, "    %s: ", km_say(j->cli, ja, en));
	km_show_safe(b, value, false);
	km_buf_byte(b, '\n');
}

static void write_words(km_buf *b, km_sv text)
{
	km_sv line;

	while (km_sv_line(&text, &line)) {
		km_buf_add(b, KM_S("    > "));
		km_show_safe(b, line, false);
		km_buf_byte(b, '\n');
	}
}

void km_dossier_write(km_dossier *j, km_buf *b, const km_dossier_entry *x)
{
	const km_entry *e = &x->e;
	char when[KM_STORED_TIME];

	km_buf_fmt(b, "%s  %s%s%s  K%lld\n", km_stored_time(e->t_ms, when),
		   km_style_code(j->cli->colour, KM_STYLE_BOLD), km_entry_title(e->kind, j->lang),
		   km_style_code(j->cli->colour, KM_STYLE_PLAIN), (long long)x->row);
	if (e->until_ms)
		write_line(j, b, "期限", "until", km_sv_of(km_stored_time(e->until_ms, when)));
	if (e->port > 0)
		write_line(j, b, "接続元", "client address",
			   km_sv_fmt(j->cli->arena, "%.*s, %s %lld", KM_FMT(e->ip),
				     km_say(j->cli, "ポート", "port"), (long long)e->port));
	else
		write_line(j, b, "接続元", "client address", e->ip);
	write_line(j, b, "メールの番号", "message", e->queue_id);
	if (j->reader == KM_FOR_ADMIN || e->kind == KM_ENTRY_appeal)
		write_line(j, b, "記した者", "by", e->by);
	write_facts(j, b, e);
	write_words(b, e->reason);
}

static json_t *json_facts(km_dossier *j, const km_entry *e)
{
	km_arena *a = j->cli->arena;
	json_t *list = json_array();
	km_facts facts;

	km_facts_init(&facts, a);
	if (km_stored_facts(e->facts, &facts, NULL) != KM_OK)
		return list;
	for (size_t i = 0; i < facts.n; i++) {
		const km_fact *f = &facts.f[i];
		const km_fact_info *info = km_fact_describe(f->id);
		json_t *o = json_pack("{s:s, s:o, s:s}", "id", info->id, "text",
				      km_json_text(km_fact_sentence(a, f, j->reader, j->lang)),
				      "speaks_for", km_hand_name(km_stored_hand(f->id)));
		if (j->reader == KM_FOR_ADMIN) {
			(void)json_object_set_new(o, "points", json_real(info->points * f->weight));
			(void)json_object_set_new(o, "seen", km_json_text(f->seen));
		}
		(void)json_array_append_new(list, o);
	}
	return list;
}

json_t *km_dossier_json(km_dossier *j, const km_dossier_entry *x)
{
	const km_entry *e = &x->e;
	char when[32], both[KM_STORED_TIME];
	json_t *o = json_pack("{s:I, s:o, s:s, s:s, s:s}", "row", (json_int_t)x->row, "account",
			      km_json_text(e->account), "kind", km_entry_kind_name(e->kind), "t",
			      km_time_format(e->t_ms / 1000, when), "time",
			      km_stored_time(e->t_ms, both));

	if (e->until_ms)
		(void)json_object_set_new(o, "until",
					  json_string(km_time_format(e->until_ms / 1000, when)));
	(void)json_object_set_new(o, "ip", km_json_filled(e->ip));
	if (e->port > 0)
		(void)json_object_set_new(o, "port", json_integer(e->port));
	(void)json_object_set_new(o, "queue_id", km_json_filled(e->queue_id));
	if (j->reader == KM_FOR_ADMIN)
		(void)json_object_set_new(o, "by", km_json_filled(e->by));
	(void)json_object_set_new(o, "reason", km_json_filled(e->reason));
	(void)json_object_set_new(o, "facts", json_facts(j, e));
	return o;
}
