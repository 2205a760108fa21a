/* komainu(8): what an operator has to know of the daemon as a whole. */
#include "cli/docs.h"
#include "cli/page.h"
#include "cli/roff.h"
#include "conf/conf.h"

static const km_page_row processes[] = {
	{ "supervisor",
	  { "ソケットを開き、特権を捨て、ほかのプロセスを起動して見張ります。終了したものは 0.1 "
	    "秒以内に起動し直します。メールは読みません。",
	    "Binds the sockets, drops privileges, starts the other processes and watches them. One "
	    "that ends is started again within a tenth of a second. It reads no mail." } },
	{ "scanner",
	  { "メールを受け取って判定します。CPU ごとに 1 つ (scanner.processes で変更) "
	    "あり、互いに独立しています。1 つが異常終了すると、その手元のメールだけが 451 "
	    "になります。"
	    "同じメールで 2 度異常終了すると、そのメールは解析せずに隔離します。",
	    "Takes mail and judges it. There is one for each CPU (scanner.processes), and each "
	    "works on its own: when one dies, only the messages that it had in hand are answered "
	    "451. A message of which scanners died twice is quarantined without being parsed." } },
	{ "keeper",
	  { "判定の記録を書くただ 1 "
	    "つのプロセスです。まとめて書き、ディスクに届いてから知らせます。"
	    "拒否、隔離、破棄の返事は、記録がディスクに届くまで待ちます。",
	    "The only one that writes records, many in one transaction. The answers reject, "
	    "quarantine and discard wait until the record is on disk." } },
	{ "signer",
	  { "署名鍵を持つただ 1 つのプロセスです。検査プロセスから届くダイジェストに署名し、"
	    "メールは読みません。使える鍵があるときだけ動きます。",
	    "The only one that holds private keys. It signs the digests that scanners send, and "
	    "reads no mail. It runs when there are keys to sign with." } },
	{ "courier",
	  { "送信アカウントの記録を見ていて、利用者・担当者・ほかのシステムに、メール、"
	    "Webhook、プログラムで知らせます。notify.smtp、notify.webhooks、hooks のどれかが"
	    "設定されているときだけ動きます。",
	    "Watches the files of sending accounts and tells subscribers, staff and other systems, "
	    "by mail, webhook and program. It runs when notify.smtp, notify.webhooks or hooks are "
	    "set." } },
	{ "runner",
	  { "hooks が設定されているときに、courier に言われてプログラムを実行します。",
	    "Runs the programs of hooks, when they are set, at the word of the courier." } },
};

static const km_page_row signals[] = {
	{ "SIGHUP",
	  { "設定と判定方針を読み直します。新しいプロセスが新しい設定で働き始めてから、前のプロセス"
	    "が"
	    "接続を終え次第終わるので、接続は切れません。誤りがあれば記録に残し、前のものを使い続け"
	    "ま"
	    "す。listen のアドレス、state.dir、run.user は再起動で変わります。",
	    "Reads configuration and policy anew. New processes begin to serve with the new "
	    "settings, then the old ones end as their connections do, so none is cut. When there "
	    "is an error it is logged, and the old settings stay in force. The addresses of "
	    "listen, state.dir and run.user change with a restart only." } },
	{ "SIGTERM , SIGINT",
	  { "新しい接続を受け付けるのをやめ、処理中のメールを終え、記録を書いてから終わります。20 "
	    "秒たっても終わらないプロセスは強制終了します。",
	    "Takes no new connections, finishes the messages under way, writes the records and "
	    "ends. What has not ended after 20 seconds is killed." } },
};

static const km_page_row files[] = {
	{ KM_CONF_FILE,
	  { "設定ファイル。なければ組み込みの初期値で動きます。",
	    "Configuration; without it the built-in defaults serve." } },
	{ "/var/lib/komainu", { "state.dir の初期値。", "Default of state.dir, which holds:" } },
	{ "/var/lib/komainu/records.db",
	  { "判定の記録 (SQLite、-wal と -shm を伴う)。records.keep を過ぎたものは消えます。",
	    "The records (SQLite, with -wal and -shm beside it). Those older than records.keep "
	    "are deleted." } },
	{ "/var/lib/komainu/keys",
	  { "署名鍵 (key.dir の初期値)。持ち主だけが読めます。",
	    "Private keys (default of key.dir), for their owner's eyes only." } },
	{ "/var/lib/komainu/outbox.db",
	  { "何を誰に知らせたか、まだ知らせていないか (SQLite)。",
	    "What was told to whom, and what is still to be (SQLite)." } },
	{ "/var/lib/komainu/poison",
	  { "検査プロセスを異常終了させたメールの一覧 (ダイジェストと回数)。",
	    "Which messages killed scanners: their digests, and how often." } },
	{ "/var/lib/komainu/spool",
	  { "受信中の大きなメールを、名前のないファイルとして一時的に置きます。",
	    "Large messages while they arrive, in files without a name." } },
};

static const km_page_row confinement[] = {
	{ "run.user",
	  { "root で起動すると、ソケットを開いた後にこのユーザーになります。",
	    "Started as root, Komainu becomes this user once the sockets are open." } },
	{ "seccomp",
	  { "scanner と keeper は、必要なシステムコールしか使えません。プログラムの実行や、外への"
	    "接続はできません。",
	    "Scanners and keeper may use the system calls that they need. They can not run a "
	    "program or connect to anything." } },
	{ "Landlock",
	  { "scanner が開けるファイルは spool の中、keeper は state.dir の中だけです。signer "
	    "はファイルを開けません。",
	    "A scanner can open files in the spool only, the keeper in state.dir only, the signer "
	    "none." } },
	{ "courier",
	  { "外へ接続でき、ファイルは読めますが、書けるのは state.dir "
	    "の中だけで、プログラムは実行できません。",
	    "It may connect, and read files, but write only in state.dir, and run no program." } },
	{ "runner",
	  { "hooks のプログラムだけを実行します。プログラムは権限を増やせず、ほかのプロセスの追跡や"
	    "マウントはできません。",
	    "It runs the programs of hooks, and no others. They gain no rights, trace no other "
	    "process and mount nothing." } },
};

