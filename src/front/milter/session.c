#include "front/milter/session.h"

#include <stdlib.h>

#include "auth/authres.h"
#include "front/milter/proto.h"

/* A connection's name and HELO: RFC 1035 names have 255 bytes; what is longer is hostile. */
enum { NAME_MAX_BYTES = 256, ADDRESS_MAX_BYTES = 64, TLS_MAX_BYTES = 16 };

enum {
	WANT_ACTIONS = KM_SMFIF_ADDHDRS | KM_SMFIF_CHGHDRS | KM_SMFIF_QUARANTINE,
	WANT_STEPS = KM_SMFIP_NOUNKNOWN | KM_SMFIP_NR_CONN | KM_SMFIP_NR_HELO | KM_SMFIP_NR_MAIL |
		     KM_SMFIP_NR_RCPT | KM_SMFIP_NR_DATA | KM_SMFIP_NR_UNKN | KM_SMFIP_NR_HDR |
		     KM_SMFIP_NR_EOH | KM_SMFIP_NR_BODY | KM_SMFIP_SKIP | KM_SMFIP_HDR_LEADSPC
};

typedef struct {
	char p[NAME_MAX_BYTES];
	size_t n;
} bounded_name;

/* Authentication-Results fields of the message under way: those that claim to be ours. */
typedef struct {
	uint32_t seen;	/* fields of the name, ours or not */
	uint32_t *ours; /* which of them, from 1, in the message's arena */
	size_t n, cap;
	uint32_t from; /* when there was no room: from this one on all of them; else 0 */
} results;

struct km_milter {
	km_milter_limits limits;
	uint32_t actions, steps;  /* as agreed */
	bool negotiated, waiting; /* waiting for km_milter_answer() */
	bounded_name host, helo, mta, certificate;
	bool unverified; /* the MTA says that the certificate proves nothing */
	uint16_t port;
	char addr[ADDRESS_MAX_BYTES], tls[TLS_MAX_BYTES];
	size_t addr_n, tls_n;
	km_buf partial;	 /* start of a packet that is not yet whole */
	km_arena *arena; /* of the message under way, else NULL */
	km_sv mail_from, user, queue_id;
	bool has_mail;
	km_sv *rcpts;
	size_t n_rcpts, cap_rcpts, rcpts_dropped;
	uint32_t forged[KM_MILTER_OURS]; /* how often each of limits.ours came, for deletion by
					    index */
	results results;
	km_spool spool;
	size_t served;
	km_milter_message_view view;
};

km_milter *km_milter_new(const km_milter_limits *limits)
{
	km_milter *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->limits = *limits;
	km_buf_init(&s->partial, NULL, KM_MILTER_MAX_PACKET + 4);
	km_spool_init(&s->spool, limits->max_message);
	return s;
}

static void message_end(km_milter *s)
{
	km_arena_free(s->arena);
	s->arena = NULL;
	s->mail_from = s->user = s->queue_id = (km_sv){ NULL, 0 };
	s->has_mail = s->waiting = false;
	s->rcpts = NULL;
	s->n_rcpts = s->cap_rcpts = s->rcpts_dropped = 0;
	memset(s->forged, 0, sizeof(s->forged));
	s->results = (results){ 0 };
	km_spool_finish(&s->spool);
	km_spool_init(&s->spool, s->limits.max_message);
}

static void connection_end(km_milter *s)
{
	message_end(s);
	s->host.n = s->helo.n = s->mta.n = s->certificate.n = s->tls_n = s->addr_n = 0;
	s->unverified = false;
	s->port = 0;
}

void km_milter_free(km_milter *s)
{
	if (s == NULL)
		return;
	message_end(s);
	km_buf_finish(&s->partial);
	free(s);
}

/* Copies as much of @v as there is room for; returns how much that was. */
static size_t set_text(char *to, size_t cap, km_sv v)
{
	v = km_sv_sub(v, 0, cap);
	if (v.n)
		memcpy(to, v.p, v.n);
	return v.n;
}

static void set_name(bounded_name *to, km_sv v)
{
	to->n = set_text(to->p, sizeof(to->p), v);
}

/* What the message needs to keep; an arena that is full only loses strings, never the message. */
static km_sv keep(km_milter *s, km_sv v)
{
	if (s->arena == NULL)
		s->arena = km_arena_new(s->limits.max_strings);
	return s->arena ? km_sv_dup(s->arena, v) : (km_sv){ NULL, 0 };
}

typedef km_status command(km_milter *s, km_sv data, km_buf *out, km_err *err);

