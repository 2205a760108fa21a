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
	/* The texts of configuration, policy and DNS snapshot (-1: none), sealed; what the roles
	 * load. */
	int conf_fd, pack_fd, dns_fd;
	unsigned scanners;
	bool signing; /* there are keys to sign with */
} km_settings;

/* Folder of the private keys (key.dir) into @out; KM_CONFIG when its name is too long. */
enum { KM_KEY_DIR = 1200 };
KM_NODISCARD km_status km_key_dir(const km_conf *conf, const char *state_dir, char *out,
				  km_err *err);

typedef struct {
	struct {
		int fd;	   /* listening, or -1 */
		bool ours; /* bound here, not handed over by systemd */
	} listener[KM_LISTENERS];
	bool guarding; /* outgoing mail is guarded: there is a guard */
	int null;      /* /dev/null */
	int shared_fd;
	int learn_fd, learn_read_fd; /* memory of learn/layers.h; the second for reading only */
	km_shared *shared;
	char state_dir[1024];
} km_sockets;

/*
 * Reads configuration and policy pack and checks both, as at start so on reload: either *out is all
 * new or nothing of it is touched. @state_dir overrides state.dir, unless NULL.
 */
KM_NODISCARD km_status km_settings_load(const char *path, const char *state_dir, km_settings *out,
					km_err *err);
void km_settings_free(km_settings *s);
/* Looks at the keys again, as the user that will read them. */
KM_NODISCARD km_status km_settings_check_keys(km_settings *s, const char *state_dir, km_err *err);

/* Raises the limit of open files, which the roles inherit, to the hard one; warns when even that is
 * too low for limits.connections. */
void km_files_raise(const km_settings *s);
/* Names in the log what differs between the two but is only read at start. */
void km_settings_warn_fixed(const km_settings *old, const km_settings *fresh);

/* Makes the state folder, binds the sockets, then drops privileges. */
KM_NODISCARD km_status km_sockets_open(const km_settings *s, const char *state_dir, km_sockets *out,
				       km_err *err);
void km_sockets_close(km_sockets *s);

#endif
