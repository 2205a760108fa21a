#include "policy/category.h"

#include <string.h>

static const struct {
	const char *id, *name[KM_LANGS];
} categories[] = {
	{ "none", { "なし", "none" } },
	{ "phish_account", { "会員・アカウントを狙うフィッシング", "phishing for an account" } },
	{ "phish_card", { "カード番号を狙うフィッシング", "phishing for a payment card" } },
	{ "phish_bank", { "銀行を装うフィッシング", "phishing in the name of a bank" } },
	{ "phish_securities",
	  { "証券会社・暗号資産を装うフィッシング", "phishing for securities or a wallet" } },
	{ "phish_parcel", { "配達を装うフィッシング", "phishing in the name of a carrier" } },
	{ "phish_tax", { "税金を口実にしたフィッシング", "phishing about taxes" } },
	{ "phish_public",
	  { "役所・公共料金を装うフィッシング", "phishing in the name of a public service" } },
	{ "phish_transport",
	  { "鉄道・航空・ETC を装うフィッシング",
	    "phishing in the name of trains, airlines, tolls" } },
	{ "phish_mail",
	  { "メールのパスワードを狙うフィッシング", "phishing for the password of a mailbox" } },
	{ "phish_other", { "そのほかのフィッシング", "other phishing" } },
	{ "fraud_billing", { "架空請求", "bill for nothing" } },
	{ "fraud_oneclick", { "ワンクリック詐欺・にせの警告", "one-click fraud, false alarms" } },
	{ "fraud_dating", { "出会い系の誘い・支援金詐欺", "dating or gift-of-money fraud" } },
	{ "fraud_acquaintance", { "知人を装う誘い", "bait by a false acquaintance" } },
	{ "fraud_prize", { "当選・プレゼント詐欺", "prize fraud" } },
	{ "fraud_sextortion", { "性的な脅迫（セクストーション）", "sextortion" } },
	{ "fraud_ceo",
	  { "社長・上司を装う詐欺（ビジネスメール詐欺）", "fraud in the name of the boss" } },
	{ "fraud_police", { "警察・検察を装う詐欺", "fraud in the name of the police" } },
	{ "fraud_invest", { "投資・もうけ話・融資の詐欺", "investment or loan fraud" } },
	{ "fraud_advance_fee", { "遺産・送金の手数料をだまし取る詐欺", "advance-fee fraud" } },
	{ "fraud_job", { "闇バイト・口座売買の勧誘", "job fraud, money mules" } },
	{ "fraud_gift_card", { "ギフトカード・電子マネーの詐欺", "gift-card fraud" } },
	{ "fraud_shop", { "にせ通販・偽ブランド品", "fake shop" } },
	{ "bait_reply", { "宛先間違いを装う返信の誘い", "bait for an answer" } },
	{ "bait_unsubscribe", { "にせの配信停止（アドレスの確認）", "false unsubscription" } },
	{ "malware", { "マルウェア", "malware" } },
	{ "ad_bulk", { "大量送信の広告", "bulk advertising" } },
	{ "ad_pharma", { "薬・サプリメントの広告", "advertising of drugs" } },
};

const char *km_category_at(size_t i)
{
	return i < KM_COUNT(categories) ? categories[i].id : NULL;
}

const char *km_category_name(const char *category, km_lang lang)
{
	for (size_t i = 0; i < KM_COUNT(categories); i++)
		if (strcmp(categories[i].id, category) == 0)
			return categories[i].name[lang];
	return category;
}
