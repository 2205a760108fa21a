#include "engine/kit.h"

#include <stdio.h>
#include <unistd.h>

static void read_names(km_kit *kit, const km_conf *conf)
{
	if (conf)
		(void)snprintf(kit->authserv_id, sizeof(kit->authserv_id), "%s",
			       km_conf_str(conf, KM_KEY_AUTH_AUTHSERV_ID));
	if (gethostname(kit->host, sizeof(kit->host) - 1) != 0 || kit->host[0] == '\0')
		(void)snprintf(kit->host, sizeof(kit->host), "localhost");
}

km_status km_kit_open(km_kit *kit, const km_conf *conf, const km_pack *pack, km_err *err)
{
	(void)err;
	*kit = (km_kit){ .pack = pack };
	if (conf && strcmp(km_conf_str(conf, KM_KEY_DMARC_METHOD), "psl") == 0)
		kit->dmarc = KM_DMARC_PSL;
	read_names(kit, conf);
	return KM_OK;
}

void km_kit_close(km_kit *kit)
{
	*kit = (km_kit){ 0 };
}

km_sv km_kit_name(const km_kit *kit, km_sv mta)
{
	if (kit->authserv_id[0])
		return km_sv_of(kit->authserv_id);
	return mta.n ? mta : km_sv_of(kit->host);
}
