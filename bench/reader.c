/*
 * bench/reader.c - one parser over one made-up input of a given size, for counting its cost from
 * outside; and what the charsets of a list of messages needed. See bench/README.md.
 *
 *	bench_reader --list             names of the inputs
 *	bench_reader NAME BYTES         measured() is what callgrind collects
 *	bench_reader --charsets <LIST   a file name a line; prints counts
 *	bench_reader --cost COMMAND...  runs it; CPU seconds and peak memory on standard error
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "engine/scan.h"

enum { ARENA = KM_MAX_ARENA_BYTES };

static km_pack *pack;
static km_kit kit;

static km_status run_headers(km_arena *a, km_sv in)
{
	km_headers hs;

	return km_headers_read(a, in, 0, in.n, &hs);
}

static km_status run_mime(km_arena *a, km_sv in)
{
	km_mail *m;

	return km_mail_read(a, in, &m);
}

static km_status run_base64(km_arena *a, km_sv in)
{
	km_sv out;

	return km_transfer_decode(a, KM_CTE_BASE64, in, in.n, &out, NULL);
}

static km_status run_qp(km_arena *a, km_sv in)
{
	km_sv out;

	return km_transfer_decode(a, KM_CTE_QP, in, in.n, &out, NULL);
}

static km_status run_jis(km_arena *a, km_sv in)
{
	km_decoded d;

	return km_charset_decode(a, KM_S("iso-2022-jp"), in, &d);
}

static km_status run_guess(km_arena *a, km_sv in)
{
	km_decoded d;

	return km_charset_decode(a, KM_S(""), in, &d);
}

static km_status run_html(km_arena *a, km_sv in)
{
	km_html h;

	return km_html_read(a, in, &h);
}

static km_status run_key(km_arena *a, km_sv in)
{
	km_sv out;

	return km_view_key(a, in, &out, NULL);
}

/* Every name exists and has no records. The questions move as they are answered: so a copy. */
static km_status answer_all(km_arena *a, km_scan *s, const km_dns_question *open, size_t n)
{
	km_dns_question *q = KM_NEW_ARRAY(a, km_dns_question, n);
	km_status st = q ? KM_OK : KM_LIMIT;

	for (size_t i = 0; q && i < n; i++)
		q[i] = open[i];
	for (size_t i = 0; st == KM_OK && i < n; i++)
		st = km_scan_answer(s, &(km_dns_answer){
					       .name = q[i].name,
					       .type = q[i].type,
					       .rcode = KM_DNS_NODATA,
				       });
	return st;
}

static km_status run_scan(km_arena *a, km_sv in)
{
	km_envelope env = { 0 };
	km_scan *s = km_scan_new(a, &kit, &env);

	if (s == NULL)
		return KM_LIMIT;
	km_scan_message(s, in);
	while (km_scan_step(s, NULL) == KM_SCAN_ASK) {
		const km_dns_question *q;
		size_t n = km_scan_questions(s, &q);
		if (n == 0 || answer_all(a, s, q, n) != KM_OK)
			return KM_BUG;
	}
	return KM_OK;
}

#define TEXT_HEAD "From: a@example.jp\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\n"
#define HTML_HEAD                                                                                  \
	"From: a@example.jp\r\nMIME-Version: 1.0\r\nContent-Type: text/html; "                     \
	"charset=utf-8\r\n\r\n"
#define MULTI_HEAD                                                                                 \
	"From: a@example.jp\r\nMIME-Version: 1.0\r\n"                                              \
	"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n"

/* An input is @head, then @unit over and over up to the size wanted, then @tail. */
static const struct {
	const char *name;
	km_status (*run)(km_arena *a, km_sv in);
	const char *head, *unit, *tail;
} inputs[] = {
	{ "headers", run_headers, "", "X-Field: a value that goes on\r\n\tover two lines\r\n",
	  "\r\n" },
	{ "headers, tiny fields", run_headers, "", "a:\n", "\n" },
	{ "headers, folds", run_headers, "A: b\r\n", " \r\n", "\r\n" },
	{ "mime", run_mime, MULTI_HEAD, "a line of text that ends no part\r\n", "\r\n--b--\r\n" },
	{ "mime, near boundaries", run_mime, MULTI_HEAD, "--bb\r\n--\r\n-b--\r\n", "" },
	{ "mime, many parts", run_mime, MULTI_HEAD,
	  "text\r\n--b\r\nContent-Type: text/plain\r\n\r\n", "\r\n--b--\r\n" },
	{ "base64", run_base64, "",
	  "VGhlIHF1aWNrIGJyb3duIGZveCBqdW1wcyBvdmVyIHRoZSBsYXp5IGRvZy4gQW5kIG9u\r\n", "" },
	{ "base64, junk", run_base64, "", "V!G=h l\r\nI-", "" },
	{ "quoted-printable", run_qp, "", "caf=C3=A9 and a line that goes on =\r\nto here\r\n",
	  "" },
	{ "quoted-printable, broken", run_qp, "", "=", "" },
	{ "iso-2022-jp", run_jis, "", "\033$B$3$s$K$A$O@$3&\033(B, abc\r\n", "" },
	{ "iso-2022-jp, escapes", run_jis, "", "\033$B\033(B\033$", "" },
	{ "no charset, high bytes", run_guess, "", "\x82\xb1\x82\xf1\xa4\xb3\xe3\x81 \xff", "" },
	{ "html", run_html, "<html><body>",
	  "<p style=\"color:#222\">Text &amp; <a href=\"https://www.example.jp/\">link</a></p>\n",
	  "</body></html>" },
	{ "html, open tags", run_html, "", "<div style='display:none'><b>x", "" },
	{ "html, unclosed", run_html, "", "<a href=\"<!--&", "" },
	{ "html, comments", run_html, "", "<!-- - -->a<!--", "" },
	{ "key view, ASCII", run_key, "", "A line of text,\r\n  as most of them are. ", "" },
	{ "key view, mixed", run_key, "",
	  "of words and one-that-can-not-be-parted/anywhere/at/all/for/its/length\xc3\xa9", "" },
	{ "key view", run_key, "", "\xe3\x82\xab\xe3\x83\xa9 Aa\xef\xbd\xb6\xe2\x80\x8b\xcc\x81 ",
	  "" },
	{ "scan, text", run_scan, TEXT_HEAD,
	  "A line of text with https://www.example.jp/ in it.\r\n", "" },
	{ "scan, html", run_scan, HTML_HEAD,
	  "<p style=\"color:#222\">Text <a href=\"https://www.example.jp/\">link</a></p>\r\n", "" },
	{ "scan, attachment", run_scan,
	  MULTI_HEAD "text\r\n--b\r\nContent-Type: application/pdf; name=a.pdf\r\n"
		     "Content-Transfer-Encoding: base64\r\n\r\n",
	  "VGhlIHF1aWNrIGJyb3duIGZveCBqdW1wcyBvdmVyIHRoZSBsYXp5IGRvZy4gQW5kIG9u\r\n", "--b--\r\n" },
};

