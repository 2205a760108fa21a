/*
 * daemon/teacher.h - learning in the keeper: the one writer of the journal and of the layers that
 * all scanners read (learn/trainer.h). Questions come on lines of their own (daemon/learnwire.h),
 * and are answered when what they asked for is on disk and in force.
 */
#ifndef KM_DAEMON_TEACHER_H
#define KM_DAEMON_TEACHER_H

#include "daemon/role.h"

typedef struct km_teacher km_teacher;

/* Before the sandbox is on. That nothing can be learned stops no mail: it is logged, told to those
 * who ask, and tried again. KM_NOMEM, KM_IO. */
KM_NODISCARD km_status km_teacher_new(km_role *r, km_teacher **out, km_err *err);
/* A scanner's line; takes @fd over. */
void km_teacher_link(km_teacher *t, int fd);
/* Closes the lines and writes the model; free once the loop has run out. @t may be NULL for both.
 */
void km_teacher_stop(km_teacher *t);
void km_teacher_free(km_teacher *t);

#endif
