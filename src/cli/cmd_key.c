/* `komainu key`: the private keys that mail is signed with, from making to retiring. */
#include <stdlib.h>
#include <sysexits.h>

#include "auth/domain.h"
#include "cli/jsonout.h"
#include "cli/key_check.h"
#include "cli/settings.h"
#include "cli/tables.h"
#include "daemon/setup.h"

enum {
	RSA_BITS = 2048,
	/* A retired key stays published for mail that is on its way (queues give up after 5 days).
	 */
	KEEP_PUBLISHED = 7 * 86400,
	TXT_STRING = 250 /* of at most 255 */
};

typedef struct {
	km_common_options common;
	const char *config, *state_dir, *dns_snapshot, *selector;
	bool force;
} key_options;

/* clang-format off */
#define PLACE                                                                                      \
	{ .letter = 'c', .name = "config", .type = KM_OPT_FILE,                                    \
	  .at = offsetof(key_options, config), .arg = "FILE",                                      \
	  .help = { "設定ファイル (state.dir と key.dir を知るため)",                              \
		    "configuration file, for its state.dir and key.dir" } },                       \
	{ .name = "state-dir", .type = KM_OPT_FILE, .at = offsetof(key_options, state_dir),        \
	  .arg = "DIR",                                                                            \
	  .help = { "state.dir の代わりのフォルダー", "folder in place of state.dir" } }
#define DNS                                                                                        \
	{ .name = "dns-snapshot", .type = KM_OPT_FILE, .at = offsetof(key_options, dns_snapshot),  \
	  .arg = "FILE",                                                                           \
	  .help = { "DNS の代わりに答えるゾーンファイル",                                          \
		    "zone file that answers in place of the DNS" } }
#define SELECTOR                                                                                   \
	{ .name = "selector", .type = KM_OPT_TEXT, .at = offsetof(key_options, selector),          \
	  .arg = "NAME",                                                                           \
	  .help = { "セレクターの初めの部分 (省略時は日付)。後に r か e が付く",                    \
		    "what the selectors begin with, before an r or e (default: the date)" } }
#define FORCE(ja, en)                                                                              \
	{ .name = "force", .type = KM_OPT_FLAG, .at = offsetof(key_options, force),                \
	  .help = { ja, en } }
/* clang-format on */

static const km_option new_rows[] = { SELECTOR, PLACE };
static const km_option list_rows[] = { DNS, PLACE };
static const km_option use_rows[] = { FORCE("DNS で見えなくても使い始める",
					    "use them though they are not seen in DNS"),
				      DNS, PLACE };
static const km_option rotate_rows[] = { SELECTOR,
					 FORCE("DNS で見えなくても使い始める",
					       "use new ones though they are not seen in DNS"),
					 DNS, PLACE };
static const km_option retire_rows[] = { FORCE("期間を待たず、最後の鍵でも廃止する",
					       "do not wait, and retire even the last key"),
					 PLACE };

const km_option_table km_key_new_options = { new_rows, KM_COUNT(new_rows), sizeof(key_options) };
const km_option_table km_key_list_options = { list_rows, KM_COUNT(list_rows), sizeof(key_options) };
const km_option_table km_key_use_options = { use_rows, KM_COUNT(use_rows), sizeof(key_options) };
const km_option_table km_key_rotate_options = { rotate_rows, KM_COUNT(rotate_rows),
						sizeof(key_options) };
const km_option_table km_key_retire_options = { retire_rows, KM_COUNT(retire_rows),
						sizeof(key_options) };

/* What every sub-command works with. */
typedef struct {
	km_cli *cli;
	const key_options *o;
	km_conf *conf;
	char dir[KM_KEY_DIR];
	km_keyring ring;
	km_key_dns *dns; /* NULL where it is not asked */
	char domain[KM_RING_DOMAIN];
	km_time now;
	km_err err;
} job;

static int fail(job *j)
{
	return km_cli_fail(j->cli, &j->err);
}

