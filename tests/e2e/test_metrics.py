"""/metrics after real pushes, queries and refusals: names, labels and values as Loki's dashboards read them."""
import json
import os
import time
import unittest
import urllib.parse

import clients
from exposition import Bad, Metrics
from harness import Server, free_port
from test_otlp import otlp_json
from test_otlp_grpc import EXPORT, export

NS = time.time_ns() // 10**9 * 10**9
QUERY = "/loki/api/v1/query_range"


class MetricsCase(unittest.TestCase):
    def serve(self, config=""):
        server = Server(config).start()
        self.addCleanup(server.close)
        return server

    def metrics(self, server):
        status, body = server.request("GET", "/metrics")
        self.assertEqual(status, 200)
        return Metrics(body.decode())


class Reader(unittest.TestCase):
    def test_what_is_wrong_is_seen(self):
        good = ('# HELP a A.\n# TYPE a counter\na{x="1\\n\\"\\\\"} 1\na 2.5e+3\n# HELP h H.\n# TYPE h histogram\n'
                'h_bucket{le="1"} 1\nh_bucket{le="+Inf"} 2\nh_sum 3\nh_count 2\n')
        self.assertEqual(Metrics(good).one("a", x='1\n"\\'), 1)
        for bad in (good[:-1], good.replace("# HELP a A.\n", ""), good + "# HELP a A.\n", good + "a 1\n",
                    good.replace("a 2.5e+3", 'a{x="1\\n\\"\\\\"} 3'), good.replace('\\"', '"'), good.replace("a 2.5e+3", "a x"),
                    good.replace("a 2.5e+3", "a -1"), good.replace('{le="+Inf"} 2', '{le="+Inf"} 0'),
                    good.replace("h_count 2", "h_count 3"), good.replace("h_sum 3\n", ""), good.replace("counter", "count"),
                    good.replace('h_bucket{le="+Inf"} 2\n', ""), good.replace("a 2.5e+3", "b 1"),
                    good.replace("a 2.5e+3", "a\t1"), good.replace("a 2.5e+3", 'a{y="1",y="2"} 1')):
            with self.assertRaises(Bad, msg=bad):
                Metrics(bad)


