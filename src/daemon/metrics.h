/*
 * daemon/metrics.h - the shared counters in Prometheus' text format (version 0.0.4).
 */
#ifndef KM_DAEMON_METRICS_H
#define KM_DAEMON_METRICS_H

#include "base/buf.h"
#include "daemon/shared.h"

void km_metrics_write(km_buf *out, const km_shared *s);

#endif
