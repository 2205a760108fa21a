/* Canonical bytes are their own canonical form, and the staging buffer loses nothing. */
#include <stdlib.h>

#include "auth/canon.h"
#include "base/buf.h"

static void check(bool ok)
{
	if (!ok)
		abort();
}

static void take(void *to, km_sv bytes)
{
	km_buf_add(to, bytes);
}

static void canon(km_buf *out, km_canon how, km_sv body)
{
	km_canon_sink sink;

	km_buf_init(out, NULL, 4 * body.n + 64);
	km_canon_begin(&sink, take, out);
	km_canon_body(&sink, how, body);
	km_canon_end(&sink);
	check(!out->cut);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (int how = KM_CANON_SIMPLE; how <= KM_CANON_RELAXED; how++) {
		km_buf once, twice;
		canon(&once, (km_canon)how, (km_sv){ (const char *)data, size });
		canon(&twice, (km_canon)how, km_buf_sv(&once));
		check(km_sv_eq(km_buf_sv(&once), km_buf_sv(&twice)));
		check(once.n == 0 || km_sv_ends(km_buf_sv(&once), KM_S("\r\n")));
		km_buf_finish(&once);
		km_buf_finish(&twice);
	}
	return 0;
}
