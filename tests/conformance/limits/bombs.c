/*
 * Messages made to exhaust reader and judge. Each is judged in a process of its own that may have
 * 64 MB of memory beside the message: there the kernel says no. Every limit that is met must be
 * told. The processor time is printed, and decides only with --timed (other programs may be
 * running).
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/scan.h"
#include "mail_check.h"

#if defined(__SANITIZE_ADDRESS__)
enum { SANITIZED = 1 };
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif
#else
enum { SANITIZED = 0 };
#endif

enum { KB = 1024, MB = 1024 * 1024, MEMORY = 64 * MB, HANG_SECONDS = 60 };

#define LIMIT(id)   (UINT64_C(1) << KM_LIMIT_##id)
#define H	    "MIME-Version: 1.0\r\n"
#define MIXED	    H "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
#define HTML	    H "Content-Type: text/html\r\n\r\n"
#define TEN(s)	    s s s s s s s s s s
#define THOUSAND(s) TEN(TEN(TEN(s)))

/* @start, then @unit over and over ('#' is its number) until there are @bytes, then @end. */
static const struct bomb {
	const char *name;
	size_t bytes;
	const char *start, *unit, *end;
	km_limit_set limits; /* that must be met */
	unsigned ms;
} bombs[] = {
	{ "empty", 0, "", "", "", 0, 500 },
	{ "one byte", 1, "", "x", "", 0, 500 },
	{ "header only", 100, "", "X-#: y\r\n", "", 0, 500 },
	{ "cut in the header", 100, MIXED "--b\r\nContent-Ty", "", "", 0, 500 },
	{ "cut in base64", 100, H "Content-Transfer-Encoding: base64\r\n\r\nAAA", "", "", 0, 500 },
	{ "a million header fields", 12 * MB, "", "X-#: y\r\n", "\r\nx", LIMIT(HEADER_FIELDS),
	  500 },
	{ "a header field of 16 MB", 16 * MB, "Subject: ", "x", "\r\n\r\nx", LIMIT(HEADER_BYTES),
	  500 },
	{ "a million folds", 4 * MB, "Subject: x", "\r\n y", "\r\n\r\nx", LIMIT(HEADER_BYTES),
	  500 },
	{ "encoded-words", 250 * KB, "Subject:", " =?utf-8?b?YQ==?=", "\r\n\r\nx",
	  LIMIT(ENCODED_WORDS), 500 },
	{ "addresses", 250 * KB, "From: ", "a@b,", "\r\n\r\nx", LIMIT(ADDRESSES), 500 },
	{ "nested comments", 250 * KB, "From: ", "(", "\r\n\r\nx", LIMIT(COMMENT_DEPTH), 500 },
	{ "parameters", 250 * KB, "Content-Type: text/plain", ";a#=b", "\r\n\r\nx",
	  LIMIT(PARAMETERS), 500 },
	{ "parameter in pieces", 250 * KB, "Content-Type: text/plain", ";name*#*=%e3", "\r\n\r\nx",
	  LIMIT(PARAMETERS), 500 },
	{ "received", 200 * KB, "", "Received: from a (b [192.0.2.1]) by c; x\r\n", "\r\nx",
	  LIMIT(RECEIVED_HOPS), 500 },
	{ "NULs", 16 * MB, "Subject: x\r\n\r\n", "@", "", LIMIT(TEXT_BYTES), 500 },
	{ "nothing but NULs", 16 * MB, "", "@", "", LIMIT(TEXT_BYTES), 500 },
	{ "10,000 parts", 400 * KB, MIXED, "--b\r\nX: #\r\n\r\nx\r\n", "", LIMIT(MIME_PARTS), 500 },
	{ "parts of nothing", 16 * MB, MIXED, "--b\r\n", "", LIMIT(MIME_PARTS), 500 },
	{ "depth 10,000", 620 * KB, H "Content-Type: multipart/mixed; boundary=b0\r\n\r\n--b0\r\n",
	  "Content-Type: multipart/mixed; boundary=c#\r\n\r\n--c#\r\n", "", LIMIT(MIME_DEPTH),
	  500 },
	{ "messages, depth 10,000", 320 * KB, H, "Content-Type: message/rfc822\r\n\r\n", "",
	  LIMIT(MIME_DEPTH), 500 },
	{ "two types in every part", 400 * KB, MIXED,
	  "--b\r\nContent-Type: text/html\r\nContent-Type: multipart/mixed; "
	  "boundary=c\r\n\r\n--c\r\n"
	  "\r\nx\r\n",
	  "", LIMIT(MIME_PARTS), 500 },
	{ "eight types, 32 MB", 32 * MB,
	  H "Content-Type: a/b\r\nContent-Type: multipart/a; boundary=b\r\n"
	    "Content-Type: multipart/c; boundary=c\r\nContent-Type: multipart/d; boundary=d\r\n"
	    "Content-Type: multipart/e; boundary=e\r\nContent-Type: multipart/f; boundary=f\r\n"
	    "Content-Type: multipart/g; boundary=g\r\nContent-Type: multipart/h; boundary=h\r\n"
	    "Content-Type: multipart/i; boundary=i\r\n\r\n",
	  "--q\r\n", "", LIMIT(READINGS), 500 },
	{ "lines like boundaries", 32 * MB, MIXED, "--a\r\n", "", 0, 500 },
	{ "lines longer than the boundary", 32 * MB, MIXED, "--bb\r\n", "", LIMIT(MIME_PARTS),
	  500 },
	{ "header of a part without end", 32 * MB, MIXED "--b\r\n", "x y\r\n", "",
	  LIMIT(TEXT_BYTES), 500 },
	{ "lone CRs", 32 * MB, "MIME-Version: 1.0\rContent-Type: multipart/mixed; boundary=b\r\r",
	  "x\r", "", LIMIT(TEXT_BYTES), 500 },
	{ "lone CRs among lines", 16 * MB, MIXED "--b\r\n\r\n", "x\r--b", "\r\n--b--\r\n",
	  LIMIT(MIME_PARTS), 500 },
	{ "base64 of white space", 32 * MB, H "Content-Transfer-Encoding: base64\r\n\r\n", " \r\n",
	  "YQ==", 0, 500 },
	{ "base64 of junk", 32 * MB, H "Content-Transfer-Encoding: base64\r\n\r\n", "*=", "", 0,
	  500 },
	{ "quoted-printable of nothing", 32 * MB,
	  H "Content-Transfer-Encoding: quoted-printable\r\n\r\n", "=\r\n", "", 0, 500 },
	{ "quoted-printable of '='", 32 * MB,
	  H "Content-Transfer-Encoding: quoted-printable\r\n\r\n", "=", "", LIMIT(TEXT_BYTES),
	  500 },
	{ "uuencode that promises", 16 * MB, "Content-Transfer-Encoding: x-uuencode\r\n\r\n", "_\n",
	  "", LIMIT(TEXT_BYTES), 500 },
	{ "uuencode again and again", 16 * MB, "Subject: x\r\n\r\n", "begin 644 a\n!00\nend\n", "",
	  LIMIT(MIME_PARTS), 500 },
	{ "text of 16 MB", 16 * MB, "Subject: x\r\n\r\n", "some words\r\n", "", LIMIT(TEXT_BYTES),
	  500 },
	{ "texts of 40 MB", 40 * MB, MIXED, "--b\r\n\r\n" THOUSAND("words, words, words\r\n"), "",
	  LIMIT(MIME_PARTS) | LIMIT(TEXT_TOTAL), 500 },
	{ "Shift_JIS in halves", 5 * MB, H "Content-Type: text/plain; charset=shift_jis\r\n\r\n",
	  "\x82\n", "", LIMIT(TEXT_BYTES), 500 },
	{ "ISO-2022-JP of escapes", 5 * MB,
	  H "Content-Type: text/plain; charset=iso-2022-jp\r\n\r\n", "\x1b$B\x1b(B", "",
	  LIMIT(TEXT_BYTES), 500 },
	{ "undeclared bytes", 5 * MB, "Subject: x\r\n\r\n", "\x82\xa0\xfe\xe3\n", "",
	  LIMIT(TEXT_BYTES), 500 },
	{ "letters that become eighteen", 5 * MB,
	  H "Content-Type: text/plain; charset=utf-8\r\n\r\n", "\xef\xb7\xba", "",
	  LIMIT(TEXT_BYTES), 500 },
	{ "letters with a thousand accents", 5 * MB,
	  H "Content-Type: text/plain; charset=utf-8\r\n\r\na", "\xcc\x96\xcc\x81", "",
	  LIMIT(TEXT_BYTES), 500 },
	{ "look-alike letters", 5 * MB, H "Content-Type: text/plain; charset=utf-8\r\n\r\n",
	  "p\xd0\xb0y\xe5\x8a\x9b\xe3\x83\xad", "", LIMIT(TEXT_BYTES), 500 },
	{ "HTML of open elements", 5 * MB, HTML, "<div style='color:red'>", "x", LIMIT(HTML_DEPTH),
	  500 },
	{ "HTML of links", 5 * MB, HTML, "<a href=http://#.example/>x</a>", "", LIMIT(HTML_LINKS),
	  500 },
	{ "HTML of one tag", 5 * MB, HTML "<p ", "a#=b ", ">", LIMIT(HTML_ATTRIBUTES), 500 },
	{ "HTML of '<'", 5 * MB, HTML, "<", "", LIMIT(TEXT_BYTES), 500 },
	{ "HTML of '&'", 5 * MB, HTML, "&a", "", LIMIT(TEXT_BYTES), 500 },
	{ "HTML of style rules", 5 * MB, HTML "<style>", ".c#{display:none}",
	  "</style><p class=c9>x", LIMIT(TEXT_BYTES), 500 },
	{ "HTML of comments", 5 * MB, HTML, "<!--", "", LIMIT(TEXT_BYTES), 500 },
	{ "HTML in parts", 10 * MB, MIXED,
	  "--b\r\nContent-Type: text/html\r\n\r\n" THOUSAND("<div><a href=x>y</a>\r\n"), "",
	  LIMIT(TEXT_TOTAL), 500 },
	{ "1 GB claimed", 200,
	  H "Content-Length: 1073741824\r\nContent-Type: message/partial; id=a; number=1; "
	    "total=1073741824\r\n\r\nbegin 644 a\n",
	  "_\n", "", 0, 500 },
	{ "100 MB attachment", 100 * MB,
	  MIXED "--b\r\n\r\nsee file\r\n--b\r\nContent-Type: application/pdf; name=a.pdf\r\n"
		"Content-Transfer-Encoding: base64\r\n\r\n",
	  "JVBERi0xLjcKJVBERi0xLjcKJVBERi0xLjcKJVBERi0xLjcKJVBERi0xLjcKJVBERi0xLjcKJVBE\r\n",
	  "--b--\r\n", 0, 2000 },
};

