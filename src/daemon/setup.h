/*
 * daemon/setup.h - what the supervisor prepares and hands to its roles.
 */
#ifndef KM_DAEMON_SETUP_H
#define KM_DAEMON_SETUP_H

#include "conf/conf.h"
#include "daemon/serve.h"
#include "daemon/shared.h"

typedef struct {
	km_conf *conf;
	int conf_fd, pack_fd; /* their texts, sealed; what the roles load */
	unsigned scanners;
} km_settings;

typedef struct {
	int milter, http; /* listening, or -1 */
	int null;	  /* /dev/null */
	int shared_fd;
	km_shared *shared;
	char state_dir[1024];
} km_sockets;

/*
 * Reads configuration and policy pack and checks both, as at start so on reload: either *out is all
 * new or nothing of it is touched.
 */
KM_NODISCARD km_status km_settings_load(const char *path, km_settings *out, km_err *err);
void km_settings_free(km_settings *s);

/* Makes the state folder, binds the sockets, then drops privileges. */
KM_NODISCARD km_status km_sockets_open(const km_settings *s, const char *state_dir, km_sockets *out,
				       km_err *err);
void km_sockets_close(km_sockets *s);

#endif
