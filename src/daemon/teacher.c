#include "daemon/teacher.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/clock.h"
#include "base/log.h"
#include "daemon/learnwire.h"
#include "engine/json_write.h"
#include "net/frame.h"
#include "net/stream.h"

enum {
	TICK_MS = 1000,
	REOPEN_TICKS = 5, /* between tries to open what could not be opened */
	SAVE_TICKS = 300, /* a model with new lessons is written so often */
	COMPACT_TICKS = 3600,
	SAVE_ROWS = 500,  /* or after so many */
	FIRST_ROWS = 500, /* done before the keeper is ready */
	WORK_ROWS = 20,	  /* done in one turn of the loop */
	SCRUB_ROWS = 20,  /* looked at for damage every tick */
	BATCH = 64,
	IN_MAX = KM_STREAM_MAX_QUEUE + KM_FRAME_MAX,
	TEXT_MAX = 64 * 1024
};

typedef struct line line;
struct line {
	line *next;
	struct km_teacher *teacher;
	km_stream *stream;
	km_buf in;
};

struct km_teacher {
	km_role *role;
	km_base *base;
	void *area;
	km_trainer *trainer; /* NULL: could not be opened */
	char why[240];	     /* not */
	line *lines;
	uv_timer_t tick;
	uv_idle_t work; /* while the model is made anew */
	unsigned ticks, saved;
	/* Whose command makes the model anew; line NULL: nobody's, or gone. */
	line *waits;
	km_learn_ask waiting;
};

/* --- answers --- */

static void send_answer(line *l, const km_learn_answer *a)
{
	km_buf out;

	km_buf_init(&out, NULL, TEXT_MAX + 256);
	km_learnwire_put_answer(&out, a);
	km_stream_write(l->stream, km_buf_sv(&out));
	km_buf_finish(&out);
}

static void refuse(line *l, uint64_t id, km_status st, const char *why)
{
	send_answer(l, &(km_learn_answer){ .id = id, .st = st, .text = km_sv_of(why) });
}

static void write_state(km_teacher *t, km_json_writer *w)
{
	km_trainer_state s;
	char digest[20];

	if (km_trainer_look(t->trainer, &s, NULL) != KM_OK)
		return;
	(void)snprintf(digest, sizeof(digest), "%016llx", (unsigned long long)s.digest);
	km_json_integer(w, "spam", (int64_t)s.spam);
	km_json_integer(w, "ham", (int64_t)s.ham);
	km_json_integer(w, "rows", (int64_t)s.seq);
	km_json_integer(w, "journal", (int64_t)s.rows);
	km_json_integer(w, "layers", (int64_t)s.layers);
	km_json_integer(w, "layers_most", (int64_t)s.layers_most);
	km_json_integer(w, "left_out", (int64_t)s.foreign);
	km_json_string(w, "model", digest);
}

/* A command that is done is answered with what is in force now. */
static void report(km_teacher *t, line *l, uint64_t id, const uint64_t counts[KM_TAUGHT_COUNT])
{
	km_buf text;

	km_buf_init(&text, NULL, TEXT_MAX);
	km_json_writer w = { .out = &text, .compact = true };
	km_json_open(&w, NULL, '{');
	km_json_bool(&w, "success", true);
	for (int how = 0; counts && how < KM_TAUGHT_COUNT; how++)
		km_json_integer(&w, km_taught_word((km_taught_how)how), (int64_t)counts[how]);
	write_state(t, &w);
	km_json_close(&w, '}');
	send_answer(l, &(km_learn_answer){ .id = id, .st = KM_OK, .text = km_buf_sv(&text) });
	km_buf_finish(&text);
}

/* --- opening --- */

static void open_trainer(km_teacher *t)
{
	const km_trainer_options o = {
		.dir = t->role->state_dir,
		.base = t->base,
		.area = t->area,
		.full = (uint64_t)km_conf_int(t->role->conf, KM_KEY_LEARN_DAILY),
		.layers = (uint64_t)km_conf_int(t->role->conf, KM_KEY_LEARN_LAYERS),
	};
	km_err err = { 0 };

	if (km_trainer_open(&o, &t->trainer, &err) == KM_OK) {
		if (t->why[0])
			km_info("learning is possible again");
		t->why[0] = '\0';
		return;
	}
	if (strcmp(t->why, err.msg) != 0)
		km_error("nothing can be learned: %s", err.msg);
	(void)snprintf(t->why, sizeof(t->why), "%s", err.msg);
}

static void close_trainer(km_teacher *t, const char *why)
{
	km_error("learning: %s", why);
	(void)snprintf(t->why, sizeof(t->why), "%s", why);
	km_trainer_close(t->trainer);
	t->trainer = NULL;
}

/* --- work --- */

static void serve(km_teacher *t);

static void end_wait(km_teacher *t, km_status st, const char *why)
{
	line *l = t->waits;

	t->waits = NULL;
	if (l && st == KM_OK)
		report(t, l, t->waiting.id, NULL);
	else if (l)
		refuse(l, t->waiting.id, st, why);
}

