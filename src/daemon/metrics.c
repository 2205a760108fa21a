#include "daemon/metrics.h"

static void head(km_buf *out, const char *name, const char *type, const char *help)
{
	km_buf_fmt(out, "# HELP komainu_%s %s\n# TYPE komainu_%s %s\n", name, help, name, type);
}

static void latency(km_buf *out, const km_shared *s)
{
	int64_t sum = 0;

	head(out, "scan_seconds", "histogram", "time to judge one message");
	for (unsigned i = 0; i < KM_LATENCY_BUCKETS; i++) {
		sum += km_shared_latency(s, i);
		if (i + 1 < KM_LATENCY_BUCKETS)
			km_buf_fmt(out, "komainu_scan_seconds_bucket{le=\"%g\"} %lld\n",
				   (double)(64ull << i) / 1e6, (long long)sum);
	}
	km_buf_fmt(out, "komainu_scan_seconds_bucket{le=\"+Inf\"} %lld\n", (long long)sum);
	km_buf_fmt(out, "komainu_scan_seconds_sum %g\n",
		   (double)km_shared_total(s, KM_COUNTER_scan_microseconds_total) / 1e6);
	km_buf_fmt(out, "komainu_scan_seconds_count %lld\n", (long long)sum);
}

void km_metrics_write(km_buf *out, const km_shared *s)
{
	static const struct {
		km_counter id;
		const char *name, *type, *help;
	} counters[] = {
#define X(name, type, help) { KM_COUNTER_##name, #name, type, help },
		KM_COUNTERS(X)
#undef X
	};

	for (size_t i = 0; i < KM_COUNT(counters); i++) {
		if (counters[i].id == KM_COUNTER_scan_microseconds_total)
			continue; /* shown in seconds, Prometheus' base unit, with the histogram */
		head(out, counters[i].name, counters[i].type, counters[i].help);
		km_buf_fmt(out, "komainu_%s %lld\n", counters[i].name,
			   (long long)km_shared_total(s, counters[i].id));
	}
	head(out, "actions_total", "counter", "messages by action");
	for (int a = 0; a < KM_ACTIONS; a++)
		km_buf_fmt(out, "komainu_actions_total{action=\"%s\"} %lld\n",
			   km_action_name((km_action)a),
			   (long long)km_shared_actions(s, (km_action)a));
	head(out, "classes_total", "counter", "messages by class");
	for (int c = 0; c < KM_CLASSES; c++)
		km_buf_fmt(out, "komainu_classes_total{class=\"%s\"} %lld\n",
			   km_class_name((km_class)c),
			   (long long)km_shared_classes(s, (km_class)c));
	head(out, "guard_decisions_total", "counter", "decisions about outgoing mail by action");
	for (int a = 0; a < KM_GUARD_ACTIONS; a++)
		km_buf_fmt(out, "komainu_guard_decisions_total{action=\"%s\"} %lld\n",
			   km_guard_action_name((km_guard_action)a),
			   (long long)km_shared_decisions(s, (km_guard_action)a));
	head(out, "guard_measures_total", "counter", "measures against accounts, and their ends");
	for (int m = KM_STEP_NOTICE; m < KM_STEPS; m++)
		km_buf_fmt(out, "komainu_guard_measures_total{measure=\"%s\"} %lld\n",
			   km_step_name((km_step)m), (long long)km_shared_measures(s, (km_step)m));
	head(out, "keeper_ready", "gauge", "1 while verdict records can be written");
	km_buf_fmt(out, "komainu_keeper_ready %d\n", km_shared_keeper(s) == KM_KEEPER_READY);
	latency(out, s);
}
