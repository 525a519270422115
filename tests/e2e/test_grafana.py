"""Grafana's requests to a running Logi, with answers read as strictly as Grafana reads them."""
import gzip
import json
import pathlib
import time
import unittest
import urllib.parse
import urllib.request

import grafana_data as data
import grafana_reader as reader
import harness
import yaml
from grafana_client import API, DRILLDOWN, MINUTE, MS, SECOND, Grafana, Refusal, step_ms
from test_rights import hashed
from websocket import Refused

PASSWORD = "a pass:word"
QUERIES = pathlib.Path(__file__).with_name("grafana_queries.txt").read_text().splitlines()
# The data has nothing for them: there are no such streams; of one side of `and` the unwrapped label is gone.
EMPTY = ("__aggregated_metric__", '__stream_shard__=~"1|2"', "stdvar_over_time")
# Something at times that have no lines.
SOMETIMES = ("absent_over_time",)
# What Loki refuses, too.
REFUSED = {"variants(": (400, "multi variant queries are disabled for this instance"),
           "approx_topk(": (500, "count min sketches are only supported on instant queries"),
           "group_left(c)": (500, "found duplicate series on the right hand-side;many-to-many matching not allowed: "
                                  "matching labels must be unique on one side")}
HOUR = 60 * MINUTE


def is_metric(query):
    return "(" in query.split("{")[0] or query.startswith(("vector", "topk", "sum", "variants"))


class Base(unittest.TestCase):
    CONFIG = ""

    @classmethod
    def setUpClass(cls):
        secret = hashed(PASSWORD)
        cls.server = s = harness.Server(
            "auth_enabled: true\nauth:\n  mode: static\n  credentials:\n"
            f"    - {{name: grafana, user: grafana, password: '{secret}', tenants: [shop], rights: [query]}}\n"
            f"    - {{name: history, user: history, password: '{secret}', tenants: [shop], rights: [query, push]}}\n"
            f"    - {{name: operator, user: operator, password: '{secret}', tenants: [ops], rights: [admin]}}\n"
            f"    - {{name: ruler, user: ruler, password: '{secret}', tenants: [shop], rights: [rules]}}\n"
            + cls.CONFIG).start()
        cls.addClassCleanup(s.close)
        cls.grafana = Grafana(s, "shop", "grafana", PASSWORD)
        cls.history, cls.operator = Grafana(s, "shop", "history", PASSWORD), Grafana(s, "ops", "operator", PASSWORD)
        cls.ruler = Grafana(s, "shop", "ruler", PASSWORD)
        cls.now = time.time_ns() // MINUTE * MINUTE
        cls.start, cls.end = cls.now - 40 * MINUTE, cls.now - 46 * SECOND + 7 * MS  # right behind the last lines

    @classmethod
    def push(cls, streams):
        body = json.dumps({"streams": [{"stream": labels, "values": [[str(v[0]), *v[1:]] for v in values]}
                                       for labels, values in streams]}).encode()
        status, _, text = cls.history.request("POST", API + "push", {"Content-Type": "application/json"}, body)
        assert status == 204, text

    def refusal(self, read, *args, **how):
        with self.assertRaises(Refusal) as refused:
            read(*args, **how)
        return refused.exception


