/*
 * A message through the whole of reader and judge. Before a line ";;;" stand DNS answers; without
 * it every question times out.
 * Properties: there is a verdict with a finite score, each fact lies inside the message, and the
 * JSON is what another JSON reader accepts.
 */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>

#include "../../tests/support/answer.h"
#include "engine/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_facts(const km_scan *s, km_sv message)
{
	const km_facts *fs = km_scan_facts(s);

	for (size_t i = 0; i < fs->n; i++)
		if (fs->f[i].offset > message.n || fs->f[i].length > message.n - fs->f[i].offset)
			abort();
}

static void check_json(const km_scan *s)
{
	km_buf b;
	json_t *j;

	km_buf_init(&b, NULL, 1 << 24);
	if (km_verdict_json(&b, s, "fuzz\xff", "ID", KM_JA) != KM_OK)
		abort();
	j = json_loadb(b.p, b.n, JSON_REJECT_DUPLICATES, NULL);
	if (j == NULL || !json_is_string(json_object_get(j, "class")))
		abort();
	json_decref(j);
	km_buf_finish(&b);
}

static void scan(km_sv message, const km_kit *kit, const km_dns_snapshot *dns)
{
	km_arena *a = km_arena_new(KM_MAX_ARENA_BYTES);
	km_envelope env = { .now = 1772413200 };

	if (a == NULL || km_envelope_from_stored(a, message, 0, false, &env) != KM_OK)
		abort();
	km_scan *s = km_scan_new(a, kit, &env);
	km_scan_message(s, message);
	if (test_drive(s, dns) != KM_SCAN_DONE || !isfinite(km_scan_verdict(s)->score))
		abort();
	check_facts(s, message);
	check_json(s);
	km_arena_free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static km_pack *pack;
	static km_kit kit;
	km_sv all = { (const char *)data, size }, zone = { NULL, 0 }, message = all;
	km_dns_snapshot *dns = NULL;
	size_t mark = km_sv_find(all, KM_S("\n;;;\n"), 0);

	if (pack == NULL && (km_pack_load(NULL, &pack, NULL) != KM_OK ||
			     km_kit_open(&kit, NULL, pack, NULL) != KM_OK))
		abort();
	if (mark < all.n) {
		zone = km_sv_sub(all, 0, mark + 1);
		message = km_sv_from(all, mark + 5);
	}
	if (zone.n && km_dns_snapshot_parse(zone, "fuzz", &dns, NULL) != KM_OK)
		dns = NULL;
	scan(message, &kit, dns);
	km_dns_snapshot_free(dns);
	return 0;
}
