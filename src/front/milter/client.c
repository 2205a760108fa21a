#include "front/milter/client.h"

enum { BODY_CHUNK = 65535, MAX_FIELDS = 64 };

typedef enum {
	STEP_NEGOTIATE,
	STEP_CONNECT,
	STEP_HELO,
	STEP_MAIL,
	STEP_RCPT,
	STEP_DATA,
	STEP_HEADER,
	STEP_EOH,
	STEP_BODY,
	STEP_END,
	STEP_QUIT
} step;

struct km_milter_client {
	km_arena *arena;
	const km_milter_session_data *data;
	step at;
	size_t index;	/* recipient, header or byte of the body within the step */
	uint32_t steps; /* as the filter answered */
	km_milter_outcome outcome;
};

/* What the filter may leave out of, or leave unanswered. */
static const struct {
	uint32_t skip, silent;
} rules[] = {
	[STEP_CONNECT] = { KM_SMFIP_NOCONNECT, KM_SMFIP_NR_CONN },
	[STEP_HELO] = { KM_SMFIP_NOHELO, KM_SMFIP_NR_HELO },
	[STEP_MAIL] = { KM_SMFIP_NOMAIL, KM_SMFIP_NR_MAIL },
	[STEP_RCPT] = { KM_SMFIP_NORCPT, KM_SMFIP_NR_RCPT },
	[STEP_DATA] = { KM_SMFIP_NODATA, KM_SMFIP_NR_DATA },
	[STEP_HEADER] = { KM_SMFIP_NOHDRS, KM_SMFIP_NR_HDR },
	[STEP_EOH] = { KM_SMFIP_NOEOH, KM_SMFIP_NR_EOH },
	[STEP_BODY] = { KM_SMFIP_NOBODY, KM_SMFIP_NR_BODY },
};

km_milter_client *km_milter_client_new(km_arena *a, const km_milter_session_data *data)
{
	km_milter_client *c = KM_NEW(a, km_milter_client);

	if (c == NULL)
		return NULL;
	c->arena = a;
	c->data = data;
	c->outcome.verdict = KM_SMFIR_CONTINUE;
	c->outcome.fields = KM_NEW_ARRAY(a, km_sv, MAX_FIELDS);
	return c->outcome.fields ? c : NULL;
}

static void add_string(km_buf *b, km_sv v)
{
	km_buf_add(b, km_sv_sub(v, 0, km_sv_chr(v, '\0', 0)));
	km_buf_byte(b, '\0');
}

static void add_macro(km_buf *b, const char *name, km_sv value)
{
	if (value.n == 0)
		return;
	add_string(b, km_sv_of(name));
	add_string(b, value);
}

static void put_connect(km_milter_client *c, km_buf *b)
{
	const km_milter_session_data *d = c->data;
	bool six = km_sv_chr(d->client_addr, ':', 0) < d->client_addr.n;

	add_string(b, d->client_host.n ? d->client_host : KM_S("unknown"));
	if (d->client_addr.n == 0) {
		km_buf_byte(b, 'U');
		return;
	}
	km_buf_byte(b, six ? '6' : '4');
	km_buf_add(b, KM_S("\0\0"));
	add_string(b, d->client_addr);
}

static void put_path(km_buf *b, km_sv path)
{
	km_buf_byte(b, '<');
	km_buf_add(b, km_sv_sub(path, 0, km_sv_chr(path, '\0', 0)));
	km_buf_add(b, KM_S(">"));
	km_buf_byte(b, '\0');
}

static void put_header(km_milter_client *c, km_buf *b)
{
	const km_header *h = &c->data->headers->h[c->index++];
	km_sv value = h->raw;

	add_string(b, h->name);
	/* Filters see line ends inside a value as LF. */
	for (size_t i = 0; i < value.n; i++)
		if (value.p[i] != '\0' &&
		    !(value.p[i] == '\r' && i + 1 < value.n && value.p[i + 1] == '\n'))
			km_buf_byte(b, value.p[i]);
	km_buf_byte(b, '\0');
}

static void put_body(km_milter_client *c, km_buf *b)
{
	km_sv body = km_sv_from(c->data->message, c->data->headers->body);
	km_sv piece = km_sv_sub(body, c->index, BODY_CHUNK / 2);

	c->index += piece.n;
	for (size_t i = 0; i < piece.n; i++) {
		size_t at = c->index - piece.n + i;
		if (piece.p[i] == '\n' && (at == 0 || body.p[at - 1] != '\r'))
			km_buf_byte(b, '\r');
		km_buf_byte(b, piece.p[i]);
	}
}

/* True while the step has something (more) to say. */
static bool has_more(const km_milter_client *c)
{
	const km_milter_session_data *d = c->data;

	switch (c->at) {
	case STEP_RCPT:
		return c->index < d->n_rcpts;
	case STEP_HEADER:
		return c->index < d->headers->n;
	case STEP_BODY:
		return c->index < d->message.n - d->headers->body;
	default:
		return c->index == 0;
	}
}

static void put_macros(km_milter_client *c, km_buf *out)
{
	char store[1024];
	km_buf b = { .p = store, .cap = sizeof(store), .max = sizeof(store) };

	km_buf_byte(&b, KM_SMFIC_MAIL);
	add_macro(&b, "i", c->data->queue_id);
	add_macro(&b, "{auth_authen}", c->data->user);
	km_milter_put(out, KM_SMFIC_MACRO, km_buf_sv(&b));
}

