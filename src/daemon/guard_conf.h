/*
 * daemon/guard_conf.h - what the settings guard.* say: how the guard judges, and who may send as
 * whom.
 */
#ifndef KM_DAEMON_GUARD_CONF_H
#define KM_DAEMON_GUARD_CONF_H

#include "conf/conf.h"
#include "outbound/guard.h"
#include "outbound/identity_sql.h"

km_guard_conf km_guard_conf_read(const km_conf *conf);

/* What guard.identities names, into @ids; the first fault is told, the rest is read all the same.
 */
KM_NODISCARD km_status km_guard_conf_identities(const km_conf *conf, km_identities *ids,
						km_err *err);

/* The database that guard.identities_db names; NULL without one. KM_CONFIG with what is wrong. */
KM_NODISCARD km_status km_guard_conf_database(const km_conf *conf, km_identity_sql **out,
					      km_err *err);

#endif