class DataSource(Base):
    CONFIG = "limits_config: {max_query_length: 0s}\n"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.push(data.lines_of(cls.now, range(30, 15, -1)))  # in a segment
        cls.push(data.hours_of(cls.now))
        assert cls.operator.request("POST", "/flush")[0] == 204
        cls.push(data.lines_of(cls.now, range(15, 0, -1)))  # in memory

    def test_health(self):
        self.assertEqual(self.grafana.health(), ("vector", 2))
        # It asks about the year 2096, whatever the limits of what is stored are.
        server = harness.Server("compactor: {retention_enabled: true}\nlimits_config: {max_query_lookback: 1h, max_query_length: 2h, "
                                "max_query_range: 1m, max_query_series: 1, max_query_bytes_read: 1KB, retention_period: 24h}\n").start()
        self.addCleanup(server.close)
        self.assertEqual(Grafana(server, "shop", "x", "y").health(), ("vector", 2))

    def run_query(self, query):
        """The answers to a query in each way that Grafana may ask it."""
        g, step = self.grafana, 10_000
        for method in ("GET", "POST"):
            for flag in (True, False):
                yield g.range(query, self.start, self.end, step, method=method, flag=flag)
        yield g.range(query, self.start, self.end, step, direction="forward", source="datasample", limit=10)
        yield g.range(query, self.start, self.end, step, source=DRILLDOWN)
        if is_metric(query):
            yield g.instant(query, self.start, self.end)
            yield g.instant(query, self.start, self.end, source=DRILLDOWN, method="POST")

    def test_every_query(self):
        self.assertEqual(len(QUERIES), 62)
        for query in QUERIES:
            with self.subTest(query=query):
                refused = next((words for part, words in REFUSED.items() if part in query), None)
                if refused:
                    refusal = self.refusal(self.grafana.range, query, self.start, self.end)
                    self.assertEqual((refusal.status, refusal.message), refused)
                    continue
                for answer in self.run_query(query):
                    self.assertIn(answer.kind, ("matrix", "vector") if is_metric(query) else ("streams",))
                    found = answer.rows or answer.series
                    if not any(part in query for part in SOMETIMES):
                        self.assertEqual(bool(found), not any(part in query for part in EMPTY))

    def test_variables(self):
        for query in ('sum by (app) (count_over_time({app="shop"} [$__auto]))', 'rate({a="b"}[$__interval])', 'rate({a="b"}[$__range])',
                      'sum(count_over_time({a="b"}[${__range_s}s])) / $__interval_ms', 'sum(rate({app=~".+"}[1w]))', 'sum(rate({app=~".+"}[1y]))'):
            for answer in self.run_query(query):
                self.assertTrue(answer.series, query)

    def test_categories(self):
        rows = self.grafana.range('{a="b"} | json | logfmt | drop __error__, __error_details__', self.start, self.end).rows
        self.assertTrue(all(row.types["app"] == "I" and row.types["detected_level"] == "S" for row in rows))
        self.assertTrue(any(row.types.get("trace_id") == "S" and row.types.get("dur") == "P" for row in rows))
        plain = self.grafana.range('{a="b"} | json | logfmt | drop __error__, __error_details__', self.start, self.end, flag=False).rows
        self.assertEqual(sorted((r.ns, r.line, sorted(r.labels.items())) for r in rows),
                         sorted((r.ns, r.line, sorted(r.labels.items())) for r in plain))
        wanted = sorted((ns, line) for ns, line, _ in data.lines_of(self.now)[0][1])
        self.assertEqual(sorted((r.ns, r.line) for r in rows), wanted)
        failed = self.grafana.range('{app="pay"} | json', self.start, self.end).rows
        self.assertTrue(all(row.labels["__error__"] == "JSONParserErr" for row in failed))

    def test_steps(self):
        query = 'count_over_time({app="shop"}[1m])'
        fine = self.grafana.range(query, self.start, self.start + 11_000 * MS * 100, step=100)
        self.assertTrue(fine.series and max(len(s.points) for s in fine.series) <= 11_001)
        self.assertTrue(any(seconds % 1 for seconds, _ in fine.series[0].points))  # milliseconds
        self.assertEqual(step_ms(11_001 * MS), 2)
        self.refusal(self.grafana.range, query, self.start, self.start + 11_001 * MS * 100, step=100)

    def test_odd_values(self):
        g, span = self.grafana, (self.start, self.end)
        for query, wanted in (('sum(rate({a="b"}[1m])) / 0 * 0', "nan"), ('sum(rate({a="b"}[1m])) * 1e300 * 1e300', "inf"),
                              ('sum(rate({a="b"}[1m])) * -1e300 * 1e300', "-inf"), ('sum(rate({a="b"}[1m])) * 1e-300', None)):
            for answer in (g.range(query, *span), g.instant(query, *span)):
                self.assertTrue(answer.series and (wanted is None or wanted in {str(v) for _, v in answer.series[0].points}), query)
        body = harness.snappy(harness.protobuf(b'{app="odd-bytes"}', [(self.start, b"\xff\xfe caf\xe9 \x00 \xed\xa0\x80", [(b"m", b"\xc3\x28")])]))
        self.assertEqual(self.history.request("POST", API + "push", {"Content-Type": "application/x-protobuf"}, body)[0], 204)
        [row] = g.range('{app="odd-bytes"}', *span).rows
        self.assertEqual(row.line, "\ufffd\ufffd caf\ufffd \x00 \ufffd\ufffd\ufffd")

    def test_headers_that_mean_nothing_here(self):
        context = json.dumps({"Expr": '{a="b"}', "From": "2026-01-01T00:00:00Z", "To": "2026-01-02T00:00:00Z"})
        headers = {"X-Loki-Query-Limits-Context": context, "X-Query-Tags": "any thing, at=all,=,", "X-Loki-Response-Encoding-Flags": "x"}
        params = {"query": '{a="b"}', "start": self.start, "end": self.end, "limit": 5}
        self.assertEqual(len(reader.read_query(self.grafana.get(API + "query_range", params, headers)).rows), 5)

    def test_log_volume_and_samples(self):
        answer = self.grafana.log_volume('{a="b"} |= "" # a comment', self.start, self.end, 60_000)
        levels = {s.labels["detected_level"] for s in answer.series}
        self.assertEqual(levels, {"info", "error", "warn", "unknown", "critical"})
        total = sum(value for s in answer.series for _, value in s.points)
        self.assertEqual(total, len(data.lines_of(self.now)[0][1]))
        for source, limit in (("logsample", 100), ("datasample", 10), ("infinitescroll", 1000)):
            self.assertEqual(len(self.grafana.range('{a="b"}', self.start, self.end, limit=limit, source=source).rows), min(limit, total))

    def test_log_context(self):
        """The row's time is known in milliseconds when its labels are asked for."""
        g = self.grafana
        row = g.range('{a="b"} |= "card refused"', self.start, self.end, limit=1).rows[0]
        at = row.ns // MS * MS
        names = g.labels(at, at)
        self.assertLessEqual({"a", "app", "pod", "cluster"}, set(names))
        selector = "{" + ",".join(f'{name}="{value}"' for name, value in row.labels.items() if name in names) + "}"
        before = g.range(selector, at - 2 * HOUR, at, limit=10).rows
        after = g.range(selector, at, at + 2 * HOUR, limit=10, direction="forward").rows
        self.assertTrue(before and all(r.ns < at for r in before))
        self.assertEqual(after[0].ns, row.ns)
        filtered = g.range(selector + " | json c=\"c\", field=\"field\" | field=`f1`", at, at + 2 * HOUR, limit=10, direction="forward").rows
        self.assertTrue(filtered and all(r.labels["field"] == "f1" for r in filtered))

    def test_lists(self):
        g, span = self.grafana, (self.start, self.end)
        self.assertLessEqual({"a", "app", "cluster", "service_name", "quote"}, set(g.labels(*span)))
        self.assertNotIn("a", g.labels(*span, selector='{app="odd"}'))
        self.assertEqual(g.values("quote", *span), ['a"b,c\\d'])
        self.assertEqual(g.values("app", *span, selector='{a=~"b|c"}'), ["pay", "shop"])
        self.assertEqual(g.values("__stream_shard__", *span, selector='{a="b"}'), [])
        self.assertEqual(g.values("n\u00e4me x", *span), [])
        self.assertEqual(g.series('{app="shop"}', *span), [data.STREAM])
        stats = g.index_stats('{a="b"}', *span)
        self.assertEqual((stats["streams"], stats["entries"]), (1, len(data.lines_of(self.now)[0][1])))
        self.assertEqual(set(g.index_stats('{app="none"}', *span).values()), {0})
        fields = g.fields('{app="json"} | json', *span)
        self.assertEqual({name: fields[name][0] for name in ("code", "dur", "size", "ratio", "ok", "method")},
                         {"code": "int", "dur": "duration", "size": "bytes", "ratio": "float", "ok": "boolean", "method": "string"})
        self.assertEqual(fields["req_id"], ("string", ["json"], ["req", "id"]))
        self.assertIsNone(g.fields('{a="b"}', *span)["trace_id"][1])
        self.assertEqual(g.field_values("method", '{app="json"} | json', *span), ["GET"])
        self.assertEqual(set(g.field_values("detected_level", '{a="b"}', *span)), {"critical", "error", "info", "unknown", "warn"})

    def test_queries_that_are_cut_in_days(self):
        g, start, end = self.grafana, self.now - 70 * HOUR, self.now
        whole = [r.ns for r in g.range('{app="spread"}', start, end).rows]
        self.assertEqual(len(whole), 70)
        pieces, until = [], end
        while until > start:
            begin = max(start, until - 24 * HOUR)
            pieces += [r.ns for r in g.range('{app="spread"}', begin, until, limit=1000 - len(pieces)).rows]
            until = begin
        self.assertEqual(sorted(pieces), sorted(whole))
        step = 3_600_000
        query = 'sum(count_over_time({app="spread"}[1h]))'
        begin = start - start % (step * MS)
        points = g.range(query, begin, end, step, limit=None).series[0].points
        cut, at = [], begin
        while at <= end:
            piece_end = min(end, at + 24 * HOUR - step * MS)
            cut += [p for s in g.range(query, at, piece_end, step, limit=None).series for p in s.points]
            at = piece_end + step * MS
        self.assertEqual(cut, points)

    def test_long_queries(self):
        expr = '{a="b"}' + "".join(f' !> "never <_> {i:04} of these"' for i in range(1500))
        self.assertGreater(len(urllib.parse.urlencode({"query": expr})), 60_000)
        self.assertTrue(self.grafana.range(expr, self.start, self.end).rows)
        expr = '{a="b"} |= "' + "y" * 64_000 + '"'
        self.assertEqual(self.grafana.range(expr, self.start, self.end).rows, [])

    def test_errors(self):
        g, span = self.grafana, (self.start, self.end)
        for query in ('{a="b"', "{}", '{a="b"} | unwrap', '{a="b"} | x y', '{a="b"} | regexp "("'):
            for ask in (g.range, g.instant):
                refusal = self.refusal(ask, query, *span)
                self.assertEqual(refusal.status, 400, query)
                self.assertTrue(refusal.message.strip())
        self.assertIn("parse error", self.refusal(g.range, '{a="b"', *span).message)
        self.assertEqual(self.refusal(g.range, '{a="b"}', self.end, self.start).status, 400)
        for read, name in ((g.series, "{"), (g.index_stats, "{"), (g.fields, "{")):
            self.assertEqual(self.refusal(read, name, *span).status, 400)
        for path in ("/loki/api/v1/nothing", "/nothing"):
            refusal = self.refusal(g.get, path)
            self.assertEqual((refusal.status, refusal.message), (404, "404 page not found\n"))
        wrong = Grafana(self.server, "shop", "grafana", "wrong")
        self.assertEqual(self.refusal(wrong.health).status, 401)
        self.assertEqual(self.refusal(Grafana(self.server, "else", "grafana", PASSWORD).health).status, 403)

    def test_live_tail(self):
        live = self.grafana.tail('{app="live"} |= "x"')
        self.addCleanup(live.close)
        at = time.time_ns()
        self.push([({"app": "live"}, [(at, "x 1", {"m": "1"}), (at + 1, "no"), (at + 2, "x \u00fc")])])
        lines = []
        while len(lines) < 2:
            rows, dropped = reader.read_tail_frame(live.message())
            self.assertEqual(dropped, 0)
            lines += [row.line for row in rows]
        self.assertEqual(lines, ["x 1", "x \u00fc"])
        with self.assertRaises(Refused) as refused:
            self.grafana.tail("{")
        self.assertEqual(refused.exception.status, 400)
        self.assertTrue(reader.read_error(400, refused.exception.body))
        closed = self.grafana.tail('rate({app="live"}[1m])')
        self.addCleanup(closed.close)
        self.assertEqual(closed.message(), (1011, "only log selector is supported"))


