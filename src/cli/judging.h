/*
 * cli/judging.h - the options of all commands that judge messages: envelope, time, DNS, settings;
 * and what a run needs of them.
 */
#ifndef KM_CLI_JUDGING_H
#define KM_CLI_JUDGING_H

#include "base/file.h"
#include "cli/command.h"
#include "cli/drive.h"

typedef struct {
	const char *ip, *helo, *from, *user, *now, *policy, *dns_snapshot, *config;
	km_opt_list rcpts;
	km_opt_number trusted_hops;
	bool dns, bulk;
} km_judging_options;

/* clang-format off */
#define KM_JUDGING_ROW_(struct_, field, opt, kind, argument, ja, en)                               \
	{ .name = (opt), .type = (kind), .at = offsetof(struct_, judging.field),                   \
	  .arg = (argument), .help = { ja, en } }

/* Rows of a table of options that fill the member `judging` of @s. */
#define KM_JUDGING_ROWS(s)                                                                         \
	KM_JUDGING_ROW_(s, ip, "ip", KM_OPT_TEXT, "ADDRESS",                                       \
		"接続元の IP アドレス", "address of the client"),                                  \
	KM_JUDGING_ROW_(s, helo, "helo", KM_OPT_TEXT, "NAME",                                      \
		"接続元が HELO で名乗った名前", "what the client said in HELO"),                   \
	KM_JUDGING_ROW_(s, from, "from", KM_OPT_TEXT, "ADDRESS",                                   \
		"MAIL FROM のアドレス。'' は空の差出人",                                           \
		"address of MAIL FROM; '' is the null sender"),                                    \
	KM_JUDGING_ROW_(s, rcpts, "rcpt", KM_OPT_LIST, "ADDRESS",                                  \
		"RCPT TO のアドレス。何度でも指定できる",                                          \
		"address of RCPT TO; may be given several times"),                                 \
	KM_JUDGING_ROW_(s, user, "user", KM_OPT_TEXT, "NAME",                                      \
		"SMTP 認証で名乗った利用者名", "login name of the sender"),                        \
	{ .name = "bulk", .type = KM_OPT_FLAG, .at = offsetof(s, judging.bulk),                    \
	  .help = { "一斉配信のメールとして、備えるべきものがあるかも調べる",                      \
		    "a mailing: see too whether it carries what mailings have to" } },             \
	{ .name = "trusted-hops", .type = KM_OPT_NUMBER,                                           \
	  .at = offsetof(s, judging.trusted_hops), .arg = "N", .max = 100,                         \
	  .help = { "上から N 個の Received は自組織の中継 (省略時は設定の trusted.hops)",         \
		    "the N topmost Received fields are our own relays' (default: trusted.hops)" } },\
	KM_JUDGING_ROW_(s, now, "now", KM_OPT_TEXT, "TIME",                                        \
		"判定の時刻。RFC 3339 の形、または received (受信時刻)",                           \
		"time of the judgement, as in RFC 3339; or \"received\", that of the topmost "     \
		"Received"),                                                                       \
	{ .name = "dns", .type = KM_OPT_FLAG, .at = offsetof(s, judging.dns),                      \
	  .help = { "DNS に問い合わせる (設定の dns.servers)。なければ問い合わせず、"              \
		    "送信元は確かめられない",                                                      \
		    "ask the DNS (dns.servers of the configuration); without it nothing is asked, "\
		    "and of the sender nothing can be checked" } },                                \
	KM_JUDGING_ROW_(s, dns_snapshot, "dns-snapshot", KM_OPT_FILE, "FILE",                      \
		"DNS の代わりにすべての問い合わせに答えるゾーンファイル",                          \
		"zone file that answers every question in place of the DNS"),                      \
	KM_JUDGING_ROW_(s, policy, "policy", KM_OPT_FILE, "FILE",                                  \
		"判定方針のファイル (省略時は設定の policy.pack)",                                 \
		"policy pack (default: policy.pack of the configuration)"),                        \
	KM_JUDGING_ROW_(s, config, "config", KM_OPT_FILE, "FILE",                                  \
		"設定ファイル (省略時は KOMAINU_CONFIG、なければ " KM_CONF_FILE ")",               \
		"configuration file (default: KOMAINU_CONFIG, else " KM_CONF_FILE ")")
/* clang-format on */

/* What the options and the configuration name, opened. */
typedef struct {
	km_drive drive;
	km_conf *conf;
	km_pack *pack;
	km_kit kit;
	km_dns_snapshot *snapshot;
	bool dns; /* asks the DNS */
} km_judging;

/*
 * Opens all; speaks the language of the configuration from then on. EX_OK, or the exit status, with
 * the reason already told. km_judging_close() in any case.
 */
int km_judging_open(km_judging *j, km_cli *cli, const km_judging_options *o);
void km_judging_close(km_judging *j);

/* For one thread: who asks the DNS (km_asker_close() it before @j), NULL when it is not asked. */
KM_NODISCARD km_status km_judging_asker(const km_judging *j, km_asker **out, km_err *err);
/* At the end of a run, to a person: that the DNS was not asked, when it was not. */
void km_judging_hint(const km_judging *j, km_cli *cli);

#endif
