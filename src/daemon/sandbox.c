#include "daemon/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/landlock.h>
#include <pwd.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"

/*
 * The sanitizers read /proc and, when the process ends, stop it from a thread of their own: what
 * the sandbox is there to prevent. A build with them is for tests and has none; no other build can
 * be without.
 */
#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

/* What any role needs: memory, its loop, reading and writing open descriptors, time, ending. */
static const int common_calls[] = {
	SCMP_SYS(read),
	SCMP_SYS(write),
	SCMP_SYS(readv),
	SCMP_SYS(writev),
	SCMP_SYS(pread64),
	SCMP_SYS(pwrite64),
	SCMP_SYS(close),
	SCMP_SYS(fstat),
	SCMP_SYS(newfstatat),
	SCMP_SYS(lseek),
	SCMP_SYS(mmap),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(mprotect),
	SCMP_SYS(madvise),
	SCMP_SYS(brk),
	SCMP_SYS(futex),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(sigaltstack),
	SCMP_SYS(epoll_wait),
	SCMP_SYS(epoll_pwait),
	SCMP_SYS(epoll_ctl),
	SCMP_SYS(epoll_create1),
	SCMP_SYS(eventfd2),
	SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	SCMP_SYS(recvfrom),
	SCMP_SYS(recvmsg),
	SCMP_SYS(sendto),
	SCMP_SYS(sendmsg),
	SCMP_SYS(shutdown),
	SCMP_SYS(getsockname),
	SCMP_SYS(getpeername),
	SCMP_SYS(getsockopt),
	SCMP_SYS(setsockopt),
	SCMP_SYS(ioctl),
	SCMP_SYS(fcntl),
	SCMP_SYS(dup),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(clock_nanosleep),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(nanosleep),
	SCMP_SYS(time),
	SCMP_SYS(getpid),
	SCMP_SYS(gettid),
	SCMP_SYS(getuid),
	SCMP_SYS(geteuid),
	SCMP_SYS(getgid),
	SCMP_SYS(getegid),
	SCMP_SYS(getrandom),
	SCMP_SYS(getrusage),
	SCMP_SYS(sched_yield),
	SCMP_SYS(sched_getaffinity),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(rseq),
	SCMP_SYS(tgkill),
	SCMP_SYS(prlimit64),
	SCMP_SYS(uname),
	SCMP_SYS(sysinfo),
	SCMP_SYS(membarrier),
};

/* Takes connections, makes its spool. */
static const int scanner_calls[] = {
	SCMP_SYS(accept),
	SCMP_SYS(accept4),
	SCMP_SYS(memfd_create),
	SCMP_SYS(ftruncate),
};

/* SQLite's files; renaming sets a damaged one aside. */
static const int keeper_calls[] = {
	SCMP_SYS(openat),    SCMP_SYS(open),	  SCMP_SYS(stat),	SCMP_SYS(lstat),
	SCMP_SYS(access),    SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(unlink),
	SCMP_SYS(unlinkat),  SCMP_SYS(rename),	  SCMP_SYS(renameat),	SCMP_SYS(fsync),
	SCMP_SYS(fdatasync), SCMP_SYS(ftruncate), SCMP_SYS(fallocate),	SCMP_SYS(fchmod),
	SCMP_SYS(fchown),    SCMP_SYS(getcwd),	  SCMP_SYS(readlink),	SCMP_SYS(readlinkat),
	SCMP_SYS(utimensat), SCMP_SYS(flock),
};

/* The keeper's, and taking connections, and bringing the counters to the disk. */
static const int guard_calls[] = {
	SCMP_SYS(accept),
	SCMP_SYS(accept4),
	SCMP_SYS(msync),
};

/* Besides what the keeper needs: a client of SMTP and HTTP in threads of its own, with whatever the
 * machine uses to look names up. */
static const int courier_calls[] = {
	SCMP_SYS(statx),     SCMP_SYS(getdents64), SCMP_SYS(clone), SCMP_SYS(clone3),
	SCMP_SYS(socket),    SCMP_SYS(connect),	   SCMP_SYS(bind),  SCMP_SYS(sendmmsg),
	SCMP_SYS(recvmmsg),  SCMP_SYS(socketpair), SCMP_SYS(pipe2), SCMP_SYS(set_robust_list),
	SCMP_SYS(setitimer), SCMP_SYS(prctl),
};

