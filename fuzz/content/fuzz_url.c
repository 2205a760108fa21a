/*
 * Properties: a host is lower case, short and free of what ends one; its registrable domain is the
 * end of it; and a host read as a link of its own is the same host.
 */
#include <stdlib.h>

#include "content/host.h"
#include "content/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	km_sv text = { (const char *)data, size };
	km_arena *a = km_arena_new(1 << 20);
	km_url u, again;

	if (a == NULL)
		return 0;
	bool leads = km_url_read(a, text, NULL, &u);
	km_sv domain = km_host_registrable(u.host);
	for (size_t i = 0; i < u.host.n; i++)
		if (km_lower((unsigned char)u.host.p[i]) != (unsigned char)u.host.p[i] ||
		    memchr("/?#\\@", u.host.p[i], 5))
			abort();
	if (!km_sv_ends(u.host, domain) || (u.host.n && !leads) ||
	    (u.host.n && u.tricks & KM_URL_BAD_HOST))
		abort();
	if (u.host.n) {
		km_sv url = km_sv_fmt(a, "http://%.*s", KM_FMT(u.host));
		if (!km_url_read(a, url, NULL, &again) || !km_sv_eq(again.host, u.host) ||
		    again.ip != u.ip || again.userinfo.n)
			abort();
	}
	km_arena_free(a);
	return 0;
}