enum { N_INPUTS = sizeof(inputs) / sizeof(inputs[0]) };

/* Its own function, so that callgrind can be told to count nothing else. */
__attribute__((noinline)) km_status measured(size_t which, km_arena *a, km_sv in);

km_status measured(size_t which, km_arena *a, km_sv in)
{
	return inputs[which].run(a, in);
}

static km_sv make_input(size_t which, size_t n)
{
	size_t head = strlen(inputs[which].head), unit = strlen(inputs[which].unit);
	size_t tail = strlen(inputs[which].tail);
	char *p = malloc(n);

	if (p == NULL || n < head + unit + tail) {
		free(p);
		return (km_sv){ NULL, 0 };
	}
	memcpy(p, inputs[which].head, head);
	for (size_t at = head; at < n - tail; at++)
		p[at] = inputs[which].unit[(at - head) % unit];
	memcpy(p + n - tail, inputs[which].tail, tail);
	return (km_sv){ p, n };
}

static int run_one(const char *name, const char *bytes)
{
	km_arena *a = km_arena_new(ARENA);
	size_t which = 0, n = strtoull(bytes, NULL, 10);

	while (which < N_INPUTS && strcmp(inputs[which].name, name) != 0)
		which++;
	if (which == N_INPUTS || a == NULL || km_pack_load(NULL, &pack, NULL) != KM_OK ||
	    km_kit_open(&kit, NULL, pack, NULL) != KM_OK) {
		fprintf(stderr, "bench_reader: no such input, or no memory: %s\n", name);
		return 64;
	}
	km_sv in = make_input(which, n);
	if (in.p == NULL) {
		fprintf(stderr, "bench_reader: too small: %s\n", bytes);
		return 64;
	}
	km_status st = measured(which, a, in);
	printf("status %d, %zu bytes of arena\n", st, km_arena_used(a));
	free((void *)(uintptr_t)in.p);
	km_kit_close(&kit);
	km_pack_free(pack);
	km_arena_free(a);
	return st == KM_OK || st == KM_LIMIT ? 0 : 70;
}

/* How often the charset that a text part declares was not the one it is in. */
static void count_charsets(km_mail *m, size_t n[4])
{
	bool any[4] = { true, false, false, false };

	for (size_t i = 0; i < m->n_parts; i++) {
		if (!km_part_is_text(&m->parts[i]))
			continue;
		(void)km_part_text(m, &m->parts[i]);
		any[1] |= m->parts[i].decoded.unknown_label;
		any[2] |= m->parts[i].decoded.mismatch;
		any[3] |= m->parts[i].decoded.bad > 0;
	}
	for (size_t k = 0; k < 4; k++)
		n[k] += any[k];
}

static int charsets_of_list(void)
{
	char name[4096];
	size_t n[4] = { 0 };
	km_arena *a = km_arena_new(ARENA);

	while (a && fgets(name, sizeof(name), stdin)) {
		km_file f;
		km_mail *m;

		name[strcspn(name, "\n")] = 0;
		if (km_file_open(&f, name, KM_MAX_MESSAGE_BYTES, NULL) != KM_OK)
			return 66;
		km_arena_reset(a);
		if (km_mail_read(a, f.bytes, &m) == KM_OK)
			count_charsets(m, n);
		km_file_close(&f);
	}
	km_arena_free(a);
	printf("{\"messages\": %zu, \"unknown_label\": %zu, \"mismatch\": %zu, \"bad\": %zu}\n",
	       n[0], n[1], n[2], n[3]);
	return 0;
}

static double seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static int cost_of(char *const *command)
{
	struct rusage use;
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		execv(command[0], command);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &use) != pid || status != 0)
		return 70;
	fprintf(stderr, "\n{\"cpu_s\": %.6f, \"peak_bytes\": %ld}\n",
		seconds(use.ru_utime) + seconds(use.ru_stime), use.ru_maxrss * 1024);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 2 && strcmp(argv[1], "--cost") == 0)
		return cost_of(argv + 2);
	if (argc == 2 && strcmp(argv[1], "--charsets") == 0)
		return charsets_of_list();
	if (argc == 3)
		return run_one(argv[1], argv[2]);
	for (size_t i = 0; i < N_INPUTS; i++)
		puts(inputs[i].name);
	return 0;
}
