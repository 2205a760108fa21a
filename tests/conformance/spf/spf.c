/*
 * The SPF test suite of openspf.org, read with libyaml: each YAML document is a section of cases
 * with DNS of its own. All of rfc7208-tests.yml must give a result that the suite lists, and its
 * explanation; rfc4408-tests.yml, of the RFC that is no longer in force, is only counted.
 */
#include <stdio.h>
#include <stdlib.h>
#include <yaml.h>

#include "auth/spf.h"
#include "base/buf.h"

enum { MAX_RECORDS = 64, MAX_CNAMES = 12 };

typedef yaml_document_t doc;
typedef yaml_node_t node;

static km_sv scalar(const node *n)
{
	if (n == NULL || n->type != YAML_SCALAR_NODE)
		return (km_sv){ NULL, 0 };
	return (km_sv){ (const char *)n->data.scalar.value, n->data.scalar.length };
}

/* The value of @key in a mapping; letter case does not matter. */
static node *get(doc *d, const node *map, km_sv key)
{
	if (map == NULL || map->type != YAML_MAPPING_NODE)
		return NULL;
	for (yaml_node_pair_t *p = map->data.mapping.pairs.start; p < map->data.mapping.pairs.top;
	     p++)
		if (km_sv_ieq(scalar(yaml_document_get_node(d, p->key)), key))
			return yaml_document_get_node(d, p->value);
	return NULL;
}

static size_t length(const node *seq)
{
	return seq && seq->type == YAML_SEQUENCE_NODE
		       ? (size_t)(seq->data.sequence.items.top - seq->data.sequence.items.start)
		       : 0;
}

static node *item(doc *d, const node *seq, size_t i)
{
	return yaml_document_get_node(d, seq->data.sequence.items.start[i]);
}

/* --- DNS from the section's zonedata --- */

static km_sv without_dot(km_sv v)
{
	return km_sv_ends(v, KM_S(".")) ? km_sv_sub(v, 0, v.n - 1) : v;
}

/* One string, or a list of strings that are joined. */
static km_sv text_of(km_arena *a, doc *d, const node *n)
{
	km_buf b;

	if (n->type == YAML_SCALAR_NODE)
		return scalar(n);
	km_buf_init(&b, a, 65536);
	for (size_t i = 0; i < length(n); i++)
		km_buf_add(&b, scalar(item(d, n, i)));
	return km_buf_sv(&b);
}

static km_dns_rr record_of(km_arena *a, doc *d, const node *value, km_dns_type type)
{
	km_dns_rr rr = { .data = { NULL, 0 } };
	km_ip ip;

	if (type == KM_DNS_A || type == KM_DNS_AAAA) {
		if (km_ip_parse(scalar(value), &ip))
			rr.data = km_sv_dup(a, (km_sv){ (const char *)ip.b, ip.len });
	} else if (type == KM_DNS_MX) {
		rr.data = without_dot(scalar(item(d, value, 1)));
	} else if (type == KM_DNS_TXT) {
		rr.data = text_of(a, d, value);
	} else {
		rr.data = without_dot(scalar(value));
	}
	return rr;
}

/* Adds the records under @key; true when there are any, "NONE" included. */
static bool collect(km_arena *a, doc *d, const node *list, km_sv key, km_dns_answer *out)
{
	km_dns_rr *rr = (km_dns_rr *)(uintptr_t)out->rr;
	bool any = false;

	for (size_t i = 0; i < length(list); i++) {
		node *value = get(d, item(d, list, i), key);
		if (value == NULL)
			continue;
		any = true;
		if (!km_sv_eq(scalar(value), KM_S("NONE")) && out->n < MAX_RECORDS)
			rr[out->n++] = record_of(a, d, value, out->type);
	}
	return any;
}

static bool times_out(doc *d, const node *list)
{
	for (size_t i = 0; i < length(list); i++)
		if (km_sv_eq(scalar(item(d, list, i)), KM_S("TIMEOUT")))
			return true;
	return false;
}

/* Cases of old that name the type SPF are for TXT too, unless a name has TXT records of its own. */
static void answer(km_arena *a, doc *d, const node *zone, km_dns_answer *out)
{
	km_sv name = out->name;
	km_dns_answer cname = { .type = KM_DNS_CNAME };

	out->rr = KM_NEW_ARRAY(a, km_dns_rr, MAX_RECORDS);
	for (int hops = 0; hops < MAX_CNAMES; hops++) {
		const node *list = get(d, zone, name);
		if (list == NULL) {
			out->rcode = KM_DNS_NXDOMAIN;
			return;
		}
		if (!collect(a, d, list, km_sv_of(km_dns_type_name(out->type)), out) &&
		    out->type == KM_DNS_TXT)
			(void)collect(a, d, list, KM_S("SPF"), out);
		out->rcode = out->n		  ? KM_DNS_OK
			     : times_out(d, list) ? KM_DNS_TIMEOUT
						  : KM_DNS_NODATA;
		cname.rr = KM_NEW_ARRAY(a, km_dns_rr, MAX_RECORDS);
		cname.n = 0;
		if (out->n || !collect(a, d, list, KM_S("CNAME"), &cname))
			return;
		name = cname.rr[0].data;
	}
	out->rcode = KM_DNS_SERVFAIL;
}