static km_status read_domain(job *j)
{
	const char *given = j->cli->operands[0];
	km_sv name = km_auth_domain(j->cli->arena, km_sv_of(given), 2);

	if (name.n == 0 || name.n >= sizeof(j->domain))
		return KM_FAIL(&j->err, KM_SYNTAX, "\"%s\" is no domain", given);
	memcpy(j->domain, name.p, name.n);
	return KM_OK;
}

static km_status begin(job *j, bool asks)
{
	const key_options *o = j->o;
	km_status st = km_conf_load(km_settings_path(o->config), &j->conf, &j->err);

	if (st != KM_OK)
		return st;
	km_settings_speak(j->cli, j->conf);
	st = km_key_dir(j->conf,
			o->state_dir ? o->state_dir : km_conf_str(j->conf, KM_KEY_STATE_DIR),
			j->dir, &j->err);
	if (st == KM_OK)
		st = km_keyring_load(j->dir, j->now, &j->ring, &j->err);
	if (st == KM_OK && j->cli->n_operands)
		st = read_domain(j);
	if (st == KM_OK && asks)
		st = km_key_dns_open(j->conf, o->dns_snapshot, &j->dns, &j->err);
	return st;
}

static int end(job *j, int rc)
{
	km_key_dns_close(j->dns);
	km_keyring_free(&j->ring);
	km_conf_free(j->conf);
	return rc == EX_OK ? km_cli_flush(j->cli) : rc;
}

/* --- telling --- */

/* A record in a zone file's form. */
static void print_record(const job *j, km_sv name, km_sv record)
{
	FILE *out = j->cli->out;

	(void)fprintf(out, "%.*s. IN TXT (", KM_FMT(name));
	for (; record.n; record = km_sv_from(record, TXT_STRING))
		(void)fprintf(out, " \"%.*s\"", KM_FMT(km_sv_sub(record, 0, TXT_STRING)));
	(void)fprintf(out, " )\n");
}

static void print_json(const job *j, const km_ring_key *k, const km_key_seen *seen)
{
	km_arena *a = j->cli->arena;
	char made[32], since[32];
	json_t *o = json_pack("{s:s, s:s, s:s, s:s}", "domain", k->domain, "selector", k->selector,
			      "kind", km_privkey_kind(k->key) == KM_KEY_RSA ? "rsa" : "ed25519",
			      "state", km_ring_state_name(k->state));

	if (k->made)
		(void)json_object_set_new(o, "made", km_json_cstr(km_time_format(k->made, made)));
	if (k->since)
		(void)json_object_set_new(o, "since",
					  km_json_cstr(km_time_format(k->since, since)));
	km_sv name = km_key_name(a, k), record = km_ring_key_record(a, k);
	(void)json_object_set_new(o, "name", json_stringn(name.p, name.n));
	(void)json_object_set_new(o, "record", json_stringn(record.p, record.n));
	if (seen)
		(void)json_object_set_new(o, "dns", km_json_cstr(km_key_seen_word(*seen)));
	(void)km_json_print(j->cli, o);
}

static void say(const job *j, const char *ja, const char *en)
{
	if (!j->o->common.json)
		(void)fprintf(j->cli->out, "%s\n", km_say(j->cli, ja, en));
}

/* --- the keys of one domain --- */

static km_ring_key *next(const job *j, const km_ring_key *after, km_ring_state state)
{
	for (size_t i = after ? (size_t)(after - j->ring.key) + 1 : 0; i < j->ring.n; i++) {
		km_ring_key *k = &j->ring.key[i];
		if (k->state == state && strcmp(k->domain, j->domain) == 0)
			return k;
	}
	return NULL;
}

static bool has_any(const job *j)
{
	return next(j, NULL, KM_RING_PENDING) || next(j, NULL, KM_RING_ACTIVE);
}

static bool is_taken(const job *j, const char *selector)
{
	return km_keyring_find(&j->ring, km_sv_of(j->domain), km_sv_of(selector)) != NULL;
}

