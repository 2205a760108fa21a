#include "outbound/stored.h"

#include <jansson.h>
#include <stdio.h>

#include "base/clock.h"
#include "text/utf8.h"

static const struct {
	km_fact_id id;
	km_hand hand;
} hands[] = {
	{ KM_FACT_OUT_STRANGERS, KM_HAND_EITHER },
	{ KM_FACT_OUT_FLOOD, KM_HAND_EITHER },
	{ KM_FACT_OUT_DRIFT, KM_HAND_EITHER },
	{ KM_FACT_OUT_NETWORK_NEW, KM_HAND_EITHER },
	{ KM_FACT_OUT_NETWORKS_MANY, KM_HAND_OTHER },
	{ KM_FACT_OUT_COUNTRY_NEW, KM_HAND_OTHER },
	{ KM_FACT_OUT_TRAVEL, KM_HAND_OTHER },
	{ KM_FACT_OUT_LOGIN_GUESSED, KM_HAND_OTHER },
	{ KM_FACT_OUT_HOURS, KM_HAND_EITHER },
	{ KM_FACT_OUT_RECIPIENTS_MANY, KM_HAND_EITHER },
	{ KM_FACT_OUT_BOUNCES, KM_HAND_EITHER },
	{ KM_FACT_OUT_CONTENT, KM_HAND_EITHER },
	{ KM_FACT_OUT_VIRUS, KM_HAND_MACHINE },
	{ KM_FACT_OUT_SAME_BODY, KM_HAND_EITHER },
	{ KM_FACT_OUT_BODY_SHARED, KM_HAND_MACHINE },
	{ KM_FACT_OUT_FROM_FOREIGN, KM_HAND_OTHER },
	{ KM_FACT_OUT_FROM_LOOKALIKE, KM_HAND_OTHER },
	{ KM_FACT_OUT_FROM_NEW, KM_HAND_EITHER },
	{ KM_FACT_OUT_SCRIPT_NEW, KM_HAND_MACHINE },
	{ KM_FACT_OUT_PORT25, KM_HAND_MACHINE },
	{ KM_FACT_OUT_RELAY, KM_HAND_MACHINE },
	{ KM_FACT_OUT_COMPLAINT, KM_HAND_EITHER },
	{ KM_FACT_OUT_ONE_DOMAIN, KM_HAND_EITHER },
};

static const struct {
	const char *name, *meaning[KM_LANGS];
} hand_texts[KM_HANDS] = {
	[KM_HAND_NONE] = { "none", { "", "" } },
	[KM_HAND_OTHER] = { "other",
			    { "他人がパスワードを使っていることを示すもの",
			      "speaks for somebody else who has the password" } },
	[KM_HAND_MACHINE] = { "machine",
			      { "端末の感染、またはウェブサイトの改ざんを示すもの",
				"speaks for an infected device or a web site that was broken "
				"into" } },
	[KM_HAND_EITHER] = { "either",
			     { "乗っ取りでも、ふつうの利用でも起こるもの",
			       "happens with a take-over and in honest use" } },
	[KM_HAND_MAILING] = { "mailing",
			      { "ご自身の一斉配信に見られるもの（体裁の不備）",
				"found with the holder's own mailings (form)" } },
};

km_hand km_stored_hand(km_fact_id id)
{
	for (size_t i = 0; i < KM_COUNT(hands); i++)
		if (hands[i].id == id)
			return hands[i].hand;
	/* What bulk mail lacks. */
	return km_sv_starts(km_sv_of(km_fact_describe(id)->id), KM_S("BULK_")) ? KM_HAND_MAILING
									       : KM_HAND_NONE;
}

const char *km_hand_name(km_hand h)
{
	return hand_texts[h].name;
}

const char *km_hand_meaning(km_hand h, km_lang lang)
{
	return hand_texts[h].meaning[lang];
}

static km_sv text_of(const json_t *j)
{
	return (km_sv){ json_string_value(j), json_string_length(j) };
}

static void add_fact(const json_t *item, km_facts *out)
{
	km_fact_id id = km_fact_by_name(text_of(json_object_get(item, "id")));
	const json_t *args = json_object_get(item, "args");

	if (id == KM_FACT_COUNT)
		return;
	km_fact *f = km_fact_add(out, id, text_of(json_object_get(item, "seen")), -1, 0, 0);
	double points = km_fact_describe(id)->points;
	if (f && points != 0)
		f->weight = json_number_value(json_object_get(item, "points")) / points;
	for (size_t i = 0; i < json_array_size(args) && i < 3; i++)
		km_fact_arg(out, f, (int)i + 1, text_of(json_array_get(args, i)));
}

km_status km_stored_facts(km_sv json, km_facts *out, km_err *err)
{
	json_error_t why;
	size_t i;

	if (json.n == 0)
		return KM_OK;
	json_t *list = json_loadb(json.p, json.n, 0, &why), *item;
	if (!json_is_array(list)) {
		json_decref(list);
		return KM_FAIL(err, KM_SYNTAX, "the stored facts are no list: %s",
			       list ? "something else" : why.text);
	}
	json_array_foreach(list, i, item)
	{
		add_fact(item, out);
	}
	json_decref(list);
	return KM_OK;
}

const char *km_stored_time(int64_t t_ms, char out[KM_STORED_TIME])
{
	enum { JST = 9 * 3600 };
	km_time t = t_ms / 1000;
	char utc[32], jst[32];

	(void)km_time_format(t, utc);
	(void)km_time_format(t + JST, jst);
	(void)snprintf(out, KM_STORED_TIME, "%.10s %.8s JST (%.20s)", jst, jst + 11, utc);
	return out;
}

/* Acts on a terminal, a mail's lines, or the order of the letters around it. */
static bool acts(int32_t cp)
{
	return cp < 0x20 || (cp >= 0x7f && cp < 0xa0) || cp == 0x200e || cp == 0x200f ||
	       (cp >= 0x2028 && cp <= 0x202e) || (cp >= 0x2066 && cp <= 0x2069);
}

km_sv km_stored_text(km_arena *a, km_sv v, bool lines)
{
	km_buf b;

	km_buf_init(&b, a, 4 * v.n + 16);
	for (size_t at = 0; at < v.n;) {
		int32_t cp = km_utf8_next(v, &at);
		if (cp == KM_UTF8_BAD)
			km_utf8_add(&b, KM_REPLACEMENT);
		else if (acts(cp) && !(lines && cp == '\n'))
			km_buf_byte(&b, ' ');
		else
			km_utf8_add(&b, cp);
	}
	return b.cut ? (km_sv){ NULL, 0 } : km_buf_sv(&b);
}
