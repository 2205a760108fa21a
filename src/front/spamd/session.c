#include "front/spamd/session.h"

#include <stdlib.h>

#include "front/spamd/answer.h"

enum { REQUEST_ARENA = 4 * 1024 * 1024 };

typedef void body_of(km_spamd *s, const km_spamd_verdict *v, km_buf *out);

static body_of no_body, symbols_body, report_body, report_of_spam_body, message_body, header_body;

typedef struct {
	km_sv name;
	bool rspamc;   /* is known there, too */
	bool returns;  /* gives the message back, whole */
	body_of *body; /* of an answer to SPAMC; NULL: nothing is judged */
	bool teaches;
} command;

static const command commands[] = {
	{ KM_SV("CHECK"), true, false, no_body },
	{ KM_SV("SYMBOLS"), true, false, symbols_body },
	{ KM_SV("REPORT"), true, false, report_body },
	{ KM_SV("REPORT_IFSPAM"), false, false, report_of_spam_body },
	{ KM_SV("PROCESS"), false, true, message_body },
	{ KM_SV("HEADERS"), false, false, header_body },
	{ KM_SV("PING"), true, false, NULL },
	{ KM_SV("SKIP"), false, false, NULL },
	{ KM_SV("TELL"), false, false, NULL, true },
};

typedef enum { READ_COMMAND, READ_HEADER, READ_MESSAGE, DONE } state;

struct km_spamd {
	km_spamd_limits limits;
	state state;
	const command *command;
	bool rspamd;
	bool lengths;		  /* the client knows Content-length in answers */
	km_buf head;		  /* request line and headers */
	size_t line;		  /* where the line begins that is not yet whole */
	km_sv class, set, remove; /* of TELL */
	bool has_length;
	uint64_t length, got; /* bytes of the message: announced, come */
	km_spool spool;
	km_sv original; /* as it came, mailbox line and all */
	km_arena *arena;
	km_http_request envelope;
	km_spamd_message_view view;
};

km_spamd *km_spamd_new(const km_spamd_limits *limits)
{
	km_spamd *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->limits = *limits;
	km_buf_init(&s->head, NULL, KM_SPAMD_MAX_HEADER);
	km_spool_init(&s->spool, limits->max_message);
	return s;
}

void km_spamd_free(km_spamd *s)
{
	if (s == NULL)
		return;
	km_buf_finish(&s->head);
	km_spool_finish(&s->spool);
	km_arena_free(s->arena);
	free(s);
}

void km_spamd_refuse(km_spamd *s, km_spamd_code code, const char *text, km_buf *out)
{
	km_spamd_put_error(out, s->rspamd, code, text);
	s->state = DONE;
}

static km_spamd_event refuse(km_spamd *s, km_spamd_code code, const char *text, km_buf *out)
{
	km_spamd_refuse(s, code, text, out);
	return code == KM_SPAMD_PROTOCOL ? KM_SPAMD_BAD : KM_SPAMD_CLOSE;
}

/* "SPAMC/1.5": from 1.3 on clients know Content-length in the answer to any command. */
static bool read_protocol(km_spamd *s, km_sv v)
{
	km_sv major;
	uint64_t x, minor;

	s->rspamd = km_sv_starts(v, KM_S("RSPAMC/"));
	if (!s->rspamd && !km_sv_starts(v, KM_S("SPAMC/")))
		return false;
	v = km_sv_from(v, km_sv_chr(v, '/', 0) + 1);
	if (!km_sv_split(&v, '.', &major) || !km_sv_u64(major, &x) || !km_sv_u64(v, &minor))
		return false;
	s->lengths = x > 1 || minor >= 3;
	return true;
}