/* What no program that a mail server's administrator writes needs; it fails, and ends nothing. */
static const int denied_calls[] = {
	SCMP_SYS(ptrace),
	SCMP_SYS(process_vm_readv),
	SCMP_SYS(process_vm_writev),
	SCMP_SYS(kcmp),
	SCMP_SYS(pidfd_getfd),
	SCMP_SYS(bpf),
	SCMP_SYS(perf_event_open),
	SCMP_SYS(userfaultfd),
	SCMP_SYS(mount),
	SCMP_SYS(umount2),
	SCMP_SYS(pivot_root),
	SCMP_SYS(chroot),
	SCMP_SYS(fsopen),
	SCMP_SYS(fsmount),
	SCMP_SYS(move_mount),
	SCMP_SYS(open_tree),
	SCMP_SYS(unshare),
	SCMP_SYS(setns),
	SCMP_SYS(keyctl),
	SCMP_SYS(add_key),
	SCMP_SYS(request_key),
	SCMP_SYS(init_module),
	SCMP_SYS(finit_module),
	SCMP_SYS(delete_module),
	SCMP_SYS(kexec_load),
	SCMP_SYS(kexec_file_load),
	SCMP_SYS(reboot),
	SCMP_SYS(swapon),
	SCMP_SYS(swapoff),
	SCMP_SYS(open_by_handle_at),
	SCMP_SYS(settimeofday),
	SCMP_SYS(clock_settime),
	SCMP_SYS(adjtimex),
	SCMP_SYS(clock_adjtime),
	SCMP_SYS(io_uring_setup),
	SCMP_SYS(io_uring_enter),
	SCMP_SYS(acct),
	SCMP_SYS(quotactl),
	SCMP_SYS(syslog),
};

#define SPOOL                                                                                      \
	(LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE |                            \
	 LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE)

static const struct {
	const int *calls;
	size_t n;
	const int *more; /* and these */
	size_t n_more;
	uint64_t files;	 /* Landlock rights below the folder */
	bool spool_only; /* of all opening of files, only unlinked new ones */
	bool asks;	 /* may make sockets: UDP and TCP over IP, no others */
	bool reads;	 /* may read all files that its user may */
	bool polite;	 /* other system calls fail, and do not end the process */
	bool denies;	 /* the calls are those that fail, all others are allowed; no Landlock */
} kinds[] = {
	[KM_SANDBOX_SCANNER] = { scanner_calls, KM_COUNT(scanner_calls), .files = SPOOL,
				 .spool_only = true },
	[KM_SANDBOX_ASKER] = { scanner_calls, KM_COUNT(scanner_calls), .files = SPOOL,
			       .spool_only = true, .asks = true },
	[KM_SANDBOX_KEEPER] = { keeper_calls, KM_COUNT(keeper_calls),
				.files = SPOOL | LANDLOCK_ACCESS_FS_READ_DIR },
	[KM_SANDBOX_SIGNER] = { .spool_only = true },
	[KM_SANDBOX_COURIER] = { courier_calls, KM_COUNT(courier_calls), keeper_calls,
				 KM_COUNT(keeper_calls), SPOOL | LANDLOCK_ACCESS_FS_READ_DIR,
				 .reads = true, .polite = true },
	[KM_SANDBOX_RUNNER] = { denied_calls, KM_COUNT(denied_calls), .denies = true },
	[KM_SANDBOX_GUARD] = { keeper_calls, KM_COUNT(keeper_calls), guard_calls,
			       KM_COUNT(guard_calls), SPOOL | LANDLOCK_ACCESS_FS_READ_DIR },
};

/* All rights of Landlock's first version: every kernel that has Landlock knows them. */
enum { LANDLOCK_ALL_V1 = (1 << 13) - 1 };

/* Of its fourth version (Linux 6.7), which the headers of Debian 12 do not have. */
enum { TCP_VERSION = 4, BIND_TCP = 1 << 0, CONNECT_TCP = 1 << 1, RULE_NET_PORT = 2 };
struct ruleset_v4 {
	uint64_t handled_access_fs, handled_access_net;
};
struct net_port {
	uint64_t allowed_access, port;
};

static int landlock_allow(int rules, const km_sandbox *box, bool tcp)
{
	struct landlock_path_beneath_attr below = { .allowed_access = kinds[box->kind].files };
	struct net_port net = { .allowed_access = CONNECT_TCP };

	if (box->dir == NULL)
		return 0;
	below.parent_fd = open(box->dir, O_PATH | O_CLOEXEC);
	if (below.parent_fd < 0)
		return -1;
	long rc = syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &below, 0);
	for (size_t i = 0; tcp && i < box->n_ports && rc == 0; i++) {
		net.port = box->ports[i];
		rc = syscall(SYS_landlock_add_rule, rules, RULE_NET_PORT, &net, 0);
	}
	int saved = errno;
	(void)close(below.parent_fd);
	errno = saved;
	return rc == 0 ? 0 : -1;
}