static void work(km_teacher *t, size_t rows)
{
	km_err err = { 0 };
	km_status st = t->trainer ? km_trainer_work(t->trainer, rows, &err) : KM_OK;

	if (st == KM_NOTFOUND)
		return;
	(void)uv_idle_stop(&t->work);
	if (st != KM_OK)
		close_trainer(t, err.msg);
	end_wait(t, st, err.msg);
	serve(t);
}

static void on_work(uv_idle_t *i)
{
	work(i->data, WORK_ROWS);
}

static void begin_work(km_teacher *t)
{
	if (t->trainer && !km_trainer_ready(t->trainer))
		(void)uv_idle_start(&t->work, on_work);
}

static void save(km_teacher *t)
{
	km_err err = { 0 };

	t->saved = t->ticks;
	if (t->trainer && km_trainer_save(t->trainer, &err) != KM_OK)
		km_warn("the model can not be written; the journal has all that was learned: %s",
			err.msg);
}

/* What nobody needs any more would make the next replay long, and backups large. */
static void compact(km_teacher *t)
{
	int64_t now = (int64_t)km_clock_unix_ms();
	km_err err = { 0 };

	if (!km_trainer_compact_due(t->trainer, now))
		return;
	if (km_trainer_compact(t->trainer, false, now, &err) != KM_OK) {
		km_warn("the journal can not be made smaller: %s", err.msg);
		return;
	}
	km_info("learn.db: more rows count no more than are in force; they are dropped");
	begin_work(t);
}

static void on_tick(uv_timer_t *timer)
{
	km_teacher *t = timer->data;
	km_err err = { 0 };

	t->ticks++;
	if (t->trainer == NULL && t->ticks % REOPEN_TICKS == 0) {
		open_trainer(t);
		begin_work(t);
	}
	if (t->trainer == NULL || !km_trainer_ready(t->trainer))
		return;
	if (km_trainer_unsaved(t->trainer) >= SAVE_ROWS || t->ticks - t->saved >= SAVE_TICKS)
		save(t);
	if (t->ticks % COMPACT_TICKS == 0)
		compact(t);
	km_status st = km_trainer_scrub(t->trainer, SCRUB_ROWS, &err);
	if (st != KM_OK && st != KM_NOTFOUND)
		close_trainer(t, err.msg);
}

/* --- questions --- */

static void teach(km_teacher *t, line *l, const km_row *reports, const uint64_t *ids, size_t n)
{
	km_taught out[BATCH];
	km_err err = { 0 };
	km_status st = km_trainer_teach(t->trainer, reports, n, out, &err);

	for (size_t i = 0; i < n; i++)
		if (st == KM_OK)
			send_answer(l,
				    &(km_learn_answer){ .id = ids[i], .st = st, .taught = out[i] });
		else
			refuse(l, ids[i], st, err.msg);
	if (st != KM_OK)
		km_error("a lesson could not be kept: %s", err.msg);
	begin_work(t); /* should it have found damage */
}

static void import(km_teacher *t, line *l, const km_learn_ask *a)
{
	uint64_t counts[KM_TAUGHT_COUNT] = { 0 };
	km_err err = { 0 };
	km_status st = km_trainer_import(t->trainer, a->body, counts, &err);

	if (st == KM_OK)
		report(t, l, a->id, counts);
	else
		refuse(l, a->id, st, err.msg);
}

static void command(km_teacher *t, line *l, const km_learn_ask *a)
{
	int64_t now = (int64_t)km_clock_unix_ms();
	km_err err = { 0 };
	km_status st = KM_OK;

	if (a->verb == KM_LEARN_IMPORT) {
		import(t, l, a);
		return;
	}
	if (a->verb == KM_LEARN_SNAPSHOT)
		st = km_trainer_snapshot(t->trainer, a->body, now, &err);
	else if (a->verb == KM_LEARN_ROLLBACK)
		st = km_trainer_rollback(t->trainer, a->body, KM_S(""), now, &err);
	else if (a->verb == KM_LEARN_REPLAY)
		st = km_trainer_replay(t->trainer, &err);
	else if (a->verb == KM_LEARN_COMPACT)
		st = km_trainer_compact_asked(t->trainer, a->body, now, &err);
	if (st != KM_OK) {
		refuse(l, a->id, st, err.msg);
	} else if (km_trainer_ready(t->trainer)) {
		report(t, l, a->id, NULL);
	} else {
		t->waits = l;
		t->waiting = *a;
		begin_work(t);
	}
}

/* Takes the next question off @rest; false when none is whole, or (*bad) it is none. */
static bool next(km_sv *rest, km_learn_ask *a, bool *bad)
{
	km_frame f;
	km_status st = km_frame_next(rest, &f);

	if (st == KM_NOTFOUND)
		return false;
	*bad = st != KM_OK || f.type != KM_LEARNWIRE_ASK || !km_learnwire_get_ask(f.body, a);
	return !*bad;
}