static km_spamd_event read_command(km_spamd *s, km_sv line, km_buf *out)
{
	size_t space = km_sv_chr(line, ' ', 0);
	km_sv name = km_sv_sub(line, 0, space);

	if (!read_protocol(s, km_sv_trim(km_sv_from(line, space))))
		return refuse(s, KM_SPAMD_PROTOCOL,
			      "Bad header line: this is neither SPAMC nor RSPAMC", out);
	for (size_t i = 0; i < KM_COUNT(commands); i++)
		if (km_sv_eq(commands[i].name, name) && (commands[i].rspamc || !s->rspamd))
			s->command = &commands[i];
	if (s->command == NULL)
		return refuse(s, KM_SPAMD_PROTOCOL, "Bad header line: unknown command", out);
	if (km_sv_eq(name, KM_S("PING"))) {
		km_buf_add(out, s->rspamd ? KM_S("RSPAMD/1.3 0 PONG\r\n")
					  : KM_S("SPAMD/1.5 0 PONG\r\n"));
		s->state = DONE;
	} else if (km_sv_eq(name, KM_S("SKIP"))) {
		s->state = DONE;
	} else {
		s->state = READ_HEADER;
	}
	return s->state == DONE ? KM_SPAMD_CLOSE : KM_SPAMD_MORE;
}

static km_spamd_event read_length(km_spamd *s, km_sv value, km_buf *out)
{
	uint64_t n;

	if (!km_sv_u64(value, &n) || (s->has_length && n != s->length))
		return refuse(s, KM_SPAMD_PROTOCOL, "Bad Content-length", out);
	s->has_length = true;
	s->length = n;
	return KM_SPAMD_MORE;
}

/* "local, remote": remote are collections of others, to which we report nothing. */
static bool names_local(km_sv list)
{
	for (km_sv one; km_sv_split(&list, ',', &one);)
		if (km_sv_ieq(km_sv_trim(one), KM_S("local")))
			return true;
	return false;
}

static km_spamd_lesson lesson_of(const km_spamd *s)
{
	bool set = names_local(s->set), remove = names_local(s->remove);

	if (set && !remove && km_sv_ieq(s->class, KM_S("spam")))
		return KM_SPAMD_LEARN_SPAM;
	if (set && !remove && km_sv_ieq(s->class, KM_S("ham")))
		return KM_SPAMD_LEARN_HAM;
	return remove && !set ? KM_SPAMD_FORGET : KM_SPAMD_NO_LESSON;
}

/* One header line of any command but those that have none. */
static km_spamd_event read_header(km_spamd *s, km_sv name, km_sv value, km_buf *out)
{
	const struct {
		km_sv name, *value;
	} tell[] = {
		{ KM_S("Message-class"), &s->class },
		{ KM_S("Set"), &s->set },
		{ KM_S("Remove"), &s->remove },
	};

	if (km_sv_ieq(name, KM_S("Content-length")))
		return read_length(s, value, out);
	if (km_sv_ieq(name, KM_S("Compress")))
		return refuse(s, KM_SPAMD_PROTOCOL,
			      "Compress is not supported: send the message as it is", out);
	for (size_t i = 0; i < KM_COUNT(tell); i++)
		if (km_sv_ieq(name, tell[i].name))
			*tell[i].value = value;
	/* spamc's User is whose settings hold, not who logged in; but he is who teaches. */
	if (s->rspamd || (s->command->teaches && km_sv_ieq(name, KM_S("User"))))
		km_http_request_header(&s->envelope, name, value);
	return KM_SPAMD_MORE;
}