/* Everything may be read (as far as its owner lets us). */
static int landlock_allow_reading(int rules)
{
	struct landlock_path_beneath_attr all = {
		.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR,
		.parent_fd = open("/", O_PATH | O_CLOEXEC),
	};

	if (all.parent_fd < 0)
		return -1;
	long rc = syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &all, 0);
	(void)close(all.parent_fd);
	return rc == 0 ? 0 : -1;
}

static int landlock_enter(const km_sandbox *box)
{
	long version =
		syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	bool tcp = version >= TCP_VERSION;
	bool reads = kinds[box->kind].reads;
	struct ruleset_v4 all = { LANDLOCK_ALL_V1, BIND_TCP | (reads ? 0 : CONNECT_TCP) };
	size_t size = tcp ? sizeof(all) : sizeof(all.handled_access_fs);
	int rules = version < 0 ? -1 : (int)syscall(SYS_landlock_create_ruleset, &all, size, 0);

	if (rules < 0)
		return -1;
	long rc = landlock_allow(rules, box, tcp);
	if (rc == 0 && reads)
		rc = landlock_allow_reading(rules);
	if (rc == 0)
		rc = syscall(SYS_landlock_restrict_self, rules, 0);
	int saved = errno;
	(void)close(rules);
	errno = saved;
	return rc == 0 ? 0 : -1;
}

/*
 * openat() with O_TMPFILE makes a file without a name and can open none that is there; all else is
 * refused politely, since libraries look for files that may be absent. This holds without Landlock
 * too.
 */
static int allow_tmpfile(scmp_filter_ctx ctx)
{
	const scmp_datum_t bit = O_TMPFILE & ~O_DIRECTORY;
	int rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
				  SCMP_A2(SCMP_CMP_MASKED_EQ, bit, bit));

	return rc ? rc
		  : seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(openat), 1,
				     SCMP_A2(SCMP_CMP_MASKED_EQ, bit, 0));
}

static int allow_ip_sockets(scmp_filter_ctx ctx)
{
	static const struct {
		scmp_datum_t domain, type;
	} sockets[] = {
		{ AF_INET, SOCK_DGRAM },
		{ AF_INET, SOCK_STREAM },
		{ AF_INET6, SOCK_DGRAM },
		{ AF_INET6, SOCK_STREAM },
	};
	const scmp_datum_t flags = SOCK_CLOEXEC | SOCK_NONBLOCK;
	int rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(bind), 0);

	if (rc == 0)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(connect), 0);
	for (size_t i = 0; rc == 0 && i < KM_COUNT(sockets); i++)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(socket), 2,
				      SCMP_A0(SCMP_CMP_EQ, sockets[i].domain),
				      SCMP_A1(SCMP_CMP_MASKED_EQ, ~flags & UINT32_MAX,
					      sockets[i].type));
	return rc;
}

static int allow_unix_streams(scmp_filter_ctx ctx)
{
	const scmp_datum_t flags = SOCK_CLOEXEC | SOCK_NONBLOCK;
	int rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(connect), 0);

	return rc ? rc
		  : seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(socket), 2,
				     SCMP_A0(SCMP_CMP_EQ, AF_UNIX),
				     SCMP_A1(SCMP_CMP_MASKED_EQ, ~flags & UINT32_MAX, SOCK_STREAM));
}

/* What is denied must not be had by the machine's other word size either. */
static int seccomp_deny(const km_sandbox *box)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	int rc = ctx ? 0 : -ENOMEM;

	if (rc == 0)
		rc = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(EPERM));
	for (size_t i = 0; rc == 0 && i < kinds[box->kind].n; i++)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), kinds[box->kind].calls[i], 0);
	if (rc == 0)
		rc = seccomp_load(ctx);
	if (ctx)
		seccomp_release(ctx);
	return rc;
}