/* The message in shared memory, which does not count as the reader's own. */
static km_sv build(const struct bomb *b)
{
	size_t room = strlen(b->start) + b->bytes + strlen(b->unit) * 8 + strlen(b->end) + 64;
	char *p = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	size_t n = strlen(b->start), number = 0;

	if (p == MAP_FAILED)
		return (km_sv){ NULL, 0 };
	memcpy(p, b->start, n);
	for (; *b->unit && n < b->bytes; number++) {
		for (const char *u = b->unit; *u; u++) {
			if (*u == '#')
				n += (size_t)snprintf(p + n, 24, "%zu", number);
			else
				p[n++] = *u == '@' ? '\0' : *u;
		}
	}
	memcpy(p + n, b->end, strlen(b->end));
	n += strlen(b->end);
	(void)mprotect(p, room, PROT_READ);
	return (km_sv){ p, n };
}

static size_t status_kb(const char *field)
{
	char line[256];
	size_t kb = 0;
	FILE *f = fopen("/proc/self/status", "re");

	while (f && fgets(line, sizeof(line), f))
		if (strncmp(line, field, strlen(field)) == 0)
			kb = strtoul(line + strlen(field), NULL, 10);
	if (f)
		(void)fclose(f);
	return kb;
}

typedef struct {
	size_t kb; /* of memory of its own */
	unsigned ms;
	size_t parts;
	km_limit_set limits;
	char bad[64];
} outcome;

