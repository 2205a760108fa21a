/*
 * base/log.h - one line per event on standard error, with journald's <priority> prefix when the
 * journal listens (JOURNAL_STREAM) and a time stamp when it does not. Hostile bytes are escaped.
 */
#ifndef KM_BASE_LOG_H
#define KM_BASE_LOG_H

#include "base/sv.h"

typedef enum { KM_LOG_ERROR = 3, KM_LOG_WARN = 4, KM_LOG_INFO = 6, KM_LOG_DEBUG = 7 } km_log_level;

/* @role is put before every line ("scanner 2"); static or long-lived. Lines above @level are
 * dropped. */
void km_log_init(const char *role, km_log_level level);
void km_log(km_log_level level, const char *fmt, ...) KM_PRINTF(2, 3);

#define km_error(...) km_log(KM_LOG_ERROR, __VA_ARGS__)
#define km_warn(...)  km_log(KM_LOG_WARN, __VA_ARGS__)
#define km_info(...)  km_log(KM_LOG_INFO, __VA_ARGS__)
#define km_debug(...) km_log(KM_LOG_DEBUG, __VA_ARGS__)

#endif
