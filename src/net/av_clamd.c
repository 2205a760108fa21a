/* clamd: "zINSTREAM", chunks of a 32-bit length in network order and data, a chunk of nothing. */
#include "net/av.h"

static void before(const km_av_target *t, size_t n, km_buf *out)
{
	(void)t;
	km_buf_add(out, KM_S("zINSTREAM\0"));
	for (int shift = 24; shift >= 0; shift -= 8)
		km_buf_byte(out, (char)(n >> shift));
}

/* "stream: OK", "stream: NAME FOUND", "INSTREAM size limit exceeded. ERROR", "TEXT ERROR" */
static km_status read_answer(km_sv got, bool end, km_av_answer *out, km_err *err)
{
	size_t n = km_sv_chr(got, '\0', 0);
	km_sv line = km_sv_trim(km_sv_sub(got, 0, n));

	if (n == got.n && got.n >= KM_AV_ANSWER_BYTES)
		return KM_FAIL(err, KM_SYNTAX, "an answer without end");
	if (n == got.n && !end)
		return KM_NOTFOUND;
	*out = (km_av_answer){ .result = KM_AV_CLEAN };
	km_sv said = km_sv_from(line, km_sv_chr(line, ':', 0) + 1);
	if (n < got.n && km_sv_eq(said, KM_S(" OK")))
		return KM_OK;
	if (n < got.n && km_sv_ends(said, KM_S(" FOUND"))) {
		km_av_found(km_sv_sub(said, 0, said.n - strlen(" FOUND")), out);
		return KM_OK;
	}
	if (km_sv_find(line, KM_S("size limit exceeded"), 0) < line.n) {
		out->result = KM_AV_TOO_LARGE;
		return KM_OK;
	}
	if (km_sv_ends(line, KM_S("ERROR")))
		return KM_FAIL(err, KM_TEMPFAIL, "%.*s", (int)(line.n > 100 ? 100 : line.n),
			       line.p);
	return KM_FAIL(err, KM_SYNTAX, "no answer of clamd's");
}

const km_av_protocol km_av_clamd = { before, KM_SV("\0\0\0\0"), read_answer };
