/*
 * content/url.h - one link as a browser reads it (WHATWG URL standard; UTS #46 for hosts), and what
 * it did to be read otherwise by a person or a filter.
 */
#ifndef KM_CONTENT_URL_H
#define KM_CONTENT_URL_H

#include "base/arena.h"

/* Tricks of spelling, by bit. */
enum {
	KM_URL_USERINFO = 1,	    /* something before "@" */
	KM_URL_USERINFO_HOST = 2,   /* that looks like a host, or hides a slash (U+2215, %2F …) */
	KM_URL_SLASHES = 4,	    /* not two slashes after the scheme */
	KM_URL_BACKSLASH = 8,	    /* "\" for "/" before the path */
	KM_URL_BLANKS = 16,	    /* tabs or line ends inside scheme or host */
	KM_URL_ESCAPED_HOST = 32,   /* %-encoding in the host */
	KM_URL_FOLDED_HOST = 64,    /* fullwidth, squared … letters or dots in the host */
	KM_URL_IGNORED_HOST = 128,  /* soft hyphens, zero-width characters in the host */
	KM_URL_NUMBER_HOST = 256,   /* an IPv4 address not written as four decimal numbers */
	KM_URL_INTERNATIONAL = 512, /* a host with characters beyond ASCII (A-labels) */
	KM_URL_MIXED_SCRIPT = 1024, /* of several scripts in one label that do not go together */
	KM_URL_NO_SCHEME = 2048,    /* written without scheme; read as http */
	KM_URL_BAD_HOST = 4096	    /* a host that browsers refuse: leads nowhere */
};

typedef struct {
	km_sv scheme;	/* lower case; empty when there is none */
	km_sv userinfo; /* %-decoded, without "@"; empty when none */
	/*
	 * As it is asked of the DNS: lower case A-labels, no final dot, no port; an IP address as
	 * "192.0.2.1" or "[2001:db8::1]". Empty: none, or refused (KM_URL_BAD_HOST).
	 */
	km_sv host;
	km_sv shown; /* the host in letters (U-labels); the same view as host when it has none */
	km_sv path, query, fragment; /* as written, without "?" and "#" */
	uint16_t port;		     /* 0: the scheme's */
	bool ip;		     /* the host is an IP address */
	unsigned tricks;
} km_url;

/*
 * Reads @text, an attribute's value or a link of running text; @base (may be NULL) is what a
 * relative one belongs to. Views point into @text or the arena. True when it leads somewhere: a
 * host, or a scheme that needs none (mailto:, data:, javascript: …).
 */
bool km_url_read(km_arena *a, km_sv text, const km_url *base, km_url *out);

/*
 * A host as browsers take it, without port or brackets of its own: UTS #46, IPv4 in all spellings.
 * Sets host, shown, ip and adds to tricks. False when browsers refuse it.
 */
bool km_url_host(km_arena *a, km_sv host, km_url *out);

/* @v with its %-escapes decoded, as valid UTF-8. */
km_sv km_url_decoded(km_arena *a, km_sv v);

/* True for letters, digits and dots that a host may hold and that are folded to plain ones. */
bool km_url_folds(int32_t c);
/* True for division slashes and the like, which pass for "/". */
bool km_url_is_slash_like(int32_t c);

#endif
