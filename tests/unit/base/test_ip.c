#include "base/ip.h"
#include "test.h"

static void test_ip(void **state)
{
	(void)state;
	static const struct {
		const char *in, *out;
		bool private;
	} rows[] = {
		{ "9.9.9.9", "9.9.9.9", false },
		{ "[9.9.9.9]", "9.9.9.9", false },
		{ "[IPv6:2606:4700::0:1]", "2606:4700::1", false },
		{ "::ffff:10.0.0.1", "10.0.0.1", true },
		{ "fe80::1%eth0", "fe80::1", true },
		{ "10.255.255.255", "10.255.255.255", true },
		{ "11.0.0.0", "11.0.0.0", false },
		{ "100.63.0.1", "100.63.0.1", false },
		{ "100.64.0.1", "100.64.0.1", true },
		{ "172.31.0.1", "172.31.0.1", true },
		{ "172.32.0.1", "172.32.0.1", false },
		{ "198.19.0.1", "198.19.0.1", true },
		{ "224.0.0.1", "224.0.0.1", true },
		{ "::1", "::1", true },
		{ "::2", "::2", false },
		{ "::", "::", true },
		{ "fd00::1", "fd00::1", true },
		{ "2001:db8::1", "2001:db8::1", false },
		{ "192.0.2.1", "192.0.2.1", false },
		{ "2001:db9::1", "2001:db9::1", false },
		{ "", "", false },
		{ "[]", "", false },
		{ "1.2.3", "", false },
		{ "1.2.3.4.5", "", false },
		{ "256.1.1.1", "", false },
		{ "::g", "", false },
		{ "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000", "", false },
	};

	for (size_t i = 0; i < KM_COUNT(rows); i++) {
		km_sv in = test_exact(rows[i].in, strlen(rows[i].in));
		char text[64];
		km_ip ip;

		assert_int_equal(km_ip_parse(in, &ip), rows[i].out[0] != '\0');
		test_sv_is(km_sv_of(km_ip_format(&ip, text)), rows[i].out, rows[i].in);
		if (km_ip_is_private(&ip) != rows[i].private)
			fail_msg("%s: private is wrong", rows[i].in);
		test_drop(in);
	}
	km_ip ip;
	assert_true(km_ip_parse(KM_S("127.1.2.3"), &ip) && km_ip_is_loopback(&ip));
	assert_true(km_ip_parse(KM_S("::1"), &ip) && km_ip_is_loopback(&ip));
	assert_true(km_ip_parse(KM_S("10.0.0.1"), &ip) && !km_ip_is_loopback(&ip));
}

static void test_networks(void **state)
{
	(void)state;
	static const struct {
		const char *net, *ip;
		bool valid, in;
	} rows[] = {
		{ "192.0.2.0/24", "192.0.2.255", true, true },
		{ "192.0.2.0/24", "192.0.3.0", true, false },
		{ "192.0.2.128/25", "192.0.2.127", true, false },
		{ "192.0.2.7", "192.0.2.7", true, true },
		{ "192.0.2.7", "192.0.2.6", true, false },
		{ "0.0.0.0/0", "203.0.113.9", true, true },
		{ "0.0.0.0/0", "2001:db8::1", true, false },
		{ "2001:db8::/33", "2001:db8:7fff::1", true, true },
		{ "2001:db8::/33", "2001:db8:8000::1", true, false },
		{ "::/0", "2001:db8::1", true, true },
		{ "192.0.2.1/24", "", false, false },
		{ "192.0.2.0/33", "", false, false },
		{ "192.0.2.0/", "", false, false },
		{ "192.0.2.0/-1", "", false, false },
		{ "192.0.2/24", "", false, false },
		{ "2001:db8::/129", "", false, false },
		{ "example.jp", "", false, false },
		{ "", "", false, false },
	};

	for (size_t i = 0; i < KM_COUNT(rows); i++) {
		km_sv in = test_exact(rows[i].net, strlen(rows[i].net));
		km_net net;
		km_ip ip;
		if (km_net_parse(in, &net) != rows[i].valid)
			fail_msg("%s: valid is wrong", rows[i].net);
		if (rows[i].valid && (!km_ip_parse(km_sv_of(rows[i].ip), &ip) ||
				      km_ip_in(&ip, &net.ip, net.bits) != rows[i].in))
			fail_msg("%s in %s is wrong", rows[i].ip, rows[i].net);
		test_drop(in);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ip),
		cmocka_unit_test(test_networks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