static int seccomp_allow(const km_sandbox *box)
{
	km_sandbox_kind kind = box->kind;
	scmp_filter_ctx ctx =
		seccomp_init(kinds[kind].polite ? SCMP_ACT_ERRNO(EPERM) : SCMP_ACT_KILL_PROCESS);
	int rc = ctx ? 0 : -ENOMEM;

	for (size_t i = 0; rc == 0 && i < KM_COUNT(common_calls); i++)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, common_calls[i], 0);
	for (size_t i = 0; rc == 0 && i < kinds[kind].n; i++)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, kinds[kind].calls[i], 0);
	for (size_t i = 0; rc == 0 && i < kinds[kind].n_more; i++)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, kinds[kind].more[i], 0);
	if (rc == 0 && kinds[kind].spool_only)
		rc = allow_tmpfile(ctx);
	if (rc == 0 && kinds[kind].asks)
		rc = allow_ip_sockets(ctx);
	if (rc == 0 && box->unix_streams)
		rc = allow_unix_streams(ctx);
	if (rc == 0)
		rc = seccomp_load(ctx);
	if (ctx)
		seccomp_release(ctx);
	return rc;
}

km_status km_sandbox_enter(const km_sandbox *box, km_err *err)
{
	if (SANITIZED) {
		km_warn("built with sanitizers: no sandbox");
		return KM_OK;
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return KM_FAIL(err, KM_IO, "no_new_privs: %s", strerror(errno));
	bool denies = kinds[box->kind].denies;
	if (!denies && landlock_enter(box) != 0) {
		if (errno != ENOSYS && errno != EOPNOTSUPP)
			return KM_FAIL(err, KM_IO, "Landlock below %s: %s", box->dir,
				       strerror(errno));
		km_warn("this kernel has no Landlock: files are guarded by ownership only");
	}
	int rc = denies ? seccomp_deny(box) : seccomp_allow(box);
	if (rc == -ENOSYS || rc == -EINVAL) {
		km_warn("this kernel has no seccomp filters: system calls are not restricted");
		return KM_OK;
	}
	if (rc != 0)
		return KM_FAIL(err, KM_IO, "seccomp: %s", strerror(-rc));
	return KM_OK;
}

/* The path may lie in a folder of an untrusted user: no link is followed, and no file that has a
 * second name elsewhere is given away. */
static km_status give(const char *path, const struct passwd *pw, km_err *err)
{
	int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat sb;

	if (fd < 0)
		return errno == ENOENT ? KM_OK
				       : KM_FAIL(err, KM_IO, "%s: %s", path, strerror(errno));
	int rc = fstat(fd, &sb);
	if (rc == 0 && S_ISREG(sb.st_mode) && sb.st_nlink > 1) {
		rc = -1;
		errno = EMLINK;
	}
	/* The group of a socket may be its folder's choice (setgid): it says who may connect. */
	bool chosen = rc == 0 && S_ISSOCK(sb.st_mode) && sb.st_gid != getegid();
	gid_t gid = chosen ? sb.st_gid : pw->pw_gid;
	if (rc == 0 && (sb.st_uid != pw->pw_uid || sb.st_gid != gid))
		rc = fchownat(fd, "", pw->pw_uid, gid, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW);
	int saved = errno;
	(void)close(fd);
	if (rc == 0)
		return KM_OK;
	return KM_FAIL(err, KM_IO, "%s: can not be given to %s: %s", path, pw->pw_name,
		       strerror(saved));
}

static km_status become(const struct passwd *pw, km_err *err)
{
	if (initgroups(pw->pw_name, pw->pw_gid) != 0 || setgid(pw->pw_gid) != 0 ||
	    setuid(pw->pw_uid) != 0)
		return KM_FAIL(err, KM_IO, "can not become %s: %s", pw->pw_name, strerror(errno));
	if (setuid(0) == 0)
		return KM_FAIL(err, KM_BUG, "root could be taken back");
	return KM_OK;
}

km_status km_privileges_drop(const char *user, const char *const *paths, size_t n, km_err *err)
{
	km_status st = KM_OK;

	if (geteuid() != 0 || user[0] == '\0')
		return KM_OK;
	const struct passwd *pw = getpwnam(user);
	if (pw == NULL) {
		km_warn("there is no user \"%s\" (run.user); running as nobody", user);
		pw = getpwnam("nobody");
	}
	if (pw == NULL)
		return KM_FAIL(err, KM_CONFIG,
			       "run.user: there is no user \"%s\"; make it with adduser --system",
			       user);
	for (size_t i = 0; i < n && st == KM_OK; i++)
		st = give(paths[i], pw, err);
	return st == KM_OK ? become(pw, err) : st;
}
