/* What DKIM and ARC found, as facts. */
#include <stdio.h>

#include "auth/arc.h"

#define MALFORMED KM_FACT_DKIM_MALFORMED /* of signatures that can not be read */

/* The fact for each reason; a table, so that a new reason can not be forgotten. */
static const km_fact_id ids[KM_DKIM_WHY_COUNT] = {
	[KM_DKIM_WHY_NONE] = KM_FACT_DKIM_PASS,
	[KM_DKIM_WHY_SYNTAX] = MALFORMED,
	[KM_DKIM_WHY_VERSION] = MALFORMED,
	[KM_DKIM_WHY_ALGORITHM] = MALFORMED,
	[KM_DKIM_WHY_CANONICAL] = MALFORMED,
	[KM_DKIM_WHY_QUERY] = MALFORMED,
	[KM_DKIM_WHY_TAG_MISSING] = MALFORMED,
	[KM_DKIM_WHY_DOMAIN] = MALFORMED,
	[KM_DKIM_WHY_IDENTITY] = MALFORMED,
	[KM_DKIM_WHY_TIME] = MALFORMED,
	[KM_DKIM_WHY_LENGTH] = MALFORMED,
	[KM_DKIM_WHY_FROM_UNSIGNED] = MALFORMED,
	[KM_DKIM_WHY_HEADER_CUT] = MALFORMED,
	[KM_DKIM_WHY_TOO_MANY] = KM_FACT_DKIM_MANY,
	[KM_DKIM_WHY_FIELD_ADDED] = KM_FACT_DKIM_FIELD_ADDED,
	[KM_DKIM_WHY_EXPIRED] = KM_FACT_DKIM_EXPIRED,
	[KM_DKIM_WHY_FUTURE] = KM_FACT_DKIM_EXPIRED,
	[KM_DKIM_WHY_SHA1] = KM_FACT_DKIM_WEAK_KEY,
	[KM_DKIM_WHY_KEY_SHORT] = KM_FACT_DKIM_WEAK_KEY,
	[KM_DKIM_WHY_KEY_MISSING] = KM_FACT_DKIM_KEY_UNUSABLE,
	[KM_DKIM_WHY_KEY_SYNTAX] = KM_FACT_DKIM_KEY_UNUSABLE,
	[KM_DKIM_WHY_KEY_VERSION] = KM_FACT_DKIM_KEY_UNUSABLE,
	[KM_DKIM_WHY_KEY_REVOKED] = KM_FACT_DKIM_KEY_UNUSABLE,
	[KM_DKIM_WHY_KEY_KIND] = KM_FACT_DKIM_KEY_UNUSABLE,
	[KM_DKIM_WHY_KEY_HASH] = KM_FACT_DKIM_KEY_UNUSABLE,
	[KM_DKIM_WHY_KEY_SERVICE] = KM_FACT_DKIM_KEY_UNUSABLE,
	[KM_DKIM_WHY_KEY_GRANULARITY] = KM_FACT_DKIM_KEY_UNUSABLE,
	[KM_DKIM_WHY_KEY_STRICT] = KM_FACT_DKIM_KEY_UNUSABLE,
	[KM_DKIM_WHY_KEY_BROKEN] = KM_FACT_DKIM_KEY_UNUSABLE,
	[KM_DKIM_WHY_KEY_LONG] = KM_FACT_DKIM_KEY_UNUSABLE,
	[KM_DKIM_WHY_BODY] = KM_FACT_DKIM_FAIL,
	[KM_DKIM_WHY_SIGNATURE] = KM_FACT_DKIM_FAIL,
	[KM_DKIM_WHY_KEY_UNAVAILABLE] = KM_FACT_DKIM_TEMPERROR,
	[KM_DKIM_WHY_MEMORY] = KM_FACT_DKIM_TEMPERROR,
};

static km_fact *add(km_facts *fs, km_fact_id id, const km_dkim_sig *s, const km_mail *mail)
{
	const km_header *h = &mail->headers->h[s->field];
	size_t length = (size_t)(h->raw.p + h->raw.n - (mail->raw.p + h->offset));
	km_fact *f = km_fact_add(fs, id, s->identity, 0, h->offset, length);

	km_fact_arg(fs, f, 1, s->domain);
	km_fact_arg(fs, f, 2, s->code == KM_DKIM_PASS ? s->selector : s->reason);
	return f;
}

static void add_tail(km_facts *fs, const km_dkim_sig *s, const km_mail *mail)
{
	char text[32];
	int n = snprintf(text, sizeof(text), "%zu", s->unsigned_tail);
	km_fact *f = add(fs, KM_FACT_DKIM_UNSIGNED_TAIL, s, mail);

	km_fact_arg(fs, f, 2, (km_sv){ text, (size_t)n });
}

/*
 * Lists, forwarders and old signatures of earlier hops break: only the first signature that does
 * not pass has points, and none has any where another one counts.
 */
void km_dkim_facts(const km_dkim_result *r, const km_mail *mail, km_facts *fs)
{
	bool settled = false, told = false;

	for (size_t i = 0; i < r->n; i++)
		settled |= km_dkim_counts(&r->sig[i]);
	for (size_t i = 0; i < r->n; i++) {
		const km_dkim_sig *s = &r->sig[i];
		bool pass = s->code == KM_DKIM_PASS, tail = pass && s->unsigned_tail;
		/* DKIM_PASS says that nothing was changed. */
		km_fact *f = tail ? NULL : add(fs, ids[s->why], s, mail);
		if (f && !pass && (settled || told))
			f->weight = 0;
		told |= !pass;
		if (tail)
			add_tail(fs, s, mail);
		if (s->why == KM_DKIM_WHY_TOO_MANY)
			break;
	}
}

void km_arc_facts(const km_arc_result *r, km_facts *fs)
{
	static const km_fact_id arc_ids[] = {
		[KM_ARC_PASS] = KM_FACT_ARC_PASS,
		[KM_ARC_FAIL] = KM_FACT_ARC_FAIL,
		[KM_ARC_TEMPERROR] = KM_FACT_ARC_TEMPERROR,
	};
	char text[16];

	if (r->code == KM_ARC_NONE)
		return;
	/* The set that broke, or the newest. */
	size_t at = r->at && r->at <= r->n ? r->at - 1 : r->n ? r->n - 1 : 0;
	km_sv sealer = r->n ? r->set[at].sealer : KM_S("?");
	km_fact *f = km_fact_add(fs, arc_ids[r->code], sealer, -1, 0, 0);
	int n = snprintf(text, sizeof(text), "%u", r->at ? r->at : r->highest);

	km_fact_arg(fs, f, 1, sealer);
	km_fact_arg(fs, f, 2, (km_sv){ text, (size_t)n });
	km_fact_arg(fs, f, 3, r->reason);
}
