#include "net/turn.h"

#include "base/clock.h"

static void on_prepare(uv_prepare_t *p)
{
	km_turn_end(p->loop);
}

void km_turn_begin(km_turn *turn, uv_loop_t *loop)
{
	for (size_t i = 0; i < KM_DUES; i++)
		turn->due[i].next = turn->due[i].prev = &turn->due[i];
	turn->since_ns = 0;
	(void)uv_prepare_init(loop, &turn->prepare);
	(void)uv_prepare_start(&turn->prepare, on_prepare);
	uv_unref((uv_handle_t *)&turn->prepare);
	loop->data = turn;
}

void km_turn_add(uv_loop_t *loop, km_due_kind kind, km_due *due)
{
	km_turn *turn = loop->data;

	if (due->next)
		return;
	if (turn == NULL) {
		due->run(due->ctx);
		return;
	}
	km_due *head = &turn->due[kind];
	due->next = head;
	due->prev = head->prev;
	due->prev->next = head->prev = due;
	if (turn->since_ns == 0)
		turn->since_ns = km_clock_mono_ns();
}

void km_turn_drop(km_due *due)
{
	if (due->next == NULL)
		return;
	due->prev->next = due->next;
	due->next->prev = due->prev;
	due->next = due->prev = NULL;
}

void km_turn_end(uv_loop_t *loop)
{
	km_turn *turn = loop->data;

	if (turn == NULL || turn->since_ns == 0)
		return;
	turn->since_ns = 0;
	for (size_t i = 0; i < KM_DUES; i++)
		for (km_due *d; (d = turn->due[i].next) != &turn->due[i];) {
			km_turn_drop(d);
			d->run(d->ctx);
		}
}

void km_turn_before(uv_loop_t *loop, bool long_work)
{
	const km_turn *turn = loop->data;

	if (turn && turn->since_ns &&
	    (long_work || km_clock_mono_ns() - turn->since_ns >= KM_TURN_NS))
		km_turn_end(loop);
}
