"""Compaction, retention and deletes of a running server."""
import json
import pathlib
import re
import subprocess
import time
import unittest
import urllib.parse

from harness import BINARY, Server

CONFIG = """auth_enabled: true
compactor:
  compaction_interval: 200ms
  retention_enabled: true
  delete_request_cancel_period: {cancel}
limits_config:
  reject_old_samples: false
  discover_log_levels: false
  discover_service_name: []
  ingestion_rate_mb: 1000
  ingestion_burst_size_mb: 1000
  deletion_mode: {mode}
{limits}"""
SECOND = 10**9
DAY = 86400 * SECOND
PATH = "/loki/api/v1/delete"


def iso(ns):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(ns // SECOND)) + f".{ns % SECOND:09}Z"


class Compaction(unittest.TestCase):
    def server(self, cancel="0s", mode="filter-and-delete", limits=""):
        server = Server(CONFIG.format(cancel=cancel, mode=mode, limits=limits)).start()
        self.addCleanup(server.close)
        return server

    def wait(self, what, check, seconds=30):
        """Until check() is true; returns its value."""
        end = time.time() + seconds
        while True:
            value = check()
            if value or time.time() > end:
                self.assertTrue(value, what)
                return value
            time.sleep(0.05)

    def metric(self, server, name):
        text = server.request("GET", "/metrics")[1].decode()
        return sum(float(v) for v in re.findall(rf"^{name}(?:{{.*}})? (\S+)$", text, re.M))

    def push(self, server, app, lines, tenant="t", flush=True):
        """lines: [(ns, line)]"""
        self.assertEqual(server.push([({"app": app}, lines)], tenant)[0], 204)
        if flush:
            self.assertEqual(server.request("POST", "/flush")[0], 204)

    def lines(self, server, query, tenant="t", days=20, **params):
        now = time.time_ns()
        return server.lines(query, tenant, start=str(now - days * DAY), end=str(now + 10 * SECOND), **params)

    def delete(self, server, tenant="t", method="POST", **params):
        return server.request(method, PATH + "?" + urllib.parse.urlencode(params),
                              headers={"X-Scope-OrgID": tenant})

    def listed(self, server, tenant="t", **params):
        status, body = server.get(PATH, tenant, **params)
        self.assertEqual(status, 200, body)
        return json.loads(body)

    def inspect_catalog(self, server, tenant="t"):
        """Of the newest snapshot."""
        folder = pathlib.Path(server.data) / "bucket/tenants" / tenant
        snapshot = max(folder.glob("catalog/*.snapshot"))
        return folder, subprocess.run([BINARY, "inspect", "catalog", str(snapshot)], capture_output=True, text=True)

    def rows_in_files(self, server, tenant="t"):
        """Rows of the segments that the newest catalog snapshot names; None while others are left."""
        folder, out = self.inspect_catalog(server, tenant)
        named = dict(re.findall(r"^segment (\S+) .* rows (\d+) streams", out.stdout, re.M))
        files = {f"tenants/{tenant}/segments/{file.name}" for file in folder.glob("segments/*")}
        if out.returncode != 0 or set(named) != files:
            return None
        total = 0
        for key, rows in named.items():
            out = subprocess.run([BINARY, "inspect", "segment", str(folder / "segments" / key.rsplit("/")[-1])],
                                 capture_output=True, text=True)
            if out.returncode != 0:
                return None
            total += int(re.search(r"^segment .* rows (\d+) ", out.stdout, re.M)[1])
        return total

    def test_many_small_segments_become_one(self):
        server = self.server()
        day = (time.time_ns() - 3 * DAY) // DAY * DAY
        sent = []
        for i in range(40):
            lines = [(day + (i * 20 + k) * SECOND, f"line {i} {k}") for k in range(10)]
            sent += [line for _, line in lines]
            # Every line comes twice, the copy in another segment: only one is kept.
            self.push(server, f"a{i % 3}", lines)
            self.push(server, f"a{i % 3}", lines)
        self.assertCountEqual(self.lines(server, '{app=~"a.*"}'), sent)
        self.wait("merged", lambda: self.metric(server, "logi_segments") <= 2)
        self.assertCountEqual(self.lines(server, '{app=~"a.*"}'), sent)
        self.wait("rows", lambda: self.rows_in_files(server) == len(sent))
        self.assertGreater(self.metric(server, "logi_compactions_total"), 0)
        self.assertEqual(self.metric(server, "logi_compaction_duplicates_total"), len(sent))
        self.assertEqual(self.metric(server, "logi_compaction_failures_total"), 0)
        server.kill()
        server.start()
        self.assertCountEqual(self.lines(server, '{app=~"a.*"}'), sent)

    def test_deleted_lines_are_hidden_at_once_and_removed(self):
        server = self.server()
        now = time.time_ns()
        for i in range(4):
            self.push(server, "a", [(now - DAY + i * SECOND, f"one {i}"), (now - 2 * DAY + i, f"two {i}")])
            self.push(server, "b", [(now - DAY + i * SECOND, f"one {i}")])
        self.push(server, "a", [(now - SECOND, "in memory")], flush=False)
        status, _ = self.delete(server, query='{app="a"} |= "one"', start=iso(now - 3 * DAY))
        self.assertEqual(status, 204)
        kept = [f"two {i}" for i in range(4)] + ["in memory"]
        self.assertCountEqual(self.lines(server, '{app="a"}'), kept)
        self.assertEqual(len(self.lines(server, '{app="b"}')), 4)
        status, _ = self.delete(server, query='{app="a"}', start=iso(now - 2 * SECOND))
        self.assertEqual(status, 204)
        kept.remove("in memory")
        self.assertCountEqual(self.lines(server, '{app="a"}'), kept)
        # Numbers agree, also those that come from statistics.
        count = server.query('sum(count_over_time({app="a"}[20d]))', "t", start=str(now), end=str(now), step="1s")
        self.assertEqual(float(count["result"][0]["values"][0][1]), 4)
        stats = json.loads(server.get("/loki/api/v1/index/stats", "t", query='{app="a"}', start=str(now - 20 * DAY),
                                      end=str(now))[1])
        self.assertEqual(stats["entries"], 4)
        volume = json.loads(server.get("/loki/api/v1/index/volume", "t", query='{app="a"}', start=str(now - 20 * DAY),
                                       end=str(now))[1])
        self.assertEqual(volume["data"]["result"][0]["value"][1], str(4 * len("two 0")))
        # Lines that come later stay, however old they say they are.
        self.push(server, "a", [(now - DAY, "one again")])
        kept.append("one again")
        self.assertCountEqual(self.lines(server, '{app="a"}'), kept)
        self.wait("processed", lambda: {r["status"] for r in self.listed(server)} == {"processed"})
        self.assertCountEqual(self.lines(server, '{app="a"}'), kept)
        self.wait("rows", lambda: self.rows_in_files(server) == len(kept) + 4)
        for _ in range(2):
            server.kill()
            server.start()
            self.assertCountEqual(self.lines(server, '{app="a"}'), kept)
            self.assertEqual(len(self.listed(server)), 2)

    def test_requests(self):
        server = self.server(cancel="24h")
        now = time.time_ns()
        self.push(server, "a", [(now - SECOND, "x"), (now - 2 * SECOND, "y")])
        second = now // SECOND
        for want, message, params in [
                (400, "query not set", {"start": second - 9}),
                (400, "start time not set", {"query": "{a=\"b\"}"}),
                (400, "invalid query expression", {"query": "{a=\"b\"", "start": second - 9}),
                (400, "invalid query expression", {"query": "rate({a=\"b\"}[1m])", "start": second - 9}),
                (400, "invalid start time: require unix seconds or RFC3339 format", {"query": "{a=\"b\"}", "start": 5}),
                (400, "deletes in the future are not allowed",
                 {"query": "{a=\"b\"}", "start": second - 9, "end": second + 999}),
                (400, "start time can't be greater than or equal to end time",
                 {"query": "{a=\"b\"}", "start": second - 9, "end": second - 9}),
                (400, "start time can't be greater than or equal to end time",
                 {"query": "{a=\"b\"}", "start": 9999999999}),
                (400, "invalid max_interval: valid time units are 's', 'm', 'h'",
                 {"query": "{a=\"b\"} |= \"c\"", "start": second - 9, "end": second - 4, "max_interval": "1d"}),
                (400, "max_interval can't be greater than 24h0m0s",
                 {"query": "{a=\"b\"} |= \"c\"", "start": second - 9, "end": second - 4, "max_interval": "48h"}),
                (400, "max_interval can't be greater than the interval to be deleted (5s)",
                 {"query": "{a=\"b\"} |= \"c\"", "start": second - 9, "end": second - 4, "max_interval": "1h"})]:
            status, body = self.delete(server, **params)
            self.assertEqual((status, body.decode()), (want, message + "\n"))
        self.assertEqual(self.listed(server), [])
        self.assertEqual(self.delete(server, query='{app="a"} |= "x"', start=second - 100)[0], 204)
        self.assertEqual(self.delete(server, query='{app="a"}', start=second - 1000, end=second - 500)[0], 204)
        first, other = self.listed(server)
        self.assertEqual(first["query"], '{app="a"} |= "x"')
        self.assertEqual((first["status"], first["user_id"], first["start_time"]), ("received", "", second - 100))
        self.assertEqual(self.listed(server, start=second - 1200, end=second - 900), [other])
        self.assertEqual(self.delete(server, "other", query='{app="a"}', start=second - 100)[0], 204)
        self.assertEqual(self.listed(server, "other"), [])
        self.assertFalse((pathlib.Path(server.data) / "bucket/tenants/other").exists())
        shown = self.inspect_catalog(server)[1].stdout
        self.assertRegex(shown, r"(?m)^snapshot \d+ writer \w+ written \d{19}$")
        self.assertRegex(shown, r"(?m)^segment .* deletes_applied_on 0$")
        self.assertRegex(shown, rf"(?m)^delete {first['request_id']} hides .* due_on 0 processed 0 arrived \d+:\d+$")
        self.assertEqual(self.lines(server, '{app="a"}'), ["y"])
        time.sleep(1)
        self.assertEqual(self.lines(server, '{app="a"}'), ["y"])
        # A request can be cancelled for a day; what it hid is seen again.
        server.kill()
        server.start()
        self.assertEqual(self.delete(server, "other", "DELETE", request_id=first["request_id"])[0], 404)
        self.assertEqual(self.delete(server, method="DELETE")[0], 404)
        self.assertEqual(self.delete(server, method="DELETE", request_id=first["request_id"])[0], 204)
        self.assertEqual(self.listed(server), [other])
        self.assertCountEqual(self.lines(server, '{app="a"}'), ["x", "y"])

    def test_processed_requests_are_not_cancelled(self):
        server = self.server()
        now = time.time_ns()
        self.push(server, "a", [(now - SECOND, "x")])
        self.assertEqual(self.delete(server, query='{app="a"}', start=now // SECOND - 100)[0], 204)
        done = self.wait("processed", lambda: [r for r in self.listed(server) if r["status"] == "processed"])
        self.assertEqual(self.delete(server, method="DELETE", request_id=done[0]["request_id"], force="true")[0], 400)
        self.assertEqual(self.lines(server, '{app="a"}'), [])

    def test_modes(self):
        server = self.server(mode="disabled")
        self.assertEqual(self.delete(server, query='{app="a"}', start="1710064800"),
                         (403, b"deletion is not available for this tenant\n"))
        server = self.server(mode="filter-only")
        now = time.time_ns()
        self.push(server, "a", [(now - SECOND, "x")])
        self.assertEqual(self.delete(server, query='{app="a"}', start=now // SECOND - 100)[0], 204)
        self.assertEqual(self.lines(server, '{app="a"}'), [])
        time.sleep(1)
        self.assertEqual(self.rows_in_files(server), 1)
        server = Server().start()
        self.addCleanup(server.close)
        self.assertEqual(server.request("GET", PATH)[0], 404)

    def test_retention(self):
        server = self.server(limits="""  retention_period: 240h
  retention_stream:
  - {selector: '{app="short"}', priority: 1, period: 48h}
  - {selector: '{app=~"long|short"}', period: 480h}
""")
        now = time.time_ns()
        ages = {"short": 2, "usual": 10, "long": 20}
        for app, days in ages.items():
            self.push(server, app, [(now - d * DAY - SECOND, f"{app} {d}") for d in (1, 3, 9, 11, 19)])
        for app, days in ages.items():
            kept = [f"{app} {d}" for d in (1, 3, 9, 11, 19) if d < days]
            self.assertCountEqual(self.lines(server, f'{{app="{app}"}}', days=30), kept)
        # Days of which everything is over are removed as a whole, others are written again.
        self.wait("rows", lambda: self.rows_in_files(server) == 1 + 3 + 5)
        for app, days in ages.items():
            kept = [f"{app} {d}" for d in (1, 3, 9, 11, 19) if d < days]
            self.assertCountEqual(self.lines(server, f'{{app="{app}"}}', days=30), kept)


if __name__ == "__main__":
    unittest.main()
