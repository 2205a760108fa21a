/*
 * learn/base_make.h - makes the base model (learn/base.h) from labelled mail of several sources.
 *
 *	km_base_maker *k = km_base_maker_new();
 *	km_base_maker_add(k, …);       each message, oldest first within its source
 *	km_base_maker_finish(k, …);
 *
 * Only words of the text are learned, and only those that ham and spam and at least two sources
 * have, so that neither languages, dates, hosts, programs nor names of one collection are. Messages
 * that are nearly the same are used once. The last part of each source in time is held out: it
 * sets the scale of the weights, and tells how well the model does on mail it never saw.
 * The same messages in the same order give the same bytes.
 */
#ifndef KM_LEARN_BASE_MAKE_H
#define KM_LEARN_BASE_MAKE_H

#include "learn/base.h"

enum { KM_BASE_SOURCES = 16, KM_HELD_OUT_PERCENT = 20 };

typedef struct km_base_maker km_base_maker;

/* What became of the messages of one source. */
typedef struct {
	char name[40];
	size_t ham, spam; /* all */
	size_t alike;	  /* left out: nearly the same as an earlier one */
	size_t foreign;	  /* left out: not in the language that both sides write */
	size_t trained;
	/* held out, without those alike */
	size_t held_ham, held_spam;
	size_t fp, fn;		     /* of them: ham over, spam not over the threshold */
	size_t fp_points, fn_points; /* the same where it gives most points (engine/learn.h) */
} km_base_source;

km_base_maker *km_base_maker_new(void);
void km_base_maker_free(km_base_maker *k);
/* KM_LIMIT: too many sources or messages; KM_NOMEM. */
KM_NODISCARD km_status km_base_maker_add(km_base_maker *k, km_arena *a, const km_learn_input *in,
					 km_sv source, bool spam, km_err *err);
/* Appends the file's bytes. */
KM_NODISCARD km_status km_base_maker_finish(km_base_maker *k, km_buf *out, km_err *err);
/* After that: NULL past the last. */
const km_base_source *km_base_maker_source(const km_base_maker *k, size_t i);

#endif
