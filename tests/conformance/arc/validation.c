/* Every chain of the suite is found none, pass or fail as listed. */
#include "suite.h"

static size_t run, failed;

static void one(yaml_document_t *doc, yaml_node_t *records, km_sv name, yaml_node_t *test)
{
	km_sv want = suite_value(doc, test, "cv");
	km_arena *a = km_arena_new(KM_MAX_ARENA_BYTES);
	const km_arc_result *r;
	km_dkim *k;

	(void)suite_validate(a, suite_value(doc, test, "message"), doc, records, &k, &r);
	km_sv got = km_sv_of(km_arc_code_name(r->code));
	run++;
	/* An empty cv: the suite leaves it open, and a broken chain must at least not pass. */
	if (want.n ? !km_sv_ieq(want, got) : r->code == KM_ARC_PASS) {
		failed++;
		printf("# %.*s: want %.*s, got %.*s at %u: %.*s\n", KM_FMT(name), KM_FMT(want),
		       KM_FMT(got), r->at, KM_FMT(r->reason));
	}
	km_arena_free(a);
}

static void scenario(yaml_document_t *doc, yaml_node_t *root)
{
	yaml_node_t *tests = suite_get(doc, root, "tests");
	yaml_node_t *records = suite_get(doc, root, "txt-records");

	for (yaml_node_pair_t *p = tests->data.mapping.pairs.start;
	     p < tests->data.mapping.pairs.top; p++)
		one(doc, records, suite_text(yaml_document_get_node(doc, p->key)),
		    yaml_document_get_node(doc, p->value));
}

int main(void)
{
	return suite_run("arc-draft-validation-tests.yml", &run, &failed, scenario);
}
