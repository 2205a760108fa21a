/* What a role may still do once it is confined; each try in a process of its own. */
#include "daemon/sandbox.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

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

enum { KILLED = 255, LANDLOCK_CREATE_RULESET = 444, VERSION_ONLY = 1, TCP_VERSION = 4 };

static uint16_t listener(int *fd)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t n = sizeof(a);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	*fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_return_code(bind(*fd, (struct sockaddr *)&a, sizeof(a)), errno);
	assert_return_code(listen(*fd, 16), errno);
	assert_return_code(getsockname(*fd, (struct sockaddr *)&a, &n), errno);
	return ntohs(a.sin_port);
}

static int try_connect(int type, uint16_t port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, type, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0 ? 0 : errno;
}

static int connect_tcp(uint16_t port)
{
	return try_connect(SOCK_STREAM, port);
}

static int connect_udp(uint16_t port)
{
	return try_connect(SOCK_DGRAM, port);
}

static int bind_tcp(uint16_t port)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	(void)port;
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0 ? 0 : errno;
}

static int unix_socket(uint16_t port)
{
	(void)port;
	return socket(AF_UNIX, SOCK_STREAM, 0) >= 0 ? 0 : errno;
}

static int raw_socket(uint16_t port)
{
	(void)port;
	return socket(AF_INET, SOCK_RAW, IPPROTO_ICMP) >= 0 ? 0 : errno;
}

static int open_file(uint16_t port)
{
	(void)port;
	return open("/etc/passwd", O_RDONLY) >= 0 ? 0 : errno;
}

static int run_program(uint16_t port)
{
	static char *const args[] = { (char *)(uintptr_t) "true", NULL };

	(void)port;
	(void)execv("/bin/true", args);
	return errno;
}

/* In a child: the tracer would be this process. */
static int trace(uint16_t port)
{
	(void)port;
	return syscall(SYS_ptrace, 0 /* PTRACE_TRACEME */, 0, NULL, NULL) == 0 ? 0 : errno;
}

static int new_namespace(uint16_t port)
{
	(void)port;
	return syscall(SYS_unshare, 0) == 0 ? 0 : errno;
}

/* The errno, or 0, or KILLED. */
static int in_sandbox(const km_sandbox *box, int (*try)(uint16_t port), uint16_t port)
{
	int status;
	pid_t pid = fork();

	assert_return_code(pid, errno);
	if (pid == 0) {
		if (km_sandbox_enter(box, NULL) != KM_OK)
			_exit(200);
		_exit(try(port));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status)) {
		assert_int_equal(WTERMSIG(status), SIGSYS);
		return KILLED;
	}
	return WEXITSTATUS(status);
}

static void test_asker(void **state)
{
	(void)state;
	int name_server, other;
	const uint16_t allowed = listener(&name_server), refused = listener(&other);
	const struct {
		const char *what;
		km_sandbox_kind kind;
		int (*try)(uint16_t port);
		uint16_t port;
		int want;
	} rows[] = {
		{ "TCP to the name server", KM_SANDBOX_ASKER, connect_tcp, allowed, 0 },
		{ "TCP elsewhere", KM_SANDBOX_ASKER, connect_tcp, refused, EACCES },
		{ "UDP", KM_SANDBOX_ASKER, connect_udp, allowed, 0 },
		{ "to listen", KM_SANDBOX_ASKER, bind_tcp, 0, EACCES },
		{ "a unix socket", KM_SANDBOX_ASKER, unix_socket, 0, KILLED },
		{ "a raw socket", KM_SANDBOX_ASKER, raw_socket, 0, KILLED },
		{ "a file", KM_SANDBOX_ASKER, open_file, 0, EACCES },
		{ "a program", KM_SANDBOX_ASKER, run_program, 0, KILLED },
		{ "TCP without DNS", KM_SANDBOX_SCANNER, connect_tcp, allowed, KILLED },
		{ "UDP without DNS", KM_SANDBOX_SCANNER, connect_udp, allowed, KILLED },
		{ "a program of the runner's", KM_SANDBOX_RUNNER, run_program, 0, 0 },
		{ "a file of a program's", KM_SANDBOX_RUNNER, open_file, 0, 0 },
		{ "a connection of a program's", KM_SANDBOX_RUNNER, connect_tcp, refused, 0 },
		{ "to trace", KM_SANDBOX_RUNNER, trace, 0, EPERM },
		{ "namespaces", KM_SANDBOX_RUNNER, new_namespace, 0, EPERM },
		{ "a program of the courier's", KM_SANDBOX_COURIER, run_program, 0, EPERM },
		{ "a file without DNS", KM_SANDBOX_SCANNER, open_file, 0, EACCES },
	};

	for (size_t i = 0; i < KM_COUNT(rows); i++) {
		const km_sandbox box = { .kind = rows[i].kind,
					 .dir = "/tmp",
					 .ports = &allowed,
					 .n_ports = rows[i].kind == KM_SANDBOX_ASKER };
		int got = in_sandbox(&box, rows[i].try, rows[i].port);
		if (got != rows[i].want)
			fail_msg("%s: %d, not %d", rows[i].what, got, rows[i].want);
	}
	(void)close(name_server);
	(void)close(other);
}

int main(void)
{
	if (SANITIZED || syscall(LANDLOCK_CREATE_RULESET, NULL, 0, VERSION_ONLY) < TCP_VERSION) {
		puts("1..0 # SKIP sanitizers have no sandbox, kernels before 6.7 no rules for "
		     "ports");
		return 0;
	}
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_asker),
	};
	return cmocka_run_group_tests_name("daemon/sandbox", tests, NULL, NULL);
}
