#include "cli/jsonout.h"

#include <sysexits.h>

#include "text/utf8.h"

enum { OBJECT_BYTES = 256 << 20 };

json_t *km_json_text(km_sv v)
{
	size_t bad = 0;

	if (km_utf8_valid(v))
		return json_stringn(v.n ? v.p : "", v.n);
	km_arena *a = km_arena_new(4 * v.n + 65536);
	if (a == NULL)
		return NULL;
	km_sv clean = km_utf8_sanitise(a, v, &bad);
	json_t *j = json_stringn(clean.n ? clean.p : "", clean.n);
	km_arena_free(a);
	return j;
}

json_t *km_json_cstr(const char *text)
{
	return text ? km_json_text(km_sv_of(text)) : json_null();
}

json_t *km_json_filled(km_sv v)
{
	return v.n ? km_json_text(v) : json_null();
}

static int append(const char *bytes, size_t n, void *buf)
{
	km_buf_add(buf, (km_sv){ bytes, n });
	return 0;
}

km_status km_json_add(km_buf *b, json_t *j)
{
	int failed = j ? json_dump_callback(j, append, b, 0) : -1;

	json_decref(j);
	return failed || b->cut ? KM_NOMEM : KM_OK;
}

int km_json_print(const km_cli *cli, json_t *j)
{
	km_buf b;

	km_buf_init(&b, NULL, OBJECT_BYTES);
	km_status st = km_json_add(&b, j);
	if (st == KM_OK) {
		km_buf_byte(&b, '\n');
		(void)fwrite(b.p, 1, b.n, cli->out);
	}
	km_buf_finish(&b);
	return st == KM_OK ? km_cli_flush(cli) : EX_OSERR;
}
