"""What an operator forbids: pushes without labels or for a time, and queries that ask for too much."""
import json
import re
import tempfile
import time
import unittest
import urllib.parse

from harness import Server


def config(text):
    return "limits_config:\n  discover_service_name: []\n" + text


class Pushes(unittest.TestCase):
    def start(self, text):
        s = Server(config(text)).start()
        self.addCleanup(s.close)
        return s

    def test_labels_that_streams_must_have(self):
        s = self.start('  enforced_labels: [env]\n  policy_enforced_labels:\n    "*": [app]\n    finance: [team, app]\n'
                       "  policy_stream_mapping:\n    finance:\n      - {selector: '{cost=~\".+\"}', priority: 1}\n"
                       "    special:\n      - {selector: '{cost=\"none\"}', priority: 2}\n")
        now = time.time_ns()
        good = ({"app": "a", "env": "e"}, [(now, "good")])
        bad = ({"app": "b"}, [(now, "bad")])
        self.assertEqual(s.push([good])[0], 204)
        self.assertEqual(s.push([bad, good]),
                         (400, b"missing required labels 'env' for user 'fake' for stream '{app=\"b\"}' (policy: '')\n"))
        self.assertEqual(s.push([({"cost": "1"}, [(now, "x")])])[1],
                         b"missing required labels 'env,app,team' for user 'fake' for stream '{cost=\"1\"}' "
                         b"(policy: 'finance')\n")
        self.assertIn(b"'env,app' for user 'fake' for stream '{cost=\"none\"}' (policy: 'special')",
                      s.push([({"cost": "none"}, [(now, "x")])])[1])
        # A policy that the request names is that of all its streams.
        body = json.dumps({"streams": [{"stream": good[0], "values": [[str(now), "x"]]}]}).encode()
        status, answer = s.request("POST", "/loki/api/v1/push", body, {
            "Content-Type": "application/json", "X-Loki-Ingestion-Policy": "finance"})
        self.assertEqual(status, 400)
        self.assertIn(b"missing required labels 'team'", answer)
        self.assertEqual(s.lines('{env=~".+"}'), ["good"])
        metrics = s.request("GET", "/metrics")[1].decode()
        self.assertRegex(metrics, r'loki_discarded_samples_total\{[^}]*policy="finance",'
                                  r'reason="missing_enforced_labels"[^}]*\} 2')

    def test_blocked_until(self):
        s = self.start("  block_ingestion_until: 2099-01-02T03:04:05Z\n")
        stream = [({"a": "b"}, [(time.time_ns(), "x")])]
        self.assertEqual(s.push(stream), (260, b"ingestion blocked for user 'fake' until '2099-01-02T03:04:05Z' with "
                                               b"status code '260'\n"))
        self.assertEqual(s.lines('{a="b"}'), [])
        self.assertRegex(s.request("GET", "/metrics")[1].decode(), r'reason="blocked_ingestion"')

    def test_blocked_by_policy(self):
        s = self.start("  block_ingestion_policy_until: {finance: 2099-01-01, old: 2001-01-01}\n"
                       "  block_ingestion_status_code: 429\n  policy_stream_mapping:\n"
                       "    finance: [{selector: '{f=\"1\"}', priority: 1}]\n    old: [{selector: '{o=\"1\"}'}]\n")
        now = time.time_ns()
        self.assertEqual(s.push([({"f": "1"}, [(now, "x")]), ({"o": "1"}, [(now, "old")])]),
                         (429, b"ingestion blocked for user 'fake' (policy: 'finance') until '2099-01-01T00:00:00Z' with "
                               b"status code '429'\n"))
        # What else is wrong is said first.
        status, body = s.push([({"f": "1"}, [(now, "x")]), ({"o": "1"}, [(now + 10**13, "late")])])
        self.assertEqual(status, 400)
        self.assertIn(b"timestamp too new", body)
        self.assertEqual(s.lines('{o="1"}'), ["old"])
        self.assertEqual(s.lines('{f="1"}'), [])

    def test_dropped_silently(self):
        s = self.start('  block_ingestion_policy_until: {"*": 2099-01-01}\n  block_ingestion_status_code: 200\n')
        self.assertEqual(s.push([({"a": "b"}, [(time.time_ns(), "x")])]), (204, b""))
        self.assertEqual(s.lines('{a="b"}'), [])

    def test_a_bad_selector_stops_the_start(self):
        s = Server(config("  policy_stream_mapping: {p: [{selector: '{a='}]}\n"))
        self.addCleanup(s.close)
        with self.assertRaisesRegex(RuntimeError, re.escape(s.config) + r": policy_stream_mapping: policy 'p': parse error"):
            s.start()


