/* ICAP: the message as the answer of a web server that is to be passed on or not. */
#include <stdio.h>

#include "net/av.h"

static void before(const km_av_target *t, size_t n, km_buf *out)
{
	static const char request[] = "GET /message HTTP/1.1\r\nHost: komainu.invalid\r\n\r\n";
	char response[160];
	int m = snprintf(response, sizeof(response),
			 "HTTP/1.1 200 OK\r\nContent-Type: message/rfc822\r\n"
			 "Content-Length: %zu\r\n\r\n",
			 n);

	km_buf_fmt(out,
		   "RESPMOD %s ICAP/1.0\r\nHost: %s\r\nUser-Agent: Komainu\r\nAllow: 204\r\n"
		   "Connection: close\r\nEncapsulated: req-hdr=0, res-hdr=%zu, res-body=%zu\r\n\r\n"
		   "%s%s%zx\r\n",
		   t->service, t->name, sizeof(request) - 1, sizeof(request) - 1 + (size_t)m,
		   request, response, n);
}

/* "NAME: value" of the headers @h, by any case; false when it is not there. */
static bool header(km_sv h, km_sv name, km_sv *value)
{
	km_sv line;

	while (km_sv_line(&h, &line)) {
		size_t colon = km_sv_chr(line, ':', 0);
		if (!km_sv_ieq(km_sv_trim(km_sv_sub(line, 0, colon)), name))
			continue;
		*value = km_sv_trim(km_sv_from(line, colon + 1));
		return true;
	}
	return false;
}

/* What scanners add when they found something (draft-stecher-icap-subid-00). */
static bool read_found(km_sv headers, km_av_answer *out)
{
	km_sv value, field;

	if (header(headers, KM_S("X-Infection-Found"), &value)) {
		while (km_sv_split(&value, ';', &field))
			if (km_sv_istarts(km_sv_trim(field), KM_S("Threat=")))
				break;
		field = km_sv_trim(field);
		km_av_found(km_sv_istarts(field, KM_S("Threat=")) ? km_sv_from(field, 7) : KM_S(""),
			    out);
		return true;
	}
	if (header(headers, KM_S("X-Virus-ID"), &value) && !km_sv_ieq(value, KM_S("no threats")) &&
	    value.n) {
		km_av_found(value, out);
		return true;
	}
	if (header(headers, KM_S("X-Violations-Found"), &value) && !km_sv_eq(value, KM_S("0"))) {
		km_av_found(KM_S(""), out);
		return true;
	}
	return false;
}

/* The end of a block of header lines, behind its empty line; false when it has none yet. */
static bool block_end(km_sv v, size_t *end)
{
	size_t at = km_sv_find(v, KM_S("\r\n\r\n"), 0), bare = km_sv_find(v, KM_S("\n\n"), 0);

	*end = at <= bare ? at + 4 : bare + 2;
	return at < v.n || bare < v.n;
}

/* "HTTP/1.1 403 Forbidden": 403; 0 for what is none. */
static unsigned status_of(km_sv line, const char *protocol)
{
	uint64_t code;

	if (!km_sv_istarts(line, km_sv_of(protocol)))
		return 0;
	line = km_sv_trim(km_sv_from(line, km_sv_chr(line, ' ', 0)));
	return km_sv_u64(km_sv_sub(line, 0, 3), &code) && code >= 100 ? (unsigned)code : 0;
}

/* 200: the page was changed (found), or given back as it was (clean). */
static km_status read_changed(km_sv headers, km_sv rest, bool end, km_av_answer *out, km_err *err)
{
	km_sv encapsulated, line;

	if (!header(headers, KM_S("Encapsulated"), &encapsulated))
		return KM_FAIL(err, KM_SYNTAX, "ICAP 200 without Encapsulated");
	if (km_sv_ifind(encapsulated, KM_S("res-hdr"), 0) == encapsulated.n)
		return KM_OK;
	if (km_sv_chr(rest, '\n', 0) == rest.n)
		return end || rest.n > 1000 ? KM_FAIL(err, KM_SYNTAX, "ICAP 200 without an answer")
					    : KM_NOTFOUND;
	(void)km_sv_line(&rest, &line);
	unsigned code = status_of(line, "HTTP/");
	if (code == 0)
		return KM_FAIL(err, KM_SYNTAX, "ICAP 200 with what is no answer");
	if (code >= 400)
		km_av_found(KM_S("blocked"), out);
	return KM_OK;
}

static km_status read_answer(km_sv got, bool end, km_av_answer *out, km_err *err)
{
	size_t n;
	km_sv line, rest;

	if (!block_end(got, &n)) {
		if (end || got.n >= KM_AV_ANSWER_BYTES)
			return KM_FAIL(err, KM_SYNTAX, "no answer of ICAP");
		return KM_NOTFOUND;
	}
	*out = (km_av_answer){ .result = KM_AV_CLEAN };
	km_sv headers = km_sv_sub(got, 0, n);
	rest = headers;
	(void)km_sv_line(&rest, &line);
	unsigned code = status_of(line, "ICAP/");
	if (code == 0)
		return KM_FAIL(err, KM_SYNTAX, "no answer of ICAP");
	if (code / 100 == 2 && read_found(headers, out))
		return KM_OK;
	if (code == 204)
		return KM_OK;
	if (code == 200)
		return read_changed(headers, km_sv_from(got, n), end, out, err);
	if (code == 413) {
		out->result = KM_AV_TOO_LARGE;
		return KM_OK;
	}
	return KM_FAIL(err, KM_TEMPFAIL, "ICAP %u", code);
}

const km_av_protocol km_av_icap = { before, KM_SV("\r\n0\r\n\r\n"), read_answer };
