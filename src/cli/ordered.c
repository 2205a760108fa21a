#include "cli/ordered.h"

#include <pthread.h>
#include <stdlib.h>

/* Jobs that may be begun before the oldest is used: enough to hide one slow message among many. */
enum { SLOTS_PER_WORKER = 16, STACK_BYTES = 2 << 20 };

typedef struct {
	const km_ordered_ops *ops;
	void *ctx;
	pthread_mutex_t lock;
	pthread_cond_t ready; /* the oldest job is finished, or nothing more will come */
	pthread_cond_t room;  /* a slot became free */
	char *jobs;
	bool *finished;
	size_t slots;
	uint64_t begun, used;
	bool stop; /* next() said no, or done() */
} ring;

typedef struct {
	ring *r;
	unsigned number;
	pthread_t thread;
} worker;

static void *slot(const ring *r, uint64_t job)
{
	return r->jobs + (size_t)(job % r->slots) * r->ops->job_size;
}

/* Begins the next job; called with the lock held. */
static bool begin(ring *r, uint64_t *job)
{
	while (!r->stop && r->begun - r->used == r->slots)
		(void)pthread_cond_wait(&r->room, &r->lock);
	if (r->stop)
		return false;
	*job = r->begun;
	memset(slot(r, *job), 0, r->ops->job_size);
	r->finished[*job % r->slots] = false;
	if (!r->ops->next(r->ctx, slot(r, *job))) {
		r->stop = true;
		(void)pthread_cond_signal(&r->ready);
		(void)pthread_cond_broadcast(&r->room);
		return false;
	}
	r->begun++;
	return true;
}

static void *run_worker(void *arg)
{
	worker *w = arg;
	ring *r = w->r;
	uint64_t job;

	(void)pthread_mutex_lock(&r->lock);
	while (begin(r, &job)) {
		(void)pthread_mutex_unlock(&r->lock);
		r->ops->work(r->ctx, w->number, slot(r, job));
		(void)pthread_mutex_lock(&r->lock);
		r->finished[job % r->slots] = true;
		if (job == r->used)
			(void)pthread_cond_signal(&r->ready);
	}
	(void)pthread_mutex_unlock(&r->lock);
	return NULL;
}

/* Takes the results in order until all that was begun is used and nothing more will come. */
static void use_results(ring *r)
{
	(void)pthread_mutex_lock(&r->lock);
	for (;;) {
		bool open = r->used < r->begun;
		if (open && r->finished[r->used % r->slots]) {
			(void)pthread_mutex_unlock(&r->lock);
			bool go_on = r->ops->done(r->ctx, slot(r, r->used));
			(void)pthread_mutex_lock(&r->lock);
			r->used++;
			if (!go_on)
				r->stop = true;
			(void)pthread_cond_broadcast(&r->room);
			continue;
		}
		if (!open && r->stop)
			break;
		(void)pthread_cond_wait(&r->ready, &r->lock);
	}
	(void)pthread_mutex_unlock(&r->lock);
}

static unsigned start_workers(ring *r, worker *w, unsigned n)
{
	pthread_attr_t attr;
	unsigned started = 0;

	(void)pthread_attr_init(&attr);
	(void)pthread_attr_setstacksize(&attr, STACK_BYTES);
	for (; started < n; started++) {
		w[started] = (worker){ .r = r, .number = started };
		if (pthread_create(&w[started].thread, &attr, run_worker, &w[started]) != 0)
			break;
	}
	(void)pthread_attr_destroy(&attr);
	return started;
}

/* At most @most jobs in this thread; false when there are no more, or no more are wanted. */
static bool run_alone(const km_ordered_ops *ops, void *ctx, void *job, size_t most)
{
	for (size_t i = 0; i < most; i++) {
		memset(job, 0, ops->job_size);
		if (!ops->next(ctx, job))
			return false;
		ops->work(ctx, 0, job);
		if (!ops->done(ctx, job))
			return false;
	}
	return true;
}

static void run_threads(ring *r, worker *w, unsigned workers)
{
	unsigned started;

	(void)pthread_mutex_init(&r->lock, NULL);
	(void)pthread_cond_init(&r->ready, NULL);
	(void)pthread_cond_init(&r->room, NULL);
	started = start_workers(r, w, workers);
	if (started)
		use_results(r);
	for (unsigned i = 0; i < started; i++)
		(void)pthread_join(w[i].thread, NULL);
	(void)pthread_cond_destroy(&r->room);
	(void)pthread_cond_destroy(&r->ready);
	(void)pthread_mutex_destroy(&r->lock);
	if (!started)
		(void)run_alone(r->ops, r->ctx, r->jobs, SIZE_MAX);
}

km_status km_ordered_run(const km_ordered_ops *ops, void *ctx, unsigned workers, size_t alone,
			 km_err *err)
{
	size_t slots = workers > 1 ? (size_t)workers * SLOTS_PER_WORKER : 1;
	ring r = { .ops = ops, .ctx = ctx, .slots = slots };
	worker *w = calloc(workers, sizeof(*w));

	r.jobs = calloc(slots, ops->job_size);
	r.finished = calloc(slots, sizeof(*r.finished));
	bool ok = w != NULL && r.jobs != NULL && r.finished != NULL;
	if (ok && run_alone(ops, ctx, r.jobs, workers > 1 ? alone : SIZE_MAX))
		run_threads(&r, w, workers);
	free(w);
	free(r.jobs);
	free(r.finished);
	return ok ? KM_OK : KM_FAIL(err, KM_NOMEM, "out of memory");
}
