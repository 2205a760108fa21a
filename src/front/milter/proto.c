#include "front/milter/proto.h"

/* A line of a reply has at most 512 bytes with its code and line end (RFC 5321 section 4.5.3.1.5).
 */
enum { LINE = 480, MAX_LINES = 2 };

static uint32_t get32(const char *p)
{
	const unsigned char *u = (const unsigned char *)p;

	return (uint32_t)u[0] << 24 | (uint32_t)u[1] << 16 | (uint32_t)u[2] << 8 | u[3];
}

static void put32(km_buf *b, uint32_t x)
{
	const char p[4] = { (char)(x >> 24), (char)(x >> 16), (char)(x >> 8), (char)x };

	km_buf_add(b, (km_sv){ p, 4 });
}

km_status km_milter_packet_next(km_sv *in, km_milter_packet *out)
{
	if (in->n < 4)
		return KM_NOTFOUND;
	uint32_t len = get32(in->p);
	if (len == 0)
		return KM_SYNTAX;
	if (len > KM_MILTER_MAX_PACKET)
		return KM_LIMIT;
	if (in->n - 4 < len)
		return KM_NOTFOUND;
	out->cmd = in->p[4];
	out->data = km_sv_sub(*in, 5, len - 1);
	*in = km_sv_from(*in, 4 + (size_t)len);
	return KM_OK;
}

bool km_milter_string(km_sv *data, km_sv *out)
{
	size_t nul = km_sv_chr(*data, '\0', 0);

	if (nul == data->n)
		return false;
	*out = km_sv_sub(*data, 0, nul);
	*data = km_sv_from(*data, nul + 1);
	return true;
}

km_status km_milter_options_parse(km_sv data, km_milter_options *out)
{
	if (data.n < 12)
		return KM_SYNTAX;
	*out = (km_milter_options){ get32(data.p), get32(data.p + 4), get32(data.p + 8) };
	return KM_OK;
}

km_status km_milter_connect_parse(km_sv data, km_milter_connect *out)
{
	*out = (km_milter_connect){ .family = 'U' };
	if (!km_milter_string(&data, &out->host) || data.n < 1)
		return KM_SYNTAX;
	out->family = data.p[0];
	data = km_sv_from(data, 1);
	if (out->family == 'U')
		return KM_OK;
	if (data.n < 3)
		return KM_SYNTAX;
	out->port = (uint16_t)((unsigned char)data.p[0] << 8 | (unsigned char)data.p[1]);
	data = km_sv_from(data, 2);
	return km_milter_string(&data, &out->address) ? KM_OK : KM_SYNTAX;
}

void km_milter_put(km_buf *out, char cmd, km_sv data)
{
	put32(out, (uint32_t)data.n + 1);
	km_buf_byte(out, cmd);
	km_buf_add(out, data);
}

void km_milter_put_options(km_buf *out, const km_milter_options *o)
{
	put32(out, 13);
	km_buf_byte(out, KM_SMFIC_OPTNEG);
	put32(out, o->version);
	put32(out, o->actions);
	put32(out, o->steps);
}

static km_sv to_nul(km_sv v)
{
	return km_sv_sub(v, 0, km_sv_chr(v, '\0', 0));
}

/* Name and value, each with its NUL; @index only where the command has one. */
static void put_field(km_buf *out, char cmd, const uint32_t *index, km_sv name, km_sv space,
		      km_sv value)
{
	name = to_nul(name);
	value = to_nul(value);
	put32(out, (uint32_t)(1u + (index ? 4u : 0u) + name.n + 1 + space.n + value.n + 1));
	km_buf_byte(out, cmd);
	if (index)
		put32(out, *index);
	km_buf_add(out, name);
	km_buf_byte(out, '\0');
	km_buf_add(out, space);
	km_buf_add(out, value);
	km_buf_byte(out, '\0');
}

void km_milter_put_header(km_buf *out, km_sv name, km_sv value)
{
	put_field(out, KM_SMFIR_ADDHEADER, NULL, name, KM_S(""), value);
}

void km_milter_put_insert(km_buf *out, uint32_t index, km_sv name, bool space, km_sv value)
{
	put_field(out, KM_SMFIR_INSHEADER, &index, name, space ? KM_S(" ") : KM_S(""), value);
}

void km_milter_put_change(km_buf *out, uint32_t index, km_sv name, km_sv value)
{
	put_field(out, KM_SMFIR_CHGHEADER, &index, name, KM_S(""), value);
}

void km_milter_put_quarantine(km_buf *out, km_sv reason)
{
	reason = to_nul(reason);
	put32(out, (uint32_t)reason.n + 2);
	km_buf_byte(out, KM_SMFIR_QUARANTINE);
	km_buf_add(out, reason);
	km_buf_byte(out, '\0');
}

/* The next line of a reply: cut at a space near LINE bytes. */
static km_sv take_line(km_sv *text)
{
	size_t end = text->n;

	if (end > LINE) {
		km_sv head = km_sv_sub(*text, 0, LINE);
		size_t space = km_sv_rchr(head, ' ');
		end = space < head.n && space > 0 ? space : LINE;
	}
	km_sv line = km_sv_trim(km_sv_sub(*text, 0, end));
	*text = km_sv_trim(km_sv_from(*text, end));
	return line;
}

static void add_printable(km_buf *b, km_sv v)
{
	for (size_t i = 0; i < v.n; i++) {
		char c = v.p[i];
		if (c == '\n')
			km_buf_byte(b, ' ');
		else if (c != '%' && c != '\r')
			km_buf_byte(b, c >= 0x20 && c < 0x7f ? c : '?');
	}
}

void km_milter_put_reply(km_buf *out, unsigned code, km_sv status, km_sv text)
{
	char store[1200];
	km_buf b = { .p = store, .cap = sizeof(store), .max = sizeof(store) };

	text = km_sv_trim(text);
	for (int line = 0; line < MAX_LINES && (text.n || line == 0); line++) {
		km_sv v = take_line(&text);
		bool last = text.n == 0 || line == MAX_LINES - 1;
		if (line)
			km_buf_add(&b, KM_S("\r\n"));
		km_buf_fmt(&b, "%03u%c%.*s ", code, last ? ' ' : '-', KM_FMT(status));
		add_printable(&b, v);
	}
	km_buf_byte(&b, '\0');
	km_milter_put(out, KM_SMFIR_REPLYCODE, km_buf_sv(&b));
}
