#include <stdlib.h>

#include "base/buf.h"
#include "base/map.h"
#include "engine/list_keys.h"
#include "engine/lists.h"

enum { HOSTS_OF_A_BAD_DOMAIN = 3 };

/* A domain and how many of its hosts have listed pages. */
typedef struct {
	km_sv domain, note;
	size_t hosts;
	uint32_t day; /* the newest */
} domain;

struct km_list_maker {
	km_arena *arena; /* what lives as long as the maker */
	km_arena *row;	 /* of one row */
	km_badlist_writer *writer;
	km_map domains, hosts;
	km_badlist_info info;
};

bool km_list_url(km_arena *a, km_sv text, km_url *out)
{
	size_t at = km_sv_find(text, KM_S("://"), 0);

	/* Lists have "hxxp" to be safe to click, and "htps" by mistake. */
	if (!km_sv_istarts(text, KM_S("https://")))
		text = km_sv_fmt(a, "http://%.*s",
				 KM_FMT(at < text.n ? km_sv_from(text, at + 3) : text));
	return km_url_read(a, text, NULL, out) && out->host.n &&
	       (out->ip || km_sv_chr(out->host, '.', 0) < out->host.n);
}

km_sv km_list_url_key(km_arena *a, const km_url *url)
{
	km_buf b;
	bool usual = url->port == 0 || (url->port == 443 && km_sv_eq(url->scheme, KM_S("https"))) ||
		     (url->port == 80 && km_sv_eq(url->scheme, KM_S("http")));

	km_buf_init(&b, a, url->host.n + url->path.n + url->query.n + 16);
	km_buf_reserve(&b, b.max);
	km_buf_add(&b, url->host);
	if (!usual)
		km_buf_fmt(&b, ":%u", url->port);
	km_buf_add(&b, url->path.n ? url->path : KM_S("/"));
	if (url->query.n) {
		km_buf_byte(&b, '?');
		km_buf_add(&b, url->query);
	}
	return km_buf_sv(&b);
}

km_list_maker *km_list_maker_new(void)
{
	km_list_maker *m = calloc(1, sizeof(*m));

	if (m == NULL)
		return NULL;
	m->arena = km_arena_new((size_t)4 << 30);
	m->row = km_arena_new(1 << 20);
	m->writer = km_badlist_writer_new();
	if (m->arena == NULL || m->row == NULL || m->writer == NULL) {
		km_list_maker_free(m);
		return NULL;
	}
	km_map_init(&m->domains, m->arena, false);
	km_map_init(&m->hosts, m->arena, false);
	return m;
}

void km_list_maker_free(km_list_maker *m)
{
	if (m == NULL)
		return;
	km_arena_free(m->arena);
	km_arena_free(m->row);
	km_badlist_writer_free(m->writer);
	free(m);
}

/* Counts @host's domain; from the third host on it is an entry of its own. */
static km_status add_domain(km_list_maker *m, km_sv host, uint32_t day, km_sv note, km_err *err)
{
	if (km_map_get(&m->hosts, host))
		return KM_OK;
	km_sv kept = km_sv_dup(m->arena, host);
	km_sv name = km_host_registrable(kept);
	void **seen = km_map_put(&m->hosts, kept), **slot = km_map_put(&m->domains, name);
	if (seen == NULL || slot == NULL)
		return KM_FAIL(err, KM_NOMEM, "no memory for so many hosts");
	*seen = m;
	if (*slot == NULL)
		*slot = KM_NEW(m->arena, domain);
	domain *d = *slot;
	if (d == NULL)
		return KM_FAIL(err, KM_NOMEM, "no memory for so many hosts");
	d->hosts++;
	d->day = d->day > day ? d->day : day;
	if (d->hosts < HOSTS_OF_A_BAD_DOMAIN || km_host_is_shared(name))
		return KM_OK;
	return km_badlist_add(m->writer, KM_BAD_DOMAIN, name, d->day, note, err);
}

