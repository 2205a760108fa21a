/*
 * content/host.h - which host a link leads to, as browsers read it: scheme, userinfo, host. Not a
 * whole URL reader: percent-encoded and international hosts are given as they are written.
 */
#ifndef KM_CONTENT_HOST_H
#define KM_CONTENT_HOST_H

#include "base/sv.h"

enum { KM_HOST_TEXT = 256 };

typedef struct {
	char scheme[16];	 /* lower case; "" when there is none or it is longer */
	char userinfo[64];	 /* as written, without the "@", cut to fit; "" when none */
	char host[KM_HOST_TEXT]; /* lower case, no final dot, no port; "" when none */
	bool ip;		 /* an IP address, also as a single number or in hexadecimal */
} km_link_host;

/* Reads @target, an href or a URL in running text. Tabs and line ends inside are passed over. */
void km_host_of_link(km_sv target, km_link_host *out);

/*
 * For the visible text of a link: true when it reads like an address of a page or a host
 * ("https://example.com/x", "www.example.com", "example.co.jp"), which is then in *out.
 */
bool km_host_of_text(km_sv text, km_link_host *out);

/*
 * The registrable domain of @host by the public suffix list, or @host itself when it has none.
 * A part of @host.
 */
km_sv km_host_registrable(km_sv host);

/* True when both have the same registrable domain; case does not matter. */
bool km_host_related(km_sv a, km_sv b);

#endif
