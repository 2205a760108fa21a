#include "cli/suggest.h"

enum { LONGEST = 40 };

static unsigned smaller(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

static unsigned char at(km_sv v, size_t i)
{
	return km_lower((unsigned char)v.p[i]);
}

/* Three rows of the usual table: swaps look two rows back. */
static unsigned distance(km_sv a, km_sv b)
{
	unsigned rows[3][LONGEST + 1];

	for (size_t j = 0; j <= b.n; j++)
		rows[0][j] = (unsigned)j;
	for (size_t i = 1; i <= a.n; i++) {
		unsigned *row = rows[i % 3], *above = rows[(i - 1) % 3];
		const unsigned *two_above = rows[(i + 1) % 3];
		row[0] = (unsigned)i;
		for (size_t j = 1; j <= b.n; j++) {
			bool same = at(a, i - 1) == at(b, j - 1);
			unsigned d = smaller(above[j], row[j - 1]) + 1;
			d = smaller(d, above[j - 1] + !same);
			if (i > 1 && j > 1 && at(a, i - 1) == at(b, j - 2) &&
			    at(a, i - 2) == at(b, j - 1))
				d = smaller(d, two_above[j - 2] + 1);
			row[j] = d;
		}
	}
	return rows[a.n % 3][b.n];
}

const char *km_suggest(km_sv word, const char *const *names, size_t n)
{
	const char *best = NULL;
	unsigned least = 1 + (unsigned)word.n / 3; /* one slip in three letters */

	if (word.n == 0 || word.n > LONGEST)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		km_sv name = km_sv_of(names[i]);
		if (name.n > LONGEST)
			continue;
		unsigned d = distance(word, name);
		if (d < least || (d == least && best == NULL)) {
			least = d;
			best = names[i];
		}
	}
	return best;
}