/* "k20261123", with a letter after it when that is taken. */
static bool choose_selector(const job *j, char *out, char last)
{
	char date[32], base[KM_RING_SELECTOR];
	const char *given = j->o->selector;

	(void)km_time_format(j->now, date);
	(void)snprintf(base, sizeof(base), "k%.4s%.2s%.2s", date, date + 5, date + 8);
	for (int c = 'a' - 1; c <= 'z'; c++) {
		char more[2] = { c < 'a' ? '\0' : (char)c, '\0' };
		int n = snprintf(out, KM_RING_SELECTOR, "%s%s%c", given ? given : base, more, last);
		if (n < 0 || n >= KM_RING_SELECTOR)
			return false;
		if (!is_taken(j, out))
			return km_auth_domain(j->cli->arena, km_sv_of(out), 1).n > 0;
	}
	return false;
}

static km_status make_key(job *j, km_key_kind kind, km_ring_key *k)
{
	*k = (km_ring_key){ .state = KM_RING_PENDING, .made = j->now, .since = j->now };
	(void)snprintf(k->domain, sizeof(k->domain), "%s", j->domain);
	if (!choose_selector(j, k->selector, kind == KM_KEY_RSA ? 'r' : 'e'))
		return KM_FAIL(&j->err, KM_SYNTAX, "\"%s\" can not begin a selector",
			       j->o->selector ? j->o->selector : "");
	km_status st = km_privkey_new(kind, RSA_BITS, &k->key, &j->err);
	return st == KM_OK ? km_keyring_save(j->dir, k, &j->err) : st;
}

static void show_new(const job *j, const km_ring_key *k)
{
	km_arena *a = j->cli->arena;

	if (j->o->common.json)
		print_json(j, k, NULL);
	else
		print_record(j, km_key_name(a, k), km_ring_key_record(a, k));
}

static int make_pair(job *j)
{
	static const km_key_kind kinds[] = { KM_KEY_RSA, KM_KEY_ED25519 };
	km_status st = KM_OK;

	for (size_t i = 0; i < KM_COUNT(kinds) && st == KM_OK; i++) {
		km_ring_key k;
		st = make_key(j, kinds[i], &k);
		if (st == KM_OK && i == 0)
			say(j, "次の DNS レコードを公開してください。鍵はまだ使われません。\n",
			    "Publish these DNS records. The keys sign nothing yet.\n");
		if (st == KM_OK)
			show_new(j, &k);
		km_privkey_free(k.key);
	}
	if (st != KM_OK)
		return fail(j);
	if (!j->o->common.json)
		(void)fprintf(j->cli->out,
			      km_say(j->cli, "\nDNS で見えるようになったら: komainu key use %s\n",
				     "\nOnce they are seen in DNS: komainu key use %s\n"),
			      j->domain);
	return EX_OK;
}

/* True when all that is pending stands in DNS; what does not is named. */
static bool all_visible(const job *j)
{
	bool all = true;

	for (km_ring_key *k = next(j, NULL, KM_RING_PENDING); k; k = next(j, k, KM_RING_PENDING)) {
		km_key_seen seen = km_key_dns_look(j->dns, j->cli->arena, k);
		if (seen == KM_KEY_SEEN_VISIBLE)
			continue;
		all = false;
		km_cli_error(j->cli, "%s._domainkey.%s: %s", k->selector, k->domain,
			     km_key_seen_text(seen, j->cli->lang));
	}
	return all;
}

static km_status set_state(job *j, km_ring_key *k, km_ring_state state)
{
	k->state = state;
	k->since = j->now;
	return km_keyring_save(j->dir, k, &j->err);
}

/* The pending keys sign from now on; those that did so far are retired. New ones come first, so
 * that at any time there is one that signs. */
