#include "cli/page.h"

#include "cli/roff.h"

/* Of the latest release: pages built twice must be the same. */
#define PAGE_DATE "November 23, 2026"

static const km_page_row exits[] = {
	{ "0",
	  { "成功。scan では、判定がどうであれ、すべてのメールを判定できたとき。",
	    "Success; for scan: every message was judged, whatever the verdicts." } },
	{ "64",
	  { "コマンドやオプションの使い方が正しくない。",
	    "The command or its options were not used correctly." } },
	{ "65",
	  { "入力が大きすぎる、または正しくない。", "The input is too large, or not valid." } },
	{ "66", { "入力ファイルがない。", "An input file does not exist." } },
	{ "70", { "プログラムの不具合。", "A defect of the program." } },
	{ "71",
	  { "メモリなどの資源が足りない。",
	    "The operating system refused memory or another resource." } },
	{ "74", { "読み書きに失敗した。", "Something could not be read or written." } },
	{ "75", { "一時的な失敗。後でやり直せる。", "A failure that may pass; try again." } },
	{ "78",
	  { "設定または判定方針に誤りがある。", "The configuration or a policy pack is wrong." } },
};

const char *km_page_say(int lang, const char *ja, const char *en)
{
	return lang == 0 ? ja : en;
}

void km_page_section(km_buf *b, int lang, const char *ja, const char *en)
{
	km_buf_fmt(b, ".Sh %s\n", km_page_say(lang, ja, en));
}

void km_page_begin(km_buf *b, const char *title, const char *number, const char *name,
		   const char *summary, int lang)
{
	km_buf_fmt(b, ".\\\" Made by \"komainu docs man\" from the program's tables.\n");
	km_buf_fmt(b, ".Dd %s\n.Dt %s %s\n.Os Komainu " KM_VERSION "\n", PAGE_DATE, title, number);
	km_page_section(b, lang, "名前", "NAME");
	km_buf_fmt(b, ".Nm %s\n.Nd %s\n", name, summary);
}

void km_page_rows(km_buf *b, const char *macro, const km_page_row *rows, size_t n, int lang)
{
	km_buf_add(b, KM_S(".Bl -tag -width Ds\n"));
	for (size_t i = 0; i < n; i++) {
		km_buf_fmt(b, ".It%s%s %s\n", *macro ? " " : "", macro, rows[i].name);
		km_roff_text(b, rows[i].text[lang], lang != 0);
	}
	km_buf_add(b, KM_S(".El\n"));
}

void km_page_exits(km_buf *b, int lang)
{
	km_page_section(b, lang, "終了ステータス", "EXIT STATUS");
	km_roff_text(b,
		     km_page_say(lang, "終了ステータスは sysexits.h に従います。",
				 "The exit status follows sysexits.h:"),
		     lang != 0);
	km_page_rows(b, "", exits, KM_COUNT(exits), lang);
}
