/*
 * bench/auth.c - what DKIM costs, and how often bodies are canonicalised as their signers did.
 *
 *	bench_auth --bodies <LIST      a file name a line; how many bh= match
 *	bench_auth --verify TIMES      a message of 5 KB with an RSA-2048 signature, DNS answered;
 *	                               measured() is what callgrind collects
 *	bench_auth --sign FOLDER <LIST each message with CRLF and one more RSA-2048 signature, by a
 *new key, into FOLDER; its record is printed
 */
#include <stdio.h>
#include <time.h>

#include "base/file.h"
#include "dkim_make.h"

enum { NOW = 1800000000, BODY = 4400 };

static struct {
	size_t files, signatures, readable, match;
} count;

static void count_file(const char *path)
{
	km_file f;

	if (km_file_open(&f, path, KM_MAX_MESSAGE_BYTES, NULL) != KM_OK)
		return;
	km_arena *a = km_arena_new(KM_MAX_ARENA_BYTES);
	const km_dkim_result *r =
		make_verdict(a, f.bytes, (km_sv){ NULL, 0 }, KM_DNS_NXDOMAIN, NOW);
	count.files++;
	for (size_t i = 0; i < r->n; i++) {
		const km_dkim_sig *s = &r->sig[i];
		count.signatures++;
		count.readable += s->why == KM_DKIM_WHY_KEY_MISSING;
		count.match += s->body_ok;
		if (!s->body_ok)
			printf("%s: d=%.*s: %.*s\n", path, KM_FMT(s->domain), KM_FMT(s->reason));
	}
	km_arena_free(a);
	km_file_close(&f);
}

static int bodies(void)
{
	char path[8192];

	while (fgets(path, sizeof(path), stdin)) {
		path[strcspn(path, "\n")] = '\0';
		count_file(path);
	}
	printf("%zu messages, %zu signatures, %zu of them readable, %zu body hashes match\n",
	       count.files, count.signatures, count.readable, count.match);
	return 0;
}

/* What is asked of DKIM for one message that was read. */
static __attribute__((noinline)) km_dkim_code measured(km_arena *a, const km_mail *m,
						       km_dns_set *dns)
{
	const km_dkim_result *r;
	km_dkim *k = km_dkim_new(a, m, NOW);

	return k && km_dkim_step(k, dns, &r) == KM_OK ? r->code : KM_DKIM_NONE;
}

static double cpu_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int verify(unsigned long times)
{
	static const char header[] = "From: Alice <alice@example.jp>\r\nTo: bob@example.com\r\n"
				     "Subject: hello\r\nDate: Mon, 23 Nov 2026 09:00:00 +0900\r\n"
				     "Message-ID: <1@example.jp>\r\nMIME-Version: 1.0\r\n";
	km_arena *a = km_arena_new(1 << 22);
	km_privkey *key;
	km_buf body;

	km_buf_init(&body, a, BODY);
	while (!body.cut)
		km_buf_add(&body,
			   KM_S("The quick brown fox jumps over the lazy dog, once more.\r\n"));
	if (km_privkey_new(KM_KEY_RSA, 2048, &key, NULL) != KM_OK)
		return 1;
	km_sv message =
		make_signed(a,
			    "v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.jp; s=s1; "
			    "t=1799999999; h=From:To:Subject:Date:Message-ID:MIME-Version:From",
			    header, km_buf_sv(&body), key);
	km_dns_rr rr = { .data = make_record(a, "v=DKIM1; k=rsa;", key) };
	km_dns_answer answer = { .name = KM_S("s1._domainkey.example.jp"),
				 .type = KM_DNS_TXT,
				 .rcode = KM_DNS_OK,
				 .rr = &rr,
				 .n = 1 };
	double spent = 0;
	unsigned long passed = 0;
	for (unsigned long i = 0; i < times; i++) {
		km_arena *one = km_arena_new(1 << 22);
		km_dns_set dns;
		km_mail *m;
		km_dns_set_init(&dns, one);
		if (km_dns_give(&dns, &answer) != KM_OK || km_mail_read(one, message, &m) != KM_OK)
			return 1;
		double before = cpu_us();
		passed += measured(one, m, &dns) == KM_DKIM_PASS;
		spent += cpu_us() - before;
		km_arena_free(one);
	}
	printf("%zu bytes, %lu of %lu pass, %.1f us of CPU each\n", message.n, passed, times,
	       spent / (double)times);
	km_privkey_free(key);
	km_arena_free(a);
	return passed != times;
}

/* @in with every line end made CRLF. */
static km_sv with_crlf(km_arena *a, km_sv in)
{
	km_sv line;
	km_buf b;

	km_buf_init(&b, a, 2 * in.n + 2);
	while (km_sv_line(&in, &line)) {
		km_buf_add(&b, line);
		km_buf_add(&b, KM_S("\r\n"));
	}
	return km_buf_sv(&b);
}

static void sign_file(const char *folder, const char *path, const km_privkey *key)
{
	static unsigned n;
	char name[4096];
	km_file f;
	km_mail *m;

	if (km_file_open(&f, path, 1 << 20, NULL) != KM_OK)
		return;
	km_arena *a = km_arena_new(KM_MAX_ARENA_BYTES);
	km_sv text = with_crlf(a, f.bytes);
	if (km_mail_read(a, text, &m) == KM_OK && !m->headers->no_separator && m->n_nul == 0 &&
	    m->from.n == 1) {
		size_t body = m->headers->body;
		km_sv header = km_sv_sub(m->raw, 0, body - 2);
		km_sv out = make_signed(a,
					"v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.jp; s=s1; "
					"t=1700000000; h=From:To:Subject:Date:Message-ID:From",
					km_sv_cstr(a, header), km_sv_from(m->raw, body), key);
		(void)snprintf(name, sizeof(name), "%s/%u.eml", folder, n++);
		FILE *to = fopen(name, "wb");
		if (to == NULL || fwrite(out.p, 1, out.n, to) != out.n || fclose(to) != 0)
			exit(74);
	}
	km_arena_free(a);
	km_file_close(&f);
}

static int sign(const char *folder)
{
	char path[8192];
	km_privkey *key;

	if (km_privkey_new(KM_KEY_RSA, 2048, &key, NULL) != KM_OK)
		return 1;
	while (fgets(path, sizeof(path), stdin)) {
		path[strcspn(path, "\n")] = '\0';
		sign_file(folder, path, key);
	}
	km_arena *a = km_arena_new(1 << 20);
	km_sv record = make_record(a, "v=DKIM1; k=rsa;", key);
	printf("%.*s\n", KM_FMT(record));
	km_arena_free(a);
	km_privkey_free(key);
	return 0;
}

int main(int argc, char **argv)
{
	uint64_t times;

	if (argc == 2 && strcmp(argv[1], "--bodies") == 0)
		return bodies();
	if (argc == 3 && strcmp(argv[1], "--verify") == 0 && km_sv_u64(km_sv_of(argv[2]), &times))
		return verify((unsigned long)times);
	if (argc == 3 && strcmp(argv[1], "--sign") == 0)
		return sign(argv[2]);
	fputs("usage: bench_auth --bodies <LIST | --verify TIMES | --sign FOLDER <LIST\n", stderr);
	return 64;
}