class Drilldown(Base):
    CONFIG = "limits_config:\n  max_query_series: 20\n"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.push(data.lines_of(cls.now))
        cls.push([({"app": "many", "service_name": "many", "pod": f"p{i}"}, [(cls.now - MINUTE, "x")]) for i in range(50)])

    def ask(self, read, path, **params):
        return self.grafana.drilldown(read, path, self.start, self.end, **params)

    def test_limits(self):
        self.assertEqual(self.grafana.drilldown(reader.read_drilldown_limits, "drilldown-limits"), ("0s", 5000, True))

    def test_landing_page(self):
        every = self.ask(reader.read_volume, "index/volume", query="{service_name=~`.+`}", limit=5000)
        self.assertEqual({tuple(labels) for labels, _ in every}, {("service_name",)})
        self.assertEqual({labels["service_name"] for labels, _ in every}, {"a", "FooBar", "odd", "json-shop", "many"})
        self.assertEqual([size for _, size in every], sorted((size for _, size in every), reverse=True))
        [(found, _)] = self.ask(reader.read_volume, "index/volume", query="{service_name=~`(?i).*foo.*`}", limit=5000)
        self.assertEqual(found, {"service_name": "FooBar"})
        both = self.ask(reader.read_volume, "index/volume", query='{service_name=~`.+`, cluster="c"}', limit=5000)
        self.assertEqual({tuple(sorted(labels)) for labels, _ in both}, {("cluster", "service_name")})
        self.assertEqual(self.ask(reader.read_volume, "index/volume", query="{service_name=~`nothing`}", limit=5000), [])
        for labels, _ in every:
            name = labels["service_name"]
            lines = self.grafana.range("{service_name=`%s` }" % name, self.start, self.end, limit=100, source=DRILLDOWN).rows
            self.assertTrue(lines and all("detected_level" in row.labels for row in lines), name)
            levels = self.grafana.range('sum by (detected_level) (count_over_time({ service_name="%s" } [30s]))' % name,
                                        self.start, self.end, 30_000, source=DRILLDOWN).series
            self.assertTrue(levels and all(s.labels["detected_level"] for s in levels), name)

    def test_service_page(self):
        expr = '{service_name="a"}      | json  | logfmt | drop __error__, __error_details__   '
        labels = self.ask(reader.read_detected_labels, "detected_labels", query='{service_name="a"}')
        self.assertLessEqual({"a", "app", "cluster", "namespace", "pod", "service_name"}, set(labels))
        self.assertEqual(set(self.ask(reader.read_detected_labels, "detected_labels", query="")) >= set(labels), True)
        fields = self.ask(reader.read_detected_fields, "detected_fields", query=expr)
        self.assertLessEqual({"dur", "size", "f", "status", "trace_id"}, set(fields))
        self.assertIsNone(fields["trace_id"][1])
        self.assertEqual(fields["field"][1], ["json"])
        self.assertLessEqual({"app", "pod"}, set(self.ask(reader.read_texts, "labels")))
        self.assertEqual(self.ask(reader.read_field_values, "detected_field/f/values", query=expr, limit=1000), ["v1", "v2"])
        count = self.grafana.instant('sum(count_over_time({service_name="a"} [900s]))', self.start, self.end, source=DRILLDOWN)
        self.assertEqual(count.kind, "vector")
        patterns = self.ask(reader.read_patterns, "patterns", query='{service_name="a"}', step="2s")
        self.assertTrue(patterns)
        for pattern, level, samples in patterns:
            text = pattern.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
            rows = self.grafana.range('{service_name="a"} |> "%s"' % text, self.start, self.end, source=DRILLDOWN).rows
            self.assertGreaterEqual(len(rows), sum(count for _, count in samples), pattern)
        self.assertEqual(self.ask(reader.read_patterns, "patterns", query='{service_name="nothing"}', step="2s"), [])
        by_field = self.grafana.range('avg_over_time({service_name="a"} | logfmt | dur!="" | unwrap duration(dur) | __error__="" [1m]) by ()',
                                      self.start, self.end, 60_000, source=DRILLDOWN)
        self.assertEqual([s.labels for s in by_field.series], [{}])

    def test_too_many_series(self):
        query = 'sum by (pod) (count_over_time({service_name="many"}[5m]))'
        part = self.grafana.range(query, self.start, self.end, 60_000, source=DRILLDOWN)
        self.assertEqual(len(part.series), 20)
        self.assertRegex(" ".join(part.notices), "maximum number of series")
        self.assertIn("maximum number of series", self.refusal(self.grafana.range, query, self.start, self.end, 60_000).message)


