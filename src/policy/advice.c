#include "policy/advice.h"

#include <stdio.h>

#include "base/buf.h"

/* The texts of data/guidance; the build compiles this file anew when they change. */
#define TABLE(name, file)                                                                          \
	__asm__(".pushsection .rodata\n"                                                           \
		".hidden " name "\n"                                                               \
		".hidden " name "_end\n"                                                           \
		".global " name "\n"                                                               \
		".global " name "_end\n" name ":\n"                                                \
		".incbin \"" KM_GUIDANCE "/" file "\"\n" name "_end:\n"                            \
		".popsection\n")

TABLE("km_builtin_advice", "advice.tsv");
TABLE("km_builtin_contacts", "contacts.tsv");

extern const char km_builtin_advice[] __attribute__((visibility("hidden")));
extern const char km_builtin_advice_end[] __attribute__((visibility("hidden")));
extern const char km_builtin_contacts[] __attribute__((visibility("hidden")));
extern const char km_builtin_contacts_end[] __attribute__((visibility("hidden")));

const char km_advice_topics[] = "received|clicked|password|card|identity|paid|giftcard|app|"
				"one-click|sextortion|ceo|forged|accused";

enum { ADVICE_COLUMNS = 6, CONTACT_COLUMNS = 9, NUMBERED_MAX = 64 * 1024 };

static const km_sv sections[KM_ADVICE_SECTIONS] = {
	[KM_ADVICE_TITLE] = KM_SV("title"), [KM_ADVICE_WHEN] = KM_SV("when"),
	[KM_ADVICE_DO] = KM_SV("do"),	    [KM_ADVICE_NEVER] = KM_SV("never"),
	[KM_ADVICE_KNOW] = KM_SV("know"),   [KM_ADVICE_ASK] = KM_SV("ask"),
};

bool km_advice_known(km_sv topic)
{
	km_sv rest = km_sv_of(km_advice_topics), one;

	while (km_sv_split(&rest, '|', &one))
		if (km_sv_eq(one, topic))
			return true;
	return false;
}

/* The next record of @table from *at on, its columns in @v; empty ones are written "-". */
static bool next_record(km_sv table, size_t *at, km_sv *v, size_t n)
{
	km_sv rest = km_sv_from(table, *at), line;

	while (km_sv_line(&rest, &line)) {
		*at = table.n - rest.n;
		if (line.n == 0 || line.p[0] == '#')
			continue;
		for (size_t i = 0; i < n; i++)
			if (!km_sv_split(&line, '\t', &v[i]) || km_sv_eq(v[i], KM_S("-")))
				v[i] = KM_S("");
		return true;
	}
	return false;
}

static bool find_contact(km_sv id, km_contact *out)
{
	const km_sv all = { km_builtin_contacts,
			    (size_t)(km_builtin_contacts_end - km_builtin_contacts) };
	km_sv v[CONTACT_COLUMNS];
	size_t at = 0;

	while (next_record(all, &at, v, CONTACT_COLUMNS)) {
		if (!km_sv_eq(v[0], id))
			continue;
		*out = (km_contact){ .id = v[0],
				     .name = { v[1], v[2] },
				     .reach = { v[3], v[4] },
				     .hours = { v[5], v[6] },
				     .certainty = v[7],
				     .source = v[8],
				     .verified = km_sv_starts(v[7], KM_S("A")) };
		return true;
	}
	return false;
}

bool km_advice_brand(km_sv brand_id, km_contact *out)
{
	char id[64];
	int n = snprintf(id, sizeof(id), "brand-%.*s", KM_FMT(brand_id));

	return n > 0 && (size_t)n < sizeof(id) && find_contact(km_sv_of(id), out);
}

bool km_advice_next(km_sv topic, km_advice_section section, size_t *at, km_advice *out)
{
	const km_sv all = { km_builtin_advice,
			    (size_t)(km_builtin_advice_end - km_builtin_advice) };
	km_sv v[ADVICE_COLUMNS];

	while (next_record(all, at, v, ADVICE_COLUMNS)) {
		if (!km_sv_eq(v[0], topic) || !km_sv_eq(v[1], sections[section]))
			continue;
		*out = (km_advice){ .topic = v[0], .section = section, .text = { v[4], v[5] } };
		return section != KM_ADVICE_ASK || find_contact(v[3], &out->contact);
	}
	return false;
}

km_sv km_advice_numbered(km_arena *a, km_sv topic, km_advice_section section, km_lang lang)
{
	km_advice one;
	size_t at = 0, n = 0;
	km_buf b;

	km_buf_init(&b, a, NUMBERED_MAX);
	while (km_advice_next(topic, section, &at, &one))
		km_buf_fmt(&b, "\n  %zu. %.*s", ++n, KM_FMT(one.text[lang]));
	return km_buf_sv(&b);
}