/* In the child. */
static void read_message(km_sv raw, outcome *out)
{
	struct rusage ru;
	size_t before = status_kb("RssAnon:"), data = status_kb("VmData:") * 1024;
	struct rlimit most = { data + MEMORY, data + MEMORY };
	struct rlimit hang = { HANG_SECONDS, HANG_SECONDS };
	const km_envelope env = { .now = 1772410445 };
	km_pack *pack = NULL;
	km_kit kit = { 0 };

	(void)!km_pack_load(NULL, &pack, NULL);
	(void)!km_kit_open(&kit, NULL, pack, NULL);
	if (!SANITIZED)
		(void)setrlimit(RLIMIT_DATA, &most);
	(void)setrlimit(RLIMIT_CPU, &hang);
	km_arena *a = km_arena_new(KM_MAX_ARENA_BYTES);
	km_scan *s = km_scan_new(a, &kit, &env);
	km_scan_message(s, raw);
	km_scan_state state = km_scan_step(s, NULL);
	km_mail *m = state == KM_SCAN_DONE ? km_scan_mail(s) : NULL;
	const char *bad = m ? mail_check(m) : "no verdict";
	(void)getrusage(RUSAGE_SELF, &ru);
	out->ms = (unsigned)((ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) * 1000 +
			     (ru.ru_utime.tv_usec + ru.ru_stime.tv_usec) / 1000);
	/* What it was at most, less what is the program's and the message's. */
	size_t after = status_kb("VmHWM:") - status_kb("RssFile:") - status_kb("RssShmem:");
	out->kb = after > before ? after - before : 0;
	if (m) {
		out->parts = m->n_parts;
		out->limits = m->limits;
	}
	(void)snprintf(out->bad, sizeof(out->bad), "%s", bad ? bad : "");
	km_arena_free(a);
	km_kit_close(&kit);
	km_pack_free(pack);
}

