/*
 * content/urls.h - all links of a message, read once for all that look at them: where each stands,
 * what is shown, where it leads as a browser reads it, and through what wrappers.
 *
 * From running text (as it is and as match key, without scheme too), HTML (href, form, area, meta
 * refresh, sources of images and frames), and what other readers add (QR codes, PDF files).
 */
#ifndef KM_CONTENT_URLS_H
#define KM_CONTENT_URLS_H

#include "base/map.h"
#include "content/host.h"
#include "content/url.h"
#include "content/views.h"
#include "text/html.h"

/* What kind of place a host is, by data/hosts.csv; bits. */
enum {
	KM_SITE_SHORTENER = 1,
	KM_SITE_HOSTING = 2,  /* pages of anyone under sub-domains or paths */
	KM_SITE_DDNS = 4,     /* names for anyone's address */
	KM_SITE_REDIRECT = 8, /* leads on to what a parameter names */
	KM_SITE_TRACKER = 16, /* click counters of honest mail services */
	KM_SITE_SHARED = 32,  /* big sites with pages, files or posts of many people */
	KM_SITE_STORAGE = 64  /* files and small programs of anyone, under names that say nothing */
};

/* A host that links of the message lead to; each once. */
typedef struct {
	km_sv host;    /* as km_url.host */
	km_sv shown;   /* as km_url.shown */
	km_sv domain;  /* registrable domain by the Public Suffix List with its private part (a part
			  of host); host itself for IP addresses and public suffixes */
	unsigned kind; /* KM_SITE_*, of the host or its nearest parent in the table */
	bool ip;
	const struct km_host_row *row; /* in data/hosts.csv, of the host or its nearest parent */
	unsigned uses; /* links that lead here, wrapped ones counted at their target */
} km_site;

/* True for a host that no DNS can know, as in "well...known". */
static inline bool km_site_has_gap(const km_site *site)
{
	return km_sv_find(site->host, KM_S(".."), 0) < site->host.n;
}

/* Where in the message a link was found. */
typedef enum {
	KM_FROM_TEXT,	 /* running text that mail readers make clickable */
	KM_FROM_KEY,	 /* only in the match key: split by zero-width characters, odd letters */
	KM_FROM_ANCHOR,	 /* a, area */
	KM_FROM_FORM,	 /* action, formaction */
	KM_FROM_REFRESH, /* meta refresh */
	KM_FROM_FRAME,	 /* iframe, object … */
	KM_FROM_IMAGE,	 /* loaded, not clicked */
	KM_FROM_OTHER,	 /* link href, script src … */
	KM_FROM_QR,	 /* a QR code in an image */
	KM_FROM_PDF,
	KM_FROM_FIELD /* a header field: List-Unsubscribe, Subject … */
} km_link_origin;

/* How a link's target was wrapped. */
typedef enum {
	KM_WRAP_NONE,
	KM_WRAP_TRANSLATE, /* a translator shows the page: translate.google.*, *.translate.goog */
	KM_WRAP_REDIRECT,  /* google.com/url?q=, bing.com/ck/a … */
	KM_WRAP_AMP,	   /* google.com/amp/s/… */
	KM_WRAP_GUARD,	   /* put around by a mail filter: Safe Links, URL Defense … */
	KM_WRAP_PARAMETER  /* some page with a URL in a parameter: it may lead there */
} km_link_wrap;

typedef struct km_found_link {
	km_link_origin origin;
	int part;     /* index in mail->parts, or KM_NO_PART */
	km_sv where;  /* as written: the link in running text, the tag in HTML; for the fact's place
		       */
	km_sv target; /* the link's own text: attribute value or URL in running text */
	km_sv text;   /* what the reader sees of it: text inside the anchor, or the URL itself */
	bool hidden;  /* inside hidden content */
	km_sv file;   /* the attached file that it is in, as it is shown; empty: in none */
	const km_url *url;   /* where it leads first */
	const km_url *final; /* innermost target of wrappers but KM_WRAP_PARAMETER; else url */
	const km_url *maybe; /* what a KM_WRAP_PARAMETER names, of another host; or NULL */
	km_link_wrap wrap;   /* outermost wrapper */
	unsigned depth;	     /* wrappers taken off */
	km_site *site;	     /* of url; NULL when it has no host */
	km_site *final_site; /* of final */
} km_found_link;

typedef struct km_links {
	km_arena *arena;
	km_found_link *a;
	size_t n, cap;
	km_site **site; /* distinct hosts, in order of appearance; KM_MAX_SITES at most */
	size_t n_sites;
	km_limit_set limits; /* KM_LIMIT_LINKS, KM_LIMIT_SITES */
	km_map by_host;
} km_links;

/* Reads all links of @m. Lives in @a, as long as the message. */
void km_links_read(km_arena *a, km_mail *m, const km_views *v, km_links *out);

/*
 * Adds what @text (a link's whole text, UTF-8) leads to; for readers of QR codes, PDF files, header
 * fields. NULL when it leads nowhere, or past the limit.
 */
km_found_link *km_links_add(km_links *l, km_link_origin origin, int part, km_sv text);

/* Adds all links of @page, a file's. */
void km_links_read_page(km_links *l, const km_page *page);

/* The site of @host (as in km_url.host), or NULL when no link leads there. */
const km_site *km_links_site(const km_links *l, km_sv host);

/* True when a click may lead there: not an image, style sheet or the like. */
bool km_link_is_clicked(const km_found_link *l);

/* KM_SITE_* of @host by the table; 0 for others. */
unsigned km_site_kind(km_sv host);

#endif
