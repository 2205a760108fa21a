#include "dns/wire.h"

#include "dns/master.h"

enum {
	HEADER = 12,
	LONGEST_NAME = 255,
	LONGEST_CHAIN = 12,
	POINTER = 0xc0,
	MOST_POINTERS = 32,    /* in one name; honest servers use one */
	MAX_TEXT = 256 * 1024, /* of all names and data of one answer */
	NXDOMAIN = 3
};

static unsigned u8(km_sv m, size_t at)
{
	return (unsigned char)m.p[at];
}

static uint16_t u16(km_sv m, size_t at)
{
	return (uint16_t)(u8(m, at) << 8 | u8(m, at + 1));
}

static uint32_t u32(km_sv m, size_t at)
{
	return (uint32_t)u16(m, at) << 16 | u16(m, at + 2);
}

static void add_label(km_buf *out, km_sv label, bool first)
{
	if (!first)
		km_buf_byte(out, '.');
	for (size_t i = 0; i < label.n; i++) {
		char c = label.p[i];
		if (c == '.' || c == '\\')
			km_buf_byte(out, '\\');
		km_buf_byte(out, (char)km_lower((unsigned char)c));
	}
}

bool km_wire_name(km_sv m, size_t *at, km_buf *out)
{
	size_t here = *at, earliest = here, wire = 1, jumps = 0;

	for (;;) {
		if (here >= m.n)
			return false;
		size_t n = u8(m, here);
		if (n >= POINTER) {
			if (m.n - here < 2)
				return false;
			size_t to = u16(m, here) & 0x3fff;
			if (jumps == 0)
				*at = here + 2;
			/* Only ever backwards, so this ends. */
			if (to >= earliest || ++jumps > MOST_POINTERS)
				return false;
			here = earliest = to;
			continue;
		}
		if (n > 63 || n >= m.n - here || (wire += n + (n != 0)) > LONGEST_NAME)
			return false;
		if (n == 0)
			break;
		if (out)
			add_label(out, km_sv_sub(m, here + 1, n), wire == n + 2);
		here += n + 1;
	}
	if (jumps == 0)
		*at = here + 1;
	return out == NULL || !out->cut;
}

/* Two names and five numbers. */
static bool read_soa(km_sv m, size_t at, km_buf *text)
{
	for (int i = 0; i < 2; i++) {
		char name[KM_DNS_NAME_TEXT];
		km_buf b = { .p = name, .cap = sizeof(name), .max = sizeof(name) };
		if (!km_wire_name(m, &at, &b))
			return false;
		km_master_write_name(text, km_buf_sv(&b));
		km_buf_byte(text, ' ');
	}
	if (m.n - at != 20)
		return false;
	for (size_t i = 0; i < 5; i++)
		km_buf_fmt(text, i < 4 ? "%u " : "%u", u32(m, at + i * 4));
	return true;
}

static bool read_strings(km_sv m, size_t at, km_buf *text)
{
	while (at < m.n) {
		size_t n = u8(m, at++);
		if (n > m.n - at)
			return false;
		km_buf_add(text, km_sv_sub(m, at, n));
		at += n;
	}
	return true;
}

bool km_wire_rdata(km_dns_type type, km_sv message, size_t at, size_t n, km_buf *text,
		   km_dns_rr *out)
{
	if (at > message.n || n > message.n - at)
		return false;
	size_t begun = text->n;
	km_sv m = km_sv_sub(message, 0, at + n); /* it ends with the data */
	bool ok = n > 0;

	*out = (km_dns_rr){ .preference = 0 };
	switch (type) {
	case KM_DNS_A:
	case KM_DNS_AAAA:
	case KM_DNS_TLSA:
		km_buf_add(text, km_sv_from(m, at));
		ok = type == KM_DNS_A ? n == 4 : type == KM_DNS_AAAA ? n == 16 : n >= 4;
		break;
	case KM_DNS_MX:
		if (n < 3)
			return false;
		out->preference = u16(m, at);
		at += 2;
		/* fall through */
	case KM_DNS_NS:
	case KM_DNS_CNAME:
	case KM_DNS_PTR:
		ok = ok && km_wire_name(m, &at, text) && at == m.n;
		break;
	case KM_DNS_SOA:
		ok = read_soa(m, at, text);
		break;
	case KM_DNS_TXT:
		ok = ok && read_strings(m, at, text);
		break;
	}
	out->data = km_sv_from(km_buf_sv(text), begun);
	return ok && !text->cut;
}

/* --- whole messages --- */

/* A record as it stands; owner and data are offsets into the message. */
typedef struct {
	size_t owner, data, n;
	unsigned type;
	uint32_t ttl;
} record;

typedef struct {
	km_sv message;
	km_arena *arena;
	km_buf text; /* of fixed size: views into it stay good */
	record *answer;
	size_t n_answer;
	bool has_soa; /* in the authority section */
	uint32_t negative_ttl;
} reader;