class Alerting(Base):
    def test_state_history(self):
        """Pings, writes as JSON and as protobuf, and reads without flags."""
        g, now = self.history, time.time_ns()
        reader.read_texts(g.get(API + "labels"))
        self.push([({"from": "state-history", "orgID": "1"}, [(now, '{"current":"Alerting"}')])])
        body = harness.snappy(harness.protobuf(b'{from="state-history", orgID="1"}', [(now + 1, b'{"current":"Normal"}')]))
        self.assertEqual(g.request("POST", API + "push", {"Content-Type": "application/x-protobuf"}, body)[0], 204)
        params = {"query": '{orgID="1", from="state-history"} | json', "start": now - HOUR, "end": now + SECOND, "limit": 5000}
        answer = g.query("query_range", params, flag=False)
        self.assertEqual([r.line for r in sorted(answer.rows, key=lambda r: r.ns)], ['{"current":"Alerting"}', '{"current":"Normal"}'])

    def test_rules_of_the_data_source(self):
        """Without rules the page of alerts shows a source that has none, and takes some."""
        g = self.grafana
        self.assertEqual(g.rules(), [])
        self.assertEqual(g.rules(**{"type": "alert", "file": "x", "rule_group[]": ["a", "b"], "group_limit": 40, "exclude_alerts": "true"}), [])
        self.assertEqual(g.rules("alerts"), [])
        status, _, body = g.request("GET", "/prometheus/api/v1/rules?type=x")
        self.assertEqual((status, json.loads(body)["error"]), (400, 'not supported value "x"'))
        # Who may read may not yet write; of rules, too, Grafana's user is another.
        self.assertEqual(g.request("GET", "/api/prom/rules/test/test")[0], 403)
        ruler = self.ruler
        for path, message in (("test/test", b"group does not exist\n"), ("", b"no rule groups found\n"), ("test", b"no rule groups found\n")):
            status, kind, body = ruler.request("GET", ("/api/prom/rules/" + path).rstrip("/"))
            self.assertEqual((status, body), (404, message))
            self.assertNotIn("html", kind)
        group = {"name": "g", "interval": "1000d", "rules": [{"alert": "A", "expr": 'sum(rate({app="a"}[1m])) > 1', "for": "5m",
                                                            "labels": {"severity": "page"}, "annotations": {"text": "{{ $value }}"}}]}
        # Grafana sends YAML without saying so, and reads strictly.
        status, kind, body = ruler.request("POST", "/api/prom/rules/test", body=json.dumps(group).encode())
        self.assertEqual((status, "json" in kind), (202, True), body)
        self.assertEqual(json.loads(body)["status"], "success")
        for path in ("/api/prom/rules", "/api/prom/rules/test"):
            status, kind, body = ruler.request("GET", path)
            self.assertEqual((status, "yaml" in kind, yaml.safe_load(body)), (200, True, {"test": [group]}))
        status, kind, body = ruler.request("GET", "/api/prom/rules/test/g")
        self.assertEqual((status, "yaml" in kind, yaml.safe_load(body)), (200, True, group))
        self.assertEqual([(each.get("file"), each.get("name"), each.get("rules")[0].get("name")) for each in g.rules()], [("test", "g", "A")])
        self.assertEqual(ruler.request("DELETE", "/api/prom/rules/test/g")[0], 202)
        self.assertEqual(g.rules(), [])

    def test_alert_queries(self):
        self.push([({"app": "alerts"}, [(self.now - MINUTE + i, "x") for i in range(5)])])
        answer = self.grafana.instant('sum(count_over_time({app="alerts"}[5m])) > 3', self.start, self.end)
        self.assertEqual((answer.kind, answer.series[0].points[0][1]), ("vector", 5))
        self.assertEqual(self.grafana.instant('sum(count_over_time({app="alerts"}[5m])) > 7', self.start, self.end).series, [])
        self.assertTrue(self.grafana.range('sum(count_over_time({app="alerts"}[5m]))', self.start, self.end, 15_000).series)
        # Of a selector Grafana makes a range; alerting may still ask for it at one time.
        self.assertEqual(self.refusal(self.grafana.instant, '{app="alerts"}', self.start, self.end).status, 400)


