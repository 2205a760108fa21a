#include "daemon/flusher.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/log.h"

struct km_flusher {
	km_warden *warden;
	km_sandbox box;
	unsigned seconds;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool ending;
};

/* False when it is time to end. */
static bool wait_for_turn(km_flusher *f)
{
	struct timespec until;

	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += f->seconds;
	(void)pthread_mutex_lock(&f->lock);
	while (!f->ending && pthread_cond_timedwait(&f->wake, &f->lock, &until) == 0)
		;
	bool goes_on = !f->ending;
	(void)pthread_mutex_unlock(&f->lock);
	return goes_on;
}

static void *run(void *arg)
{
	km_flusher *f = arg;
	km_err err = { 0 };

	if (km_sandbox_enter(&f->box, &err) != KM_OK) {
		km_error("%s; the counters are brought to the disk at the end only", err.msg);
		return NULL;
	}
	while (wait_for_turn(f)) {
		err = (km_err){ 0 };
		if (km_warden_flush(f->warden, km_clock_now(), &err) != KM_OK)
			km_warn("%s", err.msg);
	}
	return NULL;
}

km_status km_flusher_start(km_warden *warden, const km_sandbox *box, unsigned seconds,
			   km_flusher **out, km_err *err)
{
	km_flusher *f = calloc(1, sizeof(*f));

	*out = NULL;
	if (f == NULL)
		return KM_FAIL(err, KM_NOMEM, "no memory");
	f->warden = warden;
	f->box = *box;
	f->seconds = seconds;
	(void)pthread_mutex_init(&f->lock, NULL);
	(void)pthread_cond_init(&f->wake, NULL);
	if (pthread_create(&f->thread, NULL, run, f) != 0) {
		free(f);
		return KM_FAIL(err, KM_NOMEM, "no thread for the counters");
	}
	*out = f;
	return KM_OK;
}

void km_flusher_stop(km_flusher *f)
{
	if (f == NULL)
		return;
	(void)pthread_mutex_lock(&f->lock);
	f->ending = true;
	(void)pthread_cond_signal(&f->wake);
	(void)pthread_mutex_unlock(&f->lock);
	(void)pthread_join(f->thread, NULL);
	(void)pthread_cond_destroy(&f->wake);
	(void)pthread_mutex_destroy(&f->lock);
	free(f);
}