static bool read_record(km_sv m, size_t *at, record *r)
{
	r->owner = *at;
	if (!km_wire_name(m, at, NULL) || m.n - *at < 10)
		return false;
	r->type = u16(m, *at + 2) == 1 ? u16(m, *at) : 0; /* of another class: no type of ours */
	r->ttl = u32(m, *at + 4);
	if (r->ttl > INT32_MAX) /* RFC 2181 section 8 */
		r->ttl = 0;
	r->n = u16(m, *at + 8);
	r->data = *at + 10;
	if (r->n > m.n - r->data)
		return false;
	*at = r->data + r->n;
	return true;
}

static bool read_sections(reader *r)
{
	km_sv m = r->message;
	size_t at = HEADER;
	record x;

	for (size_t i = u16(m, 4); i > 0; i--) {
		if (!km_wire_name(m, &at, NULL) || m.n - at < 4)
			return false;
		at += 4;
	}
	r->n_answer = u16(m, 6);
	if (r->n_answer > m.n / 11) /* less than that no record has */
		return false;
	r->answer = KM_NEW_ARRAY(r->arena, record, r->n_answer);
	for (size_t i = 0; i < r->n_answer; i++)
		if (r->answer == NULL || !read_record(m, &at, &r->answer[i]))
			return false;
	for (size_t i = u16(m, 8); i > 0; i--) {
		if (!read_record(m, &at, &x))
			return false;
		if (x.type != KM_DNS_SOA || x.n < 20)
			continue;
		uint32_t minimum = u32(m, x.data + x.n - 4);
		r->negative_ttl = minimum < x.ttl ? minimum : x.ttl;
		r->has_soa = true;
	}
	return true;
}

static bool is_owner(reader *r, const record *x, km_sv name)
{
	char text[KM_DNS_NAME_TEXT];
	km_buf b = { .p = text, .cap = sizeof(text), .max = sizeof(text) };
	size_t at = x->owner;

	return km_wire_name(r->message, &at, &b) && km_sv_eq(km_buf_sv(&b), name);
}

static bool is_there(const km_dns_answer *out, const km_dns_rr *rr, const km_dns_rr *x)
{
	for (size_t i = 0; i < out->n; i++)
		if (rr[i].preference == x->preference && km_sv_eq(rr[i].data, x->data))
			return true;
	return false;
}

/* The records of @name and the asked type go to *out; *alias is its CNAME, if it has one. */
static bool collect(reader *r, km_sv name, km_dns_answer *out, km_dns_rr *rr, km_sv *alias)
{
	km_dns_rr x;

	for (size_t i = 0; i < r->n_answer; i++) {
		const record *a = &r->answer[i];
		bool wanted = a->type == (unsigned)out->type;
		if ((!wanted && (a->type != KM_DNS_CNAME || alias->n)) ||
		    out->n == KM_MAX_DNS_RECORDS || !is_owner(r, a, name))
			continue;
		if (!km_wire_rdata((km_dns_type)a->type, r->message, a->data, a->n, &r->text, &x))
			return false;
		if (a->ttl < out->ttl)
			out->ttl = a->ttl;
		if (!wanted)
			*alias = x.data;
		else if (!is_there(out, rr, &x))
			rr[out->n++] = x;
	}
	return true;
}

static km_dns_rcode follow(reader *r, km_dns_answer *out, bool nxdomain)
{
	km_dns_rr *rr = KM_NEW_ARRAY(r->arena, km_dns_rr, r->n_answer);
	km_sv name = out->name;

	for (int step = 0; rr && step <= LONGEST_CHAIN; step++) {
		km_sv alias = { NULL, 0 };
		if (!collect(r, name, out, rr, &alias))
			return KM_DNS_SERVFAIL;
		if (out->n) {
			out->rr = rr;
			return KM_DNS_OK;
		}
		if (alias.n == 0) {
			if (r->has_soa && r->negative_ttl < out->ttl)
				out->ttl = r->negative_ttl;
			return nxdomain ? KM_DNS_NXDOMAIN : KM_DNS_NODATA;
		}
		name = alias;
	}
	return KM_DNS_SERVFAIL;
}

void km_wire_answer(km_arena *arena, km_sv message, km_dns_answer *out)
{
	reader r = { .message = message, .arena = arena };
	unsigned rcode = message.n >= HEADER ? u16(message, 2) & 0xf : 2;

	out->rcode = KM_DNS_SERVFAIL;
	out->rr = NULL;
	out->n = 0;
	out->ttl = UINT32_MAX;
	km_buf_init(&r.text, arena, MAX_TEXT);
	if ((rcode == 0 || rcode == NXDOMAIN) && km_buf_reserve(&r.text, MAX_TEXT) &&
	    read_sections(&r))
		out->rcode = follow(&r, out, rcode == NXDOMAIN);
	if (out->rcode == KM_DNS_SERVFAIL) {
		out->rr = NULL;
		out->n = 0;
		out->ttl = 0;
	}
	if (out->ttl == UINT32_MAX)
		out->ttl = 0;
}