/* All header lines; the buffer does not move any more. */
static km_spamd_event read_headers(km_spamd *s, km_buf *out)
{
	km_sv rest = km_buf_sv(&s->head), line;
	km_spamd_event e = KM_SPAMD_MORE;

	s->arena = km_arena_new(REQUEST_ARENA);
	if (s->arena == NULL)
		return refuse(s, KM_SPAMD_TEMPFAIL, "no memory; try again later", out);
	km_http_request_init(&s->envelope, s->arena, s->limits.max_rcpts);
	(void)km_sv_line(&rest, &line); /* the command */
	while (e == KM_SPAMD_MORE && km_sv_line(&rest, &line)) {
		size_t colon = km_sv_chr(line, ':', 0);
		km_sv name = km_sv_sub(line, 0, colon);
		km_sv value = km_sv_trim(km_sv_from(line, colon + 1));
		if (line.n == 0)
			break;
		e = colon < line.n ? read_header(s, name, value, out)
				   : refuse(s, KM_SPAMD_PROTOCOL, "Bad header line: no colon", out);
	}
	if (e == KM_SPAMD_MORE && s->command->teaches && lesson_of(s) == KM_SPAMD_NO_LESSON)
		e = refuse(
			s, KM_SPAMD_PROTOCOL,
			"TELL wants Set: local with Message-class: spam or ham, or Remove: local",
			out);
	if (e == KM_SPAMD_MORE && s->command->returns && s->length > s->limits.max_returned)
		e = refuse(s, KM_SPAMD_DATAERR, "the message is too large to be given back", out);
	return e;
}

static km_spamd_event message_whole(km_spamd *s, km_buf *out)
{
	if (s->command->returns && s->got > s->limits.max_returned)
		return refuse(s, KM_SPAMD_DATAERR, "the message is too large to be given back",
			      out);
	s->state = DONE;
	return KM_SPAMD_MESSAGE;
}

static km_spamd_event feed_line(km_spamd *s, km_sv line, km_buf *out)
{
	km_spamd_event e = KM_SPAMD_MORE;

	if (s->state == READ_COMMAND)
		return read_command(s, line, out);
	if (line.n)
		return e;
	e = read_headers(s, out);
	if (e != KM_SPAMD_MORE)
		return e;
	s->state = READ_MESSAGE;
	return s->has_length && s->length == 0 ? message_whole(s, out) : e;
}

/* Takes one line, or what there is of it, off @in. */
static km_spamd_event feed_head(km_spamd *s, km_sv *in, km_buf *out)
{
	size_t lf = km_sv_chr(*in, '\n', 0);
	km_sv piece = km_sv_sub(*in, 0, lf + 1);

	*in = km_sv_from(*in, piece.n);
	km_buf_add(&s->head, piece);
	if (s->head.cut)
		return refuse(s, KM_SPAMD_PROTOCOL, "the request's header is too large", out);
	if (lf == piece.n)
		return KM_SPAMD_MORE;
	km_sv line = km_sv_from(km_buf_sv(&s->head), s->line);
	line.n--;
	if (line.n && line.p[line.n - 1] == '\r')
		line.n--;
	s->line = s->head.n;
	return feed_line(s, line, out);
}

static km_spamd_event feed_message(km_spamd *s, km_sv *in, km_buf *out)
{
	uint64_t lacking = s->has_length ? s->length - s->got : UINT64_MAX;
	km_sv piece = km_sv_sub(*in, 0, lacking < in->n ? (size_t)lacking : in->n);

	km_spool_add(&s->spool, piece);
	s->got += piece.n;
	*in = km_sv_from(*in, piece.n);
	return s->has_length && s->got == s->length ? message_whole(s, out) : KM_SPAMD_MORE;
}

km_spamd_event km_spamd_feed(km_spamd *s, km_sv in, km_buf *out)
{
	km_spamd_event e = KM_SPAMD_MORE;

	while (e == KM_SPAMD_MORE && in.n && s->state < DONE)
		e = s->state == READ_MESSAGE ? feed_message(s, &in, out) : feed_head(s, &in, out);
	return e; /* what comes after the request is nothing */
}

km_spamd_event km_spamd_end(km_spamd *s, km_buf *out)
{
	if (s->state == READ_MESSAGE && !s->has_length)
		return message_whole(s, out);
	if (s->state == READ_MESSAGE)
		return refuse(s, KM_SPAMD_PROTOCOL, "the message is shorter than Content-length",
			      out);
	return s->state < DONE ? KM_SPAMD_BAD : KM_SPAMD_MORE;
}