static void say_continue(km_milter *s, uint32_t no_reply, km_buf *out)
{
	if (!(s->steps & no_reply))
		km_milter_put(out, KM_SMFIR_CONTINUE, KM_S(""));
}

static km_status on_optneg(km_milter *s, km_sv data, km_buf *out, km_err *err)
{
	km_milter_options theirs, ours;

	if (km_milter_options_parse(data, &theirs) != KM_OK)
		return KM_FAIL(err, KM_SYNTAX, "negotiation of %zu bytes, expected 12", data.n);
	if (theirs.version < 2)
		return KM_FAIL(err, KM_SYNTAX, "milter protocol %u is too old", theirs.version);
	ours.version = theirs.version < KM_MILTER_VERSION ? theirs.version : KM_MILTER_VERSION;
	ours.actions = theirs.actions & WANT_ACTIONS;
	ours.steps = theirs.steps & WANT_STEPS;
	/* Without replies to body packets there is nobody who would hear a SKIP. */
	if (ours.steps & KM_SMFIP_NR_BODY)
		ours.steps &= ~(uint32_t)KM_SMFIP_SKIP;
	s->actions = ours.actions;
	s->steps = ours.steps;
	s->negotiated = true;
	km_milter_put_options(out, &ours);
	return KM_OK;
}

static void take_macro(km_milter *s, km_sv macro, km_sv value)
{
	if (km_sv_eq(macro, KM_S("i")))
		s->queue_id = keep(s, value);
	else if (km_sv_eq(macro, KM_S("{auth_authen}")))
		s->user = keep(s, value);
	else if (km_sv_eq(macro, KM_S("{tls_version}")))
		s->tls_n = set_text(s->tls, sizeof(s->tls), value);
	else if (km_sv_eq(macro, KM_S("{cert_subject}")))
		set_name(&s->certificate, value);
	else if (km_sv_eq(macro, KM_S("{verify}")))
		s->unverified = !km_sv_eq(value, KM_S("OK"));
	else if (km_sv_eq(macro, KM_S("j")))
		set_name(&s->mta, value);
}

static km_status on_macro(km_milter *s, km_sv data, km_buf *out, km_err *err)
{
	km_sv macro, value;

	(void)out;
	if (data.n == 0)
		return KM_FAIL(err, KM_SYNTAX, "macro packet without command");
	data = km_sv_from(data, 1);
	while (km_milter_string(&data, &macro) && km_milter_string(&data, &value))
		take_macro(s, macro, value);
	return KM_OK;
}

static km_status on_connect(km_milter *s, km_sv data, km_buf *out, km_err *err)
{
	km_milter_connect c;

	if (km_milter_connect_parse(data, &c) != KM_OK)
		return KM_FAIL(err, KM_SYNTAX, "connect packet can not be read");
	set_name(&s->host, c.host.n && c.host.p[0] == '[' ? (km_sv){ NULL, 0 } : c.host);
	s->addr_n = 0;
	s->port = 0;
	if ((c.family == '4' || c.family == '6') && c.address.n < sizeof(s->addr)) {
		memcpy(s->addr, c.address.p, c.address.n);
		s->addr_n = c.address.n;
		s->port = c.port;
	}
	say_continue(s, KM_SMFIP_NR_CONN, out);
	return KM_OK;
}

static km_status on_helo(km_milter *s, km_sv data, km_buf *out, km_err *err)
{
	km_sv helo;

	if (!km_milter_string(&data, &helo))
		return KM_FAIL(err, KM_SYNTAX, "HELO packet without NUL");
	set_name(&s->helo, helo);
	say_continue(s, KM_SMFIP_NR_HELO, out);
	return KM_OK;
}

static km_sv without_brackets(km_sv path)
{
	path = km_sv_trim(path);
	if (path.n >= 2 && path.p[0] == '<' && path.p[path.n - 1] == '>')
		path = km_sv_sub(path, 1, path.n - 2);
	return path;
}

static km_status on_mail(km_milter *s, km_sv data, km_buf *out, km_err *err)
{
	km_sv path, queue_id = s->queue_id, user = s->user;

	if (!km_milter_string(&data, &path))
		return KM_FAIL(err, KM_SYNTAX, "MAIL packet without NUL");
	if (s->has_mail) { /* a new message without abort: begin afresh */
		message_end(s);
		queue_id = user = (km_sv){ NULL, 0 };
	}
	s->queue_id = queue_id;
	s->user = user;
	s->mail_from = keep(s, without_brackets(path));
	s->has_mail = true;
	say_continue(s, KM_SMFIP_NR_MAIL, out);
	return KM_OK;
}