class BlockedQueries(unittest.TestCase):
    def start(self, text):
        s = Server(text).start()
        self.addCleanup(s.close)
        return s

    def test_types_patterns_and_tags(self):
        s = self.start("limits_config:\n  blocked_queries:\n"
                       "    - {pattern: 'prod', regex: true, types: 'metric,filter'}\n"
                       "    - {pattern: '{a=\"b\"}'}\n"
                       "    - {types: [limited], query_tags: {source: robot}}\n")
        blocked = (400, b"query blocked by policy")

        def ask(query, path="/loki/api/v1/query_range", **headers):
            status, body = s.request("GET", path + "?query=" + urllib.parse.quote(query), headers=headers)
            return status if status == 200 else (status, body)

        self.assertEqual(ask('count_over_time({a="prod"}[1m])'), blocked)
        self.assertEqual(ask('count_over_time({a="prod"}[1m])', "/loki/api/v1/query"), blocked)
        self.assertEqual(ask('{a="prod"} |= "x"', "/api/prom/query"), blocked)
        self.assertEqual(ask('{a="prod"}'), 200)
        self.assertEqual(ask(' {a="b"}'), blocked)
        self.assertEqual(ask('{a="c"}'), 200)
        self.assertEqual(ask('{a="c"}', **{"X-Query-Tags": "Source=robot,x=y"}), blocked)
        self.assertEqual(ask('{a="c"} |= "x"', **{"X-Query-Tags": "Source=robot"}), 200)
        self.assertIn('loki_blocked_queries{user="fake"} 5', s.request("GET", "/metrics")[1].decode())
        self.assertIn("query blocked", s.log_text())

    def test_of_several_tenants_each_may_block(self):
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            file.write("overrides: {b: {blocked_queries: [{types: metric}]}}\n")
            file.flush()
            s = self.start("auth_enabled: true\nquerier: {multi_tenant_queries_enabled: true}\n"
                           f"runtime_config: {{file: {file.name}}}\n")
            query = 'count_over_time({a="b"}[1m])'
            self.assertEqual(s.get("/loki/api/v1/query", "a", query=query)[0], 200)
            self.assertEqual(s.get("/loki/api/v1/query", "b", query=query), (400, b"query blocked by policy"))
            self.assertEqual(s.get("/loki/api/v1/query", "a|b", query=query), (400, b"query blocked by policy"))
            self.assertIn('loki_blocked_queries{user="b"} 2', s.request("GET", "/metrics")[1].decode())

    def test_a_bad_pattern_stops_the_start(self):
        s = Server("limits_config: {blocked_queries: [{pattern: '(', regex: true}]}\n")
        self.addCleanup(s.close)
        with self.assertRaisesRegex(RuntimeError, re.escape(s.config) + r": blocked_queries: error parsing regexp"):
            s.start()


class Queries(unittest.TestCase):
    def test_selectors(self):
        s = Server(config("  required_labels: [env, app]\n  minimum_labels_number: 3\n"
                          "  max_streams_matchers_per_query: 4\n")).start()
        self.addCleanup(s.close)

        def ask(query, path="query_range"):
            status, body = s.get("/loki/api/v1/" + path, query=query)
            return status if status == 200 else (status, body.decode())

        self.assertEqual(ask('{x="1", env="2"}'), (400, "stream selector is missing required matchers [app], labels "
                                                        "present in the query were [x, env]"))
        self.assertEqual(ask('{app="1", env="2"}'), (400, "stream selector has less label matchers than required: (present: "
                                                          "[app, env], number_present: 2, required_number_label_matchers: 3)"))
        self.assertEqual(ask('{app="1", env="2", x!=""}'), 200)
        good = 'count_over_time({app="1", env="2", x=~".*"}[1m])'
        self.assertEqual(ask(good, "query"), 200)
        self.assertEqual(ask(f'sum({good}) / count_over_time({{x="1"}}[1m])', "query")[0], 400)
        self.assertEqual(ask("1 + 1", "query"), 200)
        self.assertEqual(ask('{app="1", env="2", a="", b="", c=""}'),
                         (400, "max streams matchers per query exceeded, matchers-count > limit (5 > 4)"))

    def test_bytes(self):
        s = Server(config("  max_query_bytes_read: 20KB\n  discover_log_levels: false\n")).start()
        self.addCleanup(s.close)
        now = time.time_ns()
        for app in "ab":
            self.assertEqual(s.push([({"app": app}, [(now - i * 10**9, "x" * 100) for i in range(150)])])[0], 204)
        for flush in (False, True):
            if flush:
                self.assertEqual(s.request("POST", "/flush")[0], 204)
            self.assertEqual(len(s.lines('{app="a"}')), 150)
            for query in ('{app=~".+"}', 'sum(count_over_time({app=~".+"}[1h]))',
                          'count_over_time({app="a"}[1h]) + count_over_time({app="a"}[1h])'):
                status, body = s.get("/loki/api/v1/query_range", query=query, since="2h", step="3600")
                self.assertEqual((status, body.decode()), (400, (
                    "the query would read too many bytes (query: 29 KiB, limit: 20 KiB); consider adding more specific "
                    "stream selectors or reduce the time range of the query")), query)
            # Half the time, half the bytes.
            status, _ = s.get("/loki/api/v1/query_range", query='{app=~".+"}', start=now - 75 * 10**9, end=now)
            self.assertEqual(status, 200)


if __name__ == "__main__":
    unittest.main()
