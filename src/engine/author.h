/*
 * engine/author.h - what authentication says about the author's domain, in the terms of content/.
 */
#ifndef KM_ENGINE_AUTHOR_H
#define KM_ENGINE_AUTHOR_H

#include "content/brand_check.h"
#include "engine/auth.h"

/* @x must be settled. Views are into @m. */
km_origin km_author_of(const km_mail *m, const km_auth *x);

#endif