static km_status add_url(km_list_maker *m, km_sv value, uint32_t day, km_sv note, km_err *err)
{
	km_url url;

	if (!km_list_url(m->row, value, &url))
		return KM_FAIL(err, KM_SYNTAX, "not a URL");
	bool shared = km_host_is_shared(url.host);
	bool page = url.path.n > 1 || url.query.n;
	/* JPCERT writes "*" for what differs from mail to mail. */
	bool pattern = km_sv_chr(url.path, '*', 0) < url.path.n ||
		       km_sv_chr(url.query, '*', 0) < url.query.n;
	km_status st = KM_OK;
	if (!pattern && (page || !shared))
		st = km_badlist_add(m->writer, KM_BAD_URL, km_list_url_key(m->row, &url), day, note,
				    err);
	if (st == KM_OK && !shared)
		st = km_badlist_add(m->writer, KM_BAD_SITE, url.host, day, note, err);
	if (st == KM_OK && !shared && !url.ip)
		st = add_domain(m, url.host, day, note, err);
	m->info.shared += shared && (!page || pattern);
	return st;
}

static km_status add_host(km_list_maker *m, km_sv value, uint32_t day, km_sv note, km_err *err)
{
	km_url url = { .port = 0 };

	if (km_sv_starts(value, KM_S("*.")))
		value = km_sv_from(value, 2);
	if (!km_url_host(m->row, value, &url) ||
	    (!url.ip && km_sv_chr(url.host, '.', 0) == url.host.n))
		return KM_FAIL(err, KM_SYNTAX, "not a host");
	if (km_host_is_shared(url.host)) {
		m->info.shared++;
		return KM_OK;
	}
	return km_badlist_add(m->writer, KM_BAD_HOST, url.host, day, note, err);
}

static km_status add_address(km_list_maker *m, km_sv value, uint32_t day, km_sv note, km_err *err)
{
	size_t sign = km_sv_rchr(value, '@');
	km_sv domain_name = km_sv_from(value, sign + 1);

	if (sign == value.n || km_sv_chr(domain_name, '.', 0) == domain_name.n ||
	    km_sv_chr(value, ' ', 0) < value.n)
		return KM_FAIL(err, KM_SYNTAX, "not a mail address");
	if (sign == 0 && km_host_is_shared(domain_name)) {
		m->info.shared++;
		return KM_OK;
	}
	return km_badlist_add(m->writer, KM_BAD_ADDRESS, km_sv_lower(m->row, value), day, note,
			      err);
}

static km_status add_hash(km_list_maker *m, km_sv value, uint32_t day, km_sv note, km_err *err)
{
	for (size_t i = 0; i < value.n; i++)
		if (km_hex_value((unsigned char)value.p[i]) < 0)
			value.n = 0;
	if (value.n != 64)
		return KM_FAIL(err, KM_SYNTAX, "not a SHA-256 in hexadecimal");
	return km_badlist_add(m->writer, KM_BAD_HASH, km_sv_lower(m->row, value), day, note, err);
}

km_status km_list_maker_add(km_list_maker *m, km_bad_kind kind, km_sv value, uint32_t day,
			    km_sv note, km_err *err)
{
	static const struct {
		km_bad_kind kind;
		km_status (*add)(km_list_maker *m, km_sv value, uint32_t day, km_sv note,
				 km_err *err);
	} kinds[] = { { KM_BAD_URL, add_url },
		      { KM_BAD_HOST, add_host },
		      { KM_BAD_ADDRESS, add_address },
		      { KM_BAD_HASH, add_hash } };

	km_arena_reset(m->row);
	m->info.rows++;
	for (size_t i = 0; i < KM_COUNT(kinds); i++)
		if (kinds[i].kind == kind)
			return kinds[i].add(m, km_sv_trim(value), day, note, err);
	return KM_FAIL(err, KM_BUG, "no such kind of list");
}

km_status km_list_maker_write(km_list_maker *m, const char *path, km_time now,
			      km_badlist_info *info, km_err *err)
{
	m->info.imported = now;
	km_status st = km_badlist_write(m->writer, path, &m->info, err);
	*info = m->info;
	return st;
}