static int use_pending(job *j)
{
	km_ring_key *old = next(j, NULL, KM_RING_ACTIVE);
	bool was[KM_RING_MAX] = { false };
	km_status st = KM_OK;

	for (km_ring_key *k = next(j, NULL, KM_RING_ACTIVE); k; k = next(j, k, KM_RING_ACTIVE))
		was[k - j->ring.key] = true;
	for (km_ring_key *k = next(j, NULL, KM_RING_PENDING); k; k = next(j, k, KM_RING_PENDING))
		if (st == KM_OK && (st = set_state(j, k, KM_RING_ACTIVE)) == KM_OK &&
		    j->o->common.json)
			print_json(j, k, NULL);
	for (size_t i = 0; i < j->ring.n && st == KM_OK; i++)
		if (was[i] && (st = set_state(j, &j->ring.key[i], KM_RING_RETIRED)) == KM_OK &&
		    j->o->common.json)
			print_json(j, &j->ring.key[i], NULL);
	if (st != KM_OK)
		return fail(j);
	say(j, "新しい鍵で署名します。動いているデーモンは数秒のうちに切り替わります。",
	    "The new keys sign from now on; a running daemon takes them up within seconds.");
	if (old && !j->o->common.json)
		(void)fprintf(j->cli->out,
			      km_say(j->cli,
				     "前の鍵のレコードは、届く途中のメールのため 7 "
				     "日間残してください。その後: komainu key retire %s\n",
				     "Leave the records of the old ones published for 7 days, for "
				     "mail on its way. Then: komainu key retire %s\n"),
			      j->domain);
	return EX_OK;
}

static int use(job *j)
{
	if (next(j, NULL, KM_RING_PENDING) == NULL) {
		km_cli_error(j->cli,
			     km_say(j->cli, "%s に使い始める鍵がありません",
				    "%s has no key that waits to be used"),
			     j->domain);
		return EX_DATAERR;
	}
	if (j->o->force || all_visible(j))
		return use_pending(j);
	km_cli_error(j->cli, "%s",
		     km_say(j->cli, "何も変えていません。公開されてから、もう一度実行してください",
			    "nothing was changed; run this again once they are published"));
	return EX_TEMPFAIL;
}

/* --- sub-commands --- */

int km_key_new_run(km_cli *cli, const void *options)
{
	job j = { .cli = cli, .o = options, .now = km_clock_now() };

	if (begin(&j, false) != KM_OK)
		return end(&j, fail(&j));
	if (!has_any(&j))
		return end(&j, make_pair(&j));
	km_cli_error(cli,
		     km_say(cli, "%s にはすでに鍵があります。新しくするには: komainu key rotate %s",
			    "%s has keys already; to renew them: komainu key rotate %s"),
		     j.domain, j.domain);
	return end(&j, EX_DATAERR);
}

int km_key_list_run(km_cli *cli, const void *options)
{
	job j = { .cli = cli, .o = options, .now = km_clock_now() };

	if (begin(&j, true) != KM_OK)
		return end(&j, fail(&j));
	for (size_t i = 0; i < j.ring.n; i++) {
		const km_ring_key *k = &j.ring.key[i];
		char since[32] = "-";
		if (cli->n_operands && strcmp(k->domain, j.domain) != 0)
			continue;
		km_key_seen seen = km_key_dns_look(j.dns, cli->arena, k);
		if (j.o->common.json) {
			print_json(&j, k, &seen);
			continue;
		}
		if (k->since)
			(void)km_time_format(k->since, since);
		(void)fprintf(cli->out, "%-7s  %s._domainkey.%s  %s  %s  %s\n",
			      km_ring_state_name(k->state), k->selector, k->domain,
			      km_privkey_kind(k->key) == KM_KEY_RSA ? "rsa" : "ed25519", since,
			      km_key_seen_text(seen, cli->lang));
	}
	return end(&j, EX_OK);
}

int km_key_use_run(km_cli *cli, const void *options)
{
	job j = { .cli = cli, .o = options, .now = km_clock_now() };

	return end(&j, begin(&j, true) == KM_OK ? use(&j) : fail(&j));
}

