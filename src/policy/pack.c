#include "policy/pack.h"

#include "base/file.h"

enum { FILE_BYTES = 1 << 20 };

static const char *const actions[KM_ACTIONS] = {
	[KM_ACTION_ACCEPT] = "accept",	   [KM_ACTION_TAG] = "tag",
	[KM_ACTION_JUNK] = "junk",	   [KM_ACTION_GREYLIST] = "greylist",
	[KM_ACTION_TEMPFAIL] = "tempfail", [KM_ACTION_QUARANTINE] = "quarantine",
	[KM_ACTION_REJECT] = "reject",	   [KM_ACTION_DISCARD] = "discard",
};

static const char *const classes[KM_CLASSES] = {
	[KM_CLASS_HAM] = "ham",		[KM_CLASS_SPAM] = "spam", [KM_CLASS_PHISH] = "phish",
	[KM_CLASS_MALWARE] = "malware", [KM_CLASS_SCAM] = "scam", [KM_CLASS_BULK] = "bulk",
};

const char *km_action_name(km_action a)
{
	return actions[a];
}

const char *km_class_name(km_class c)
{
	return classes[c];
}

km_status km_pack_load(const char *path, km_pack **out, km_err *err)
{
	km_file f;

	*out = NULL;
	if (path == NULL || *path == '\0')
		return km_pack_parse(km_pack_builtin(), "built-in policy.yaml", out, err);
	km_status st = km_file_open(&f, path, FILE_BYTES, err);
	if (st != KM_OK)
		return st;
	st = km_pack_parse(f.bytes, path, out, err);
	km_file_close(&f);
	return st;
}

void km_pack_free(km_pack *p)
{
	if (p)
		km_arena_free(p->arena);
}

const char *km_pack_version(const km_pack *p)
{
	return p->version;
}

double km_pack_threshold(const km_pack *p, km_action a)
{
	return p->base.threshold[a];
}

const km_profile *km_pack_profile(const km_pack *p, km_sv rcpt)
{
	size_t at = km_sv_rchr(rcpt, '@');
	const km_profile *own = p->overrides.n ? km_map_get(&p->overrides, rcpt) : NULL;

	if (own == NULL && at < rcpt.n)
		own = km_map_get(&p->overrides, km_sv_from(rcpt, at + 1));
	return own ? own : &p->base;
}