class Large(Base):
    CONFIG = "limits_config: {max_query_bytes_read: 20MB, ingestion_rate_mb: 100, ingestion_burst_size_mb: 100, per_stream_rate_limit: 100MB, per_stream_rate_limit_burst: 100MB}\n"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.end = cls.now
        cls.push(data.large_of(cls.now))

    def test_five_thousand_lines(self):
        wanted = [(ns, line) for ns, line, _ in data.large_of(self.now)[0][1]]
        for flag in (True, False):
            answer = self.grafana.range('{app="large"}', self.start, self.end, limit=5000, flag=flag)
            self.assertEqual(sorted((r.ns, r.line) for r in answer.rows), wanted)
            self.assertEqual([r.labels["n"] for r in sorted(answer.rows, key=lambda r: r.ns)], [str(i) for i in range(5000)])
        parsed = self.grafana.range('{app="large"} | regexp "(?P<number>[0-9]+)"', self.start, self.end, limit=5000).rows
        self.assertEqual(len(parsed), 5000)
        self.assertTrue(all(r.types["number"] == "P" for r in parsed))

    def test_compression(self):
        """As gzip where that is asked for; the answer is the same."""
        path = API + "query_range?" + urllib.parse.urlencode({"query": '{app="large"}', "start": self.start, "end": self.end, "limit": 5000})
        bodies = {}
        for accepted in ("gzip", "identity", "gzip;q=0", "br"):
            with urllib.request.urlopen(urllib.request.Request(self.server.url + path, headers={
                    **self.grafana.credential, "Accept-Encoding": accepted}), timeout=60) as answer:
                bodies[accepted] = body = answer.read()
                self.assertEqual(answer.headers["Content-Length"], str(len(body)))
                self.assertEqual(answer.headers["Content-Encoding"], "gzip" if accepted == "gzip" else None)
                self.assertEqual(answer.headers["Vary"], "Accept-Encoding")
        self.assertLess(len(bodies["gzip"]), len(bodies["identity"]) / 5)
        rows = [sorted((r.ns, r.line) for r in reader.read_query(body).rows)
                for body in (gzip.decompress(bodies["gzip"]), bodies["identity"], bodies["br"])]
        self.assertEqual(len(rows[0]), 5000)
        self.assertEqual(rows[0], rows[1])
        self.assertEqual(rows[0], rows[2])
        small = urllib.request.Request(self.server.url + "/ready", headers={"Accept-Encoding": "gzip"})
        with urllib.request.urlopen(small, timeout=60) as answer:
            self.assertEqual((answer.headers["Content-Encoding"], answer.headers["Vary"]), (None, None))
        head = urllib.request.Request(self.server.url + path, method="HEAD", headers={**self.grafana.credential, "Accept-Encoding": "gzip"})
        with urllib.request.urlopen(head, timeout=60) as answer:
            self.assertEqual((answer.headers["Content-Encoding"], answer.read()), ("gzip", b""))

    def test_compression_can_be_switched_off(self):
        server = harness.Server("frontend: {compress_responses: false}\n").start()
        self.addCleanup(server.close)
        with urllib.request.urlopen(urllib.request.Request(server.url + "/config", headers={"Accept-Encoding": "gzip"})) as answer:
            self.assertIsNone(answer.headers["Content-Encoding"])
            self.assertIn(b"compress_responses: false", answer.read())

    def test_too_many_bytes(self):
        for i in range(3):
            self.push([({"app": "huge"}, [(self.now - 20 * MINUTE + n, f"{n} " + "z" * 100_000) for n in range(i * 99, i * 99 + 99)])])
        self.assertIn("the query would read too many bytes", self.refusal(self.grafana.range, '{app="huge"}', self.start, self.end).message)


if __name__ == "__main__":
    unittest.main()
