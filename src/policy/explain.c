#include <math.h>
#include <stdlib.h>

#include "base/buf.h"
#include "policy/policy.h"

enum { TEXT_BYTES = 16384, MOST_REASONS = 8 };

/* Probability of abuse from which a message that is let through is not called ordinary. */
#define DOUBT 0.15

/* What a message is taken for. The last row: ham that something was done about, or nearly. */
static const char *const likeness[KM_CLASSES + 1][KM_LANGS] = {
	[KM_CLASS_HAM] = { "ふつうのメール", "an ordinary message" },
	[KM_CLASS_SPAM] = { "迷惑メール", "junk mail" },
	[KM_CLASS_PHISH] = { "暗証番号などを盗もうとする、にせのメール",
			     "an attempt to steal passwords or the like (phishing)" },
	[KM_CLASS_MALWARE] = { "危険なファイルを運ぶメール", "a carrier of harmful files" },
	[KM_CLASS_SCAM] = { "お金などをだまし取ろうとするメール", "an attempt at fraud" },
	[KM_CLASS_BULK] = { "一斉に送られた広告などのメール", "an unwanted mass mailing" },
	[KM_CLASSES] = { "少し気になるところのあるメール",
			 "a message with something odd about it" },
};

static const char *const done[KM_ACTIONS][KM_LANGS] = {
	[KM_ACTION_ACCEPT] = { "そのまま届けました。", "It was delivered unchanged." },
	[KM_ACTION_TAG] = { "注意のしるしを付けて届けました。",
			    "It was delivered with a warning mark." },
	[KM_ACTION_JUNK] = { "迷惑メールのフォルダーに入れました。",
			     "It was put into the junk folder." },
	[KM_ACTION_GREYLIST] = { "少し後でもう一度送るよう、送り元に求めました。",
				 "The sending server was asked to try again a little later." },
	[KM_ACTION_TEMPFAIL] = { "今は判断できないので、後でもう一度送るよう、送り元に求めました。",
				 "It could not be judged now; the sending server was asked to try "
				 "again later." },
	[KM_ACTION_QUARANTINE] = { "届けずに預かっています。取り出すこともできます。",
				   "It is being held and can be released." },
	[KM_ACTION_REJECT] = { "受け取らずに断りました。", "It was refused." },
	[KM_ACTION_DISCARD] = { "届けずに捨てました。", "It was thrown away." },
};

/* To the remote sender, %s is what the message is taken for. */
static const char *const answer[KM_ACTIONS][KM_LANGS] = {
	[KM_ACTION_ACCEPT] = { "受け取りました。", "Message accepted." },
	[KM_ACTION_TAG] = { "受け取りましたが、%sと思われます。",
			    "Message accepted, but it looks like %s." },
	[KM_ACTION_JUNK] = { "受け取りましたが、%sと思われます。",
			     "Message accepted, but it looks like %s." },
	[KM_ACTION_GREYLIST] = { "しばらくしてからもう一度送ってください。",
				 "Please try again a little later." },
	[KM_ACTION_TEMPFAIL] = { "後でもう一度送ってください。", "Please try again later." },
	[KM_ACTION_QUARANTINE] = { "%sと思われるため、保留しました。",
				   "Message held, because it looks like %s." },
	[KM_ACTION_REJECT] = { "%sと思われるため、受け取れません。",
			       "Message refused, because it looks like %s." },
	[KM_ACTION_DISCARD] = { "受け取りました。", "Message accepted." },
};

/* A fact or a composite that moved the score. */
struct reason {
	double points, uncapped;
	const km_fact *fact;
	const km_composite_hit *composite;
};

static int by_weight(const void *x, const void *y)
{
	const struct reason *a = x, *b = y;
	double d = fabs(b->points) - fabs(a->points);

	return (d > 0) - (d < 0);
}

static bool counts(double points)
{
	return points > 0 || points < 0;
}

/* All reasons, weightiest first; NULL when the arena is full. */
static struct reason *reasons(km_arena *a, const km_verdict *v, size_t *n)
{
	struct reason *r = KM_NEW_ARRAY(a, struct reason, v->n_facts + v->n_composites);

	*n = 0;
	if (r == NULL)
		return NULL;
	for (size_t i = 0; i < v->n_facts; i++)
		if (counts(v->facts[i].points))
			r[(*n)++] = (struct reason){ .points = v->facts[i].points,
						     .uncapped = v->facts[i].uncapped,
						     .fact = v->facts[i].fact };
	for (size_t i = 0; i < v->n_composites; i++)
		if (counts(v->composites[i].points))
			r[(*n)++] = (struct reason){ .points = v->composites[i].points,
						     .uncapped = v->composites[i].points,
						     .composite = &v->composites[i] };
	qsort(r, *n, sizeof(*r), by_weight);
	return r;
}

static km_sv sentence(km_arena *a, const struct reason *r, km_reader reader, km_lang lang)
{
	if (r->composite)
		return km_sv_of(r->composite->sentence[reader][lang]);
	return km_fact_sentence(a, r->fact, reader, lang);
}

static const char *like(const km_verdict *v, km_lang lang)
{
	bool odd = v->class == KM_CLASS_HAM &&
		   (v->action != KM_ACTION_ACCEPT || v->probability >= DOUBT);

	return likeness[odd ? KM_CLASSES : v->class][lang];
}