class Requests(MetricsCase):
    def test_requests(self):
        grpc_port = free_port()
        server = self.serve(f"auth_enabled: true\nserver:\n  otlp_grpc_listen_port: {grpc_port}\n")
        self.assertEqual(server.push([({"app": "a"}, [(NS, "x")])], "t")[0], 204)
        self.assertEqual(server.push([({"app": "a"}, [(NS, "x")])])[0], 401)
        for path in (QUERY, "/loki/api/v1/label/app/values"):
            self.assertEqual(server.get(path, "t", query='{app="a"}')[0], 200)
        self.assertEqual(server.request("PUT", "/ready")[0], 405)
        for path in ("/no/such/route", '/a"b\\c%0a'):
            self.assertEqual(server.request("GET", path)[0], 404)
        metrics = self.metrics(server)
        duration = "loki_request_duration_seconds"
        self.assertEqual(metrics.labels(duration + "_count"), {frozenset(("method", "route", "status_code", "ws"))})
        for method, route, status, count in (
                ("POST", "loki_api_v1_push", "204", 1), ("POST", "loki_api_v1_push", "401", 1),
                ("GET", "loki_api_v1_query_range", "200", 1), ("GET", "loki_api_v1_label_name_values", "200", 1),
                ("PUT", "other", "405", 1), ("GET", "other", "404", 2)):
            labels = {"method": method, "route": route, "status_code": status, "ws": "false"}
            self.assertEqual(metrics.one(duration + "_count", **labels), count, labels)
            # The buckets of p99 latencies up to minutes.
            self.assertEqual(metrics.one(duration + "_bucket", le="100", **labels), count)
        # The scrape itself is under way.
        self.assertEqual(metrics.one("loki_inflight_requests", method="GET", route="metrics"), 1)
        self.assertEqual(metrics.one("loki_inflight_requests", method="POST", route="loki_api_v1_push"), 0)
        for name in ("loki_request_message_bytes", "loki_response_message_bytes"):
            self.assertEqual(metrics.one(name + "_count", method="POST", route="loki_api_v1_push"), 2)
        self.assertGreater(metrics.one("loki_request_message_bytes_sum", method="POST", route="loki_api_v1_push"), 100)
        self.assertGreaterEqual(metrics.one("loki_tcp_connections", protocol="http"), 1)
        self.assertEqual(metrics.one("loki_panic_total"), 0)
        build = json.loads(server.request("GET", "/loki/api/v1/status/buildinfo")[1])
        self.assertEqual(metrics.all("loki_build_info", version=build["version"]).popitem()[1], 1)
        self.assertEqual(metrics.labels("loki_build_info"), {frozenset(("version", "revision", "branch", "goversion"))})

    def test_the_process(self):
        begin = time.time()
        server = self.serve()
        metrics = self.metrics(server)
        self.assertLess(abs(metrics.one("process_start_time_seconds") - begin), 10)
        self.assertGreater(metrics.one("process_cpu_seconds_total"), 0)
        self.assertLess(metrics.one("process_cpu_seconds_total"), 60)
        self.assertLess(abs(metrics.one("process_resident_memory_bytes") / 2**20 - server.memory_mb()), 20)
        self.assertGreater(metrics.one("process_virtual_memory_bytes"), metrics.one("process_resident_memory_bytes"))
        self.assertLess(abs(metrics.one("process_open_fds") - len(os.listdir(f"/proc/{server.process.pid}/fd"))), 5)
        self.assertGreater(metrics.one("process_max_fds"), metrics.one("process_open_fds"))

    def test_methods_are_few(self):
        server = self.serve()
        for i in range(30):
            self.assertEqual(server.request(f"METHOD{i}", "/ready")[0], 405)
        metrics = self.metrics(server)
        self.assertEqual(metrics.one("loki_request_duration_seconds_count", method="other", route="other", status_code="405",
                                     ws="false"), 30)

    def test_calls(self):
        port = free_port()
        server = self.serve(f"server:\n  otlp_grpc_listen_port: {port}\n")
        stamp = time.time_ns()
        for ns in (stamp, 1):  # the second is too old
            clients.grpc_calls(f"127.0.0.1:{port}", [(EXPORT, {}, export((ns, b"x")))])
        counts = self.metrics(server).all("loki_request_duration_seconds_count", method="gRPC", route=EXPORT)
        self.assertEqual({dict(pairs)["status_code"]: n for pairs, n in counts.items()}, {"success": 1, "400": 1})


