#include "front/policyd/policyd.h"

static const struct {
	km_sv name;
	size_t at;
} attributes[] = {
#define ROW(name)                                                                                  \
	{                                                                                          \
		KM_SV(#name), offsetof(km_policyd_request, name)                                   \
	}
	ROW(request),	     ROW(protocol_state),    ROW(queue_id),    ROW(instance),
	ROW(client_address), ROW(client_name),	     ROW(client_port), ROW(helo_name),
	ROW(sender),	     ROW(recipient),	     ROW(size),	       ROW(recipient_count),
	ROW(sasl_method),    ROW(sasl_username),     ROW(sasl_sender), ROW(ccert_subject),
	ROW(policy_context), ROW(ccert_fingerprint),
#undef ROW
};

static void keep(km_policyd_request *out, km_sv name, km_sv value)
{
	for (size_t i = 0; i < KM_COUNT(attributes); i++) {
		if (!km_sv_eq(attributes[i].name, name))
			continue;
		km_sv *slot = (km_sv *)(void *)((char *)out + attributes[i].at);
		if (slot->p == NULL)
			*slot = value;
		return;
	}
}

/* The lines of a whole request, without the empty one at its end. */
static km_status read_lines(km_sv lines, km_policyd_request *out, km_err *err)
{
	size_t number = 0;

	*out = (km_policyd_request){ 0 };
	if (km_sv_chr(lines, '\0', 0) < lines.n)
		return KM_FAIL(err, KM_SYNTAX, "a NUL byte in the request");
	while (lines.n) {
		size_t lf = km_sv_chr(lines, '\n', 0);
		km_sv line = km_sv_sub(lines, 0, lf);
		size_t equals = km_sv_chr(line, '=', 0);
		number++;
		if (equals == line.n)
			return KM_FAIL(err, KM_SYNTAX, "line %zu: no \"=\"", number);
		keep(out, km_sv_sub(line, 0, equals), km_sv_from(line, equals + 1));
		lines = km_sv_from(lines, lf + 1);
	}
	return KM_OK;
}

/* A request begins with its first line, so an empty one there is no end but an error. */
km_status km_policyd_read(km_sv in, size_t *seen, size_t *used, km_policyd_request *out,
			  km_err *err)
{
	km_sv window = km_sv_sub(in, 0, KM_POLICYD_MAX_REQUEST);
	size_t from = *seen ? *seen - 1 : 0; /* the first of two line ends may be there already */
	size_t end = km_sv_find(window, KM_S("\n\n"), from);

	if (window.n && window.p[0] == '\n')
		return KM_FAIL(err, KM_SYNTAX, "an empty request");
	if (end < window.n) {
		*used = end + 2;
		return read_lines(km_sv_sub(in, 0, end + 1), out, err);
	}
	*seen = window.n;
	if (in.n >= KM_POLICYD_MAX_REQUEST)
		return KM_FAIL(err, KM_LIMIT, "a request of over %d bytes", KM_POLICYD_MAX_REQUEST);
	return KM_NOTFOUND;
}

static void add_text(km_buf *out, km_sv text)
{
	text = km_sv_sub(text, 0, KM_POLICYD_MAX_TEXT);
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];
		km_buf_byte(out, c < ' ' || c == 0x7f ? ' ' : c > 0x7f ? '?' : (char)c);
	}
}

void km_policyd_reply(km_buf *out, km_policyd_action action, const char *code, km_sv text)
{
	static const char *const words[] = {
		[KM_POLICYD_DUNNO] = "DUNNO",
		[KM_POLICYD_DEFER] = "450",
		[KM_POLICYD_REJECT] = "550",
		[KM_POLICYD_HOLD] = "HOLD",
	};

	km_buf_fmt(out, "action=%s", words[action]);
	if ((action == KM_POLICYD_DEFER || action == KM_POLICYD_REJECT) && code)
		km_buf_fmt(out, " %s", code);
	if (action != KM_POLICYD_DUNNO) {
		km_buf_byte(out, ' ');
		add_text(out, text);
	}
	km_buf_add(out, KM_S("\n\n"));
}
