/*
 * Properties: a host is lower case, short and free of what ends one; its registrable domain is the
 * end of it; and a host read as a link of its own is the same host.
 */
#include <stdio.h>
#include <stdlib.h>

#include "content/host.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const km_link_host *h)
{
	km_sv host = km_sv_of(h->host), domain = km_host_registrable(host);
	char url[KM_HOST_TEXT + 16];
	km_link_host again;

	for (size_t i = 0; i < host.n; i++)
		if (km_lower((unsigned char)host.p[i]) != (unsigned char)host.p[i] ||
		    strchr("/?#\\", host.p[i]))
			abort();
	if (!km_sv_ends(host, domain) || !km_host_related(host, domain))
		abort();
	if (host.n == 0 || host.p[0] == '[')
		return;
	(void)snprintf(url, sizeof(url), "http://%s", h->host);
	km_host_of_link(km_sv_of(url), &again);
	if (strcmp(again.host, h->host) != 0 || again.ip != h->ip || again.userinfo[0])
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	km_sv text = { (const char *)data, size };
	km_link_host h;

	km_host_of_link(text, &h);
	check(&h);
	if (km_host_of_text(text, &h))
		check(&h);
	return 0;
}