static void put_step(km_milter_client *c, km_buf *out)
{
	static const char commands[] = {
		[STEP_CONNECT] = KM_SMFIC_CONNECT, [STEP_HELO] = KM_SMFIC_HELO,
		[STEP_MAIL] = KM_SMFIC_MAIL,	   [STEP_RCPT] = KM_SMFIC_RCPT,
		[STEP_DATA] = KM_SMFIC_DATA,	   [STEP_HEADER] = KM_SMFIC_HEADER,
		[STEP_EOH] = KM_SMFIC_EOH,	   [STEP_BODY] = KM_SMFIC_BODY,
		[STEP_END] = KM_SMFIC_BODYEOB,	   [STEP_QUIT] = KM_SMFIC_QUIT,
	};
	km_buf b;

	km_buf_init(&b, NULL, KM_MILTER_MAX_PACKET - 1);
	if (c->at == STEP_CONNECT)
		put_connect(c, &b);
	else if (c->at == STEP_HELO)
		add_string(&b, c->data->helo);
	else if (c->at == STEP_MAIL)
		put_path(&b, c->data->mail_from);
	else if (c->at == STEP_RCPT)
		put_path(&b, c->data->rcpts[c->index]);
	if (c->at == STEP_MAIL)
		put_macros(c, out);
	if (c->at == STEP_HEADER)
		put_header(c, &b);
	else if (c->at == STEP_BODY)
		put_body(c, &b);
	else
		c->index++;
	km_milter_put(out, commands[c->at], km_buf_sv(&b));
	km_buf_finish(&b);
}

km_client_step km_milter_client_next(km_milter_client *c, km_buf *out)
{
	static const km_milter_options offer = { KM_MILTER_VERSION, 0x1ff, 0x1fffff };

	if (c->at == STEP_NEGOTIATE && c->index == 0) {
		km_milter_put_options(out, &offer);
		c->index = 1;
		return KM_CLIENT_REPLY;
	}
	while (c->at < STEP_QUIT &&
	       (!has_more(c) || (c->at < STEP_END && c->steps & rules[c->at].skip))) {
		c->at++;
		c->index = 0;
	}
	if (c->at == STEP_QUIT && c->index)
		return KM_CLIENT_DONE;
	put_step(c, out);
	if (c->at == STEP_QUIT)
		return KM_CLIENT_SEND;
	bool silent = c->at < STEP_END && c->steps & rules[c->at].silent;
	return silent ? KM_CLIENT_SEND : KM_CLIENT_REPLY;
}

static void take_field(km_milter_client *c, km_sv data, bool index)
{
	km_milter_outcome *o = &c->outcome;
	km_sv name, value;

	if (index)
		data = km_sv_from(data, 4);
	if (o->n_fields == MAX_FIELDS || !km_milter_string(&data, &name) ||
	    !km_milter_string(&data, &value))
		return;
	o->fields[o->n_fields++] =
		km_sv_fmt(c->arena, "%.*s: %.*s", KM_FMT(name), KM_FMT(km_sv_trim(value)));
}

/* The message is decided: only the goodbye is left to say. */
static void decided(km_milter_client *c, char verdict)
{
	c->outcome.verdict = verdict;
	if (verdict == KM_SMFIR_CONTINUE && c->at != STEP_END)
		return;
	c->at = STEP_QUIT;
	c->index = 0;
}

static km_status take(km_milter_client *c, const km_milter_packet *p, bool *answered, km_err *err)
{
	km_sv data = p->data, text;
	km_milter_options theirs;

	*answered = true;
	switch (p->cmd) {
	case KM_SMFIC_OPTNEG:
		if (c->at != STEP_NEGOTIATE || km_milter_options_parse(data, &theirs) != KM_OK)
			return KM_FAIL(err, KM_SYNTAX, "the filter's negotiation can not be read");
		c->steps = theirs.steps;
		return KM_OK;
	case KM_SMFIR_CONTINUE:
	case KM_SMFIR_ACCEPT:
	case KM_SMFIR_DISCARD:
	case KM_SMFIR_REJECT:
	case KM_SMFIR_TEMPFAIL:
		decided(c, p->cmd);
		return KM_OK;
	case KM_SMFIR_SKIP:
		return KM_OK;
	case KM_SMFIR_REPLYCODE:
		if (km_milter_string(&data, &text))
			c->outcome.text = km_sv_dup(c->arena, text);
		decided(c, p->cmd);
		return KM_OK;
	default:
		break;
	}
	*answered = false;
	if (p->cmd == KM_SMFIR_ADDHEADER || p->cmd == KM_SMFIR_INSHEADER) {
		take_field(c, data, p->cmd == KM_SMFIR_INSHEADER);
	} else if (p->cmd == KM_SMFIR_CHGHEADER) {
		c->outcome.n_removed++;
	} else if (p->cmd == KM_SMFIR_QUARANTINE) {
		c->outcome.quarantined = true;
		if (km_milter_string(&data, &text))
			c->outcome.text = km_sv_dup(c->arena, text);
	} else if (p->cmd != KM_SMFIR_PROGRESS) {
		return KM_FAIL(err, KM_SYNTAX, "the filter sent an unknown reply %#x",
			       (unsigned)(unsigned char)p->cmd);
	}
	return KM_OK;
}

km_status km_milter_client_reply(km_milter_client *c, km_sv *in, km_err *err)
{
	km_milter_packet p;
	bool answered = false;
	km_status st = KM_OK;

	while (!answered && (st = km_milter_packet_next(in, &p)) == KM_OK) {
		st = take(c, &p, &answered, err);
		if (st != KM_OK)
			return st;
	}
	if (st == KM_LIMIT || st == KM_SYNTAX)
		return KM_FAIL(err, KM_SYNTAX,
			       "this is no milter: a reply has an impossible length");
	return st;
}

const km_milter_outcome *km_milter_client_outcome(const km_milter_client *c)
{
	return &c->outcome;
}
