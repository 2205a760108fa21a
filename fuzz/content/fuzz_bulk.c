/*
 * Any message, looked at as a mailing: each fact at most once, of its group; and with a proper
 * label put before the ASCII text of a plain message, nothing of the label is missing any more.
 */
#include <stdlib.h>

#include "base/buf.h"
#include "content/bulk.h"

static const char head[] = "From: a@b.example\nContent-Type: text/plain; charset=UTF-8\n\n";
static const char label[] = "発行: 株式会社みどり 〒604-0000 電話 075-000-0000\n"
			    "配信停止: https://b.example/u\n";

static void require(bool ok)
{
	if (!ok)
		abort();
}

static void look(km_sv message, km_facts *fs)
{
	km_arena *a = km_arena_new(64 << 20);
	km_mail *m;
	km_views views;
	km_links links;

	require(a != NULL);
	if (km_mail_read(a, message, &m) == KM_OK) {
		km_views_read(a, m, &views);
		km_links_read(a, m, &views, &links);
		const km_bulk_mail b = { .mail = m, .views = &views, .links = &links };
		(void)km_bulk_is_one(m);
		km_bulk_facts(a, &b, fs);
	}
	km_arena_free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	km_arena *a = km_arena_new(16 << 20);
	km_facts fs;
	km_buf b;

	require(a != NULL);
	km_facts_init(&fs, a);
	look((km_sv){ (const char *)data, size }, &fs);
	for (size_t i = 0; i < fs.n; i++) {
		require(km_sv_starts(km_sv_of(km_fact_describe(fs.f[i].id)->id), KM_S("BULK_")));
		for (size_t j = 0; j < i; j++)
			require(fs.f[i].id != fs.f[j].id);
	}
	km_facts_init(&fs, a);
	km_buf_init(&b, a, 1 << 20);
	km_buf_add(&b, (km_sv){ head, sizeof(head) - 1 });
	km_buf_add(&b, (km_sv){ label, sizeof(label) - 1 });
	for (size_t i = 0; i < size && i < 4096; i++) /* bytes above would change its charset */
		km_buf_byte(&b, data[i] == '\n' ? '\n' : (char)(' ' + data[i] % 95));
	look(km_buf_sv(&b), &fs);
	require(!km_facts_has(&fs, KM_FACT_BULK_NO_SENDER_NAME) &&
		!km_facts_has(&fs, KM_FACT_BULK_NO_OPT_OUT) &&
		!km_facts_has(&fs, KM_FACT_BULK_NO_POSTAL) &&
		!km_facts_has(&fs, KM_FACT_BULK_NO_CONTACT));
	km_arena_free(a);
	return 0;
}
