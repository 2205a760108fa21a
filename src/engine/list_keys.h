/*
 * engine/list_keys.h - how a page is written as the key of a list: the same when a list is made and
 * when a link is looked up. Inside engine/ only.
 */
#ifndef KM_ENGINE_LIST_KEYS_H
#define KM_ENGINE_LIST_KEYS_H

#include "content/urls.h"

/* Reads a URL as lists have it, with or without scheme; false when it is none with a host. */
bool km_list_url(km_arena *a, km_sv text, km_url *out);

/*
 * "host[:port]/path[?query]": without what a sender can change at no cost (scheme, userinfo,
 * fragment). Empty when the arena is full.
 */
km_sv km_list_url_key(km_arena *a, const km_url *url);

#endif