/*
 * Exim puts the envelope before the message, as in a mailbox: "From …", then X-Envelope-From and
 * X-Envelope-To. Only there: further down a sender may have written them. It asks before it has
 * put a Received field of its own on top: the topmost one is the sender's word, and says nothing of
 * the client.
 */
static km_sv unwrap(km_spamd *s, km_sv message)
{
	static const struct {
		km_sv field, header;
	} names[] = {
		{ KM_SV("X-Envelope-From:"), KM_SV("From") },
		{ KM_SV("X-Envelope-To:"), KM_SV("Rcpt") },
	};

	if (!km_spamd_take_from_line(&message))
		return message;
	for (size_t i = 0; i < KM_COUNT(names); i++) {
		km_sv rest = message, line;
		if (!km_sv_istarts(rest, names[i].field) || !km_sv_line(&rest, &line))
			continue;
		message = rest;
		if (s->rspamd) /* what the request itself says is enough */
			continue;
		km_http_request_header(&s->envelope, names[i].header,
				       km_sv_from(line, names[i].field.n));
		s->view.stored = false;
	}
	return message;
}

const km_spamd_message_view *km_spamd_message(km_spamd *s)
{
	km_spamd_message_view *v = &s->view;

	*v = (km_spamd_message_view){
		.lesson = s->command->teaches ? lesson_of(s) : KM_SPAMD_NO_LESSON,
		.envelope = &s->envelope,
		.stored = !s->rspamd,
		.dropped = s->spool.dropped,
	};
	v->spool = km_spool_bytes(&s->spool, &s->original, NULL);
	v->message = unwrap(s, s->original);
	return v;
}

static void no_body(km_spamd *s, const km_spamd_verdict *v, km_buf *out)
{
	(void)s;
	(void)v;
	(void)out;
}

static void symbols_body(km_spamd *s, const km_spamd_verdict *v, km_buf *out)
{
	(void)s;
	km_spamd_put_symbols(out, v);
}

static void report_body(km_spamd *s, const km_spamd_verdict *v, km_buf *out)
{
	(void)s;
	km_spamd_put_report(out, v);
}

static void report_of_spam_body(km_spamd *s, const km_spamd_verdict *v, km_buf *out)
{
	if (v->spam)
		report_body(s, v, out);
}

static void message_body(km_spamd *s, const km_spamd_verdict *v, km_buf *out)
{
	km_spamd_put_message(out, s->original, false, s->limits.ours, s->limits.n_ours, v);
}

static void header_body(km_spamd *s, const km_spamd_verdict *v, km_buf *out)
{
	km_spamd_put_message(out, s->original, true, s->limits.ours, s->limits.n_ours, v);
}

void km_spamd_answer(km_spamd *s, const km_spamd_verdict *v, km_buf *out)
{
	km_buf body;

	if (s->rspamd) {
		km_spamd_put_rspamd(out, v);
		return;
	}
	km_buf_init(&body, NULL, out->max);
	s->command->body(s, v, &body);
	bool gives_back = s->command->body == message_body || s->command->body == header_body;
	km_spamd_put_spamc(out, v, s->lengths || gives_back, km_buf_sv(&body));
	out->cut = out->cut || body.cut;
	km_buf_finish(&body);
}

void km_spamd_answer_lesson(km_spamd *s, bool changed, km_buf *out)
{
	const char *did = lesson_of(s) == KM_SPAMD_FORGET ? "DidRemove" : "DidSet";

	km_buf_add(out, KM_S("SPAMD/1.1 0 EX_OK\r\n"));
	if (changed)
		km_buf_fmt(out, "%s: local\r\n", did);
	km_buf_add(out, KM_S("Content-length: 0\r\n\r\n"));
}