static bool more_rcpts(km_milter *s)
{
	size_t cap = s->cap_rcpts ? s->cap_rcpts * 2 : 8;

	if (s->n_rcpts >= s->limits.max_rcpts || s->arena == NULL)
		return false;
	if (s->n_rcpts < s->cap_rcpts)
		return true;
	km_sv *p = km_arena_grow(s->arena, s->rcpts, s->cap_rcpts * sizeof(*p), cap * sizeof(*p));
	if (p == NULL)
		return false;
	s->rcpts = p;
	s->cap_rcpts = cap;
	return true;
}

static km_status on_rcpt(km_milter *s, km_sv data, km_buf *out, km_err *err)
{
	km_sv path;

	if (!km_milter_string(&data, &path))
		return KM_FAIL(err, KM_SYNTAX, "RCPT packet without NUL");
	path = keep(s, without_brackets(path));
	if (path.p && more_rcpts(s))
		s->rcpts[s->n_rcpts++] = path;
	else
		s->rcpts_dropped++;
	say_continue(s, KM_SMFIP_NR_RCPT, out);
	return KM_OK;
}

static km_status on_data(km_milter *s, km_sv data, km_buf *out, km_err *err)
{
	(void)data;
	(void)err;
	say_continue(s, KM_SMFIP_NR_DATA, out);
	return KM_OK;
}

static km_status on_unknown(km_milter *s, km_sv data, km_buf *out, km_err *err)
{
	(void)data;
	(void)err;
	say_continue(s, KM_SMFIP_NR_UNKN, out);
	return KM_OK;
}

static const km_sv results_name = KM_SV("Authentication-Results");

static km_sv our_name(const km_milter *s)
{
	const km_milter_limits *l = &s->limits;

	return l->authserv_id.n ? l->authserv_id
	       : s->mta.n	? (km_sv){ s->mta.p, s->mta.n }
				: l->host;
}

static bool more_results(km_milter *s)
{
	results *r = &s->results;
	size_t cap = r->cap ? r->cap * 2 : 8;

	if (r->n < r->cap)
		return true;
	if (s->arena == NULL)
		s->arena = km_arena_new(s->limits.max_strings);
	uint32_t *p =
		s->arena ? km_arena_grow(s->arena, r->ours, r->cap * sizeof(*p), cap * sizeof(*p))
			 : NULL;
	if (p == NULL)
		return false;
	r->ours = p;
	r->cap = cap;
	return true;
}

static void count_results(km_milter *s, km_sv value)
{
	results *r = &s->results;

	r->seen++;
	if (r->from || !km_authres_is_ours(value, our_name(s)))
		return;
	if (more_results(s))
		r->ours[r->n++] = r->seen;
	else
		r->from = r->seen;
}

/* MTAs take "Name :" for the same name. */
static void count_field(km_milter *s, km_sv name, km_sv value)
{
	name = km_sv_trim(name);
	for (size_t i = 0; i < s->limits.n_ours && i < KM_MILTER_OURS; i++)
		if (km_sv_ieq(s->limits.ours[i], name))
			s->forged[i]++;
	if (km_sv_ieq(name, results_name))
		count_results(s, value);
}

/* Continuation lines come with LF alone (Postfix) or CRLF (Sendmail); the message is kept with
 * CRLF. */
static void spool_value(km_milter *s, km_sv value)
{
	while (value.n) {
		size_t lf = km_sv_chr(value, '\n', 0);
		km_sv line = km_sv_sub(value, 0, lf);
		if (line.n && line.p[line.n - 1] == '\r')
			line.n--;
		km_spool_add(&s->spool, line);
		km_spool_add(&s->spool, KM_S("\r\n"));
		value = km_sv_from(value, lf + 1);
	}
}

static km_status on_header(km_milter *s, km_sv data, km_buf *out, km_err *err)
{
	km_sv name, value;

	if (!km_milter_string(&data, &name) || !km_milter_string(&data, &value))
		return KM_FAIL(err, KM_SYNTAX, "header packet without NUL");
	count_field(s, name, value);
	km_spool_add(&s->spool, name);
	km_spool_add(&s->spool, s->steps & KM_SMFIP_HDR_LEADSPC ? KM_S(":") : KM_S(": "));
	if (value.n)
		spool_value(s, value);
	else
		km_spool_add(&s->spool, KM_S("\r\n"));
	say_continue(s, KM_SMFIP_NR_HDR, out);
	return KM_OK;
}

static km_status on_eoh(km_milter *s, km_sv data, km_buf *out, km_err *err)
{
	(void)data;
	(void)err;
	km_spool_add(&s->spool, KM_S("\r\n"));
	say_continue(s, KM_SMFIP_NR_EOH, out);
	return KM_OK;
}