/* For who runs the server: in numbers. */
static void technical_head(km_buf *b, const km_verdict *v, km_lang lang)
{
	static const char *const words[KM_LANGS][7] = {
		{ "動作 ", "、スコア ", "、分類 ", "（", "）、確率 ", "（", "）。" },
		{ "Action ", ", score ", ", class ", " (", "), probability ", " (", ")." },
	};
	const char *const *w = words[lang];

	km_buf_add(b, km_sv_of(w[0]));
	km_buf_add(b, km_sv_of(km_action_name(v->action)));
	km_buf_add(b, km_sv_of(w[1]));
	km_buf_general(b, v->score, 7, false);
	km_buf_add(b, km_sv_of(w[2]));
	km_buf_add(b, km_sv_of(km_class_name(v->class)));
	km_buf_add(b, km_sv_of(w[3]));
	km_buf_add(b, km_sv_of(v->category));
	km_buf_add(b, km_sv_of(w[4]));
	km_buf_fixed(b, v->probability, 3);
	km_buf_add(b, km_sv_of(w[5]));
	km_buf_add(b, km_sv_of(v->why_action[lang]));
	km_buf_add(b, km_sv_of(w[6]));
}

static void head(km_buf *b, const km_verdict *v, km_reader reader, km_lang lang)
{
	static const char *const opening[KM_LANGS] = { "このメールは%sと思われます。%s",
						       "This looks like %s. %s" };
	km_sv text = km_sv_of(answer[v->action][lang]);
	size_t at = km_sv_find(text, KM_S("%s"), 0);

	if (reader == KM_FOR_ADMIN) {
		technical_head(b, v, lang);
		return;
	}
	if (reader == KM_FOR_RECIPIENT) {
		km_buf_fmt(b, opening[lang], like(v, lang), done[v->action][lang]);
		return;
	}
	km_buf_add(b, km_sv_sub(text, 0, at));
	if (at < text.n)
		km_buf_add(b, km_sv_of(like(v, lang)));
	km_buf_add(b, km_sv_from(text, at + 2));
}

static bool is_origin(km_fact_id id)
{
	return id >= KM_FACT_ORIGIN_OUR_USER && id <= KM_FACT_ORIGIN_UNCERTAIN;
}

/* Who really sent the message, and what of it is proven. */
static void add_origin(km_buf *b, km_arena *a, const km_verdict *v, km_reader reader, km_lang lang)
{
	for (size_t i = 0; i < v->n_facts; i++) {
		if (!is_origin(v->facts[i].fact->id))
			continue;
		if (reader == KM_FOR_ADMIN)
			km_buf_byte(b, '\n');
		km_buf_add(b, km_fact_sentence(a, v->facts[i].fact, reader, lang));
		if (reader == KM_FOR_RECIPIENT)
			km_buf_byte(b, '\n');
		return;
	}
}

static void add_reason(km_buf *b, km_arena *a, const struct reason *r, km_reader reader,
		       km_lang lang)
{
	km_sv text = sentence(a, r, reader, lang);

	if (text.n == 0) /* the arena is full */
		b->cut = true;
	if (reader == KM_FOR_SENDER)
		km_buf_byte(b, '\n');
	else
		km_buf_add(b, KM_S("\n- "));
	if (reader == KM_FOR_ADMIN) {
		km_buf_add(b, km_sv_of(r->fact ? km_fact_describe(r->fact->id)->id
					       : r->composite->id));
		km_buf_byte(b, ' ');
		km_buf_general(b, r->points, 3, true);
		if (fabs(r->uncapped) > fabs(r->points)) {
			km_buf_add(b, KM_S(" ("));
			km_buf_general(b, r->uncapped, 3, true);
			km_buf_byte(b, ')');
		}
		km_buf_add(b, KM_S(": "));
	}
	km_buf_add(b, text);
}

/* Reasons are worded for mail that is what they say; of others they accuse nobody. */
static void add_caution(km_buf *b, const km_verdict *v, const struct reason *r, size_t n,
			km_lang lang)
{
	static const char *const caution[KM_LANGS] = {
		"次の点は迷惑メールにもよくありますが、これだけでにせものとは言えません。",
		" What follows is often seen in junk mail, too; by itself it proves nothing."
	};

	for (size_t i = 0; v->class == KM_CLASS_HAM && i < n; i++)
		if (r[i].points > 0) {
			km_buf_add(b, km_sv_of(caution[lang]));
			return;
		}
}

km_sv km_explain(km_arena *a, const km_verdict *v, km_reader reader, km_lang lang)
{
	size_t n, shown = 0;
	size_t most = reader != KM_FOR_SENDER ? MOST_REASONS : v->action != KM_ACTION_ACCEPT;
	const struct reason *r = reasons(a, v, &n);
	km_buf b;

	km_buf_init(&b, a, TEXT_BYTES);
	if (r == NULL)
		return km_buf_sv(&b);
	if (reader == KM_FOR_RECIPIENT) /* first of all: who it is really from */
		add_origin(&b, a, v, reader, lang);
	head(&b, v, reader, lang);
	if (reader == KM_FOR_ADMIN)
		add_origin(&b, a, v, reader, lang);
	if (reader == KM_FOR_RECIPIENT)
		add_caution(&b, v, r, n, lang);
	for (size_t i = 0; i < n && shown < most; i++) {
		/* What speaks for a message is no fault that its sender could mend. */
		if (reader == KM_FOR_SENDER && r[i].points < 0)
			continue;
		add_reason(&b, a, &r[i], reader, lang);
		shown++;
	}
	return b.cut ? (km_sv){ NULL, 0 } : km_buf_sv(&b);
}
