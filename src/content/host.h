/*
 * content/host.h - what a host's name tells: whose domain it is, and what kind of place.
 */
#ifndef KM_CONTENT_HOST_H
#define KM_CONTENT_HOST_H

#include "base/sv.h"

enum { KM_HOST_TEXT = 256 };

/*
 * The registrable domain of @host by the public suffix list with its private part, or @host itself
 * when it has none. A part of @host.
 */
km_sv km_host_registrable(km_sv host);
/* The same by the part of the list that registries wrote: "github.io" for "x.github.io". */
km_sv km_host_registered(km_sv host);

/* True when both have the same registrable domain; case does not matter. */
bool km_host_related(km_sv a, km_sv b);

/*
 * True when many people share @host as it is, so that what one of them does tells nothing of the
 * others: a shortener, a big site, a public suffix, a hoster's own domain (not what is below it).
 */
bool km_host_is_shared(km_sv host);

/* True for a label that ends names of the Internet: "com", "jp". Any case; A-label or ASCII. */
bool km_host_is_suffix(km_sv label);

/*
 * True when @text begins with what reads like a host: "www.example.com", "example.co.jp/x"; not
 * "README.md", "3.5" or "and/or". *length (may be NULL) is that of the host.
 */
bool km_host_in_text(km_sv text, size_t *length);

#endif