class Pushes(MetricsCase):
    CONFIG = """
auth_enabled: true
compactor: {retention_enabled: true}
limits_config:
  retention_period: 48h
  retention_stream: [{selector: '{app="kept"}', priority: 1, period: 73h}]
  policy_stream_mapping: {finance: [{selector: '{team="f"}', priority: 1}]}
  max_line_size: 100B
  ingestion_burst_size_mb: 0.01
"""

    def test_what_is_taken(self):
        server = self.serve(self.CONFIG)
        entries = [(NS, "12345"), (NS + 1, "123", {"k": "vv"})]
        for labels in ({"app": "a"}, {"app": "kept"}, {"team": "f"}, {"__aggregated_metric__": "x"}):
            self.assertEqual(server.push([(labels, entries)], "t")[0], 204)
        self.assertEqual(server.request("POST", "/otlp/v1/logs", otlp_json(NS, "from a collector"),
                                        {"Content-Type": "application/json", "X-Scope-OrgID": "t"})[0], 204)
        metrics = self.metrics(server)
        kind = lambda hours, policy="", format_="loki", internal="false": {
            "tenant": "t", "format": format_, "policy": policy, "is_internal_stream": internal,
            **({"retention_hours": hours} if hours else {})}
        for name, figure in (("bytes", 11), ("structured_metadata_bytes", 3)):
            name = f"loki_distributor_{name}_received_total"
            self.assertEqual(metrics.labels(name), {frozenset(kind("1"))})
            self.assertEqual([metrics.one(name, **kind("48")), metrics.one(name, **kind("73")),
                              metrics.one(name, **kind("48", "finance")), metrics.one(name, **kind("48", internal="true"))],
                             [figure] * 4)
        lines = "loki_distributor_lines_received_total"
        self.assertEqual(metrics.labels(lines), {frozenset(kind(""))})
        self.assertEqual([metrics.one(lines, **kind("")), metrics.one(lines, **kind("", "finance")),
                          metrics.one(lines, **kind("", internal="true")), metrics.one(lines, **kind("", format_="otlp"))],
                         [4, 2, 2, 1])
        self.assertEqual(metrics.one("loki_bytes_per_line_count"), 9)
        self.assertEqual(metrics.one("loki_bytes_per_line_sum"), 4 * 8 + len("from a collector"))
        self.assertEqual(metrics.one("loki_bytes_per_line_bucket", le="8"), 8)
        self.assertEqual(metrics.one("loki_ingester_memory_streams", tenant="t"), 5)
        self.assertEqual(metrics.one("loki_ingester_streams_created_total", tenant="t"), 5)
        self.assertEqual(metrics.one("loki_ingester_streams_removed_total", tenant="t"), 0)

    def test_what_is_refused(self):
        server = self.serve(self.CONFIG)
        push = lambda labels, *entries: server.push([(labels, entries)], "t")[0]
        self.assertEqual(push({"team": "f"}, (NS, "x" * 101), (NS, "good"), (1, "old")), 400)
        self.assertEqual(push({"app": "kept"}, (1, "old"), (2, "older")), 400)
        self.assertEqual(push({"app": "a"}, *[(NS + i, "x" * 100) for i in range(200)]), 429)
        metrics = self.metrics(server)
        for name, figures in (("samples", (1, 1, 2, 200)), ("bytes", (101, 3, 8, 20000))):
            name = f"loki_discarded_{name}_total"
            self.assertEqual(metrics.labels(name), {frozenset(("reason", "tenant", "retention_hours", "policy", "format"))})
            self.assertEqual(tuple(
                metrics.one(name, tenant="t", format="loki", reason=reason, policy=policy, retention_hours=hours)
                for reason, policy, hours in (("line_too_long", "finance", "48"),
                                              ("greater_than_max_sample_age", "finance", "48"),
                                              ("greater_than_max_sample_age", "", "73"), ("rate_limited", "", "48"))), figures)
        # Policies that a client makes up are not told apart.
        for i in range(20):
            body = json.dumps({"streams": [{"stream": {"app": "a"}, "values": [[str(NS), "y"]]}]}).encode()
            self.assertEqual(server.request("POST", "/loki/api/v1/push", body, {
                "Content-Type": "application/json", "X-Scope-OrgID": "t", "X-Loki-Ingestion-Policy": f"p{i}"})[0], 204)
        policies = {dict(pairs)["policy"] for pairs in self.metrics(server).all("loki_distributor_lines_received_total")}
        self.assertEqual(policies, {"", "finance"})


class Reads(MetricsCase):
    def test_queries(self):
        server = self.serve()
        values = [(NS + i, f"line {i}") for i in range(100)]
        self.assertEqual(server.push([({"app": "a"}, values)])[0], 204)
        ask = lambda query, **kw: server.get(QUERY, query=query, start=NS - 10**9, end=NS + 10**9, **kw)
        self.assertEqual(ask('{app="a"} |= "7"')[0], 200)  # from memory
        self.assertEqual(server.request("POST", "/flush")[0], 204)
        self.assertEqual(ask('{app="a"} |= "7"')[0], 200)  # from a segment
        self.assertEqual(ask('sum(rate({app="a"} |= "7" [1m]))')[0], 200)
        self.assertEqual(server.get("/loki/api/v1/query", query='count_over_time({app="a"} | unwrap x [1m])')[0], 400)
        self.assertEqual(ask('sum(sum_over_time({app="a"} | label_format b=`x` | unwrap b [1m]))')[0], 400)
        metrics = self.metrics(server)
        kinds = ("status_code", "type", "range", "latency_type")
        for name in ("latency_seconds", "bytes_processed_per_seconds"):
            name = f"loki_logql_querystats_{name}_count"
            self.assertEqual(metrics.labels(name), {frozenset(kinds)})
            for status, type_, range_, count in (("200", "filter", "range", 2), ("200", "metric", "range", 1),
                                                 ("400", "metric", "range", 1)):
                self.assertEqual(metrics.one(name, **dict(zip(kinds, (status, type_, range_, "fast")))), count)
        self.assertEqual(metrics.one("loki_logql_querystats_ingester_sent_lines_total"), 19)
        self.assertGreaterEqual(metrics.one("loki_logql_querystats_downloaded_chunk_total"), 1)
        self.assertEqual(metrics.one("loki_logql_querystats_duplicates_total"), 0)
        self.assertEqual(metrics.one("loki_chunk_store_chunks_per_query_count"), 4)
        self.assertGreater(metrics.one("loki_query_seconds_total", user="fake"), 0)
        self.assertGreaterEqual(metrics.one("loki_query_scheduler_connected_querier_clients"), 1)
        self.assertGreaterEqual(metrics.one("loki_query_scheduler_queue_duration_seconds_count"), 4)
        # Nobody waits; who has just been answered may have a row still.
        self.assertEqual(set(metrics.all("loki_query_scheduler_queue_length").values()) - {0}, set())
        self.assertEqual(metrics.one("loki_querier_tail_active"), 0)


