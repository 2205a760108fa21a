/* The classifier's part in a scan. The Japanese messages are synthetic. */
#include <math.h>
#include <stdlib.h>

#include "answer.h"
#include "engine/scan.h"
#include "test.h"

/* Honest business mail of many kinds; the base model has never seen honest Japanese. */
static const struct {
	const char *subject, *text;
} honest[] = {
	{ "【株式会社山田製作所】お見積書送付の件",
	  "株式会社青空商事\n購買部 "
	  "鈴木様\n\nいつも大変お世話になっております。\n山田製作所の佐藤です。\n"
	  "ご依頼いただきましたお見積書を添付にてお送りいたします。\nご査収のほどよろしくお願いいた"
	  "します。\n\n"
	  "TEL: 03-0000-0000 FAX: 03-0000-0001\nE-mail: "
	  "sato@yamada.example\nhttp://www.yamada.example/" },
	{ "Re: 3/5 定例会議の議事録",
	  "皆様\n\nお疲れ様です。開発部の田中です。\n昨日の定例会議の議事録を共有します。\n"
	  "次回は 3/12 (木) 14:00 から第2会議室です。\n\n決定事項\n1. リリース日は 4/1\n2. "
	  "テスト担当は高橋さん\n" },
	{ "ご注文ありがとうございます（注文番号 250-1234567）",
	  "山本様\n\nこのたびはご注文いただき、誠にありがとうございます。\n商品の発送が完了いたしま"
	  "したので"
	  "ご連絡いたします。\nお届け予定日: 3月7日\n配送状況はこちらでご確認いただけます。\n"
	  "https://www.shop.example/order/status?id=2501234567\n\n配信停止はこちら "
	  "https://www.shop.example/unsubscribe" },
	{ "請求書発行のお知らせ", "ご担当者様\n\n平素より格別のお引き立てを賜り、厚く御礼申し上げま"
				  "す。\n2026年2月分の請求書を発行"
				  "いたしました。\nお支払期限: 2026年3月31日\n請求金額: "
				  "55,000円（税込）\nご不明な点はお問い合わせください。" },
	{ "【重要】システムメンテナンスのお知らせ",
	  "お客様各位\n\n下記の日程でシステムメンテナンスを実施いたします。\n期間中は Web "
	  "サービスをご利用"
	  "いただけません。\n日時: 3月10日 1:00 - "
	  "5:00\nご迷惑をおかけしますが、ご理解のほどお願いいたします。" },
	{ "お礼とご報告",
	  "中村先生\n\nご無沙汰しております。先日はお忙しい中お時間をいただき、ありがとうございまし"
	  "た。\n"
	  "おかげさまで無事に論文を投稿することができました。またご報告に伺います。" },
	{ "PTA 総会のご案内",
	  "保護者の皆様\n\n春暖の候、ますますご清栄のこととお喜び申し上げます。\n下記のとおり総会を"
	  "開催します。"
	  "ご出席をお願いいたします。\n日時: 4月18日（土）10:00\n場所: 体育館" },
	{ "セミナー開催のご案内【参加無料】",
	  "いつもメールマガジンをご購読いただきありがとうございます。\n3月20日に無料オンラインセミ"
	  "ナーを開催"
	  "します。\nお申し込みはこちら: https://seminar.example/free/entry\nClick here for "
	  "English." },
	{ "Fwd: Contract draft 契約書案について",
	  "藤井様\n\n契約書のドラフトを転送します。Section 3 の payment terms "
	  "を確認してください。\n"
	  "> Dear Fujii-san, please find attached the revised draft. Best regards, John\n" },
	{ "パスワード変更のお願い（情報システム部）",
	  "社員各位\n\n情報システム部です。社内ポリシーにより 90 "
	  "日ごとにパスワードの変更をお願いしています。\n"
	  "社内ポータルから変更してください。メールにパスワードを書かないでください。" },
	{ "領収書", "領収書を添付します。\nよろしくお願いします。\n\n木村" },
	{ "ポイント失効のお知らせ", "いつもご利用ありがとうございます。\n保有ポイントのうち 320 "
				    "ポイントが 3 月末に失効します。\nこの機会に"
				    "お買い物をお楽しみください。\nONLINE SHOP "
				    "http://point.example/ 特別セール開催中 MAX 50% OFF" },
};

static const char *const others[] = {
	"您好，附件是本月的对账单，请查收。如有问题请随时联系我们。谢谢！",
	"Добрый день! Направляю протокол встречи. Следующее совещание в четверг в 14:00.",
	"안녕하세요. 회의록을 보내드립니다. 확인 부탁드립니다. 감사합니다.",
	"Guten Tag, anbei die Rechnung für März. Bei Fragen melden Sie sich bitte. Viele Grüße",
};

static km_scan *scan(km_arena *a, const km_kit *kit, km_envelope *env, const char *subject,
		     const char *text)
{
	km_scan *s = km_scan_new(a, kit, env);

	km_scan_message(
		s, km_sv_fmt(a,
			     "From: a@example.jp\nTo: b@example.jp\nSubject: %s\n"
			     "Date: Mon, 02 Mar 2026 09:00:00 +0900\nMessage-ID: <1@example.jp>\n"
			     "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n"
			     "Content-Transfer-Encoding: 8bit\n\n%s\n",
			     subject, text));
	assert_int_equal(test_drive(s, NULL), KM_SCAN_DONE);
	return s;
}

