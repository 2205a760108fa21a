/*
 * Any text gives either an error that names the file and a line, or a tree that hangs together:
 * links, counts and paths agree, and every scalar reads or fails without harm. The same text as a
 * configuration gives an error with a message, or keys that are all set.
 */
#include <stdlib.h>

#include "conf/conf.h"
#include "conf/yaml.h"

static void require(bool ok)
{
	if (!ok)
		abort();
}

static void check_children(const km_yaml *n)
{
	size_t count = 0;

	for (const km_yaml *c = n->child; c; c = c->next, count++) {
		require(c->parent == n && c->line >= 1 && c->file == n->file);
		require(n->kind != KM_YAML_MAP || km_yaml_get(n, c->key) == c);
	}
	require(count == n->n && (n->kind != KM_YAML_SCALAR || count == 0));
}

static void check_scalar(const km_yaml *n)
{
	double d;
	int64_t i;
	km_err err = { 0 };

	if (km_yaml_double(n, -1000, 1000, &d, NULL) == KM_OK)
		require(d >= -1000 && d <= 1000);
	if (km_yaml_int(n, -5, 5, &i, &err) == KM_OK)
		require(i >= -5 && i <= 5);
	else
		require(err.st == KM_CONFIG && strstr(err.msg, "expected") != NULL);
}

static void check_tree(const km_yaml *root)
{
	size_t looked = 0;

	for (const km_yaml *n = root; n && looked < 500; looked++) {
		check_children(n);
		if (n->kind == KM_YAML_SCALAR)
			check_scalar(n);
		if (n->child) {
			n = n->child;
			continue;
		}
		while (n && !n->next)
			n = n->parent;
		n = n ? n->next : NULL;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	km_sv text = { (const char *)data, size };
	km_arena *a = km_arena_new(64 << 20);
	km_err err = { 0 };
	km_yaml *root;
	km_conf *conf;

	if (km_yaml_parse(a, text, "f", &root, &err) == KM_OK)
		check_tree(root);
	else
		require(root == NULL && strncmp(err.msg, "f:", 2) == 0);
	km_arena_free(a);

	err = (km_err){ 0 };
	if (km_conf_parse(text, "f", &conf, &err) == KM_OK)
		for (km_conf_key k = 0; k < KM_KEY_COUNT; k++)
			require(km_conf_describe(k)->type == KM_CONF_LIST || km_conf_str(conf, k));
	else
		require(conf == NULL && strncmp(err.msg, "f:", 2) == 0);
	km_conf_free(conf);
	return 0;
}
