#include "engine/trust.h"

#include <stdlib.h>

#include "auth/domain.h"
#include "auth/tag.h"

struct km_trust_item {
	km_net net; /* ip.len 0: a name */
	km_sv name;
	char text[256];
};

static bool read_item(struct km_trust_item *item, km_sv text)
{
	if (km_net_parse(text, &item->net))
		return true;
	item->net = (km_net){ 0 };
	if (!km_tag_is_name(text, 1) || text.n >= sizeof(item->text))
		return false;
	memcpy(item->text, text.p, text.n);
	item->name = (km_sv){ item->text, text.n };
	return true;
}

km_status km_trust_open(km_trust *t, const km_conf *conf, km_conf_key key, km_err *err)
{
	const char *const *items;
	size_t n = km_conf_list(conf, key, &items);

	*t = (km_trust){ .item = calloc(n ? n : 1, sizeof(*t->item)) };
	if (t->item == NULL)
		return KM_FAIL(err, KM_NOMEM, "no memory");
	for (size_t i = 0; i < n; i++)
		if (!read_item(&t->item[t->n++], km_sv_of(items[i])))
			return KM_FAIL(err, KM_CONFIG,
				       "line %u: %s: found \"%s\", expected a network such as "
				       "192.0.2.0/24 "
				       "(without bits after the prefix) or a domain",
				       km_conf_line(conf, key), km_conf_describe(key)->name,
				       items[i]);
	return KM_OK;
}

void km_trust_close(km_trust *t)
{
	free(t->item);
	*t = (km_trust){ 0 };
}

bool km_trust_has_ip(const km_trust *t, const km_ip *ip)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->item[i].net.ip.len && km_ip_in(ip, &t->item[i].net.ip, t->item[i].net.bits))
			return true;
	return false;
}

bool km_trust_has_name(const km_trust *t, km_sv name)
{
	for (size_t i = 0; i < t->n && name.n; i++)
		if (t->item[i].name.n && km_auth_is_below(name, t->item[i].name))
			return true;
	return false;
}
