/*
 * content/imitation.h - hosts that are made to look like a brand's: its own host put before another
 * domain, its name in another's host, a name that differs by a letter.
 */
#ifndef KM_CONTENT_IMITATION_H
#define KM_CONTENT_IMITATION_H

#include "content/brands.h"
#include "content/urls.h"

typedef enum {
	KM_IMITATION_NONE,
	KM_IMITATION_PREFIX, /* "my.orico.co.jp.evil.example" */
	KM_IMITATION_NAME,   /* "rakuten-login.evil.example" */
	KM_IMITATION_WORD,   /* "apple.orchard.example": a name that is a word, too, with nothing
				beside it */
	KM_IMITATION_ALIKE   /* "rakutem.example", "rakut3n.example" */
} km_imitation;

typedef struct km_imitations km_imitations; /* an index; immutable once made */

/* Of the names and domains of @b, which must outlive it. NULL when out of memory. */
km_imitations *km_imitations_new(const km_brands *b);
void km_imitations_free(km_imitations *x);

/* Whom @site imitates, and how; KM_IMITATION_NONE for sites of brands and those that many share. */
km_imitation km_imitation_of(const km_imitations *x, const km_site *site, const km_brand **brand);

/* The brand whose host is a folder in the path of @url, which leads to another's @site; or NULL. */
const km_brand *km_imitated_in_path(const km_imitations *x, const km_url *url, const km_site *site);

/* True for a site of one of the brands. */
bool km_imitations_is_brand(const km_imitations *x, const km_site *site);

/* True when what stands before the registrable domain ends like a Japanese domain:
 * "x-co.jp.evil.example". */
bool km_imitates_jp(const km_site *site);

/* True when the label that somebody chose for @site looks like drawn by lot. */
bool km_site_is_random(const km_site *site);

#endif
