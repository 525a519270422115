"""Label data, statistics and volume: over what is flushed and what is not, each entry once, exact at the edges."""
import json
import random
import time
import unittest

from harness import Server

SECOND = 1_000_000_000
CONFIG = "limits_config:\n  discover_log_levels: false\n  discover_service_name: []\n"


class Index(unittest.TestCase):
    def serve(self, config=CONFIG):
        server = Server(config).start()
        self.addCleanup(server.close)
        return server

    def setUp(self):
        # The begin of an hour some days ago, so that ranges do not depend on the clock.
        self.t = (time.time_ns() // (3600 * SECOND) - 48) * 3600 * SECOND

    def get(self, server, path, **params):
        status, body = server.get(path, **params)
        self.assertEqual(status, 200, body)
        return json.loads(body)

    def volume(self, server, start, end, **params):
        """{label values: bytes} of a volume without steps."""
        params = {"query": '{app=~".+"}', **params}
        data = self.get(server, "/loki/api/v1/index/volume", start=start, end=end, **params)["data"]
        self.assertEqual(data["resultType"], "vector")
        for series in data["result"]:
            self.assertEqual(series["value"][0], end // SECOND)
        return {"/".join(s["metric"].values()): int(s["value"][1]) for s in data["result"]}

    def test_what_is_flushed_and_what_is_not_count_once(self):
        s, t = self.serve(), self.t
        first = [({"app": "a"}, [(t + i * SECOND, f"line {i}") for i in range(1, 1000)])]
        second = [({"app": "a"}, [(t + i * SECOND, f"line {i}") for i in range(500, 1500)]),
                  ({"app": "b"}, [(t + SECOND, "x", {"k": "value"}), (t + 2 * SECOND, "y", {"k": "value"})])]
        want = {"a": sum(len(f"line {i}") for i in range(1, 1500)), "b": 2 + 2 * 8 + len("kvalue")}
        end = t + 3600 * SECOND
        self.assertEqual(s.push(first)[0], 204)
        self.assertEqual(s.request("POST", "/flush")[0], 204)
        self.assertEqual(s.push(second)[0], 204)
        for step in ("head and segment", "two segments", "after a kill"):
            if step == "two segments":
                self.assertEqual(s.request("POST", "/flush")[0], 204)
            elif step == "after a kill":
                s.kill()
                s.start()
            self.assertEqual(self.volume(s, t, end), want, step)
            stats = self.get(s, "/loki/api/v1/index/stats", query='{app=~".+"}', start=t, end=end)
            self.assertEqual((stats["streams"], stats["entries"], stats["bytes"]), (2, 1501, sum(want.values())), step)
            self.assertGreaterEqual(stats["chunks"], 2)
            self.assertEqual(len(stats), 4)

    def test_ranges_that_cut_extents_are_exact(self):
        s, t, rng = self.serve(), self.t, random.Random(5)
        entries = [(t + rng.randrange(3600 * SECOND), "x" * rng.randrange(50)) for _ in range(3000)]
        for part in (entries[:1500], entries[1500:]):
            self.assertEqual(s.push([({"app": "a"}, sorted(part))])[0], 204)
            self.assertEqual(s.request("POST", "/flush")[0], 204)
        entries = set(entries)
        for _ in range(20):
            start, end = sorted((t + rng.randrange(3600 * SECOND)) // SECOND * SECOND for _ in range(2))
            inside = [len(line) for ns, line in entries if start < ns <= end]
            self.assertEqual(self.volume(s, start, end).get("a", 0), sum(inside))
            stats = self.get(s, "/loki/api/v1/index/stats", query='{app="a"}', start=start, end=end)
            self.assertEqual(stats["entries"], len([1 for ns, _ in entries if start <= ns < end]))
        data = self.get(s, "/loki/api/v1/index/volume_range", query='{app="a"}', start=t + 90 * SECOND,
                        end=t + 3000 * SECOND, step="10m")["data"]
        self.assertEqual(data["resultType"], "matrix")
        want, edges = [], [t + 90 * SECOND + 1] + [t + 600 * i * SECOND for i in range(1, 5)] + [t + 3000 * SECOND + 1]
        for begin, end in zip(edges, edges[1:]):
            stamp = end - 1 if end == edges[-1] else end - SECOND // 1000
            want.append([stamp / SECOND, str(sum(len(line) for ns, line in entries if begin <= ns < end))])
        self.assertEqual(data["result"], [{"metric": {"app": "a"}, "values": want}])

    def test_labels_of_one_millisecond(self):
        # Grafana asks so for the labels of one line, whose time it knows in milliseconds.
        s, t = self.serve(), self.t
        self.assertEqual(s.push([({"app": "a", "pod": "p"}, [(t + 5 * SECOND + 123_456_789, "x")])])[0], 204)
        ms = (t + 5 * SECOND + 123_000_000)
        for flushed in (False, True):
            if flushed:
                self.assertEqual(s.request("POST", "/flush")[0], 204)
            self.assertEqual(self.get(s, "/loki/api/v1/labels", start=ms, end=ms)["data"], ["app", "pod"])
            self.assertEqual(self.get(s, "/loki/api/v1/label/pod/values", start=ms, end=ms)["data"], ["p"])
            self.assertEqual(self.get(s, "/loki/api/v1/series", start=ms, end=ms)["data"], [{"app": "a", "pod": "p"}])
            self.assertEqual(self.get(s, "/loki/api/v1/series", start=ms - SECOND, end=ms)["data"], [])
            self.assertEqual(self.get(s, "/loki/api/v1/labels", start=ms - 60 * SECOND, end=ms - 60 * SECOND),
                             {"status": "success"})
            self.assertEqual(self.get(s, "/loki/api/v1/detected_labels", start=ms, end=ms)["detectedLabels"],
                             [{"label": "app", "cardinality": 1}, {"label": "pod", "cardinality": 1}])

    def test_the_older_endpoints(self):
        s, t = self.serve(), self.t
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S.5Z", time.gmtime(t // SECOND))
        body = json.dumps({"streams": [{"labels": '{app="a", pod="p"}', "entries": [
            {"ts": stamp, "line": "older", "structuredMetadata": {"k": "v"}}]}]}).encode()
        headers = {"Content-Type": "application/json"}
        self.assertEqual(s.request("POST", "/api/prom/push", body, headers), (204, b""))
        span = {"start": t, "end": t + SECOND}
        self.assertEqual(self.get(s, "/api/prom/label", **span), {"values": ["app", "pod"]})
        self.assertEqual(self.get(s, "/api/prom/label/app/values", **span), {"values": ["a"]})
        self.assertEqual(self.get(s, "/api/prom/label/nothing/values", **span), {})
        self.assertEqual(self.get(s, "/api/prom/series", **span)["data"], [{"app": "a", "pod": "p"}])
        result = s.query('{app="a"}', **span)["result"]
        self.assertEqual(result, [{"stream": {"app": "a", "pod": "p", "k": "v"},
                                   "values": [[str(t + SECOND // 2), "older"]]}])

    def test_limits(self):
        s, t = self.serve(CONFIG + "  volume_max_series: 2\n  max_query_lookback: 1h\n"), time.time_ns()
        self.assertEqual(s.push([({"app": app}, [(t - age * SECOND, "x")])
                                 for app, age in (("a", 60), ("b", 7200), ("c", 60), ("d", 60))])[0], 204)
        span = {"start": t - 86400 * SECOND, "end": t}
        self.assertEqual(self.get(s, "/loki/api/v1/label/app/values", **span)["data"], ["a", "c", "d"])
        stats = self.get(s, "/loki/api/v1/index/stats", query='{app=~".+"}', **span)
        self.assertEqual(stats["entries"], 3)
        status, body = s.get("/loki/api/v1/index/volume", query="{}", **span)
        self.assertEqual((status, body), (400, b"the query hit the max number of series limit (limit: 2 series)"))
        old = {"start": t - 86400 * SECOND, "end": t - 7000 * SECOND}
        status, body = s.get("/loki/api/v1/labels", **old)
        self.assertEqual((status, body), (
            400, b"this data is no longer available, it is past now - max_query_lookback (1h0m0s)"))
        self.assertEqual(self.get(s, "/loki/api/v1/index/stats", query='{app=~".+"}', **old)["entries"], 0)
        self.assertEqual(self.get(s, "/loki/api/v1/index/volume", query="{}", **old)["data"]["result"], [])
        # Queries begin where they may look back to, and what is older is in no window.
        def query(text, **params):
            return [[value[-1] for value in item["values"]] for item in s.query(text, **params)["result"]]

        self.assertEqual(query('{app=~"a|b"}', **span), [["x"]])
        self.assertEqual(query('{app=~"a|b"}', **old), [])
        steps = query('sum(count_over_time({app=~".+"}[1d]))', step=1200, **span)[0]
        self.assertLessEqual(len(steps), 4)
        self.assertEqual(set(steps), {"3"})
        self.assertIn(len(query('absent_over_time({app="none"}[1m])', step=600, **span)[0]), (7, 8))
        status, body = s.get("/loki/api/v1/query", query='count_over_time({app=~".+"}[1d])', time=t)
        self.assertEqual({item["metric"]["app"] for item in json.loads(body)["data"]["result"]}, {"a", "c", "d"})
        backwards = {"query": '{app="a"}', "start": t, "end": t - SECOND}
        for path in ("index/stats", "index/volume", "index/volume_range", "detected_labels"):
            self.assertEqual(s.get("/loki/api/v1/" + path, **backwards)[0], 400, path)
        for bad in ({"limit": "-1"}, {"aggregateBy": "x"}, {"step": "0"}, {"step": "1ms"}):
            status, body = s.get("/loki/api/v1/index/volume_range", query='{app="a"}', **span, **bad)
            self.assertEqual(status, 400, (bad, body))

    def test_a_tenant_learns_its_limits(self):
        s = self.serve("auth_enabled: true\nlimits_config:\n  max_query_length: 31d\n  volume_enabled: false\n")
        for path in ("/loki/api/v1/drilldown-limits", "/config/tenant/v1/limits"):
            self.assertEqual(s.get(path), (401, b"no org id\n"))
        # Without authentication the header is wanted all the same, as by Loki.
        open_to_all = self.serve("")
        for path in ("/loki/api/v1/drilldown-limits", "/config/tenant/v1/limits"):
            self.assertEqual(open_to_all.get(path), (401, b"no org id\n"))
            self.assertEqual(open_to_all.get(path, "t")[0], 200)
        status, body = s.get("/loki/api/v1/drilldown-limits", "t")
        self.assertEqual(status, 200)
        limits = json.loads(body)
        self.assertEqual(limits["limits"]["max_entries_limit_per_query"], 5000)
        self.assertEqual(limits["limits"]["max_query_length"], "31d")
        self.assertEqual(limits["limits"]["retention_period"], "0s")
        self.assertIs(limits["limits"]["volume_enabled"], False)
        self.assertIs(limits["pattern_ingester_enabled"], True)
        self.assertTrue(limits["version"].startswith("3."))
        status, body = s.get("/config/tenant/v1/limits", "t")
        self.assertEqual(status, 200)
        self.assertIn("max_query_length: 31d\n", body.decode())
        self.assertNotIn("max_line_size:", body.decode())
        self.assertIs(limits["limits"]["discover_log_levels"], True)
        few = self.serve("tenant_limits_allow_publish: [max_line_size, query_timeout]\n")
        self.assertEqual(few.get("/config/tenant/v1/limits", "t")[1], b"max_line_size: 262144\nquery_timeout: 1m\n")
        self.assertEqual(json.loads(few.get("/loki/api/v1/drilldown-limits", "t")[1])["limits"], {"query_timeout": "1m"})

    def test_the_configuration_in_three_ways(self):
        s = self.serve("limits_config:\n  max_query_series: 7\n")
        every = s.get("/config")[1].decode()
        self.assertIn("max_query_series: 7\n", every)
        self.assertEqual(s.get("/config", mode="diffs")[1].decode(), every)
        self.assertIn("limits_config:\n  max_query_series: 7\n", s.get("/config", mode="diff")[1].decode())
        self.assertNotIn("auth_enabled", s.get("/config", mode="diff")[1].decode())
        self.assertIn("max_query_series: 500\n", s.get("/config", mode="defaults")[1].decode())

    def test_limits_and_volume(self):
        s = self.serve("auth_enabled: true\nlimits_config:\n  volume_enabled: false\n")
        self.assertEqual(s.get("/loki/api/v1/index/volume", "t", query="{}"), (404, b"not found"))


if __name__ == "__main__":
    unittest.main()
