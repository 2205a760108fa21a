#include <sysexits.h>
#include <unistd.h>

#include "cli/judging.h"
#include "cli/show.h"
#include "cli/sources.h"
#include "cli/tables.h"
#include "cli/wrap.h"
#include "engine/json.h"

enum { OUTPUT_BYTES = 256 << 20 };

typedef struct {
	km_common_options common;
	bool headers, received, links, auth;
	const char *part;
	km_judging_options judging; /* for --auth */
} show_options;

typedef struct {
	km_cli *cli;
	const show_options *o;
	km_arena *arena;
	km_judging judging; /* open with --auth */
	km_asker *asker;    /* likewise */
} show_run;

static const km_option table[] = {
	{ .name = "headers",
	  .type = KM_OPT_FLAG,
	  .at = offsetof(show_options, headers),
	  .help = { "すべてのヘッダを表示する", "show all header fields" } },
	{ .name = "received",
	  .type = KM_OPT_FLAG,
	  .at = offsetof(show_options, received),
	  .help = { "Received の経路を表にする", "show the chain of Received fields as a table" } },
	{ .name = "html-links",
	  .type = KM_OPT_FLAG,
	  .at = offsetof(show_options, links),
	  .help = { "HTML のリンク先を表示する", "show where the links of HTML parts lead" } },
	{ .name = "part",
	  .type = KM_OPT_TEXT,
	  .at = offsetof(show_options, part),
	  .arg = "PATH",
	  .help = { "このパート (例: 1.2) の復号した中身だけを表示する",
		    "print the decoded text of this part (as in 1.2), and nothing else" } },
	{ .name = "auth",
	  .type = KM_OPT_FLAG,
	  .at = offsetof(show_options, auth),
	  .help = { "SPF・DKIM・DMARC・ARC の検証の全過程を表示する。以下のオプションは --auth "
		    "で使う",
		    "show every step of SPF, DKIM, DMARC and ARC; the options below are for "
		    "--auth" } },
	KM_JUDGING_ROWS(show_options),
};

const km_option_table km_show_options = { table, KM_COUNT(table), sizeof(show_options) };

/* Text as UTF-8, all else as its decoded bytes; a terminal gets only what can not harm it. */
static km_status add_part(km_buf *b, const km_cli *cli, km_mail *m, const char *path, km_err *err)
{
	km_part *p = km_show_part(m, km_sv_of(path));

	if (p == NULL)
		return KM_FAIL(err, KM_NOTFOUND,
			       km_say(cli, "パート %s はありません", "there is no part %s"), path);
	km_sv bytes = km_part_is_text(p) ? km_part_text(m, p) : km_part_bytes(m, p);
	if (isatty(fileno(cli->out)))
		km_show_safe(b, bytes, true);
	else
		km_buf_add(b, bytes);
	return KM_OK;
}

static km_status read_auth(show_run *r, km_sv message, km_show *s, km_show_auth *auth, km_err *err)
{
	km_scan *scan;
	km_status st =
		km_drive_scan(&r->judging.drive, r->asker, r->arena, message, NULL, &scan, err);

	if (st != KM_OK)
		return st;
	*auth = (km_show_auth){ .lang = s->lang, .colour = s->colour };
	km_show_auth_read(auth, r->arena, scan);
	s->auth = auth;
	return KM_OK;
}

static km_status add_message(km_buf *b, show_run *r, const km_source *m, km_err *err)
{
	const km_cli *cli = r->cli;
	const show_options *o = r->o;
	km_arena *a = r->arena;
	km_show_auth auth;
	km_show s = { .arena = a,
		      .file = m->name,
		      .lang = cli->lang == 0 ? KM_JA : KM_EN,
		      .colour = cli->colour,
		      .headers = o->headers,
		      .received = o->received,
		      .links = o->links };
	km_status st = km_mail_read(a, m->bytes, &s.mail);

	if (st != KM_OK && st != KM_LIMIT) /* of a message too large, what fits is shown */
		return KM_FAIL(err, st, "%s: out of memory", m->name);
	st = o->auth && !o->part ? read_auth(r, m->bytes, &s, &auth, err) : KM_OK;
	if (st != KM_OK)
		return st;
	if (o->part)
		return add_part(b, cli, s.mail, o->part, err);
	if (!o->common.json) {
		km_show_text(b, &s);
		return KM_OK;
	}
	st = km_show_json(b, &s);
	km_buf_byte(b, '\n');
	return st == KM_OK ? st : KM_FAIL(err, st, "%s: out of memory", m->name);
}

/* Shows one message, or says why it can not be shown. */
static km_status show_one(show_run *r, km_source *m)
{
	const km_cli *cli = r->cli;
	bool json = r->o->common.json;
	km_err err = m->err;
	km_buf b;

	km_buf_init(&b, NULL, OUTPUT_BYTES);
	if (err.st == KM_OK)
		err.st = add_message(&b, r, m, &err);
	if (err.st != KM_OK && json) {
		b.n = 0;
		if (km_error_json(&b, m->name, err.msg) == KM_OK)
			km_buf_byte(&b, '\n');
	}
	(void)fwrite(b.p, 1, b.n, cli->out);
	if (err.st != KM_OK && !json)
		(void)km_cli_fail(cli, &err);
	km_buf_finish(&b);
	return err.st;
}

static int show_all(show_run *r)
{
	const show_options *o = r->o;
	km_cli *cli = r->cli;
	km_status failed = KM_OK;
	km_source m;
	size_t n = 0;
	km_sources *s = km_sources_new(cli->operands, cli->n_operands);

	r->arena = km_arena_new(KM_MAX_ARENA_BYTES);
	if (s == NULL || r->arena == NULL)
		failed = KM_NOMEM;
	while (failed != KM_NOMEM && km_sources_next(s, &m) && !ferror(cli->out)) {
		if (n++ && !o->common.json && !o->part)
			(void)fputc('\n', cli->out);
		km_status st = show_one(r, &m);
		failed = failed == KM_OK ? st : failed;
		km_source_done(&m);
		km_arena_reset(r->arena);
	}
	km_sources_free(s);
	km_arena_free(r->arena);
	int code = km_cli_flush(cli);
	return code != EX_OK ? code : km_status_sysexit(failed);
}

int km_show_run(km_cli *cli, const void *options)
{
	show_run r = { .cli = cli, .o = options };

	if (!km_cli_need_input(cli))
		return EX_USAGE;
	km_err err = { KM_OK };
	int code = r.o->auth ? km_judging_open(&r.judging, cli, &r.o->judging) : EX_OK;
	if (code == EX_OK && km_judging_asker(&r.judging, &r.asker, &err) != KM_OK)
		code = km_cli_fail(cli, &err);
	if (code == EX_OK)
		code = show_all(&r);
	km_asker_close(r.asker);
	km_judging_close(&r.judging);
	return code;
}
