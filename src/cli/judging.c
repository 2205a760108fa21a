#include "cli/judging.h"

#include <sysexits.h>
#include <unistd.h>

#include "cli/settings.h"

/* "<a@b>" and "a@b" are the same to a person who types it. */
static km_sv without_brackets(const char *text)
{
	km_sv v = km_sv_of(text);

	return v.n >= 2 && v.p[0] == '<' && v.p[v.n - 1] == '>' ? km_sv_sub(v, 1, v.n - 2) : v;
}

static km_status set_envelope(km_cli *cli, const km_judging_options *o, km_envelope *env)
{
	km_sv *rcpts = KM_NEW_ARRAY(cli->arena, km_sv, o->rcpts.n);

	if (rcpts == NULL)
		return KM_NOMEM;
	for (size_t i = 0; i < o->rcpts.n; i++)
		rcpts[i] = without_brackets(o->rcpts.v[i]);
	*env = (km_envelope){ .now = env->now,
			      .has_ip = o->ip != NULL,
			      .has_helo = o->helo != NULL,
			      .helo = km_sv_of(o->helo),
			      .has_from = o->from != NULL,
			      .from = o->from ? without_brackets(o->from) : (km_sv){ 0 },
			      .rcpts = rcpts,
			      .n_rcpts = o->rcpts.n,
			      .user = km_sv_of(o->user),
			      .bulk = o->bulk };
	/* What an envelope says is data, however odd. */
	if (o->ip && !km_ip_parse(km_sv_of(o->ip), &env->ip))
		km_cli_error(cli,
			     km_say(cli, "--ip %s は IP アドレスではないので、不明とみなします",
				    "--ip %s is no IP address and is taken as unknown"),
			     o->ip);
	return KM_OK;
}

static km_status set_time(const km_judging_options *o, km_drive *d, km_err *err)
{
	d->received_time = o->now && strcmp(o->now, "received") == 0;
	if (o->now && !d->received_time)
		return km_time_parse_rfc3339(km_sv_of(o->now), &d->given.now, err);
	d->given.now = km_clock_now();
	return KM_OK;
}

/* An option goes before a key of the configuration; an empty one is as good as none. */
static const char *first_of(const char *option, const char *key)
{
	const char *text = option ? option : key;

	return *text ? text : NULL;
}

static km_status open_all(km_judging *j, km_cli *cli, const km_judging_options *o, km_err *err)
{
	const km_conf *c = j->conf;
	const char *kept = o->dns ? "" : km_conf_str(c, KM_KEY_DNS_SNAPSHOT);
	const char *snapshot = first_of(o->dns_snapshot, kept);
	km_drive *d = &j->drive;
	km_status st = set_envelope(cli, o, &d->given);

	if (st == KM_OK)
		st = km_pack_load(first_of(o->policy, km_conf_str(c, KM_KEY_POLICY_PACK)), &j->pack,
				  err);
	if (st == KM_OK)
		st = km_kit_open(&j->kit, c, j->pack, err);
	if (st == KM_OK)
		st = km_kit_open_state(&j->kit, km_conf_str(c, KM_KEY_STATE_DIR), err);
	if (st == KM_OK)
		km_kit_open_learned(&j->kit, c);
	if (st == KM_OK && snapshot)
		st = km_drive_snapshot(snapshot, &j->snapshot, err);
	d->kit = &j->kit;
	d->snapshot = j->snapshot;
	j->dns = o->dns && snapshot == NULL;
	d->trusted_hops = o->trusted_hops.given ? (size_t)o->trusted_hops.v
						: (size_t)km_conf_int(c, KM_KEY_TRUSTED_HOPS);
	return st;
}

int km_judging_open(km_judging *j, km_cli *cli, const km_judging_options *o)
{
	km_err err = { KM_OK };

	*j = (km_judging){ 0 };
	if (set_time(o, &j->drive, &err) != KM_OK) {
		(void)km_cli_fail(cli, &err);
		return EX_USAGE;
	}
	if (km_conf_load(km_settings_path(o->config), &j->conf, &err) != KM_OK)
		return km_cli_fail(cli, &err);
	km_settings_speak(cli, j->conf);
	km_status st = open_all(j, cli, o, &err);
	if (st == KM_OK)
		return EX_OK;
	err.st = st;
	return km_cli_fail(cli, &err);
}

void km_judging_close(km_judging *j)
{
	km_dns_snapshot_free(j->snapshot);
	km_kit_close(&j->kit);
	km_pack_free(j->pack);
	km_conf_free(j->conf);
}

km_status km_judging_asker(const km_judging *j, km_asker **out, km_err *err)
{
	*out = NULL;
	return j->dns ? km_asker_open(j->conf, out, err) : KM_OK;
}

void km_judging_hint(const km_judging *j, km_cli *cli)
{
	if (j->dns || j->snapshot || !isatty(fileno(cli->err)))
		return;
	(void)fprintf(
		cli->err, "%s\n",
		km_say(cli,
		       "DNS には問い合わせていないので、送信元は確かめていません (--dns "
		       "で問い合わせます)",
		       "the DNS was not asked, so the sender was not checked (--dns asks it)"));
}