static km_status on_body(km_milter *s, km_sv data, km_buf *out, km_err *err)
{
	(void)err;
	km_spool_add(&s->spool, data);
	if (s->spool.dropped && s->steps & KM_SMFIP_SKIP)
		km_milter_put(out, KM_SMFIR_SKIP, KM_S(""));
	else
		say_continue(s, KM_SMFIP_NR_BODY, out);
	return KM_OK;
}

static km_status on_eob(km_milter *s, km_sv data, km_buf *out, km_err *err)
{
	(void)out;
	(void)err;
	km_spool_add(&s->spool, data);
	s->waiting = true;
	return KM_OK;
}

static km_status on_abort(km_milter *s, km_sv data, km_buf *out, km_err *err)
{
	(void)data;
	(void)out;
	(void)err;
	message_end(s);
	return KM_OK;
}

static km_status on_new_connection(km_milter *s, km_sv data, km_buf *out, km_err *err)
{
	(void)data;
	(void)out;
	(void)err;
	connection_end(s);
	return KM_OK;
}

static const struct {
	char cmd;
	command *run;
} commands[] = {
	{ KM_SMFIC_HEADER, on_header },	  { KM_SMFIC_MACRO, on_macro },
	{ KM_SMFIC_BODY, on_body },	  { KM_SMFIC_RCPT, on_rcpt },
	{ KM_SMFIC_MAIL, on_mail },	  { KM_SMFIC_DATA, on_data },
	{ KM_SMFIC_EOH, on_eoh },	  { KM_SMFIC_BODYEOB, on_eob },
	{ KM_SMFIC_ABORT, on_abort },	  { KM_SMFIC_CONNECT, on_connect },
	{ KM_SMFIC_HELO, on_helo },	  { KM_SMFIC_OPTNEG, on_optneg },
	{ KM_SMFIC_UNKNOWN, on_unknown }, { KM_SMFIC_QUIT_NC, on_new_connection },
};

static km_status run_packet(km_milter *s, const km_milter_packet *p, km_buf *out, km_err *err)
{
	if (!s->negotiated && p->cmd != KM_SMFIC_OPTNEG)
		return KM_FAIL(err, KM_SYNTAX, "command %#x before negotiation",
			       (unsigned)(unsigned char)p->cmd);
	for (size_t i = 0; i < KM_COUNT(commands); i++)
		if (commands[i].cmd == p->cmd)
			return commands[i].run(s, p->data, out, err);
	return KM_FAIL(err, KM_SYNTAX, "unknown command %#x", (unsigned)(unsigned char)p->cmd);
}

/* One packet of @in; *taken tells whether there was a whole one. */
static km_milter_event step(km_milter *s, km_sv *in, bool *taken, km_buf *out, km_err *err)
{
	km_milter_packet p;
	km_status st = km_milter_packet_next(in, &p);

	*taken = st == KM_OK;
	if (st == KM_NOTFOUND)
		return KM_MILTER_MORE;
	if (st != KM_OK) {
		(void)KM_FAIL(err, st, "packet with an impossible length");
		return KM_MILTER_BAD;
	}
	if (p.cmd == KM_SMFIC_QUIT)
		return KM_MILTER_CLOSE;
	if (run_packet(s, &p, out, err) != KM_OK)
		return KM_MILTER_BAD;
	return s->waiting ? KM_MILTER_MESSAGE : KM_MILTER_MORE;
}

/* Bytes that the packet begun in s->partial still lacks (0: it is whole); its length comes first.
 */
static size_t lacking(const km_milter *s)
{
	km_sv have = km_buf_sv(&s->partial), rest = have;
	km_milter_packet p;

	if (have.n < 4)
		return 4 - have.n;
	if (km_milter_packet_next(&rest, &p) != KM_NOTFOUND)
		return 0;
	uint32_t len = (uint32_t)(unsigned char)have.p[1] << 16 |
		       (uint32_t)(unsigned char)have.p[2] << 8 | (unsigned char)have.p[3];
	return 4 + (size_t)len - have.n;
}

/* Completes the packet in s->partial from @in and runs it. */
static km_milter_event feed_partial(km_milter *s, km_sv *in, km_buf *out, km_err *err)
{
	bool taken;

	for (size_t want = lacking(s); want; want = lacking(s)) {
		if (in->n == 0)
			return KM_MILTER_MORE;
		km_sv piece = km_sv_sub(*in, 0, want);
		km_buf_add(&s->partial, piece);
		*in = km_sv_from(*in, piece.n);
		if (s->partial.cut) {
			(void)KM_FAIL(err, KM_NOMEM, "no memory for a packet");
			return KM_MILTER_BAD;
		}
	}
	km_sv whole = km_buf_sv(&s->partial);
	km_milter_event e = step(s, &whole, &taken, out, err);
	km_buf_finish(&s->partial);
	return e;
}

