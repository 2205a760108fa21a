/*
 * learn/builtin.h - the base model inside the program.
 */
#ifndef KM_LEARN_BUILTIN_H
#define KM_LEARN_BUILTIN_H

#include "base/sv.h"

/* The bytes of data/base.model. Static. */
km_sv km_base_builtin(void);

#endif
