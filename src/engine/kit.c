#include "engine/kit.h"

#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "content/archives.h"
#include "crypt/digest.h"

static void read_names(km_kit *kit, const km_conf *conf)
{
	if (conf)
		(void)snprintf(kit->authserv_id, sizeof(kit->authserv_id), "%s",
			       km_conf_str(conf, KM_KEY_AUTH_AUTHSERV_ID));
	if (gethostname(kit->host, sizeof(kit->host) - 1) != 0 || kit->host[0] == '\0')
		(void)snprintf(kit->host, sizeof(kit->host), "localhost");
}

static km_status open_lists(km_kit *kit, const km_conf *conf, km_err *err)
{
	const struct {
		km_trust *list;
		km_conf_key key;
	} lists[] = { { &kit->networks, KM_KEY_TRUSTED_NETWORKS },
		      { &kit->forwarders, KM_KEY_AUTH_TRUSTED_FORWARDERS },
		      { &kit->sealers, KM_KEY_AUTH_TRUSTED_SEALERS } };
	km_status st = KM_OK;

	for (size_t i = 0; i < KM_COUNT(lists) && conf && st == KM_OK; i++)
		st = km_trust_open(lists[i].list, conf, lists[i].key, err);
	return st;
}

static km_status open_tables(km_kit *kit, const km_conf *conf, km_err *err)
{
	const char *own = conf ? km_conf_str(conf, KM_KEY_CONTENT_BRANDS) : NULL;

	kit->terms = km_terms_new();
	if (kit->terms == NULL)
		return KM_FAIL(err, KM_NOMEM, "no memory for tables of words");
	km_status st = km_brands_open(kit->terms, own, &kit->brands, err);
	if (st == KM_OK)
		st = km_phrases_parse(kit->terms, km_phrases_builtin(), "phrases.csv",
				      &kit->phrases, err);
	if (st != KM_OK)
		return st;
	kit->imitations = km_imitations_new(kit->brands);
	if (kit->imitations == NULL)
		return KM_FAIL(err, KM_NOMEM, "no memory for tables of words");
	return kit->checks & KM_CHECK_CONTENT ? km_terms_build(kit->terms, err) : KM_OK;
}

/* A base model that is damaged does not stop the mail: the one inside the program is as good. */
static km_status open_models(km_kit *kit, const char *path, km_err *err)
{
	km_err why = { 0 };
	km_status st = km_base_open(path, &kit->base, &why);

	if (st != KM_OK && path[0]) {
		km_warn("model.base: %s; the built-in model is used", why.msg);
		st = km_base_open(NULL, &kit->base, &why);
	}
	if (st != KM_OK)
		km_warn("%s; there is no base model", why.msg);
	kit->layers = km_layers_new(kit->base, NULL);
	if (kit->layers)
		return KM_OK;
	return KM_FAIL(err, KM_NOMEM, "no memory");
}

static bool picture_digest(km_sv secret, km_sv bytes, uint64_t *out)
{
	uint8_t digest[KM_SHA256_BYTES];

	if (km_hmac_sha256(secret, bytes, digest) != KM_OK)
		return false;
	memcpy(out, digest, sizeof(*out));
	return true;
}

static km_status open_pictures(km_kit *kit, km_err *err)
{
	uint8_t secret[KM_PICTURES_SECRET];
	km_status st = km_random(secret, sizeof(secret));

	if (st != KM_OK)
		return KM_FAIL(err, st, "no random numbers");
	kit->pictures = km_pictures_new(picture_digest, secret);
	return kit->pictures ? KM_OK : KM_FAIL(err, KM_NOMEM, "no memory");
}

static unsigned checks_of(const km_conf *conf)
{
	static const struct {
		const char *word;
		unsigned checks;
	} words[] = { { "auth", KM_CHECK_AUTH }, { "structure", KM_CHECK_STRUCTURE } };

	for (size_t i = 0; conf && i < KM_COUNT(words); i++)
		if (strcmp(km_conf_str(conf, KM_KEY_CHECKS), words[i].word) == 0)
			return words[i].checks;
	return KM_CHECK_ALL;
}

km_status km_kit_open(km_kit *kit, const km_conf *conf, const km_pack *pack, km_err *err)
{
	*kit = (km_kit){ .pack = pack };
	km_archive_prepare();
	if (conf && strcmp(km_conf_str(conf, KM_KEY_DMARC_METHOD), "psl") == 0)
		kit->dmarc = KM_DMARC_PSL;
	kit->checks = checks_of(conf);
	read_names(kit, conf);
	km_status st = open_lists(kit, conf, err);
	if (st == KM_OK)
		st = open_tables(kit, conf, err);
	if (st == KM_OK)
		st = open_pictures(kit, err);
	if (st == KM_OK && conf)
		st = km_dnsbls_open(&kit->dnsbl, conf, err);
	if (st == KM_OK)
		st = open_models(kit, conf ? km_conf_str(conf, KM_KEY_MODEL_BASE) : "", err);
	if (st != KM_OK)
		km_kit_close(kit);
	return st;
}

km_status km_kit_open_state(km_kit *kit, const char *dir, km_err *err)
{
	char lists[1100];

	(void)snprintf(lists, sizeof(lists), "%s/lists", dir);
	return km_lists_open(lists, &kit->lists, err);
}

km_status km_kit_use_learned(km_kit *kit, void *area, km_err *err)
{
	km_layers *layers = km_layers_new(kit->base, area);

	if (layers == NULL)
		return KM_FAIL(err, KM_NOMEM, "no memory");
	km_layers_free(kit->layers);
	kit->layers = layers;
	return KM_OK;
}

void km_kit_open_learned(km_kit *kit, const km_conf *conf)
{
	const km_trainer_options o = {
		.dir = km_conf_str(conf, KM_KEY_STATE_DIR),
		.base = kit->base,
		.layers = (uint64_t)km_conf_int(conf, KM_KEY_LEARN_LAYERS),
		.read_only = true,
	};
	km_trainer *t = NULL;
	km_err err = { 0 };
	km_status st = km_trainer_open(&o, &t, &err);

	if (st == KM_OK)
		st = km_trainer_work(t, SIZE_MAX, &err);
	if (st == KM_OK) {
		km_layers_free(kit->layers);
		kit->layers = km_trainer_layers(t);
		kit->learned = t;
		return;
	}
	km_trainer_close(t);
	if (st != KM_NOTFOUND)
		km_warn("what was learned does not count: %s", err.msg);
}

void km_kit_close(km_kit *kit)
{
	km_trust_close(&kit->networks);
	km_trust_close(&kit->forwarders);
	km_trust_close(&kit->sealers);
	km_phrases_free(kit->phrases);
	km_pictures_free(kit->pictures);
	km_imitations_free(kit->imitations);
	km_brands_free(kit->brands);
	km_terms_free(kit->terms);
	km_lists_close(kit->lists);
	km_dnsbls_close(&kit->dnsbl);
	if (kit->learned == NULL)
		km_layers_free(kit->layers);
	km_trainer_close(kit->learned);
	km_base_close(kit->base);
	*kit = (km_kit){ 0 };
}

km_sv km_kit_name(const km_kit *kit, km_sv mta)
{
	if (kit->authserv_id[0])
		return km_sv_of(kit->authserv_id);
	return mta.n ? mta : km_sv_of(kit->host);
}