static bool is_lesson(const km_learn_ask *a, km_row *r)
{
	if (a->verb != KM_LEARN_TEACH || km_row_read(a->body, r, NULL) != KM_OK)
		return false;
	r->weight = 0; /* that is ours to say */
	return true;
}

/* Lessons that came in together share a transaction. */
static void serve_line(km_teacher *t, line *l)
{
	km_row reports[BATCH];
	uint64_t ids[BATCH];
	km_sv rest = km_buf_sv(&l->in);
	km_learn_ask a;
	bool bad = false;

	while (!bad && (t->trainer == NULL || km_trainer_ready(t->trainer))) {
		km_sv before = rest;
		size_t n = 0;
		bool more;
		while ((more = next(&rest, &a, &bad)) && t->trainer && n < BATCH &&
		       is_lesson(&a, &reports[n])) {
			ids[n++] = a.id;
			before = rest;
		}
		if (n) {
			teach(t, l, reports, ids, n);
			rest = before; /* what ended the batch is looked at again */
			continue;
		}
		if (!more)
			break;
		if (t->trainer == NULL)
			refuse(l, a.id, KM_TEMPFAIL, t->why);
		else if (a.verb == KM_LEARN_TEACH)
			refuse(l, a.id, KM_SYNTAX, "no lesson");
		else
			command(t, l, &a);
	}
	if (bad || l->in.cut) {
		km_error("a scanner does not speak our protocol; its line is closed");
		km_stream_close(l->stream);
		return;
	}
	km_buf_keep(&l->in, rest);
}

static void serve(km_teacher *t)
{
	for (line *l = t->lines; l; l = l->next)
		if (l->in.n && !km_stream_closing(l->stream))
			serve_line(t, l);
}

static void on_data(void *ctx, km_stream *s, km_sv bytes)
{
	line *l = ctx;

	(void)s;
	km_buf_add(&l->in, bytes);
	serve_line(l->teacher, l);
}

static void on_close(void *ctx, km_stream *s)
{
	line *l = ctx;

	(void)s;
	for (line **at = &l->teacher->lines; *at; at = &(*at)->next)
		if (*at == l) {
			*at = l->next;
			break;
		}
	if (l->teacher->waits == l)
		l->teacher->waits = NULL;
	km_buf_finish(&l->in);
	free(l);
}

static const km_stream_ops line_ops = { .on_data = on_data, .on_close = on_close };

void km_teacher_link(km_teacher *t, int fd)
{
	line *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return;
	l->teacher = t;
	km_buf_init(&l->in, NULL, IN_MAX);
	l->stream = km_stream_adopt(&t->role->loop, fd, &line_ops, l);
	if (l->stream == NULL) {
		free(l);
		return;
	}
	l->next = t->lines;
	t->lines = l;
}

/* --- life --- */

static km_status map_area(km_teacher *t, km_err *err)
{
	t->area = mmap(NULL, km_layers_area(), PROT_READ | PROT_WRITE, MAP_SHARED, KM_FD_LEARN, 0);
	if (t->area != MAP_FAILED)
		return KM_OK;
	t->area = NULL;
	return KM_FAIL(err, KM_IO, "the memory of the model can not be mapped: %s",
		       strerror(errno));
}

/* As in engine/kit.c: a base model that is damaged does not stop anything. */
static void open_base(km_teacher *t)
{
	const char *path = km_conf_str(t->role->conf, KM_KEY_MODEL_BASE);
	km_err err = { 0 };

	km_status st = km_base_open(path, &t->base, &err);
	if (st != KM_OK && path[0])
		st = km_base_open(NULL, &t->base, &err);
	if (st != KM_OK)
		km_warn("%s; there is no base model", err.msg);
}

km_status km_teacher_new(km_role *r, km_teacher **out, km_err *err)
{
	km_teacher *t = *out = calloc(1, sizeof(*t));

	if (t == NULL)
		return KM_FAIL(err, KM_NOMEM, "no memory");
	t->role = r;
	(void)uv_timer_init(&r->loop, &t->tick);
	(void)uv_idle_init(&r->loop, &t->work);
	t->tick.data = t->work.data = t;
	km_status st = map_area(t, err);
	if (st != KM_OK)
		return st;
	open_base(t);
	open_trainer(t);
	begin_work(t);
	work(t, FIRST_ROWS);
	(void)uv_timer_start(&t->tick, on_tick, TICK_MS, TICK_MS);
	return KM_OK;
}

void km_teacher_stop(km_teacher *t)
{
	if (t == NULL)
		return;
	for (line *l = t->lines; l; l = l->next)
		km_stream_close(l->stream);
	save(t);
	/* The next keeper may have what we held. */
	km_trainer_close(t->trainer);
	t->trainer = NULL;
}

void km_teacher_free(km_teacher *t)
{
	if (t == NULL)
		return;
	km_base_close(t->base);
	if (t->area)
		(void)munmap(t->area, km_layers_area());
	free(t);
}