int km_key_rotate_run(km_cli *cli, const void *options)
{
	job j = { .cli = cli, .o = options, .now = km_clock_now() };

	if (begin(&j, true) != KM_OK)
		return end(&j, fail(&j));
	if (next(&j, NULL, KM_RING_PENDING))
		return end(&j, use(&j));
	if (next(&j, NULL, KM_RING_ACTIVE))
		return end(&j, make_pair(&j));
	km_cli_error(cli,
		     km_say(cli, "%s には鍵がありません。作るには: komainu key new %s",
			    "%s has no keys; to make some: komainu key new %s"),
		     j.domain, j.domain);
	return end(&j, EX_DATAERR);
}

/* Its file goes; whoever still has a copy can sign until the record is revoked. */
static int forget_key(job *j, const km_ring_key *k)
{
	km_sv name = km_key_name(j->cli->arena, k);

	if (km_keyring_remove(j->dir, k, &j->err) != KM_OK)
		return fail(j);
	if (j->o->common.json) {
		print_json(j, k, NULL);
		return EX_OK;
	}
	(void)fprintf(j->cli->out,
		      km_say(j->cli,
			     "%s の秘密鍵を消しました。DNS のレコードを失効させてください。\n",
			     "The private key of %s is gone. Revoke its record in DNS:\n"),
		      k->selector);
	print_record(j, name,
		     km_privkey_kind(k->key) == KM_KEY_RSA ? KM_S("v=DKIM1; k=rsa; p=")
							   : KM_S("v=DKIM1; k=ed25519; p="));
	return EX_OK;
}

static int retire_old(job *j)
{
	int rc = EX_OK;
	size_t n = 0;

	for (km_ring_key *k = next(j, NULL, KM_RING_RETIRED); k; k = next(j, k, KM_RING_RETIRED))
		if (rc == EX_OK && (j->o->force || j->now - k->since >= KEEP_PUBLISHED)) {
			rc = forget_key(j, k);
			n++;
		}
	if (n || rc != EX_OK)
		return rc;
	km_cli_error(j->cli, "%s",
		     km_say(j->cli, "使わなくなって 7 日を過ぎた鍵はありません",
			    "there is no key that has been out of use for 7 days"));
	return EX_TEMPFAIL;
}

/* Others that sign for the domain once @k does not. */
static bool is_last(const job *j, const km_ring_key *k)
{
	for (km_ring_key *other = next(j, NULL, KM_RING_ACTIVE); other;
	     other = next(j, other, KM_RING_ACTIVE))
		if (other != k)
			return false;
	return k->state == KM_RING_ACTIVE;
}

static int retire_one(job *j, const char *selector)
{
	km_ring_key *k = NULL;

	for (size_t i = 0; i < j->ring.n; i++)
		if (strcmp(j->ring.key[i].domain, j->domain) == 0 &&
		    strcmp(j->ring.key[i].selector, selector) == 0)
			k = &j->ring.key[i];
	if (k == NULL) {
		km_cli_error(j->cli,
			     km_say(j->cli, "%s にセレクター %s の鍵はありません",
				    "%s has no key with selector %s"),
			     j->domain, selector);
		return EX_DATAERR;
	}
	if (k->state != KM_RING_ACTIVE)
		return forget_key(j, k);
	if (is_last(j, k) && !j->o->force) {
		km_cli_error(j->cli,
			     km_say(j->cli,
				    "%s の最後の鍵です。廃止すると署名されなくなります (--force "
				    "で廃止)",
				    "this is the last key of %s: its mail would go unsigned "
				    "(--force does it)"),
			     j->domain);
		return EX_DATAERR;
	}
	if (set_state(j, k, KM_RING_RETIRED) != KM_OK)
		return fail(j);
	if (j->o->common.json)
		print_json(j, k, NULL);
	say(j, "この鍵ではもう署名しません。レコードは 7 日間残してください。",
	    "This key signs no more. Leave its record published for 7 days.");
	return EX_OK;
}

int km_key_retire_run(km_cli *cli, const void *options)
{
	job j = { .cli = cli, .o = options, .now = km_clock_now() };

	if (begin(&j, false) != KM_OK)
		return end(&j, fail(&j));
	return end(&j, cli->n_operands > 1 ? retire_one(&j, cli->operands[1]) : retire_old(&j));
}
