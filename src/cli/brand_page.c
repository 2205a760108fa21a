#include "cli/brand_page.h"

#include "cli/settings.h"

km_status km_brand_table_open(const char *own, km_brand_table *out, km_err *err)
{
	*out = (km_brand_table){ .terms = km_terms_new() };
	if (out->terms == NULL)
		return KM_FAIL(err, KM_NOMEM, "no memory for the table of brands");
	km_status st = km_brands_open(out->terms, own, &out->brands, err);
	if (st != KM_OK)
		km_brand_table_close(out);
	return st;
}

km_status km_brand_table_settings(const char *config, km_brand_table *out, km_err *err)
{
	km_conf *conf = NULL;
	km_status st = km_conf_load(km_settings_path(config), &conf, err);

	*out = (km_brand_table){ NULL, NULL };
	if (st == KM_OK)
		st = km_brand_table_open(km_conf_str(conf, KM_KEY_CONTENT_BRANDS), out, err);
	km_conf_free(conf);
	return st;
}

void km_brand_table_close(km_brand_table *t)
{
	km_brands_free(t->brands);
	km_terms_free(t->terms);
	*t = (km_brand_table){ NULL, NULL };
}

const char *km_brand_certainty_text(const km_brand *brand, int lang)
{
	static const struct {
		const char *code, *text[KM_LANGS];
	} codes[] = {
		{ "A1", { "その組織のページで確かめた", "read on the owner's own page" } },
		{ "A2", { "ほかのページで確かめた", "read on a page of others" } },
		{ "B", { "知られているが、確かめていない", "known, but not verified" } },
		{ "C", { "不確か", "doubtful" } },
	};
	size_t i = 0;

	while (i + 1 < KM_COUNT(codes) && strcmp(codes[i].code, brand->certainty) != 0)
		i++;
	return codes[i].text[lang];
}

void km_brand_add_domains(km_buf *b, const km_sv *domain, size_t n)
{
	for (size_t i = 0; i < n; i++)
		km_buf_fmt(b, "%s%.*s", i ? ", " : "", KM_FMT(domain[i]));
}

json_t *km_brand_json_domains(const km_sv *domain, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		(void)json_array_append_new(list, km_json_text(domain[i]));
	return list;
}
