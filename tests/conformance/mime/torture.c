/*
 * Every message of the suites is read, and what must hold of any message holds.
 */
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "mail_check.h"

static struct {
	size_t files, messages, parts, readings, bad;
} count;

static int run_file(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	static const char *const not_mail[] = { ".json",   ".golden", ".md",  ".png", ".dat",
						"COPYING", ".jpg",    ".doc", ".py",  ".txt.gz" };
	km_file f;
	km_err err = { .st = KM_OK };
	km_mail *m;

	(void)st;
	(void)ftw;
	if (kind != FTW_F)
		return 0;
	for (size_t i = 0; i < KM_COUNT(not_mail); i++)
		if (km_sv_ends(km_sv_of(path), km_sv_of(not_mail[i])))
			return 0;
	count.files++;
	if (km_file_open(&f, path, KM_MAX_MESSAGE_BYTES, &err) != KM_OK) {
		printf("# %s\n", err.msg);
		count.bad++;
		return 0;
	}
	km_arena *a = km_arena_new(KM_MAX_ARENA_BYTES);
	const char *bad = km_mail_read(a, f.bytes, &m) == KM_OK ? mail_check(m) : "not read";
	if (bad) {
		printf("# %s: %s\n", path, bad);
		count.bad++;
	} else {
		count.messages += m->headers->n > 0;
		count.parts += m->n_parts;
		for (size_t i = 0; i < m->n_parts; i++)
			count.readings += m->parts[i].reading > 0;
	}
	km_arena_free(a);
	km_file_close(&f);
	return 0;
}

int main(void)
{
	static const char *const folders[] = { "mime", "bounces", "arf", "dkim" };
	const char *suites = getenv("KOMAINU_SUITES");
	int failed = 0;

	printf("1..%zu\n", KM_COUNT(folders));
	for (size_t i = 0; i < KM_COUNT(folders); i++) {
		char path[4096];

		memset(&count, 0, sizeof(count));
		(void)snprintf(path, sizeof(path), "%s/%s", suites ? suites : "../shared/suites",
			       folders[i]);
		if (nftw(path, run_file, 16, FTW_PHYS) != 0 || count.files == 0) {
			printf("ok %zu - %s # SKIP %s is not there\n", i + 1, folders[i], path);
			continue;
		}
		printf("%s %zu - %s: %zu files, %zu with a header section, %zu parts, "
		       "%zu of them further readings\n",
		       count.bad ? "not ok" : "ok", i + 1, folders[i], count.files, count.messages,
		       count.parts, count.readings);
		failed |= count.bad > 0;
	}
	return failed;
}