class Store(MetricsCase):
    def test_what_is_stored(self):
        server = self.serve("auth_enabled: true\n")
        for tenant, streams in (("a", 3), ("b", 1)):
            for i in range(streams):
                self.assertEqual(server.push([({"app": f"{i}"}, [(NS + n, f"l {n}") for n in range(10)])], tenant)[0], 204)
        metrics = self.metrics(server)
        self.assertEqual((metrics.one("loki_ingester_memory_streams", tenant="a"),
                          metrics.one("loki_ingester_memory_streams", tenant="b")), (3, 1))
        self.assertEqual(metrics.one("loki_ingester_memory_chunks"), 2)
        self.assertEqual(metrics.one("loki_ingester_wal_records_logged_total"), 4)
        self.assertGreater(metrics.one("loki_ingester_wal_logged_bytes_total"), 40 * 3)
        self.assertEqual(metrics.one("loki_ingester_wal_recovered_entries_total"), 0)
        self.assertEqual(metrics.all("loki_ingester_chunks_flushed_total"), {})
        server.kill()
        server.start()
        metrics = self.metrics(server)
        self.assertEqual(metrics.one("loki_ingester_wal_recovered_entries_total"), 40)
        self.assertEqual(metrics.one("loki_ingester_wal_replay_active"), 0)
        self.assertEqual(metrics.one("loki_ingester_wal_corruptions_total"), 0)
        self.assertEqual(server.push([({"app": "0"}, [(NS, "new")])], "a")[0], 204)
        self.assertEqual(server.request("POST", "/flush")[0], 204)
        metrics = self.metrics(server)
        self.assertEqual(metrics.one("loki_ingester_chunks_flushed_total", reason="replayed"), 2)
        self.assertEqual(metrics.one("loki_ingester_chunks_flushed_total", reason="forced"), 1)
        self.assertEqual(metrics.one("loki_ingester_memory_chunks"), 0)
        self.assertEqual(metrics.one("loki_ingester_flush_queue_length"), 0)
        for name in ("size_bytes", "entries", "age_seconds", "bounds_hours", "compression_ratio"):
            self.assertEqual(metrics.one(f"loki_ingester_chunk_{name}_count"), 3, name)
        self.assertEqual(metrics.one("loki_ingester_chunk_entries_sum"), 41)
        self.assertLess(metrics.one("loki_ingester_chunk_age_seconds_sum"), 300)
        bucket = "loki_objstore_bucket_operation_duration_seconds_count"
        self.assertEqual(metrics.labels(bucket), {frozenset(["operation"])})
        self.assertGreaterEqual(metrics.one(bucket, operation="upload"), 6)  # segments and catalogs
        for operation in ("upload", "get", "get_range", "attributes", "iter", "delete"):
            self.assertEqual(metrics.one("loki_objstore_bucket_operation_failures_total", operation=operation), 0)

    def test_compaction_and_deletes(self):
        server = self.serve("compactor:\n  compaction_interval: 100ms\n  retention_enabled: true\n"
                            "  delete_request_cancel_period: 0s\n")
        self.assertEqual(server.push([({"app": "a"}, [(NS, "x"), (NS + 1, "y")])])[0], 204)
        self.assertEqual(server.request("POST", "/flush")[0], 204)
        wanted = urllib.parse.urlencode({"query": '{app="a"}', "start": NS // 10**9 - 60, "end": NS // 10**9})
        self.assertEqual(server.request("POST", "/loki/api/v1/delete?" + wanted)[0], 204)
        metrics = self.metrics(server)
        self.assertEqual(metrics.one("loki_compactor_delete_requests_received_total", user="fake"), 1)
        self.assertEqual(metrics.one("loki_boltdb_shipper_compactor_running"), 1)
        processed = "loki_compactor_delete_requests_processed_total"
        stop = time.monotonic() + 30
        while metrics.one(processed) == 0:
            self.assertLess(time.monotonic(), stop)
            pending = metrics.one("loki_compactor_pending_delete_requests_count")
            age = metrics.one("loki_compactor_oldest_pending_delete_request_age_seconds")
            self.assertTrue((pending == 1 and 0 <= age < 60) or (pending, age) == (0, 0), (pending, age))
            time.sleep(0.05)
            metrics = self.metrics(server)
        self.assertEqual(metrics.one(processed), 1)
        rounds = "loki_boltdb_shipper_compact_tables_operation"
        stop = time.monotonic() + 30
        while not metrics.all(rounds + "_total", status="success"):
            self.assertLess(time.monotonic(), stop)
            time.sleep(0.05)
            metrics = self.metrics(server)
        self.assertGreaterEqual(metrics.one(rounds + "_duration_seconds"), 0)
        self.assertAlmostEqual(metrics.one(rounds + "_last_successful_run_timestamp_seconds"), time.time(), delta=60)


class Process(MetricsCase):
    def test_log_and_limits(self):
        server = Server("auth_enabled: true\nlimits_config:\n  max_query_series: 77\n  query_timeout: 90s\n"
                        "  volume_enabled: false\n")
        self.addCleanup(server.close)
        overrides = server.folder + "/overrides"
        with open(overrides, "w") as f:
            f.write("overrides: {t: {max_query_series: 5, query_timeout: 90s}}\n")
        with open(server.config, "a") as f:
            f.write(f"runtime_config: {{file: {overrides}}}\n")
        server.start()
        self.assertEqual(server.get(QUERY, "t", query='{app="a"}')[0], 200)
        metrics = self.metrics(server)
        lines = server.log_text().splitlines()
        for name in ("loki_internal_log_messages_total", "loki_log_messages_total"):
            self.assertEqual(metrics.one(name, level="info"), len([line for line in lines if "level=info" in line]))
            self.assertEqual(metrics.one(name, level="error"), 0)
        default = lambda name: metrics.one("loki_overrides_defaults", limit_name=name)
        self.assertEqual([default(n) for n in ("max_query_series", "query_timeout", "volume_enabled")], [77, 90, 0])
        self.assertEqual(metrics.all("loki_overrides"),
                         {frozenset({("limit_name", "max_query_series"), ("user", "t")}): 5})
        self.assertEqual(metrics.one("loki_runtime_config_last_reload_successful"), 1)
        self.assertEqual(metrics.one("loki_distributor_replication_factor"), 1)


class Tenants(MetricsCase):
    def test_many_tenants_have_few_series(self):
        server = self.serve("auth_enabled: true\nserver:\n  metrics_tenants_max: 5\n")
        for i in range(40):
            self.assertEqual(server.push([({"app": "a"}, [(NS, "12345")])], f"t{i:02}")[0], 204)
            self.assertEqual(server.push([({"app": "a"}, [(1, "123")])], f"t{i:02}")[0], 400)
            self.assertEqual(server.get(QUERY, f"t{i:02}", query='{app="a"}')[0], 200)
        metrics = self.metrics(server)
        named = {f"t{i:02}" for i in range(5)} | {"<others>"}
        tenants = {value for _, pairs in metrics.samples for name, value in pairs if name in ("tenant", "user")}
        self.assertEqual(tenants, named)
        lines = metrics.all("loki_distributor_lines_received_total")
        self.assertEqual(sorted(lines.values()), [1, 1, 1, 1, 1, 35])
        refused = metrics.all("loki_discarded_samples_total", reason="greater_than_max_sample_age")
        self.assertEqual(sorted(refused.values()), [1, 1, 1, 1, 1, 35])
        self.assertEqual(metrics.one("loki_ingester_memory_streams", tenant="<others>"), 35)
        # Nobody can be called that.
        self.assertEqual(server.push([({"app": "a"}, [(NS, "x")])], "<others>")[0], 400)


if __name__ == "__main__":
    unittest.main()