static void key(km_buf *b, km_conf_key k, int lang)
{
	const km_conf_info *i = km_conf_describe(k);

	km_buf_fmt(b, ".It Cm %s\n", i->name);
	km_roff_text(b, i->help[lang], lang != 0);
	km_buf_fmt(b, ".br\n%s: %s\n", km_page_say(lang, "初期値", "Default"), i->def);
}

static void sockets(km_buf *b, int lang)
{
	km_page_section(b, lang, "ソケット", "SOCKETS");
	km_roff_text(
		b,
		km_page_say(
			lang,
			"アドレスは HOST:PORT、unix:/PATH、off のいずれかです。unix "
			"ソケットは所有者とグループだけが使えます。認証も暗号化もしないので、信頼で"
			"きる"
			"ところだけに開いてください。"
			"systemd からソケットを受け取ることもでき、FileDescriptorName= "
			"が次の名前のものを使います。",
			"An address is HOST:PORT, unix:/PATH or off. A unix socket is open to its "
			"owner and group. There is neither login nor encryption: let only those in "
			"whom you trust. Sockets may be handed over by systemd, those whose "
			"FileDescriptorName= is one of these names:"),
		lang != 0);
	km_buf_add(b, KM_S(".Bl -tag -width Ds\n"));
	key(b, KM_KEY_LISTEN_MILTER, lang);
	key(b, KM_KEY_LISTEN_HTTP, lang);
	key(b, KM_KEY_LISTEN_SPAMD, lang);
	km_buf_add(b, KM_S(".El\n"));
}

static void description(km_buf *b, int lang)
{
	km_page_section(b, lang, "説明", "DESCRIPTION");
	km_roff_text(
		b,
		km_page_say(
			lang,
			"komainu serve は、Postfix や Sendmail の milter として、Exim や spamc の "
			"spamd として、また HTTP "
			"で、メールを受け取って判定するデーモンです。前面で動き、記録 (ログ) "
			"を標準エラー出力に書きます。"
			"準備ができると標準出力に待ち受けアドレスを書きます。systemd "
			"の下では、準備、読み直し、終了、生存を知らせます "
			"(Type=notify、WatchdogSec=)。",
			"komainu serve is the daemon that takes mail from Postfix or Sendmail as a "
			"milter, from Exim or spamc as spamd, and by HTTP, and judges it; it signs "
			"what its users send. It runs in the foreground and logs to "
			"standard error. Once it is ready, standard output says where it listens. "
			"Under systemd it tells when it is ready, reloading and ending, and that "
			"it is alive (Type=notify, WatchdogSec=)."),
		lang != 0);
	km_buf_add(b, KM_S(".Pp\n"));
	km_roff_text(
		b,
		km_page_say(lang,
			    "判定できないときの返事は 451 で、相手のサーバーが後で送り直します "
			    "(policy.default_on_error: accept なら、判定せずに通します)。"
			    "記録が書けない間 (ディスクの空きがないなど) "
			    "も同じです。届いたメールが失われる"
			    "ことはありません。",
			    "When a message can not be judged, the answer is 451 and the sender's "
			    "server "
			    "comes again (with policy.default_on_error: accept, the message passes "
			    "unjudged). The same holds while records can not be written, say "
			    "because the "
			    "disk is full. No message is lost."),
		lang != 0);
}

void km_docs_daemon(km_buf *b, int lang)
{
	km_page_begin(b, "KOMAINU", "8", "komainu",
		      km_page_say(lang, "メールを判定するデーモン", "daemon that judges mail"),
		      lang);
	km_page_section(b, lang, "書式", "SYNOPSIS");
	km_buf_add(b, KM_S(".Nm komainu\n.Cm serve\n.Op Ar OPTION ...\n"));
	description(b, lang);
	km_page_section(b, lang, "プロセス", "PROCESSES");
	km_page_rows(b, "Em", processes, KM_COUNT(processes), lang);
	km_page_section(b, lang, "シグナル", "SIGNALS");
	km_roff_text(b,
		     km_page_say(lang, "supervisor (親プロセス) に送ります。",
				 "They are sent to the supervisor, the parent of the others:"),
		     lang != 0);
	km_page_rows(b, "Dv", signals, KM_COUNT(signals), lang);
	sockets(b, lang);
	km_page_section(b, lang, "ファイル", "FILES");
	km_page_rows(b, "Pa", files, KM_COUNT(files), lang);
	km_page_exits(b, lang);
	km_page_section(b, lang, "関連項目", "SEE ALSO");
	km_buf_add(b, KM_S(".Xr komainu\\-key 1 ,\n.Xr komainu\\-log 1 ,\n.Xr komainu\\-serve 1 ,\n"
			   ".Xr komainu\\-try 1 ,\n.Xr komainu.yaml 5\n"));
	km_page_section(b, lang, "安全性", "SECURITY CONSIDERATIONS");
	km_roff_text(
		b,
		km_page_say(lang,
			    "メールは攻撃者が書いたものとして扱います。カーネルにないものは"
			    "警告して、残りで守ります。",
			    "Every message is taken for an attacker's. What the kernel lacks is "
			    "warned of, and the rest still holds:"),
		lang != 0);
	km_page_rows(b, "", confinement, KM_COUNT(confinement), lang);
}
