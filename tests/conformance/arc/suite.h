/*
 * tests/conformance/arc/suite.h - reads the YAML documents of the ARC suite.
 */
#ifndef KM_TESTS_ARC_SUITE_H
#define KM_TESTS_ARC_SUITE_H

#include <stdio.h>
#include <stdlib.h>
#include <yaml.h>

#include "auth/arc.h"
#include "base/file.h"

/* The value of @key in the mapping @node, or NULL. */
static inline yaml_node_t *suite_get(yaml_document_t *doc, const yaml_node_t *node, const char *key)
{
	if (node == NULL || node->type != YAML_MAPPING_NODE)
		return NULL;
	for (yaml_node_pair_t *p = node->data.mapping.pairs.start; p < node->data.mapping.pairs.top;
	     p++) {
		yaml_node_t *k = yaml_document_get_node(doc, p->key);
		if (k->type == YAML_SCALAR_NODE &&
		    strcmp((const char *)k->data.scalar.value, key) == 0)
			return yaml_document_get_node(doc, p->value);
	}
	return NULL;
}

static inline km_sv suite_text(const yaml_node_t *node)
{
	if (node == NULL || node->type != YAML_SCALAR_NODE)
		return (km_sv){ NULL, 0 };
	return (km_sv){ (const char *)node->data.scalar.value, node->data.scalar.length };
}

static inline km_sv suite_value(yaml_document_t *doc, const yaml_node_t *node, const char *key)
{
	return suite_text(suite_get(doc, node, key));
}

/* Steps until done, with the scenario's records as DNS. */
static inline km_arc *suite_validate(km_arena *a, km_sv message, yaml_document_t *doc,
				     yaml_node_t *records, km_dkim **dkim, const km_arc_result **r)
{
	const km_dns_question *q;
	km_dns_set dns;
	km_mail *m;

	if (km_mail_read(a, message, &m) == KM_NOMEM)
		abort();
	km_dns_set_init(&dns, a);
	*dkim = km_dkim_new(a, m, 1500000000);
	km_arc *c = *dkim ? km_arc_new(a, *dkim) : NULL;
	if (c == NULL)
		abort();
	while (km_arc_step(c, &dns, r) == KM_NOTFOUND)
		while (km_dns_open(&dns, &q) > 0) {
			km_dns_rr rr = { .data = suite_value(doc, records,
							     km_sv_cstr(a, q->name)) };
			km_dns_answer reply = { .name = q->name,
						.type = q->type,
						.rcode = rr.data.n ? KM_DNS_OK : KM_DNS_NXDOMAIN,
						.rr = &rr,
						.n = rr.data.n > 0 };
			if (km_dns_give(&dns, &reply) != KM_OK)
				abort();
		}
	return c;
}

/* Calls @scenario for every document of the suite's file @name; prints the plan and the result. */
static inline int suite_run(const char *name, size_t *run, size_t *failed,
			    void (*scenario)(yaml_document_t *doc, yaml_node_t *root))
{
	const char *suites = getenv("KOMAINU_SUITES");
	char path[4096];
	yaml_parser_t parser;
	yaml_document_t doc;
	km_file f;

	(void)snprintf(path, sizeof(path), "%s/arc/%s", suites ? suites : "../shared/suites", name);
	if (km_file_open(&f, path, 1 << 22, NULL) != KM_OK) {
		printf("1..0 # SKIP %s is not there\n", path);
		return 0;
	}
	yaml_parser_initialize(&parser);
	yaml_parser_set_input_string(&parser, (const unsigned char *)f.bytes.p, f.bytes.n);
	for (;;) {
		if (!yaml_parser_load(&parser, &doc)) {
			printf("# %s: %s\n", path, parser.problem);
			++*failed;
			break;
		}
		yaml_node_t *root = yaml_document_get_root_node(&doc);
		if (root)
			scenario(&doc, root);
		yaml_document_delete(&doc);
		if (root == NULL)
			break;
	}
	yaml_parser_delete(&parser);
	km_file_close(&f);
	printf("1..1\n%s 1 - %s: %zu of %zu as listed\n", *failed || !*run ? "not ok" : "ok", name,
	       *run - *failed, *run);
	return *failed || !*run;
}

#endif
