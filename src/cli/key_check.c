#include "cli/key_check.h"

#include <stdlib.h>

#include "auth/tag.h"
#include "cli/asker.h"
#include "cli/drive.h"

struct km_key_dns {
	km_dns_snapshot *snapshot; /* or */
	km_asker *asker;
};

static const struct {
	const char *word, *text[2];
} seen[KM_KEY_SEEN_COUNT] = {
#define X(id, word, ja, en) { word, { ja, en } },
	KM_KEY_SEEN(X)
#undef X
};

const char *km_key_seen_word(km_key_seen s)
{
	return seen[s].word;
}

const char *km_key_seen_text(km_key_seen s, int lang)
{
	return seen[s].text[lang];
}

km_sv km_key_name(km_arena *a, const km_ring_key *k)
{
	return km_sv_fmt(a, "%s._domainkey.%s", k->selector, k->domain);
}

/* The p= of a key record without white space; empty when there is none. */
static km_sv public_part(km_arena *a, km_sv record)
{
	km_tags tags;

	if (km_tags_read(record, &tags, NULL) != KM_OK)
		return (km_sv){ NULL, 0 };
	return km_tag_squeeze(a, km_tags_value(&tags, KM_S("p"), (km_sv){ NULL, 0 }));
}

km_key_seen km_key_compare(km_arena *a, const km_ring_key *k, const km_dns_answer *answer)
{
	km_sv ours = public_part(a, km_ring_key_record(a, k));

	if (answer->rcode == KM_DNS_NXDOMAIN || answer->rcode == KM_DNS_NODATA)
		return KM_KEY_SEEN_MISSING;
	if (answer->rcode != KM_DNS_OK)
		return KM_KEY_SEEN_UNKNOWN;
	/* Receivers take whichever of several records comes first. */
	for (size_t i = 0; i < answer->n; i++)
		if (ours.n == 0 || !km_sv_eq(public_part(a, answer->rr[i].data), ours))
			return KM_KEY_SEEN_DIFFERENT;
	return answer->n ? KM_KEY_SEEN_VISIBLE : KM_KEY_SEEN_MISSING;
}

km_status km_key_dns_open(const km_conf *conf, const char *snapshot, km_key_dns **out, km_err *err)
{
	km_key_dns *d = calloc(1, sizeof(*d));
	const char *path = snapshot ? snapshot : km_conf_str(conf, KM_KEY_DNS_SNAPSHOT);

	*out = d;
	if (d == NULL)
		return KM_FAIL(err, KM_NOMEM, "out of memory");
	return path[0] ? km_drive_snapshot(path, &d->snapshot, err)
		       : km_asker_open(conf, &d->asker, err);
}

void km_key_dns_close(km_key_dns *d)
{
	if (d == NULL)
		return;
	km_asker_close(d->asker);
	km_dns_snapshot_free(d->snapshot);
	free(d);
}

km_key_seen km_key_dns_look(km_key_dns *d, km_arena *a, const km_ring_key *k)
{
	km_sv name = km_key_name(a, k);
	km_dns_asking asking = { 0 };
	km_dns_set set;

	km_dns_set_init(&set, a);
	asking.set = &set;
	(void)km_dns_need(&set, name, KM_DNS_TXT); /* not there yet: it is noted as a question */
	if (km_asker_answer(d->asker, d->snapshot, &asking) != KM_OK)
		return KM_KEY_SEEN_UNKNOWN;
	const km_dns_answer *answer = km_dns_need(&set, name, KM_DNS_TXT);
	return answer ? km_key_compare(a, k, answer) : KM_KEY_SEEN_UNKNOWN;
}