static void check_honest(const km_kit *kit, const char *subject, const char *text)
{
	km_arena *a = km_arena_new(KM_MAX_ARENA_BYTES);
	km_envelope env = { .has_from = false };
	km_scan *s = scan(a, kit, &env, subject, text);
	const km_learned *l = km_scan_learned(s);

	assert_true(l->done);
	if (l->opinion.all.probability >= 0.5)
		fail_msg("%s: p = %f", subject, l->opinion.all.probability);
	assert_false(km_facts_has(km_scan_facts(s), KM_FACT_LEARN_SPAM));
	km_arena_free(a);
}

/* Languages that the base model knows from spam alone, or not at all, are not held against mail. */
static void test_honest_languages(void **state)
{
	(void)state;
	km_pack *pack;
	km_kit kit;

	assert_int_equal(km_pack_load(NULL, &pack, NULL), KM_OK);
	assert_int_equal(km_kit_open(&kit, NULL, pack, NULL), KM_OK);
	for (size_t i = 0; i < KM_COUNT(honest); i++)
		check_honest(&kit, honest[i].subject, honest[i].text);
	for (size_t i = 0; i < KM_COUNT(others); i++)
		check_honest(&kit, "2026/3", others[i]);
	km_kit_close(&kit);
	km_pack_free(pack);
}

static km_opinion opinion(double logit, double local)
{
	return (km_opinion){
		.all = { .logit = logit }, .base = logit, .grounds = 1, .local = local
	};
}

static void test_strength(void **state)
{
	(void)state;
	static const struct {
		double logit, local, least, most;
	} rows[] = {
		{ 0.9, 1, 0, 0 },	 { -0.9, 1, 0, 0 },	  { -0.1, 0, 0, 0 },
		{ 0.1, 0, 0.38, 0.39 },	 { 2, 0, 0.72, 0.73 },	  { 4, 1, 1, 1 },
		{ 4, 0.375, 0.8, 0.9 },	 { -4, 0, 0, 0 },	  { -4, 1, 1, 1 },
		{ 1000, 0, 0.72, 0.73 }, { -4, 0.375, 0.5, 0.5 },
	};
	km_opinion stranger = opinion(5, 0);

	stranger.grounds = 0; /* it knew nothing of it */
	assert_true(km_learned_strength(&stranger) == 0);

	for (size_t i = 0; i < KM_COUNT(rows); i++) {
		km_opinion o = opinion(rows[i].logit, rows[i].local);
		double s = km_learned_strength(&o);
		if (s < rows[i].least - 1e-9 || s > rows[i].most + 1e-9)
			fail_msg("row %zu: %f", i, s);
	}
}

/* A damaged model.base is named in the log, and the built-in one stands in. */
static void test_damaged_base(void **state)
{
	(void)state;
	static const char yaml[] = "model:\n  base: /nowhere/x.model\n";
	km_pack *pack;
	km_conf *conf;
	km_kit kit;

	assert_int_equal(km_pack_load(NULL, &pack, NULL), KM_OK);
	assert_int_equal(km_conf_parse(km_sv_of(yaml), "test", &conf, NULL), KM_OK);
	assert_int_equal(km_kit_open(&kit, conf, pack, NULL), KM_OK);
	assert_non_null(kit.base);
	check_honest(&kit, honest[0].subject, honest[0].text);
	km_kit_close(&kit);
	km_conf_free(conf);
	km_pack_free(pack);
}

/* What people here reported counts, and the explanation says that they did. */
static void test_reported(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(KM_MAX_ARENA_BYTES);
	void *area = calloc(1, km_layers_area());
	km_envelope env = { .has_from = false };
	const km_scope nobody = { .user = KM_SV("") };
	static const km_rates curated = { KM_RATE_CURATED, KM_RATE_CURATED };
	km_lesson lesson;
	km_features f;
	km_pack *pack;
	km_kit kit;

	assert_int_equal(km_pack_load(NULL, &pack, NULL), KM_OK);
	assert_int_equal(km_kit_open(&kit, NULL, pack, NULL), KM_OK);
	km_layers_free(kit.layers);
	kit.layers = km_layers_new(kit.base, area);
	for (int i = 0; i < 8; i++) {
		bool abuse = i & 1;
		size_t which = abuse ? 11 : (size_t)i / 2;
		km_scan *s = scan(a, &kit, &env, honest[which].subject, honest[which].text);
		assert_int_equal(km_features_read(a, &km_scan_learned(s)->in, &f), KM_OK);
		km_layers_learn(kit.layers, &f, &nobody, abuse, &curated, &lesson);
		km_layers_set_seq(kit.layers, (uint64_t)i + 1);
	}
	km_scan *s = scan(a, &kit, &env, honest[11].subject, honest[11].text);
	assert_true(km_facts_has(km_scan_facts(s), KM_FACT_LEARN_SPAM));
	assert_true(km_facts_has(km_scan_facts(s), KM_FACT_LEARN_REPORTED));
	assert_true(km_scan_verdict(s)->score > 3);
	s = scan(a, &kit, &env, honest[1].subject, honest[1].text);
	assert_true(km_facts_has(km_scan_facts(s), KM_FACT_LEARN_HAM));
	km_kit_close(&kit);
	km_pack_free(pack);
	free(area);
	km_arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_honest_languages),
		cmocka_unit_test(test_strength),
		cmocka_unit_test(test_reported),
		cmocka_unit_test(test_damaged_base),
	};
	return cmocka_run_group_tests_name("engine/learn", tests, NULL, NULL);
}
