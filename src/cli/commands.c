#include "cli/tables.h"

/* What all commands understand. */
static const km_option common[] = {
	{ .name = "json",
	  .type = KM_OPT_FLAG,
	  .at = offsetof(km_common_options, json),
	  .help = { "JSON で出力する", "print JSON" } },
	{ .name = "lang",
	  .type = KM_OPT_CHOICE,
	  .at = offsetof(km_common_options, lang),
	  .arg = "LANG",
	  .choices = "ja|en",
	  .help = { "表示する言語 (ja, en)。省略時はロケールに従う",
		    "language to speak: ja or en (default: by the locale)" } },
	{ .letter = 'h',
	  .name = "help",
	  .type = KM_OPT_FLAG,
	  .at = offsetof(km_common_options, help),
	  .help = { "この説明を表示する", "show this help" } },
};

static const km_command commands[] = {
	{ .name = "scan",
	  .operands = "[FILE|FOLDER]...",
	  .words = KM_WORDS_FILES,
	  .max_operands = SIZE_MAX,
	  .options = &km_scan_options,
	  .run = km_scan_run,
	  .summary = { "メールを判定し、理由を示す", "judge messages, and say why" },
	  .about = { "メールを判定します。FILE は 1 通のメールか mbox、FOLDER はフォルダーか "
		     "Maildir、"
		     "- は標準入力です。指定がなければ標準入力を読みます。\n"
		     "1 通なら判定のすべて (事実、点数、受取人・管理者・送信者への説明) を、"
		     "2 通以上なら 1 行ずつと最後に集計を表示します。\n"
		     "フォルダーは下の階層までたどり、名前の順に読みます。隠しファイルと、フォルダ"
		     "ーへの"
		     "リンクは読みません。Maildir では cur と new、その下の Maildir (.Sent など) "
		     "を読み、"
		     "tmp は読みません。mbox の N 通目は「ファイル名:N」と表します。mbox の中の "
		     ">From "
		     "は元に戻さず、そのまま読みます。\n"
		     "封筒の情報 (IP アドレス、HELO、MAIL FROM、RCPT TO) "
		     "は、オプションで与えなければ "
		     "Return-Path と最も上の Received から読み取ります。\n"
		     "--json では 1 通を 1 行の JSON で、与えた順に出力します。読めないファイルは "
		     "{\"file\": …, \"error\": …} になります。",
		     "Judges messages. FILE is one message or an mbox, FOLDER any folder or a "
		     "Maildir, - "
		     "is standard input, which is also read when nothing is named.\n"
		     "One message is shown with all that was found: facts, points, and an "
		     "explanation for "
		     "its recipient, the administrator and its sender. Several take a line each, "
		     "with a "
		     "summary at the end.\n"
		     "Folders are read to the bottom, in order of names; hidden files and links to "
		     "folders "
		     "are passed over. Of a Maildir, cur and new are read, and the Maildirs below "
		     "it "
		     "(.Sent), never tmp. Message N of an mbox is called PATH:N. In an mbox, >From "
		     "is read "
		     "as it stands.\n"
		     "The envelope (IP address, HELO, MAIL FROM, RCPT TO) is read from Return-Path "
		     "and the "
		     "topmost Received field where no option gives it.\n"
		     "With --json each message is one object in one line, in the order given. A "
		     "file that "
		     "can not be read gives {\"file\": ..., \"error\": ...}." },
	  .examples = { { "scan message.eml",
			  { "1 通を判定し、理由をすべて表示する。",
			    "Judges one message and says why." } },
			{ "scan --lang ja -j 4 ~/Maildir",
			  { "Maildir 全体を 4 並列で判定し、日本語で表示する。",
			    "Judges a whole Maildir, four at once, and speaks Japanese." } },
			{ "scan --json --now received archive.mbox > verdicts.jsonl",
			  { "受信した時刻で判定し、JSON の行にする。",
			    "Judges an archive as of the time of receipt, as lines of JSON." } },
			{ "scan --ip 203.0.113.7 --helo mx.example.jp --from '' < bounce.eml",
			  { "標準入力のメールを、空の差出人で 203.0.113.7 "
			    "から届いたものとして判定する。",
			    "Judges standard input as mail with the null sender from "
			    "203.0.113.7." } } } },
	{ .name = "show",
	  .operands = "[FILE|FOLDER]...",
	  .words = KM_WORDS_FILES,
	  .max_operands = SIZE_MAX,
	  .options = &km_show_options,
	  .run = km_show_run,
	  .summary = { "メールの構造を表示する", "show how a message is built" },
	  .about = { "メールのヘッダとパートの木を表示します。パートごとに、種類、文字コード "
		     "(宣言→実際)、"
		     "符号化、大きさ、ファイル名、中身から見た種類を示します。"
		     "複数の読み方ができる箇所は、すべての読み方を示します。",
		     "Shows the header of a message and the tree of its parts: for each its type, "
		     "charset (declared→used), encoding, size, file name, and what its bytes "
		     "really are. Where a part can be read in several ways, all readings are "
		     "shown." },
	  .examples = { { "show --received --html-links message.eml",
			  { "経路とリンク先も表示する。",
			    "Shows the route and the links as well." } },
			{ "show --part 1.2 message.eml",
			  { "パート 1.2 の本文を読む。", "Prints the text of part 1.2." } } } },
	{ .name = "serve",
	  .operands = "",
	  .options = &km_serve_options_table,
	  .run = km_serve_run,
	  .summary = { "メールを判定するデーモンを動かす", "run the daemon that judges mail" },
	  .about = { "milter と HTTP "
		     "でメールを受け取って判定するデーモンを、端末の前面で動かします。"
		     "準備ができると標準出力に待ち受けアドレスを書きます。\n"
		     "SIGHUP で設定と判定方針を読み直します。誤りがあれば、前のものを使い続けます。"
		     "SIGTERM と Ctrl-C では、処理中のメールを終えてから止まります。",
		     "Runs the daemon that takes mail by milter and HTTP and judges it, in the "
		     "foreground. Once it is ready, standard output says where it listens.\n"
		     "SIGHUP reads configuration and policy anew; when they have an error, the old "
		     "ones stay in force. SIGTERM and Ctrl-C finish what is under way, then end." },
	  .examples = { { "serve",
			  { "組み込みの既定値で動かす", "Runs with the built-in defaults." } },
			{ "serve --config /etc/komainu/komainu.yaml",
			  { "設定ファイルを使って動かす", "Runs with a configuration file." } } } },
	{ .name = "try",
	  .operands = "[FILE|FOLDER]...",
	  .words = KM_WORDS_FILES,
	  .max_operands = SIZE_MAX,
	  .options = &km_try_options,
	  .run = km_try_run,
	  .summary = { "動いているデーモンにメールを送って試す",
		       "send messages through a running daemon" },
	  .about = { "メールサーバーがするように、動いているデーモンの milter "
		     "にメールを送り、返答と付け加えられる"
		     "ヘッダーを表示します。--http では /scan に送り、その JSON を表示します。"
		     "メールはどこにも配送されません。判定は記録に残ります。",
		     "Sends messages to the milter of a running daemon as a mail server does, and "
		     "shows its answer and the header fields it adds; with --http, to /scan, and "
		     "shows the JSON. Nothing is delivered anywhere; the verdicts are recorded." },
	  .examples = { { "try --ip 203.0.113.7 --rcpt you@example.jp message.eml",
			  { "203.0.113.7 から届いたものとして試す",
			    "Tries a message as if it came from 203.0.113.7." } },
			{ "try --http 127.0.0.1:8473 message.eml",
			  { "HTTP で試す", "Tries it by HTTP." } } } },
	{ .name = "log",
	  .operands = "",
	  .options = &km_log_options,
	  .run = km_log_run,
	  .summary = { "最近の判定を表示する", "show recent verdicts" },
	  .about = { "デーモンが残した判定の記録を、古いものから順に表示します。"
		     "拒否の返答に書かれた ID も、メールサーバーのキュー ID も --id で探せます。",
		     "Shows the verdicts that the daemon recorded, oldest first. --id finds the id "
		     "that a rejected sender was told, and a queue id of the mail server." },
	  .examples = { { "log --follow",
			  { "判定を次々に表示する", "Shows verdicts as they come." } },
			{ "log --action reject --since 1d",
			  { "この 1 日に拒否したもの", "What was rejected during the last day." } },
			{ "log --id 01KAQJ9X3T0000000000000000 --json",
			  { "1 通について記録のすべてを表示する",
			    "Shows all that is on record about one message." } } } },
	{ .name = "brands show",
	  .operands = "NAME...",
	  .words = KM_WORDS_NONE,
	  .min_operands = 1,
	  .max_operands = SIZE_MAX,
	  .options = &km_brands_show_options,
	  .run = km_brands_show_run,
	  .summary = { "ブランドについて知っていることを表示する",
		       "show what is known about a brand" },
	  .about = { "よく名前をかたられる会社や役所について、名前の書き方、公式のドメイン、種類、"
		     "その情報がどのくらい確かかを表示します。NAME "
		     "は、表にあるどの名前でもかまいません。",
		     "Shows names, own domains and kind of a company or authority whose name is "
		     "often forged, and how certain that is. NAME is any of its names." },
	  .examples = { { "brands show 楽天", { "名前で", "By name." } },
			{ "brands show rakuten_card --json",
			  { "表の id で、JSON として", "By its id in the table, as JSON." } } } },
	{ .name = "brands check",
	  .operands = "[FILE]",
	  .words = KM_WORDS_FILES,
	  .max_operands = 1,
	  .options = &km_brands_check_options,
	  .run = km_brands_check_run,
	  .summary = { "ブランドの表を検査する", "check a table of brands" },
	  .about = { "自分の表 FILE（data/brands.csv "
		     "と同じ形）を、組み込みの表に重ねたうえで検査します。"
		     "1 行でも誤りがあれば、ファイル、行、理由を示します。"
		     "FILE がなければ、組み込みの表だけを検査します。\n"
		     "使うには、設定の content.brands にその場所を書きます。",
		     "Checks FILE, a table of your own in the form of data/brands.csv, on top of "
		     "the built-in one; a bad row is told with file, line and reason. Without "
		     "FILE it checks the built-in table alone.\n"
		     "To use it, name it in content.brands of the configuration." },
	  .examples = { { "brands check my-brands.csv",
			  { "使う前に検査する", "Checks it before use." } } } },
	{ .name = "list import",
	  .operands = "NAME FILE...",
	  .words = KM_WORDS_FILES,
	  .min_operands = 2,
	  .max_operands = SIZE_MAX,
	  .options = &km_list_import_options,
	  .run = km_list_import_run,
	  .summary = { "危険なもののリストを取り込む", "import a list of what is known to be bad" },
	  .about = { "URL、ホスト、差出人アドレス、ファイルの SHA-256 のリストを読み、NAME "
		     "という名前で"
		     " state.dir の lists "
		     "に置きます。同じ名前の古いリストは、まるごと置き換えます。"
		     "1 "
		     "行でも誤りがあれば、ファイル、行、理由を示して取り込まず、古いリストが残りま"
		     "す。\n"
		     "動いているデーモンは、取り込みに気づいて新しいリストを使い始めます。\n"
		     "短縮 URL "
		     "やファイル共有など、多くの人が共有する場所は、まるごとは載せません。",
		     "Reads lists of URLs, hosts, sender addresses or SHA-256 of files, and puts "
		     "them "
		     "as NAME into the folder lists of state.dir, in place of the old list of that "
		     "name. A single bad row refuses the import with file, line and reason, and "
		     "the "
		     "old list stays.\n"
		     "A daemon that runs notices, and goes on with the new list.\n"
		     "Places that many share, like shorteners and file hosters, are never listed "
		     "whole." },
	  .examples = { { "list import jpcert 202501.csv 202502.csv",
			  { "JPCERT/CC のフィッシング URL", "JPCERT/CC's phishing URLs." } },
			{ "list import --kind address senders bad-senders.txt",
			  { "1 行に 1 つ書いた差出人アドレス",
			    "Sender addresses, one a line." } } } },
	{ .name = "list show",
	  .operands = "[VALUE]...",
	  .words = KM_WORDS_NONE,
	  .max_operands = SIZE_MAX,
	  .options = &km_list_show_options,
	  .run = km_list_show_run,
	  .summary = { "取り込んだリストを表示する", "show the lists" },
	  .about = { "取り込んだリストを表示します。URL、ホスト、アドレス、SHA-256 を書くと、"
		     "それがどのリストにあるかを示します。",
		     "Shows the lists that were imported; with URLs, hosts, addresses or SHA-256, "
		     "which of them is on which list." },
	  .examples = { { "list show", { "リストの一覧", "All lists." } },
			{ "list show https://evil.example/login",
			  { "この URL がどのリストにあるか", "Which lists have this URL." } } } },
	{ .name = "list check",
	  .operands = "FILE...",
	  .words = KM_WORDS_FILES,
	  .min_operands = 1,
	  .max_operands = SIZE_MAX,
	  .options = &km_list_check_options,
	  .run = km_list_check_run,
	  .summary = { "取り込む前のファイルを検査する", "check files before they are imported" },
	  .about = { "リストのもとになるファイルを、取り込まずに検査します。",
		     "Checks the files that a list would be made of, and imports nothing." } },
	{ .name = "config check",
	  .operands = "[FILE]",
	  .words = KM_WORDS_FILES,
	  .max_operands = 1,
	  .options = &km_config_check_options,
	  .run = km_config_check_run,
	  .summary = { "設定ファイルを検査する", "check a configuration file" },
	  .about = { "設定ファイルと、そこに書かれた判定方針・DNS スナップショットを検査します。"
		     "誤りがあれば、ファイル、行、キー、正しい書き方を示します。",
		     "Checks a configuration file, and the policy pack and DNS snapshot that it "
		     "names. An error is shown with file, line, key and what was expected." } },
	{ .name = "config show",
	  .operands = "[KEY]",
	  .words = KM_WORDS_KEYS,
	  .max_operands = 1,
	  .options = &km_config_show_options,
	  .run = km_config_show_run,
	  .summary = { "有効な設定値と、その出どころを表示する",
		       "show the settings in force, and where each comes from" },
	  .about = { "有効な設定値を、設定ファイルの何行目で決まったかとともに表示します。"
		     "出力はそのまま設定ファイルとして使えます。",
		     "Shows the settings in force, each with the line of the file where it was "
		     "set. "
		     "The output is a configuration file itself." } },
	{ .name = "config explain",
	  .operands = "[KEY]",
	  .words = KM_WORDS_KEYS,
	  .max_operands = 1,
	  .options = &km_config_explain_options,
	  .run = km_config_explain_run,
	  .summary = { "設定キーの意味、種類、範囲、初期値を説明する",
		       "explain a key: meaning, type, range, default" },
	  .about = { "設定キーの意味、種類、範囲、初期値を説明します。--all "
		     "ですべてのキーを説明します。",
		     "Explains what a key means, its type, range and default; with --all, every "
		     "key." } },
	{ .name = "guard simulate",
	  .operands = "[FILE]",
	  .words = KM_WORDS_FILES,
	  .max_operands = 1,
	  .options = &km_guard_simulate_options,
	  .run = km_guard_simulate_run,
	  .summary = { "送信メールの見張りを、記録した出来事で試す",
		       "try the guard of outgoing mail on recorded events" },
	  .about = { "送信、ログイン、不達などの出来事を 1 行 1 件の JSON で時刻順に読み、デーモン"
		     "と同じ規則で、送信ごとの判断と、アカウントへの措置 (注意、警告、制限、停止)"
		     "を示します。時計は出来事の時刻で、何も書き残しません。FILE がなければ標準入力"
		     "を読みます。\n"
		     "読めない行は番号と理由を示して飛ばし、終了コードを 65 "
		     "にします。知らない項目は"
		     "無視します。",
		     "Reads events (submissions, logins, bounces, ...) as JSON, one a line, in "
		     "order "
		     "of time, and shows what the daemon would decide: with --json a line for "
		     "every "
		     "submission and every measure, otherwise the measures with their reasons and "
		     "a "
		     "summary. The clock is the events' own; nothing is kept. Without FILE, "
		     "standard "
		     "input is read.\n"
		     "A line that can not be read is told with its number and reason and passed "
		     "over; the exit status is then 65. Members that are not known are ignored." },
	  .examples = { { "guard simulate --json events.jsonl",
			  { "すべての判断と措置を JSON の行で出力する。",
			    "Prints all decisions and measures as lines of JSON." } } } },
	{ .name = "guard ingest",
	  .operands = "[FILE]",
	  .words = KM_WORDS_FILES,
	  .max_operands = 1,
	  .options = &km_guard_ingest_options,
	  .run = km_guard_ingest_run,
	  .summary = { "出来事をデーモンの見張りに伝える", "tell the daemon's guard of events" },
	  .about = { "ログイン、不達、苦情、アドレスの割り当てなどの出来事を 1 行 1 件の JSON で"
		     "読み、動いているデーモンの見張りに 1 行ずつ伝えます。答えが来たものは"
		     "記録済みです。FILE がなければ標準入力を読むので、ログを流し込めます。\n"
		     "読めない行は番号と理由を示して飛ばし、終了コードを 65 "
		     "にします。見張りが再起動したときは、答えのない行を送り直します。",
		     "Reads events (logins, bounces, complaints, leases, ...) as JSON, one a line, "
		     "and tells the guard of the running daemon line by line. What was answered is "
		     "on disk. Without FILE, standard input is read, so a log can be piped in.\n"
		     "A line that can not be read is told with its number and reason and passed "
		     "over; the exit status is then 65. When the guard was restarted, a line "
		     "without answer is sent again." },
	  .examples = { { "guard ingest leases.jsonl",
			  { "アドレスの割り当てを伝える。", "Tells of leases." } },
			{ "guard ingest --json < events.jsonl",
			  { "見張りの答えを JSON の行で出力する。",
			    "Prints the guard's answers as lines of JSON." } } } },
	{ .name = "guard top",
	  .operands = "",
	  .options = &km_guard_top_options,
	  .run = km_guard_top_run,
	  .summary = { "止められた、または止まりそうなアカウントを見る",
		       "watch the accounts that are stopped or near it" },
	  .about = { "送信を止められたアカウントと、枠を使い切りそうなアカウントを、端末では書き換"
		     "え"
		     "ながら、そうでなければ 1 "
		     "度だけ表示します。枠の割合は、送信者に知らせないでくだ"
		     "さい。Ctrl-C で終わります。\n"
		     "列は、措置、1 時間と 1 日の枠をどれだけ使ったか、1 日の宛先の数、そのうち存在"
		     "しなかったもの、迷惑メールと判定されたもの、苦情です。デーモンが動いている必"
		     "要が"
		     "あります。",
		     "Shows the accounts that are stopped and those nearest to it: again and again "
		     "on a terminal, else once. How full the budgets are is not for senders. "
		     "Ctrl-C "
		     "ends it.\n"
		     "Columns: the measure in force, how much of the budgets of an hour and a day "
		     "is "
		     "used, recipients within a day, those of them that do not exist, messages "
		     "judged as spam, complaints. The daemon must run." },
	  .examples = { { "guard top --json", { "1 度だけ JSON で", "Once, as JSON." } } } },
	{ .name = "account list",
	  .operands = "",
	  .options = &km_account_list_options,
	  .run = km_account_list_run,
	  .summary = { "措置を受けているアカウントを表示する",
		       "list accounts with a measure in force" },
	  .about = { "いま送信を遅くされ、または止められているアカウントを、いつから、いつまでかと"
		     "ともに"
		     "表示します。",
		     "Lists the accounts whose mail is slowed down or stopped now, since when and "
		     "until when." },
	  .examples = { { "account list --json",
			  { "1 行に 1 つの JSON で", "As lines of JSON." } } } },
	{ .name = "account show",
	  .operands = "ACCOUNT",
	  .min_operands = 1,
	  .max_operands = 1,
	  .options = &km_account_show_options,
	  .run = km_account_show_run,
	  .summary = { "アカウントのいまの状態を表示する", "show how an account stands now" },
	  .about = { "アカウントの種類、いまの措置、これまでの記録の数を表示します。デーモンが動い"
		     "ていれば、"
		     "いまの計数も表示します。計数と限度は、利用者に知らせないでください。",
		     "Shows the kind of the account, the measure in force, and what is on file; "
		     "and "
		     "when the daemon runs, what it counts now. Counts and limits are not for the "
		     "sender." } },
	{ .name = "account history",
	  .operands = "ACCOUNT",
	  .min_operands = 1,
	  .max_operands = 1,
	  .options = &km_account_history_options,
	  .run = km_account_history_run,
	  .summary = { "アカウントの記録を古い順に表示する",
		       "show an account's file, oldest first" },
	  .about = { "措置、申し立て、決定、誰に知らせたかを、起きた順に、その根拠とともに表示しま"
		     "す。"
		     "記録は書き足されるだけで、変えられることはありません。",
		     "Shows measures, statements, decisions, and who was told, in order and with "
		     "the facts. The file is only ever added to." } },
	{ .name = "account explain",
	  .operands = "ACCOUNT",
	  .min_operands = 1,
	  .max_operands = 1,
	  .options = &km_account_explain_options,
	  .run = km_account_explain_run,
	  .summary = { "指摘された人に必要なことをすべて説明する",
		       "explain all that somebody who is accused needs" },
	  .about = { "時刻 (日本時間と "
		     "UTC)、接続元のアドレスとポート、ログイン名、件数、メッセージ "
		     "ID、止めたもの、それが乗っ取り・感染・本人の配信のどれを示すか、何をすればよ"
		     "いか、"
		     "どう申し立てるかを示します。\n"
		     "--for subscriber は、限度や点数を伏せた、利用者に渡せる文書にします。",
		     "Tells times (JST and UTC), client addresses and ports, login name, counts, "
		     "message ids, what was stopped; what of it speaks for a take-over, an "
		     "infection or the holder's own mailing; what to do, and how to be heard.\n"
		     "--for subscriber makes a text that can be handed over: without limits and "
		     "points." },
	  .examples = { { "account explain u1042 --for subscriber --lang ja",
			  { "利用者に渡す説明を作る", "Makes the text for the subscriber." } } } },
	{ .name = "account notice",
	  .operands = "ACCOUNT",
	  .min_operands = 1,
	  .max_operands = 1,
	  .options = &km_account_notice_options,
	  .run = km_account_notice_run,
	  .summary = { "通知の文面を見る", "preview a notice" },
	  .about = { "最新の措置について送られる (送られた) "
		     "通知を、送らずに表示します。notify.templates の"
		     "文面を試すのにも使えます。",
		     "Shows the notice about the newest entry as it is (or was) mailed, and sends "
		     "nothing: also to try texts of your own (notify.templates)." },
	  .examples = { { "account notice u1042 --kind brake",
			  { "一時停止の通知を見る", "The notice of the brake." } } } },
	{ .name = "account appeal",
	  .operands = "ACCOUNT [FILE]",
	  .words = KM_WORDS_FILES,
	  .min_operands = 1,
	  .max_operands = 2,
	  .options = &km_account_appeal_options,
	  .run = km_account_appeal_run,
	  .summary = { "利用者の申し立てを記録する", "put a subscriber's statement on file" },
	  .about = { "FILE (なければ標準入力) の申し立てを、--log "
		     "の記録とともに、アカウントの記録に"
		     "加えます。文は 64 KB、記録は 1 つ 256 KB、合わせて 1 MB "
		     "までです。受け取ったことが"
		     "利用者に、申し立てが担当者に知らされます。デーモンが動いている必要があります"
		     "。",
		     "Adds the statement in FILE (else on standard input), with logs, to the "
		     "account's file: 64 KB of text, 256 KB for each log, 1 MB in all. The "
		     "subscriber is told that it came in, staff what it says. The daemon must "
		     "run." },
	  .examples = { { "account appeal u1042 statement.txt --log router.log",
			  { "申し立てとルーターの記録",
			    "A statement, with a log of the router." } } } },
	{ .name = "account review",
	  .operands = "ACCOUNT",
	  .min_operands = 1,
	  .max_operands = 1,
	  .options = &km_account_review_options,
	  .run = km_account_review_run,
	  .summary = { "人の決定を、理由とともに記録する",
		       "record a person's decision, with reason" },
	  .about = { "措置を解く (restore)、続ける (keep)、利用を終了する (terminate) "
		     "という決定を記録し、すぐに効かせます。終了を決めるのは人だけです。理由は利用"
		     "者に"
		     "知らされます。デーモンが動いている必要があります。",
		     "Records a decision, which takes effect at once: to lift the measure "
		     "(restore), to keep it, or to end the account's sending for good (terminate), "
		     "which only people do. The subscriber is told the reason. The daemon must "
		     "run." },
	  .examples = { { "account review u1042 --outcome restore -r '同窓会の案内' --by tanaka",
			  { "本人の配信だったので解く",
			    "Lifts it: it was the holder's own mailing." } } } },
	{ .name = "account restore",
	  .operands = "ACCOUNT",
	  .min_operands = 1,
	  .max_operands = 1,
	  .options = &km_account_restore_options,
	  .run = km_account_restore_run,
	  .summary = { "措置を解き、パスワードを変えさせる",
		       "lift a measure, and have the password changed" },
	  .about = { "review --outcome restore と同じですが、hooks.password_reset "
		     "のプログラムでパスワードを無効にします。盗まれたパスワードのまま送信が再開す"
		     "るのを"
		     "防ぎます。",
		     "Like review --outcome restore, and the program of hooks.password_reset makes "
		     "the password invalid, so that sending does not begin again with one that was "
		     "stolen." },
	  .examples = { { "account restore u1042 --reason '端末を初期化した' --by tanaka",
			  { "感染していた端末を直した後に",
			    "After the infected device was reset." } } } },
	{ .name = "eval",
	  .operands = "[INDEX]",
	  .max_operands = 1,
	  .options = &km_eval_options,
	  .run = km_eval_run,
	  .summary = { "分類器の成績を測る", "measure how well the classifier does" },
	  .about = { "ラベルの付いたメールを順に読み、--online では 1 "
		     "通ごとに、まず判定し、それから学習して、"
		     "--split では前半で学習し、後半を判定して、成績を表示します。"
		     "分類器は何も知らない状態から始めます。--test "
		     "は、できあがったモデルを測ります。\n"
		     "成績は TREC のスパムトラックの尺度です。1-AUC "
		     "は迷惑メールとそうでないメールの順位の誤り、"
		     "lam は二種類の誤りの平均、FN at FP .1 は、ふつうのメールの誤りを 0.1 % "
		     "に抑えたときの見逃し、ECE は確率のずれです。\n"
		     "--goodwords、--homoglyph、--zero-width、--fullwidth "
		     "は、判定する迷惑メールを、"
		     "フィルターを逃れようとする人がするように書き換えます。学習には元のメールを使"
		     "うので、"
		     "分類器はその手口を見たことがありません。",
		     "Reads labelled mail in order and shows how well the classifier does: with "
		     "--online it first classifies each message, then trains on it; with --split "
		     "it trains on the first half and classifies the rest. The classifier begins "
		     "knowing nothing. --test measures a stored model.\n"
		     "The measures are those of the TREC spam track: 1-AUC is how often a ham is "
		     "ranked above a spam, lam the mean of both kinds of error, FN at FP .1 the "
		     "spam that is missed when 0.1 % of the ham may be called spam, ECE how far "
		     "the probabilities are off.\n"
		     "--goodwords, --homoglyph, --zero-width and --fullwidth rewrite the spam that "
		     "is classified as somebody would who wants to slip past. What is learned is "
		     "the message as it was, so the classifier has never seen the trick." },
	  .examples = { { "eval --online trec07p/full/index",
			  { "TREC の索引で測る", "Measures on a TREC index." } },
			{ "eval --split index --report eval.html",
			  { "後半で測り、図のあるページを書く",
			    "Measures on the second half, and writes a page with diagrams." } },
			{ "eval --online index --goodwords 200",
			  { "ふつうのメールの 200 語を前に置いた迷惑メールで測る",
			    "Measures with 200 words of ham before each spam." } } } },
	{ .name = "learn spam",
	  .operands = "[FILE|FOLDER]...",
	  .words = KM_WORDS_FILES,
	  .max_operands = SIZE_MAX,
	  .options = &km_learn_options,
	  .run = km_learn_run,
	  .summary = { "メールを迷惑メールとして学習する", "learn messages as spam" },
	  .about = { "FILE はメール 1 通か mbox、FOLDER はメールの入ったフォルダーか Maildir です。"
		     "省略すると標準入力を読みます。デーモンが動いていればデーモンに渡し、動いてい"
		     "なければ "
		     "state.dir "
		     "に直接学習します。どちらでも、終わったときにはディスクに書かれ、次の判定から"
		     "効きます。\n"
		     "同じメールを二度学習することはありません。行末の違いや、受信側が付けたフィー"
		     "ルドの違いは"
		     "同じメールとみなします。前に learn ham "
		     "したメールなら、迷惑メールへ移します。\n"
		     "--user "
		     "を付けると、その利用者の言い分として学習します。本人のメールにはそのまま、"
		     "ほかの人のメールには控えめに効き、1 日に learn.daily_lessons "
		     "通を超えるとさらに弱まります。",
		     "FILE is one message or an mbox, FOLDER a folder of messages or a Maildir; "
		     "without "
		     "either standard input is read. While the daemon runs they are given to it, "
		     "else "
		     "they go straight into state.dir. Either way they are on disk and in force "
		     "for the "
		     "next message when the command ends.\n"
		     "No message is learned twice; other line ends and fields that a receiver "
		     "added make "
		     "no difference. One that was learned as ham before is moved.\n"
		     "With --user it is learned as what that user says: in full for mail to him, "
		     "with less "
		     "weight for others, and with less and less past learn.daily_lessons a day." },
	  .examples = { { "learn spam Maildir/.Junk",
			  { "迷惑メールのフォルダーを学習する", "Learns a folder of spam." } },
			{ "learn spam --user taro@example.jp mail.eml",
			  { "利用者の報告として学習する", "Learns what a user reported." } } } },
	{ .name = "learn ham",
	  .operands = "[FILE|FOLDER]...",
	  .words = KM_WORDS_FILES,
	  .max_operands = SIZE_MAX,
	  .options = &km_learn_options,
	  .run = km_learn_run,
	  .summary = { "メールをふつうのメールとして学習する", "learn messages as honest mail" },
	  .about = { "learn spam の逆です。", "The reverse of learn spam." },
	  .examples = { { "learn ham Maildir/cur", { "受信箱を学習する", "Learns an inbox." } } } },
	{ .name = "learn undo",
	  .operands = "[FILE|FOLDER]...",
	  .words = KM_WORDS_FILES,
	  .max_operands = SIZE_MAX,
	  .options = &km_learn_options,
	  .run = km_learn_run,
	  .summary = { "メールの学習を取り消す", "take back what was learned of messages" },
	  .about = { "learn spam または learn ham "
		     "したメールの学習を取り消します。学習していないメールには"
		     "何もしません。",
		     "Takes back what learn spam or learn ham learned of these messages. Of others "
		     "there is "
		     "nothing to take back." },
	  .examples = { { "learn undo mail.eml", { "1 通を取り消す", "Takes one back." } } } },
	{ .name = "learn status",
	  .operands = "",
	  .options = &km_learn_state_options,
	  .run = km_learn_state_run,
	  .summary = { "学習の状態を表示する", "show what was learned" },
	  .about = { "学習したメールの数、モデルのダイジェスト、スナップショット、よく学習させてい"
		     "る利用者を"
		     "表示します。",
		     "Shows how many messages were learned, the digest of the model, the "
		     "snapshots, and who "
		     "taught most." },
	  .examples = { { "learn status --json", { "JSON で表示する", "The same as JSON." } } } },
	{ .name = "learn snapshot",
	  .operands = "NAME",
	  .min_operands = 1,
	  .max_operands = 1,
	  .options = &km_learn_state_options,
	  .run = km_learn_state_run,
	  .summary = { "いまの学習に名前を付ける", "name what is learned by now" },
	  .about = { "learn rollback NAME で、この時点へ戻れるようにします。",
		     "learn rollback NAME then goes back to it." },
	  .examples = { { "learn snapshot before-import",
			  { "取り込みの前に名前を付ける", "Before an import." } } } },
	{ .name = "learn rollback",
	  .operands = "NAME",
	  .min_operands = 1,
	  .max_operands = 1,
	  .options = &km_learn_state_options,
	  .run = km_learn_state_run,
	  .summary = { "学習をスナップショットへ戻す", "go back to a snapshot" },
	  .about = { "NAME "
		     "より後に学習したことを、すべてなかったことにします。記録は消えないので、後の"
		     "スナップ"
		     "ショットへ進み直すこともできます。",
		     "Everything learned after NAME counts no more. Nothing is deleted: a later "
		     "snapshot can be "
		     "gone forward to." },
	  .examples = { { "learn rollback before-import",
			  { "取り込みの前へ戻す", "Back to before." } } } },
	{ .name = "learn replay",
	  .operands = "",
	  .options = &km_learn_state_options,
	  .run = km_learn_state_run,
	  .summary = { "モデルを学習の記録から作り直す", "make the model anew from the journal" },
	  .about = { "学習の記録を最初から順にたどり、モデルを作り直します。記録が同じなら、できる"
		     "モデルは 1 "
		     "バイトも違いません。終わるまで、判定には前のモデルを使います。",
		     "Goes through the journal from its first row and makes the model anew. The "
		     "same journal makes "
		     "the same model, byte for byte. Until then the old one is in force." },
	  .examples = { { "learn replay", { "作り直す", "Makes it anew." } } } },
	{ .name = "learn compact",
	  .operands = "[all]",
	  .max_operands = 1,
	  .options = &km_learn_state_options,
	  .run = km_learn_state_run,
	  .summary = { "数えなくなった行を学習の記録から捨てる",
		       "drop what counts no more from the journal" },
	  .about = { "取り消した学習と、ラベルを変える前の学習を、1 "
		     "日たっていれば記録から捨て、残り"
		     "からモデルを作り直します。いちばん新しいスナップショットまでの行は残します。a"
		     "ll "
		     "を付けると、スナップショットとそのための行も捨てます。デーモンは、捨てる行が"
		     "残る行より多くなると、自分でこれを行います。",
		     "Drops lessons that were taken back or learned anew, once they are a day old, "
		     "and makes the model anew from what stays. Rows up to the latest snapshot "
		     "stay; with all, snapshots go, too, and what only they need. The daemon does "
		     "it by itself when more rows are to be dropped than to be kept." },
	  .examples = { { "learn compact", { "記録を小さくする", "Makes it smaller." } },
			{ "learn compact all",
			  { "スナップショットも捨てる", "Gives up the snapshots." } } } },
	{ .name = "learn export",
	  .operands = "[FILE]",
	  .words = KM_WORDS_FILES,
	  .max_operands = 1,
	  .options = &km_learn_state_options,
	  .run = km_learn_export_run,
	  .summary = { "学習の記録を書き出す", "write the journal to a file" },
	  .about = { "バックアップや別のマシンへの引っ越しのために、学習の記録を FILE "
		     "か標準出力に書き出します。"
		     "デーモンが動いていてもかまいません。メールの本文は入りませんが、誰が何を報告"
		     "したかは入ります。",
		     "Writes the journal to FILE or standard output, as a backup or to move to "
		     "another machine, "
		     "also while the daemon runs. No text of messages is in it, but who reported "
		     "what is." },
	  .examples = { { "learn export lessons.kml", { "ファイルに書き出す", "To a file." } } } },
	{ .name = "learn import",
	  .operands = "FILE",
	  .words = KM_WORDS_FILES,
	  .min_operands = 1,
	  .max_operands = 1,
	  .options = &km_learn_state_options,
	  .run = km_learn_import_run,
	  .summary = { "学習の記録を取り込む", "learn what was exported" },
	  .about = { "learn export で書き出した FILE "
		     "を学習します。すでに知っているメールは飛ばします。壊れたファイルは、"
		     "何も取り込まずに断ります。",
		     "Learns the FILE that learn export wrote; messages that are known already are "
		     "passed over. Of a "
		     "damaged file nothing is taken." },
	  .examples = { { "learn import lessons.kml", { "取り込む", "Takes it in." } } } },
	{ .name = "learn base",
	  .operands = "",
	  .options = &km_learn_base_options,
	  .run = km_learn_base_run,
	  .summary = { "分類器の基本モデルを作る", "make the base model of the classifier" },
	  .about = { "ラベルの付いたメールから、model.base に置ける基本モデルを作ります。"
		     "本文の言葉だけを学び、迷惑メールとそうでないメールの両方、二つ以上の出どころ"
		     "に"
		     "現れる言葉に限ります。日付、ホスト、差出人のプログラム、片方にしかない言語は"
		     "学びません。\n"
		     "出どころごとに、時刻の新しい 2 割は学習せずに取り置き、その成績を表示します。"
		     "付属のモデルは data/make-base-model で作ったものです。",
		     "Makes a base model, fit for model.base, from labelled mail. It learns words "
		     "of "
		     "the text alone, and only those that spam and ham and at least two sources "
		     "have: no dates, hosts, mail programs, nor languages of one side.\n"
		     "The latest fifth of each source is not learned but held out, and the result "
		     "on it is shown. The model that comes with Komainu was made by "
		     "data/make-base-model." },
	  .examples = { { "learn base --index index --output base.model",
			  { "index のメールから作る", "Makes it from the mail in index." } } } },
	{ .name = "key new",
	  .operands = "DOMAIN",
	  .min_operands = 1,
	  .max_operands = 1,
	  .options = &km_key_new_options,
	  .run = km_key_new_run,
	  .summary = { "ドメインの署名鍵を作る", "make the keys of a domain" },
	  .about = { "DOMAIN の DKIM の鍵を、RSA (2048 ビット) と Ed25519 の 2 "
		     "つ作り、公開すべき DNS レコードを表示します。鍵は key use "
		     "までは何にも署名しません。\n"
		     "秘密鍵は key.dir (初期値は state.dir の keys) に、持ち主だけが読める "
		     "DOMAIN/SELECTOR.pem として置きます。ほかのプログラムの PEM "
		     "の鍵も、そこに置けば"
		     "使えます。root で実行すれば、持ち主は state.dir の持ち主になります。",
		     "Makes two DKIM keys of DOMAIN, RSA (2048 bits) and Ed25519, and prints the "
		     "DNS records to publish. The keys sign nothing before key use.\n"
		     "The private keys are put into key.dir (default: keys in state.dir) as "
		     "DOMAIN/SELECTOR.pem, for their owner's eyes only. A PEM key of another "
		     "program that is put there signs as well. Run by root, the files are given "
		     "to the owner of state.dir." },
	  .examples = { { "key new example.jp",
			  { "example.jp の鍵を作り、DNS レコードを表示する",
			    "Makes the keys of example.jp and prints the DNS records." } } } },
	{ .name = "key list",
	  .operands = "[DOMAIN]",
	  .max_operands = 1,
	  .options = &km_key_list_options,
	  .run = km_key_list_run,
	  .summary = { "鍵と、DNS で見えるかを表示する", "list keys, and whether DNS has them" },
	  .about = { "鍵を 1 行に 1 つ、状態 (pending: まだ使わない、active: 署名する、retired: "
		     "もう使わない)、DNS "
		     "での名前、種類、いつからか、公開されているかの順に表示します。",
		     "Lists keys, one a line: state (pending: not used yet, active: signs, "
		     "retired: signs no more), name in DNS, kind, since when, and whether it is "
		     "published." },
	  .examples = { { "key list", { "すべての鍵を表示する", "Lists all keys." } } } },
	{ .name = "key use",
	  .operands = "DOMAIN",
	  .min_operands = 1,
	  .max_operands = 1,
	  .options = &km_key_use_options,
	  .run = km_key_use_run,
	  .summary = { "公開した鍵で署名を始める", "sign with keys that are published" },
	  .about = { "作った鍵が DNS で見えることを確かめてから、それで署名を始めます。"
		     "それまでの鍵は使うのをやめます。見えなければ何も変えず、終了コード 75 "
		     "で終わります。",
		     "Checks that the new keys are seen in DNS, and signs with them from then on; "
		     "those that signed so far are retired. When one is not seen, nothing is "
		     "changed, and the exit status is 75." },
	  .examples = { { "key use example.jp",
			  { "DNS を確かめてから使い始める",
			    "Checks DNS, then uses the keys." } } } },
	{ .name = "key rotate",
	  .operands = "DOMAIN",
	  .min_operands = 1,
	  .max_operands = 1,
	  .options = &km_key_rotate_options,
	  .run = km_key_rotate_run,
	  .summary = { "鍵を新しくする", "renew the keys of a domain" },
	  .about = { "2 度実行します。1 度目は新しい鍵を作って DNS レコードを表示し、2 度目は "
		     "key use と同じく、公開を確かめてから切り替えます。その間も署名は続きます。",
		     "To be run twice: first it makes new keys and prints their DNS records, then, "
		     "like key use, it checks that they are published and changes over. Signing "
		     "goes on meanwhile." },
	  .examples = { { "key rotate example.jp",
			  { "example.jp の鍵を新しくする", "Renews the keys of example.jp." } } } },
	{ .name = "key retire",
	  .operands = "DOMAIN [SELECTOR]",
	  .min_operands = 1,
	  .max_operands = 2,
	  .options = &km_key_retire_options,
	  .run = km_key_retire_run,
	  .summary = { "使わなくなった鍵を廃止する", "take keys out of service" },
	  .about = { "使わなくなって 7 日を過ぎた鍵を消し、DNS で失効させるレコードを表示します。"
		     "SELECTOR を指定すると、その鍵での署名をやめます。",
		     "Deletes keys that have been out of use for 7 days, and prints the records "
		     "that revoke them in DNS. With SELECTOR, that key signs no more from now "
		     "on." },
	  .examples = { { "key retire example.jp", { "前の鍵を消す", "Deletes the old keys." } },
			{ "key retire example.jp k20261123r",
			  { "漏れたかもしれない鍵の使用をやめる",
			    "Stops the use of a key that may have leaked." } } } },
	{ .name = "advise",
	  .operands = "",
	  .options = &km_advise_options,
	  .run = km_advise_run,
	  .summary = { "怪しいメールの後に何をすべきかを示す",
		       "say what to do after a suspicious message" },
	  .about = { "リンクを押した、パスワードを入れた、お金を払った、といった場面ごとに、います"
		     "ること"
		     "を順に、してはいけないこと、知っておくこと、相談先とともに示します。\n"
		     "相談先には、どこで確かめた情報かが付いています。確かめていないものには、その"
		     "旨を"
		     "表示します。",
		     "For each situation - a link clicked, a password typed, money paid - says "
		     "what "
		     "to do now, in order, what not to do, what to know, and whom to ask.\n"
		     "Every contact carries how certain it is; those that were not verified say "
		     "so." },
	  .examples = { { "advise --after clicked",
			  { "リンクを押してしまったとき", "After a click on a link." } },
			{ "advise --after one-click --lang ja",
			  { "「登録完了」の画面が出たとき",
			    "After a page that says “registered”." } } } },
	{ .name = "version",
	  .operands = "",
	  .options = &km_version_options,
	  .run = km_version_run,
	  .summary = { "版と、組み込まれたライブラリの版を表示する",
		       "show the version, and those of the libraries inside" },
	  .about = { "Komainu の版、組み込みの判定方針の版、使っているライブラリの版を表示します。"
		     "不具合を知らせるときに添えてください。",
		     "Shows the version of Komainu, of its built-in policy pack and of the "
		     "libraries "
		     "it runs with. Please add it to a bug report." } },
	{ .name = "docs man",
	  .operands = "PAGE",
	  .min_operands = 1,
	  .max_operands = 1,
	  .options = &km_docs_man_options,
	  .run = km_docs_man_run,
	  .summary = { "マニュアルページ (mdoc) を出力する", "print a manual page in mdoc" },
	  .about = { "マニュアルページを標準出力に書きます。PAGE は komainu、komainu-scan "
		     "のような名前です。--lang ja で日本語になります。",
		     "Writes a manual page to standard output. PAGE is a name like komainu or "
		     "komainu-scan; --lang ja makes it Japanese." },
	  .examples = { { "docs man komainu-scan | man -l -",
			  { "インストールせずにマニュアルを読む",
			    "Reads the manual without installing it." } } } },
	{ .name = "docs completion",
	  .operands = "",
	  .options = &km_docs_completion_options,
	  .run = km_docs_completion_run,
	  .summary = { "bash の補完スクリプトを出力する", "print the completion script for bash" },
	  .about = { "bash の補完スクリプトを標準出力に書きます。",
		     "Writes the script that completes commands and options in bash to standard "
		     "output." },
	  .examples = { { "docs completion > ~/.local/share/bash-completion/completions/komainu",
			  { "自分だけのために設定する", "Installs it for yourself." } } } },
};