km_milter_event km_milter_feed(km_milter *s, km_sv *in, km_buf *out, km_err *err)
{
	bool taken = true;

	if (s->waiting)
		return KM_MILTER_MESSAGE;
	while (taken && in->n) {
		km_milter_event e = s->partial.n ? feed_partial(s, in, out, err)
						 : step(s, in, &taken, out, err);
		if (e != KM_MILTER_MORE)
			return e;
	}
	if (in->n) {
		km_buf_add(&s->partial, *in);
		*in = (km_sv){ NULL, 0 };
	}
	return KM_MILTER_MORE;
}

const km_milter_message_view *km_milter_message(km_milter *s)
{
	km_milter_message_view *v = &s->view;

	*v = (km_milter_message_view){
		.client_host = { s->host.p, s->host.n },
		.client_addr = { s->addr, s->addr_n },
		.helo = { s->helo.p, s->helo.n },
		.tls = { s->tls, s->tls_n },
		.client_port = s->port,
		.certificate = { s->certificate.p, s->unverified ? 0 : s->certificate.n },
		.mta = { s->mta.p, s->mta.n },
		.mail_from = s->mail_from,
		.rcpts = s->rcpts,
		.n_rcpts = s->n_rcpts,
		.rcpts_dropped = s->rcpts_dropped,
		.user = s->user,
		.queue_id = s->queue_id,
		.dropped = s->spool.dropped,
	};
	v->spool = km_spool_bytes(&s->spool, &v->message, NULL);
	return v;
}

/* From the last to the first, so that no number changes before its turn. */
static void remove_fields(km_milter *s, km_buf *out)
{
	const results *r = &s->results;

	for (size_t i = 0; i < KM_MILTER_OURS; i++)
		for (uint32_t k = s->forged[i]; k > 0; k--)
			km_milter_put_change(out, k, s->limits.ours[i], KM_S(""));
	for (uint32_t k = r->seen; r->from && k >= r->from; k--)
		km_milter_put_change(out, k, results_name, KM_S(""));
	for (size_t i = r->n; i > 0; i--)
		km_milter_put_change(out, r->ours[i - 1], results_name, KM_S(""));
}

static void change_headers(km_milter *s, const km_milter_answer_view *answer, km_buf *out)
{
	bool space = s->steps & KM_SMFIP_HDR_LEADSPC;

	if (s->actions & KM_SMFIF_CHGHDRS)
		remove_fields(s, out);
	if (s->actions & KM_SMFIF_ADDHDRS)
		for (size_t i = 0; i < answer->n_add; i++)
			km_milter_put_insert(out, (uint32_t)i, answer->add[i].name, space,
					     answer->add[i].value);
}

void km_milter_answer(km_milter *s, const km_milter_answer_view *answer, km_buf *out)
{
	km_answer_kind kind = answer->kind;

	if (!s->waiting)
		return;
	/* An MTA without quarantine must not deliver what should be held. */
	if (kind == KM_ANSWER_QUARANTINE && !(s->actions & KM_SMFIF_QUARANTINE))
		kind = KM_ANSWER_TEMPFAIL;
	if (kind == KM_ANSWER_ACCEPT || kind == KM_ANSWER_QUARANTINE)
		change_headers(s, answer, out);
	if (kind == KM_ANSWER_QUARANTINE)
		km_milter_put_quarantine(out, answer->text);
	switch (kind) {
	case KM_ANSWER_REJECT:
		km_milter_put_reply(out, 550, KM_S("5.7.1"), answer->text);
		break;
	case KM_ANSWER_TEMPFAIL:
		km_milter_put_reply(out, 451, KM_S("4.7.1"), answer->text);
		break;
	case KM_ANSWER_DISCARD:
		km_milter_put(out, KM_SMFIR_DISCARD, KM_S(""));
		break;
	default: /* Not ACCEPT: other filters still have to see the message. */
		km_milter_put(out, KM_SMFIR_CONTINUE, KM_S(""));
	}
	s->served++;
	message_end(s);
}

bool km_milter_busy(const km_milter *s)
{
	return s->has_mail;
}

size_t km_milter_served(const km_milter *s)
{
	return s->served;
}

bool km_milter_partial(const km_milter *s)
{
	return s->partial.n > 0;
}
