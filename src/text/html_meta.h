/*
 * text/html_meta.h - what the content attribute of a meta tag says.
 */
#ifndef KM_TEXT_HTML_META_H
#define KM_TEXT_HTML_META_H

#include "base/sv.h"

/* The charset in "text/html; charset=…", or empty (WHATWG HTML section 2.5.3). */
km_sv km_html_content_charset(km_sv content);
/* The target in "5; url=…", or empty (section 4.2.5.3, shared declarative refresh steps). */
km_sv km_html_refresh_target(km_sv content);

#endif