static const struct {
	km_sv name;
	const char *summary[2];
} groups[] = {
	{ KM_SV("brands"),
	  { "名前をかたられるブランドの表を扱う", "work with the table of forged brands" } },
	{ KM_SV("list"),
	  { "危険なもののリストを扱う", "work with lists of what is known to be bad" } },
	{ KM_SV("config"),
	  { "設定ファイルを検査・表示・説明する", "check, show and explain the configuration" } },
	{ KM_SV("key"), { "署名に使う鍵を管理する", "manage the keys that mail is signed with" } },
	{ KM_SV("learn"), { "分類器に学習させる", "teach the classifier" } },
	{ KM_SV("guard"),
	  { "送信メールを見張る (Un-gyō)", "guard the mail that goes out (Un-gyo)" } },
	{ KM_SV("account"),
	  { "送信アカウントの記録、申し立て、決定を扱う",
	    "files of sending accounts: measures, appeals, decisions" } },
	{ KM_SV("docs"),
	  { "マニュアルと補完スクリプトを出力する",
	    "print manual pages and the shell completion" } },
};

const km_command *km_command_at(size_t i)
{
	return i < KM_COUNT(commands) ? &commands[i] : NULL;
}

const km_command *km_command_find(const char *name)
{
	for (size_t i = 0; i < KM_COUNT(commands); i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

km_sv km_command_group(const km_command *c)
{
	km_sv name = km_sv_of(c->name);

	return km_sv_sub(name, 0, km_sv_chr(name, ' ', 0));
}

const char *km_command_group_summary(const km_command *c, int lang)
{
	for (size_t i = 0; i < KM_COUNT(groups); i++)
		if (km_sv_eq(groups[i].name, km_command_group(c)))
			return groups[i].summary[lang];
	return c->summary[lang];
}

km_option_set km_command_options(const km_command *c)
{
	return (km_option_set){ .own = *c->options,
				.common = { common, KM_COUNT(common), sizeof(km_common_options) } };
}
