#include "daemon/learner.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "daemon/role.h"
#include "engine/lesson.h"
#include "net/frame.h"
#include "net/stream.h"

enum { CHECK_MS = 250, WAITING_MAX = KM_STREAM_MAX_QUEUE / 2 };

/* A question on its way; a list in order of id. */
typedef struct entry entry;
struct entry {
	entry *next;
	uint64_t id;
	uint64_t deadline; /* loop time */
	bool again;	   /* a next keeper may be asked */
	km_learner_done *done;
	void *ctx;
	size_t n;
	char frame[];
};

struct km_learner {
	uv_loop_t *loop;
	km_shared *shared;
	uv_timer_t timer;
	km_stream *keeper; /* NULL between two keepers */
	bool linked;	   /* there was one */
	km_buf in;
	entry *first;
	size_t bytes;
	uint64_t id;
};

_Static_assert(WAITING_MAX + KM_FRAME_MAX + 64 <= KM_STREAM_MAX_QUEUE,
	       "a stalled keeper would cost its line");

/* --- the line --- */

static entry *take_out(km_learner *l, entry **at)
{
	entry *e = *at;

	*at = e->next;
	l->bytes -= e->n;
	return e;
}

static void settle(km_learner *l, const km_learn_answer *answer)
{
	entry **at = &l->first;

	while (*at && (*at)->id != answer->id)
		at = &(*at)->next;
	if (*at == NULL)
		return;
	entry *e = take_out(l, at);
	if (e->done)
		e->done(e->ctx, answer);
	free(e);
}

static void on_data(void *ctx, km_stream *s, km_sv bytes)
{
	km_learner *l = ctx;
	km_learn_answer answer;
	km_status st = KM_OK;
	km_frame f;

	km_buf_add(&l->in, bytes);
	km_sv rest = km_buf_sv(&l->in);
	while ((st = km_frame_next(&rest, &f)) == KM_OK) {
		if (f.type != KM_LEARNWIRE_ANSWER || !km_learnwire_get_answer(f.body, &answer)) {
			st = KM_SYNTAX;
			break;
		}
		settle(l, &answer);
	}
	if (st != KM_NOTFOUND || l->in.cut) {
		km_error("the keeper does not speak our protocol");
		km_stream_close(s);
		return;
	}
	km_buf_keep(&l->in, rest);
}

static void on_close(void *ctx, km_stream *s)
{
	km_learner *l = ctx;

	if (l->keeper == s)
		l->keeper = NULL;
}

static const km_stream_ops keeper_ops = { .on_data = on_data, .on_close = on_close };

static const entry *overdue(const km_learner *l, uint64_t now)
{
	const entry *e = l->first;

	while (e && e->deadline > now)
		e = e->next;
	return e;
}

static void on_timer(uv_timer_t *t)
{
	km_learner *l = t->data;
	uint64_t now = uv_now(l->loop);

	/* A keeper that died brings a new line when it is back; one that hung up does not. */
	if (l->keeper == NULL && km_shared_keeper(l->shared) == KM_KEEPER_READY)
		(void)km_channel_send(KM_FD_CHANNEL, KM_WORD_LEARN, -1);
	/* Whoever is told may change the list. */
	for (const entry *e = overdue(l, now); e; e = overdue(l, now))
		settle(l, &(km_learn_answer){ .id = e->id,
					      .st = KM_TEMPFAIL,
					      .text = KM_SV("no answer from the keeper in time; "
							    "try again later") });
}

km_learner *km_learner_new(uv_loop_t *loop, km_shared *shared)
{
	km_learner *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return NULL;
	l->loop = loop;
	l->shared = shared;
	km_buf_init(&l->in, NULL, KM_FRAME_MAX + 6);
	(void)uv_timer_init(loop, &l->timer);
	l->timer.data = l;
	(void)uv_timer_start(&l->timer, on_timer, CHECK_MS, CHECK_MS);
	uv_unref((uv_handle_t *)&l->timer);
	return l;
}

void km_learner_stop(km_learner *l)
{
	if (l && l->keeper)
		km_stream_close(l->keeper);
}

void km_learner_free(km_learner *l)
{
	if (l == NULL)
		return;
	for (entry *e = l->first, *next; e; e = next) {
		next = e->next;
		free(e);
	}
	km_buf_finish(&l->in);
	free(l);
}

/* Commands are not asked of a next keeper: the last one may have died of them. */
static void give_up_commands(km_learner *l)
{
	const entry *e = l->first;

	while (e) {
		if (e->again) {
			e = e->next;
			continue;
		}
		settle(l, &(km_learn_answer){ .id = e->id,
					      .st = KM_TEMPFAIL,
					      .text = KM_SV("the keeper ended before it was done; "
							    "see the log") });
		e = l->first; /* whoever was told may have changed the list */
	}
}

