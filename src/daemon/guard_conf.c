#include "daemon/guard_conf.h"

#include "base/file.h"

enum {
	IDENTITIES_MAX = 256 * 1024 * 1024 /* bytes of a file */
};

km_guard_conf km_guard_conf_read(const km_conf *c)
{
	static const struct {
		const char *word;
		km_guard_action action;
	} actions[] = { { "hold", KM_GUARD_HOLD },
			{ "defer", KM_GUARD_DEFER },
			{ "reject", KM_GUARD_REJECT } };
	km_guard_conf g = km_guard_defaults();

	for (size_t i = 0; i < KM_COUNT(actions); i++)
		if (strcmp(km_conf_str(c, KM_KEY_GUARD_ON_BRAKE), actions[i].word) == 0)
			g.on_brake = actions[i].action;
	g.reject_foreign = km_conf_bool(c, KM_KEY_GUARD_REJECT_FOREIGN);
	g.new_days = (uint32_t)km_conf_int(c, KM_KEY_GUARD_NEW_DAYS);
	g.throttle_s = (uint32_t)(km_conf_int(c, KM_KEY_GUARD_THROTTLE) / 1000);
	g.leniency = (double)km_conf_int(c, KM_KEY_GUARD_LENIENCY) / 100;
	g.client_hour = (double)km_conf_int(c, KM_KEY_GUARD_CLIENT_HOUR);
	g.block_hour = (double)km_conf_int(c, KM_KEY_GUARD_BLOCK_HOUR);
	return g;
}

static km_status read_identities(const char *item, km_identities *ids, km_err *err)
{
	km_sv v = km_sv_of(item);
	size_t equals = km_sv_rchr(v, '=');
	km_file file;

	if (item[0] != '/' && equals < v.n)
		return km_identities_add(ids, km_sv_sub(v, 0, equals), km_sv_from(v, equals + 1));
	km_status st = km_file_open(&file, item, IDENTITIES_MAX, err);
	if (st != KM_OK)
		return st;
	st = km_sv_iends(v, KM_S(".csv")) ? km_identities_read_csv(ids, file.bytes, item, err)
					  : km_identities_read_map(ids, file.bytes, item, err);
	km_file_close(&file);
	return st;
}

km_status km_guard_conf_identities(const km_conf *conf, km_identities *ids, km_err *err)
{
	const char *const *items;
	size_t n = km_conf_list(conf, KM_KEY_GUARD_IDENTITIES, &items);
	km_status first = KM_OK;

	for (size_t i = 0; i < n; i++) {
		km_err e = { 0 };
		km_status st = read_identities(items[i], ids, &e);
		if (st != KM_OK && first == KM_OK)
			first = KM_FAIL(err, st, "guard.identities: %s",
					e.msg[0] ? e.msg : items[i]);
	}
	return first;
}

km_status km_guard_conf_database(const km_conf *conf, km_identity_sql **out, km_err *err)
{
	const char *path = km_conf_str(conf, KM_KEY_GUARD_IDENTITIES_DB);
	const char *query = km_conf_str(conf, KM_KEY_GUARD_IDENTITIES_QUERY);
	km_err why = { 0 };

	*out = NULL;
	if (*path == '\0' || km_identity_sql_open(path, query, out, &why) == KM_OK)
		return KM_OK;
	return KM_FAIL(err, KM_CONFIG, "guard.identities_db: %s", why.msg);
}