/* --- cases --- */

static void check(km_arena *a, doc *d, const node *zone, const node *c, km_spf_result *out)
{
	km_spf_request q = { .from = scalar(get(d, c, KM_S("mailfrom"))),
			     .helo = scalar(get(d, c, KM_S("helo"))),
			     .now = 1772413200 };
	const km_dns_question *open;
	km_dns_set dns;

	if (!km_ip_parse(scalar(get(d, c, KM_S("host"))), &q.ip))
		return;
	km_dns_set_init(&dns, a);
	km_spf *s = km_spf_new(a, &q);
	while (km_spf_step(s, &dns, out) == KM_NOTFOUND) {
		if (km_dns_open(&dns, &open) == 0) {
			printf("waits for nothing\n");
			return;
		}
		km_dns_answer one = { .name = open->name, .type = open->type };
		answer(a, d, zone, &one);
		(void)!km_dns_give(&dns, &one);
	}
}

static bool is_listed(doc *d, node *want, km_sv got)
{
	if (want && want->type == YAML_SCALAR_NODE)
		return km_sv_eq(scalar(want), got);
	for (size_t i = 0; i < length(want); i++)
		if (km_sv_eq(scalar(item(d, want, i)), got))
			return true;
	return false;
}

static bool run_case(doc *d, const node *zone, km_sv name, const node *c, bool quiet)
{
	km_arena *a = km_arena_new(1 << 26);
	km_spf_result r = { .code = KM_SPF_NONE };
	node *explanation = get(d, c, KM_S("explanation"));

	check(a, d, zone, c, &r);
	km_sv got = km_sv_of(km_spf_code_name(r.code)), want = scalar(explanation);
	bool ok = is_listed(d, get(d, c, KM_S("result")), got);
	if (explanation)
		ok &= km_sv_eq(r.explanation, km_sv_eq(want, KM_S("DEFAULT")) ? KM_S("") : want);
	if (!ok && !quiet)
		printf("# not as listed: %.*s: %.*s (%.*s; term \"%.*s\"), explanation \"%.*s\"\n",
		       KM_FMT(name), KM_FMT(got), KM_FMT(r.reason), KM_FMT(r.term),
		       KM_FMT(r.explanation));
	km_arena_free(a);
	return ok;
}

typedef struct {
	size_t n, ok;
} tally;

static void run_section(doc *d, tally *all, bool quiet)
{
	const node *root = yaml_document_get_root_node(d);
	const node *zone = get(d, root, KM_S("zonedata")), *tests = get(d, root, KM_S("tests"));
	km_sv title = scalar(get(d, root, KM_S("description")));
	tally t = { 0, 0 };

	if (tests == NULL || tests->type != YAML_MAPPING_NODE)
		return;
	for (yaml_node_pair_t *p = tests->data.mapping.pairs.start;
	     p < tests->data.mapping.pairs.top; p++) {
		t.n++;
		t.ok += run_case(d, zone, scalar(yaml_document_get_node(d, p->key)),
				 yaml_document_get_node(d, p->value), quiet);
	}
	printf("# %.*s: %zu/%zu\n", KM_FMT(title), t.ok, t.n);
	all->n += t.n;
	all->ok += t.ok;
}

/* False when the file is not there or is no YAML. */
static bool run_file(const char *path, tally *all, bool quiet)
{
	FILE *f = fopen(path, "rb");
	yaml_parser_t parser;
	doc d;
	bool more = f != NULL, ok = more;

	if (f == NULL || !yaml_parser_initialize(&parser))
		return false;
	yaml_parser_set_input_file(&parser, f);
	while (more) {
		ok = yaml_parser_load(&parser, &d);
		more = ok && yaml_document_get_root_node(&d);
		if (more)
			run_section(&d, all, quiet);
		if (ok)
			yaml_document_delete(&d);
	}
	yaml_parser_delete(&parser);
	(void)fclose(f);
	return ok;
}

int main(void)
{
	const char *suites = getenv("KOMAINU_SUITES");
	char path[4096];
	tally now = { 0, 0 }, old = { 0, 0 };

	(void)snprintf(path, sizeof(path), "%s/spf/rfc7208-tests.yml", suites ? suites : ".");
	FILE *f = fopen(path, "rb");
	if (f == NULL) {
		printf("1..0 # SKIP no suite at %s\n", path);
		return 0;
	}
	(void)fclose(f);
	bool ok = run_file(path, &now, false) && now.n > 0 && now.ok == now.n;
	printf("# rfc7208-tests.yml: %zu/%zu\n", now.ok, now.n);
	(void)snprintf(path, sizeof(path), "%s/spf/rfc4408-tests.yml", suites);
	if (run_file(path, &old, true))
		printf("# rfc4408-tests.yml, replaced by RFC 7208: %zu/%zu\n", old.ok, old.n);
	printf("1..1\n%s 1 - rfc7208-tests.yml: %zu of %zu as listed\n", ok ? "ok" : "not ok",
	       now.ok, now.n);
	return ok ? 0 : 1;
}
