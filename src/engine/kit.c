#include "engine/kit.h"

km_status km_kit_open(km_kit *kit, const km_conf *conf, const km_pack *pack, km_err *err)
{
	(void)err;
	*kit = (km_kit){ .pack = pack };
	if (conf && strcmp(km_conf_str(conf, KM_KEY_DMARC_METHOD), "psl") == 0)
		kit->dmarc = KM_DMARC_PSL;
	return KM_OK;
}

void km_kit_close(km_kit *kit)
{
	*kit = (km_kit){ 0 };
}