static bool run(km_sv raw, outcome *out)
{
	outcome *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status = -1;

	if (shared == MAP_FAILED)
		return false;
	(void)snprintf(shared->bad, sizeof(shared->bad), "the process died");
	pid_t child = fork();
	if (child == 0) {
		read_message(raw, shared);
		_exit(0);
	}
	while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	*out = *shared;
	(void)munmap(shared, sizeof(*shared));
	return child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0 && out->bad[0] == '\0';
}

static void print_limits(km_limit_set set)
{
	for (int i = 0; i < KM_LIMIT_COUNT; i++)
		if (set >> i & 1)
			printf(" %s", km_limit_describe((km_limit)i)->name);
}

static bool report(size_t number, const char *name, km_sv raw, const outcome *o, bool good,
		   km_limit_set limits, unsigned ms, bool timed)
{
	km_limit_set missing = limits & ~o->limits;
	bool late = o->ms > ms;

	good = good && !missing && !(timed && late) && (SANITIZED || o->kb <= MEMORY / KB);
	printf("%s %zu - %s: %.1f MB in %u ms, %.1f MB of memory, %zu parts;",
	       good ? "ok" : "not ok", number, name, (double)raw.n / MB, o->ms, (double)o->kb / KB,
	       o->parts);
	print_limits(o->limits);
	printf("%s%s\n", late ? " (over time)" : "", o->bad[0] ? " (" : "");
	if (o->bad[0])
		printf("# %s)\n", o->bad);
	if (missing) {
		printf("# not told:");
		print_limits(missing);
		printf("\n");
	}
	(void)fflush(stdout);
	return good;
}

int main(int argc, char **argv)
{
	bool timed = argc > 1 && strcmp(argv[1], "--timed") == 0, all = true;
	outcome o;

	printf("1..%zu\n", KM_COUNT(bombs) + 1);
	(void)fflush(stdout);
	for (size_t i = 0; i < KM_COUNT(bombs); i++) {
		km_sv raw = build(&bombs[i]);
		bool good = raw.p && run(raw, &o);
		all &= report(i + 1, bombs[i].name, raw, &o, good, bombs[i].limits, bombs[i].ms,
			      timed);
		if (raw.p)
			(void)munmap((void *)(uintptr_t)raw.p, raw.n);
	}
	/* 1 GB of nothing takes no memory until it is written to. */
	km_sv huge = { mmap(NULL, (size_t)1 << 30, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
		       (size_t)1 << 30 };
	bool good = huge.p != MAP_FAILED && run(huge, &o);
	all &= report(KM_COUNT(bombs) + 1, "1 GB", huge, &o, good, LIMIT(MESSAGE_BYTES), 500,
		      timed);
	return !all;
}
