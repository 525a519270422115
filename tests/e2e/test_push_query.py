import json
import subprocess
import time
import unittest

from harness import BINARY, Server, protobuf, snappy


class PushAndQuery(unittest.TestCase):
    def setUp(self):
        self.server = Server().start()
        self.addCleanup(self.server.close)
        self.now = time.time_ns()

    def test_every_format_is_found_before_and_after_a_flush_and_a_restart(self):
        s, t = self.server, self.now
        self.assertEqual(s.push([({"app": "json"}, [(t, "one <b>"), (t + 1, "two")])]), (204, b""))
        self.assertEqual(s.push([({"app": "gzip"}, [(t, "three", {"trace": "x"})])], compress=True), (204, b""))
        body = snappy(protobuf(b'{app="proto"}', [(t + 2, b"four"), (t + 3, b"five\nsix")]))
        self.assertEqual(s.request("POST", "/loki/api/v1/push", body, {"Content-Type": "application/x-protobuf"}),
                         (204, b""))
        for step in ("head", "segment", "restart"):
            with self.subTest(step):
                self.assertEqual(s.lines('{app="json"}'), ["two", "one <b>"])
                self.assertEqual(s.lines('{app="json"}', direction="forward"), ["one <b>", "two"])
                self.assertEqual(s.lines('{app=~"p.*"} |= "si"'), ["five\nsix"])
                self.assertEqual(sorted(s.lines('{app=~".+"} != "o" |~ "(?i)F|T"')), ["five\nsix", "three"])
                stream = s.query('{app="gzip"}')["result"][0]["stream"]
                self.assertEqual(stream, {"app": "gzip", "detected_level": "unknown", "service_name": "gzip",
                                          "trace": "x"})
                status, answer = s.get("/loki/api/v1/query", query='sum by (app) (count_over_time({app=~".+"}[1h]))')
                self.assertEqual(status, 200)
                counts = {r["metric"]["app"]: r["value"][1] for r in json.loads(answer)["data"]["result"]}
                self.assertEqual(counts, {"json": "2", "gzip": "1", "proto": "2"})
                self.assertEqual(json.loads(s.get("/loki/api/v1/labels")[1])["data"], ["app", "service_name"])
                self.assertEqual(json.loads(s.get("/loki/api/v1/label/app/values")[1])["data"],
                                 ["gzip", "json", "proto"])
                series = json.loads(s.get("/loki/api/v1/series", **{"match[]": '{app="json"}'})[1])["data"]
                self.assertEqual(series, [{"app": "json", "service_name": "json"}])
            if step == "head":
                self.assertEqual(s.request("POST", "/flush")[0], 204)
            elif step == "segment":
                self.assertEqual(s.stop(), 0, s.log_text())
                s.start()

    def test_equal_times_keep_their_order_and_equal_entries_are_one(self):
        s, t = self.server, self.now
        s.push([({"app": "a"}, [(t, "z"), (t, "a"), (t, "m")])])
        s.request("POST", "/flush")
        s.push([({"app": "a"}, [(t, "b"), (t, "z")])])
        self.assertEqual(s.lines('{app="a"}', direction="forward"), ["z", "a", "m", "b"])
        self.assertEqual(s.lines('{app="a"}'), ["b", "m", "a", "z"])
        self.assertEqual(s.lines('{app="a"}', limit=2), ["b", "m"])
        answer = json.loads(s.get("/loki/api/v1/query", query='count_over_time({app="a"}[1h])')[1])
        self.assertEqual(answer["data"]["result"][0]["value"][1], "4")

    def test_levels_of_entries_are_found(self):
        s, t = self.server, self.now
        s.push([({"app": "a"}, [(t, "an ERROR"), (t + 1, '{"n":{"lvl":"wrn"}}'), (t + 2, "level=dbg error"),
                                (t + 3, "error", {"severity": "odd"}), (t + 4, "x", {"detected_level": "INF"})]),
                ({"app": "a", "level": "Fatal"}, [(t + 5, "error")])])
        for _ in range(2):
            levels = {v[0]: r["stream"]["detected_level"] for r in s.query('{app="a"}')["result"] for v in r["values"]}
            self.assertEqual([levels[str(t + i)] for i in range(6)], ["error", "warn", "debug", "odd", "info", "fatal"])
            s.request("POST", "/flush")

    def test_bad_input_is_refused_with_its_status(self):
        s, t = self.server, self.now
        js = {"Content-Type": "application/json"}
        push = lambda body, headers: s.request("POST", "/loki/api/v1/push", body, headers)[0]
        self.assertEqual(push(b"{", js), 400)
        self.assertEqual(push(b'{"streams":[]}', js), 422)
        self.assertEqual(push(b"\xff" * 100, {"Content-Type": "application/x-protobuf"}), 400)
        self.assertEqual(push(b"{}", {"Content-Type": "application/json", "Content-Encoding": "br"}), 400)
        status, body = s.push([({"app": "a"}, [(t, "good"), (t - 10 * 24 * 3600 * 10**9, "old")])])
        self.assertEqual(status, 400)
        self.assertIn(b"has timestamp too old", body)
        self.assertEqual(s.lines('{app="a"}'), ["good"])
        self.assertEqual(s.push([({"app": "a"}, [(t, "x" * 7_000_000)])])[0], 400)
        self.assertEqual(s.push([({"app": "a"}, [(t + i, "x" * 200_000) for i in range(40)])])[0], 429)
        for query, text in (("{}", b"queries require at least one"), ('{a="b"', b"parse error at line 1"),
                            ('{a="b"} | json x="a["', b"cannot parse expression")):
            status, body = s.get("/loki/api/v1/query_range", query=query)
            self.assertEqual(status, 400)
            self.assertIn(text, body)
        self.assertEqual(s.get("/loki/api/v1/query", query='{a="b"}')[0], 400)
        self.assertEqual(s.get("/nothing"), (404, b"404 page not found\n"))
        self.assertEqual(s.request("DELETE", "/loki/api/v1/push"), (405, b""))

    def test_grafana_health_check_and_admin(self):
        s = self.server
        answer = json.loads(s.get("/loki/api/v1/query", query="vector(1)+vector(1)", time="4000000000")[1])
        self.assertEqual(answer["data"]["result"], [{"metric": {}, "value": [4000000000, "2"]}])
        self.assertIn("stats", answer["data"])
        self.assertIn(b"loki_request_duration_seconds", s.get("/metrics")[1])
        self.assertIn(b"auth_enabled: false", s.get("/config")[1])
        self.assertIn("version", json.loads(s.get("/loki/api/v1/status/buildinfo")[1]))

    def test_command_line(self):
        s = self.server
        s.push([({"app": "cli"}, [(self.now, "hello"), (self.now + 1, "world")])])
        run = lambda *args: subprocess.run([BINARY, "query", '{app="cli"}', "--addr", s.url, *args],
                                           capture_output=True, text=True, timeout=30)
        self.assertEqual(run("-o", "raw", "--forward").stdout, "hello\nworld\n")
        self.assertEqual(json.loads(run("-o", "jsonl", "--limit", "1").stdout)["line"], "world")
        self.assertIn(' {} world', run().stdout)
        self.assertEqual(run().stderr, 'Common labels: {app="cli", detected_level="unknown", service_name="cli"}\n')


    def test_a_query_is_explained(self):
        s = self.server
        hour = 3600 * 10**9
        middle = self.now // hour * hour - hour // 2  # so that all is in one window of an hour
        s.push([({"app": app}, [(middle - i * 10**9, f"n={i} x") for i in range(100)]) for app in "ab"])
        s.request("POST", "/flush")

        def plan(query, **parameters):
            return s.query(query, start=middle - 10**12, end=middle + 1, explain="true", **parameters)["plan"]

        log, = plan('{app="a"} |= "n=5" | logfmt | n > 3 |~ "x$"')
        self.assertEqual(log["pushedIntoBlocks"], ['|= "n=5"', '|~ "x$"'])
        self.assertEqual(log["rowByRow"], ["| logfmt", "| n>3"])
        self.assertEqual(log["byColumns"], ["| logfmt", "| n>3"])
        self.assertEqual(plan('{app="a"} | regexp "(?P<n>.)" | n > 3')[0]["byColumns"], ['| regexp "(?P<n>.)"', "| n>3"])
        self.assertEqual(plan('{app="a"} | decolorize | logfmt | n > 3')[0]["byColumns"], [])
        self.assertEqual((log["blocksRead"], log["entriesRead"], log["extractedLabels"]), (1, 100, "all"))
        self.assertGreater(log["estimatedBytes"], 100)
        counted, unwrapped = plan('sum by (app) (count_over_time({app=~"a|b"}[1h])) '
                                  '+ sum by (app) (rate({app="a"} | logfmt | unwrap n [5m]))', step=3600)
        self.assertEqual((counted["entriesFromStatistics"], counted["blocksRead"], counted["estimatedBytes"]), (200, 0, 0))
        self.assertEqual((unwrapped["entriesRead"], unwrapped["extractedLabels"]), (100, ["app", "n"]))
        status, body = s.get("/loki/api/v1/query_range", query='{app="a"', explain="true")
        self.assertEqual(status, 400)
        self.assertIn(b"parse error", body)


    def test_statistics_count_what_entries_would(self):
        s = self.server
        minute = 60 * 10**9
        start = (self.now // minute - 30) * minute
        streams = [({"app": app}, [(start + i * 10**8 * (n + 1), "x" * (i % 7)) for i in range(4000)])
                   for n, app in enumerate("abc")]
        for part in (streams[:2], streams[2:]):
            s.push(part)
            s.request("POST", "/flush")
        s.push([({"app": "c"}, streams[2][1][1000:1100])])  # copies, which are no entries
        s.request("POST", "/flush")

        def series(query, step, shift):
            result = s.query(query, start=start + shift, end=start + 20 * minute + shift, step=step)["result"]
            return {r["metric"]["app"]: r["values"] for r in result}

        for function in ("count_over_time", "bytes_over_time", "rate"):
            for step, window, shift in ((60, "1m", 0), (60, "5m", 0), (60, "90s", 0), (120, "1m", 0), (60, "1m", 7 * 10**9),
                                        (7, "1m", 0), (60, "3m] offset 1m", 0), (300, "2m", 0)):
                window += "" if "]" in window else "]"
                by_numbers = f'sum by (app) ({function}({{app=~"a|b|c"}}[{window}))'
                by_entries = f'sum by (app) ({function}({{app=~"a|b|c"}} | __error__="" [{window}))'
                self.assertEqual(series(by_numbers, step, shift), series(by_entries, step, shift), by_numbers)
        plan, = s.query('sum by (app) (count_over_time({app=~"a|b|c"}[1m]))', start=start, end=start + 20 * minute, step=60,
                        explain="true")["plan"]
        self.assertGreater(plan["entriesFromStatistics"], 7000)
        plan, = s.query('sum by (app) (count_over_time({app=~"a|b"}[1m]))', start=start, end=start + 20 * minute, step=7,
                        explain="true")["plan"]
        self.assertLess(plan["entriesFromStatistics"], 1000)


class WithoutLevels(unittest.TestCase):
    def test_levels_can_be_left_out(self):
        s = Server("limits_config:\n  discover_log_levels: false\n").start()
        self.addCleanup(s.close)
        s.push([({"app": "a"}, [(time.time_ns(), "an ERROR")])])
        self.assertEqual(s.query('{app="a"}')["result"][0]["stream"], {"app": "a", "service_name": "a"})


if __name__ == "__main__":
    unittest.main()
