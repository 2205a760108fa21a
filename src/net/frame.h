/*
 * net/frame.h - messages between Komainu's own processes, without I/O: a 32-bit length and a 16-bit
 * type, both in host order (same machine, same build), then fields of (32-bit length, bytes).
 */
#ifndef KM_NET_FRAME_H
#define KM_NET_FRAME_H

#include "base/buf.h"
#include "base/err.h"

enum { KM_FRAME_MAX = 4 * 1024 * 1024 };

typedef struct {
	uint16_t type;
	km_sv body; /* points into the input */
} km_frame;

/* Takes the first frame off @in; KM_NOTFOUND while it is not whole, KM_LIMIT when over
 * KM_FRAME_MAX. */
KM_NODISCARD km_status km_frame_next(km_sv *in, km_frame *out);

/* Begins a frame in @out; returns where, for km_frame_end(). */
size_t km_frame_begin(km_buf *out, uint16_t type);
void km_frame_end(km_buf *out, size_t begun);

void km_frame_put(km_buf *out, km_sv field);
void km_frame_put_u64(km_buf *out, uint64_t x);
void km_frame_put_double(km_buf *out, double x);

/* Take the next field off @body; false when there is none or it has another size. */
bool km_frame_get(km_sv *body, km_sv *field);
bool km_frame_get_u64(km_sv *body, uint64_t *x);
bool km_frame_get_double(km_sv *body, double *x);

#endif