void km_learner_link(km_learner *l, int fd)
{
	if (l->linked)
		give_up_commands(l);
	l->linked = true;
	if (l->keeper)
		km_stream_close(l->keeper);
	l->in.n = 0;
	l->in.cut = false;
	l->keeper = km_stream_adopt(l->loop, fd, &keeper_ops, l);
	for (const entry *e = l->first; e && l->keeper; e = e->next)
		km_stream_write(l->keeper, (km_sv){ e->frame, e->n });
}

km_status km_learner_ask(km_learner *l, km_learn_verb verb, km_sv body, uint64_t deadline_ms,
			 km_learner_done *done, void *ctx)
{
	km_buf frame;
	entry *e = NULL, **at = &l->first;

	km_buf_init(&frame, NULL, KM_FRAME_MAX + 64);
	km_learnwire_put_ask(&frame, &(km_learn_ask){ l->id + 1, verb, body });
	if (!frame.cut && l->bytes + frame.n <= WAITING_MAX)
		e = malloc(sizeof(*e) + frame.n);
	if (e) {
		*e = (entry){ .id = ++l->id,
			      .deadline = uv_now(l->loop) + deadline_ms,
			      .again = verb == KM_LEARN_TEACH,
			      .done = done,
			      .ctx = ctx,
			      .n = frame.n };
		memcpy(e->frame, frame.p, frame.n);
		l->bytes += e->n;
		while (*at)
			at = &(*at)->next;
		*at = e;
		if (l->keeper)
			km_stream_write(l->keeper, km_buf_sv(&frame));
	}
	km_buf_finish(&frame);
	return e ? KM_OK : KM_TEMPFAIL;
}

void km_learner_forget(km_learner *l, const void *ctx)
{
	for (entry *e = l->first; e; e = e->next)
		if (e->ctx == ctx)
			e->done = NULL;
}

/* --- one message --- */

static void keep_answer(km_task *t, const km_learn_answer *a)
{
	km_learning *g = t->job.learning;

	g->answered = true;
	g->answer = *a;
	g->answer.text = km_sv_dup(t->arena, a->text);
}

static km_status stage_read(km_task *t, km_err *err)
{
	km_row *r = &t->job.learning->report;
	km_err why = { 0 };
	km_status st = km_lesson_read(t->arena, t->job.message, r, &why);

	(void)err;
	if (st != KM_OK)
		keep_answer(t, &(km_learn_answer){ .st = st, .text = km_sv_of(why.msg) });
	return KM_OK;
}

static void on_answer(void *ctx, const km_learn_answer *answer)
{
	km_task *t = ctx;

	keep_answer(t, answer);
	km_job_resume(t);
}

static void forget(km_task *t)
{
	km_learner_forget(t->shop->learner, t);
}

static km_status ask(km_task *t)
{
	km_learning *g = t->job.learning;
	km_buf row;

	km_buf_init(&row, t->arena, KM_ROW_MAX_BYTES);
	km_status st = km_row_write(&row, &g->report);
	if (st == KM_OK)
		st = km_learner_ask(t->shop->learner, KM_LEARN_TEACH, km_buf_sv(&row),
				    KM_LEARN_DEADLINE_MS, on_answer, t);
	g->asked = st == KM_OK;
	return st;
}

static km_status stage_teach(km_task *t, km_err *err)
{
	km_learning *g = t->job.learning;

	if (!g->answered && !g->asked && ask(t) != KM_OK)
		return KM_FAIL(err, KM_TEMPFAIL, "too many lessons are waiting");
	if (g->answered)
		return KM_OK;
	t->forget = forget;
	return KM_NOTFOUND;
}

static km_scope scope_of(const km_envelope *env)
{
	if (env->n_rcpts == 0 && km_sv_chr(env->user, '@', 0) < env->user.n)
		return km_scope_of(&env->user, 1);
	return km_scope_of(env->rcpts, env->n_rcpts);
}

bool km_learning_begin(km_learning *g, km_row_kind kind, const km_envelope *env)
{
	g->report = (km_row){ .kind = kind,
			      .t_ms = (int64_t)km_clock_unix_ms(),
			      .reporter = env->user,
			      .scope = scope_of(env) };
	return env->user.n <= KM_ROW_MAX_NAME && g->report.scope.domain.n <= KM_ROW_MAX_NAME &&
	       g->report.scope.user.n <= KM_ROW_MAX_NAME;
}

km_status km_learning_end(const km_task *t, km_sv *why)
{
	const km_learning *g = t->job.learning;

	if (t->judged.held) {
		*why = KM_S("not learned: the filter failed on this message");
		return KM_SYNTAX;
	}
	*why = t->judged.st == KM_OK ? g->answer.text : km_sv_of(t->judged.why);
	return t->judged.st == KM_OK ? g->answer.st : t->judged.st;
}

km_plan km_learner_plan = { stage_read, stage_teach, NULL };
