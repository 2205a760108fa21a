/*
 * content/host_table.h - data/hosts.csv in the program. Inside content/ only.
 */
#ifndef KM_CONTENT_HOST_TABLE_H
#define KM_CONTENT_HOST_TABLE_H

#include "content/urls.h"

typedef struct km_host_row {
	km_sv host, path, parameter;
	unsigned kind; /* KM_SITE_* */
	km_link_wrap wrap;
} km_host_row;

extern const km_host_row km_host_rows[]; /* by host, bytewise */
extern const size_t km_host_row_count;

/* The first row of @host or its nearest parent; its other rows follow. NULL: none. */
const km_host_row *km_host_row_of(km_sv host);

typedef struct {
	km_sv domain; /* registrable, of a host without a dot at its end */
	const km_host_row *row;
	unsigned kind; /* KM_SITE_* */
} km_host_place;

/* All that the lists say of @host. */
km_host_place km_host_place_of(km_sv host);

/* What @url wraps by the rows from @row on: read into *out. KM_WRAP_NONE when nothing. */
km_link_wrap km_url_unwrap(km_arena *a, const km_url *url, const km_host_row *row, km_url *out);
/* The first parameter of @url that is a URL of its own. */
bool km_url_parameter(km_arena *a, const km_url *url, km_url *out);

/* One link of running text: [from, to) of the text; @bare when it has no scheme. */
typedef struct {
	size_t from, to;
	bool bare;
} km_text_link;

/*
 * The next link of @text at or after *at, which moves past it. @text is valid UTF-8. Linear when
 * called until it is false.
 */
bool km_text_link_next(km_arena *a, km_sv text, size_t *at, km_text_link *out);

#endif
