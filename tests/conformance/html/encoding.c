/*
 * html5lib-tests, encoding: what a page declares of itself. A browser that finds nothing takes
 * windows-1252 and looks at all of the bytes as it goes; we look at the first 1,024.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "text/charset.h"
#include "text/html.h"

#define LATIN1 "mail keeps the name ISO-8859-1; browsers read it as windows-1252"
#define QUOTE  "a label is forgiven a stray quotation mark"
#define BOM    "the byte order mark is km_charset_detect()'s"
#define LATE   "declared behind the first 1,024 bytes"

/* Cases that may differ: the file, its number there, the reason. */
static const struct {
	const char *file;
	size_t number;
	const char *why;
} differs[] = {
	{ "tests1.dat", 2, LATIN1 },  { "tests1.dat", 11, QUOTE },  { "tests1.dat", 26, QUOTE },
	{ "tests1.dat", 38, LATIN1 }, { "tests1.dat", 41, LATIN1 }, { "tests1.dat", 42, BOM },
	{ "tests1.dat", 43, BOM },    { "tests1.dat", 48, LATE },   { "tests1.dat", 49, LATE },
	{ "tests1.dat", 50, LATE },   { "tests1.dat", 51, LATE },   { "tests1.dat", 52, LATE },
	{ "tests1.dat", 53, LATE },   { "tests1.dat", 54, LATE },
};

static const char *known_difference(const char *file, size_t number)
{
	for (size_t i = 0; i < KM_COUNT(differs); i++)
		if (strcmp(differs[i].file, file) == 0 && differs[i].number == number)
			return differs[i].why;
	return NULL;
}

static const char *name_of(km_sv label)
{
	const km_charset *cs = km_charset_find(label);

	return cs ? km_charset_name(cs) : "?";
}

/* Takes the next case off @rest. */
static bool next_case(km_sv *rest, km_sv *data, km_sv *want)
{
	static const km_sv begin = KM_SV("#data\n"), middle = KM_SV("\n#encoding\n");
	size_t from = km_sv_find(*rest, begin, 0), mid = km_sv_find(*rest, middle, from);

	if (mid >= rest->n)
		return false;
	*data = km_sv_sub(*rest, from + begin.n, mid - from - begin.n);
	*rest = km_sv_from(*rest, mid + middle.n);
	return km_sv_line(rest, want);
}

static bool run_file(const char *folder, const char *name, size_t *ok, size_t *run)
{
	char path[8192];
	km_file f;
	km_sv data, want;
	bool good = true;
	size_t number = 0;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (km_file_open(&f, path, 1 << 24, NULL) != KM_OK)
		return false;
	for (km_sv rest = f.bytes; next_case(&rest, &data, &want);) {
		char *exact = malloc(data.n ? data.n : 1);
		memcpy(exact, data.p, data.n);
		km_sv got = km_html_sniff_charset((km_sv){ exact, data.n });
		const char *got_name = got.n ? name_of(got) : "windows-1252";
		bool same = strcmp(got_name, name_of(want)) == 0;
		const char *why = known_difference(name, ++number);
		if (!same) {
			good = good && why;
			printf("# %s %zu: want %.*s, got \"%.*s\": %s\n", name, number,
			       KM_FMT(want), KM_FMT(got), why ? why : "not known");
		}
		*ok += same;
		++*run;
		free(exact);
	}
	km_file_close(&f);
	return good;
}

static int is_test(const struct dirent *d)
{
	return km_sv_ends(km_sv_of(d->d_name), KM_S(".dat"));
}

int main(void)
{
	const char *suites = getenv("KOMAINU_SUITES");
	char folder[4096];
	struct dirent **file;
	size_t all_ok = 0, all = 0;

	snprintf(folder, sizeof(folder), "%s/html/encoding", suites ? suites : "../shared/suites");
	int n = scandir(folder, &file, is_test, alphasort);
	if (n <= 0) {
		printf("1..0 # SKIP no suite in %s\n", folder);
		return 0;
	}
	printf("1..%d\n", n);
	for (int i = 0; i < n; i++) {
		size_t ok = 0, run = 0;
		bool good = run_file(folder, file[i]->d_name, &ok, &run) && run;
		printf("%sok %d - %s: %zu/%zu\n", good ? "" : "not ", i + 1, file[i]->d_name, ok,
		       run);
		all_ok += ok;
		all += run;
		free(file[i]);
	}
	free(file);
	printf("# total: %zu/%zu\n", all_ok, all);
	return 0;
}
