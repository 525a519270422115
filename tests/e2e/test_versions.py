"""Processes of this program and of an older one over one bucket, on a real S3 server: side by side, and while a cluster is
upgraded and taken back. The older one is what tools/build_older has built, or the program that LOGI_OLDER_BINARY names."""
import json
import os
import pathlib
import threading
import time
import unittest
import urllib.parse

from cluster import start_s3
from harness import BINARY, Server
from members import Member, until
from ready_proxy import ReadyProxy
from receivers import wait_until
from test_heads import journals_read
from test_older_bucket import keys
from test_readers import QUERIES, calls

ROOT = pathlib.Path(__file__).resolve().parents[2]
COMMIT = (ROOT / "tools/older_commit").read_text().strip()
OLDER = os.environ.get("LOGI_OLDER_BINARY", str(ROOT / "build/older" / COMMIT / "logi"))
CONFIG = """limits_config:
  ingestion_rate_mb: 1000
  ingestion_burst_size_mb: 1000
  per_stream_rate_limit: 1000MB
  per_stream_rate_limit_burst: 1000MB
  max_entries_limit_per_query: 1000000
compactor:
  compaction_interval: 1s
  retention_enabled: true
  delete_request_cancel_period: 1h
querier: {split_piece_size: 2KB}
ruler: {evaluation_interval: 1s, poll_interval: 1s}
shutdown_delay: 2s
"""
PIECES = 24
LINES = 100
MINUTE = 60 * 10**9

s3 = None


def setUpModule():
    global s3
    if not os.access(OLDER, os.X_OK):
        raise unittest.SkipTest("run tools/build_older first")
    s3 = start_s3()


class Versions(unittest.TestCase):
    def setUp(self):
        self.prefix = self._testMethodName.replace("_", "-")
        # Pieces meet at round times: with these the places do not depend on when the test runs.
        self.begin = (time.time_ns() - 120 * MINUTE) // (1024 * MINUTE) * 1024 * MINUTE

    def member(self, binary, role, **options):
        process = Member(s3, self.prefix, role, CONFIG, **options)
        process.binary = binary
        self.addCleanup(process.close)
        return process.start()

    def meet(self, *processes):
        addresses = {process.own() for process in processes}
        for process in processes:
            self.assertTrue(until(lambda process=process: addresses <= process.ring().keys()), process.ring())

    def push(self, writer, number):
        """Of each of three streams some lines in a minute of their own; how many."""
        streams = [({"app": f"a{app}"}, [(self.begin + number * MINUTE + i * 10**8 + app,
                                          f"line n={i * 7 % 101} status={200 + i % 4 * 100} p={number} i={i} a={app}")
                                         for i in range(LINES)]) for app in range(3)]
        status, body = writer.push(streams)
        self.assertEqual(status, 204, body)
        return 3 * LINES

    def fill(self, writers):
        """Segments of all writers by turns, and in the journal of each what is in no segment yet; how many lines."""
        lines = 0
        for number in range(PIECES):
            lines += self.push(writers[number % len(writers)], number)
            self.assertEqual(writers[number % len(writers)].request("POST", "/flush")[0], 204)
        for i, writer in enumerate(writers):
            lines += self.push(writer, PIECES + i)
        return lines

    def result(self, reader, query):
        """Of a query over everything that was pushed so; the answer has to be complete."""
        params = urllib.parse.urlencode({"query": query, "start": self.begin - 1, "end": self.begin + 120 * MINUTE,
                                         "limit": 100000, "step": 60})
        status, body = reader.request("GET", "/loki/api/v1/query_range?" + params, timeout=120)
        self.assertEqual(status, 200, body)
        answer = json.loads(body)
        self.assertNotIn("warnings", answer)
        return answer["data"]["result"]

    def lines(self, reader, query='{app=~"a.*"}'):
        """No two of them are the same."""
        lines = [value[1] for stream in self.result(reader, query) for value in stream["values"]]
        self.assertEqual(len(lines), len(set(lines)))
        return lines

    def test_readers_and_writers_ask_each_other(self):
        old_writer, new_writer = self.member(OLDER, "write"), self.member(BINARY, "write")
        old, new = self.member(OLDER, "read"), self.member(BINARY, "read")
        self.meet(old, new, old_writer, new_writer)
        count = self.fill([old_writer, new_writer])
        alone = self.member(BINARY, "read", flags=[])
        self.assertEqual(len(self.lines(alone)), count)
        for query in QUERIES:
            expected = self.result(alone, query)
            for reader in (old, new):
                self.assertEqual(self.result(reader, query), expected, query)
        for reader, other in ((old, new), (new, old)):
            # Pieces in both directions, and what is in journals from both writers.
            self.assertGreater(calls(reader, "sent", "ok"), 0)
            self.assertEqual(calls(reader, "sent", "unimplemented"), 0)
            self.assertGreaterEqual(calls(other, "received", "ok"), calls(reader, "sent", "ok"))
            self.assertGreater(journals_read(reader, "writer"), 0)
            self.assertEqual(journals_read(reader, "bucket"), 0)
        # What one of them is asked to delete the other one hides at once.
        kept = count
        for reader, hidden in ((old, "a0"), (new, "a1")):
            time.sleep(1.1)  # the end of a request is now, in whole seconds
            params = urllib.parse.urlencode({"query": f'{{app="{hidden}"}}', "start": "1000000000"})
            self.assertEqual(reader.request("POST", "/loki/api/v1/delete?" + params)[0], 204)
            kept -= count // 3
            for each in (old, new, alone):
                self.assertEqual(len(self.lines(each)), kept)

    def killed(self, writer):
        """Its journal is to be taken over at once: it is told of as if it had ended."""
        writer.kill()
        for key in keys(s3, f"{self.prefix}/writers/"):
            s3.put("logi", key, "ended")

    def test_who_compacts_takes_over_what_the_other_has_left(self):
        readers = [self.member(OLDER, "read"), self.member(BINARY, "read")]
        number = count = 0
        for writes, compacts, waits in ((BINARY, OLDER, BINARY), (OLDER, BINARY, OLDER)):
            compactor = self.member(compacts, "compact")
            wait_until(lambda: "this process compacts" in compactor.log_text(), what="the claim")
            other = self.member(waits, "compact")
            writer = self.member(writes, "write")
            for _ in range(16):
                count += self.push(writer, number)
                number += 1
                self.assertEqual(writer.request("POST", "/flush")[0], 204)
            count += self.push(writer, number)
            number += 1
            self.killed(writer)
            wait_until(lambda: "is in segments" in compactor.log_text(), 120, "taking over")
            wait_until(lambda: b"\nlogi_compactions_total 0" not in compactor.request("GET", "/metrics")[1], what="a merge")
            for reader in readers:
                self.assertEqual(len(self.lines(reader)), count)
            # The other one goes on with what this one has begun.
            self.assertEqual(compactor.stop(), 0)
            wait_until(lambda: "this process compacts" in other.log_text(), what="the claim")
            for _ in range(16):
                writer = self.member(compacts, "write") if writer.process.poll() is not None else writer
                count += self.push(writer, number)
                number += 1
                self.assertEqual(writer.request("POST", "/flush")[0], 204)
            wait_until(lambda: b"\nlogi_compactions_total 0" not in other.request("GET", "/metrics")[1], what="a merge")
            for reader in readers:
                self.assertEqual(len(self.lines(reader)), count)
            self.assertEqual((other.stop(), writer.stop()), (0, 0))

    def service(self, role, count):
        """Processes of the older program, and what clients see of them."""
        processes = [self.member(OLDER, role) for _ in range(count)]
        proxy = ReadyProxy(processes)
        self.addCleanup(proxy.close)
        front = Server.__new__(Server)
        front.url, front.tls = proxy.url, None
        return processes, front

    def alert(self, reader):
        """When it began; it is evaluated by whoever has the role."""
        body = reader.request("GET", "/prometheus/api/v1/rules")[1]
        groups = json.loads(body)["data"]["groups"]
        return groups and groups[0]["rules"][0]["alerts"] and groups[0]["rules"][0]["alerts"][0]["activeAt"]

    def test_an_upgrade_and_the_way_back(self):
        writers, write = self.service("write", 2)
        readers, read = self.service("read", 2)
        others = [self.member(OLDER, "compact"), self.member(OLDER, "rule")]
        self.meet(*writers, *readers)
        filled = self.fill(writers)
        body = json.dumps({"name": "g", "rules": [{"alert": "A", "expr": "vector(1)", "for": "1h"}]}).encode()
        self.assertEqual(read.request("POST", "/loki/api/v1/rules/n", body, {"Content-Type": "application/yaml"})[0], 202)
        begun = wait_until(lambda: self.alert(read), what="the alert")
        load = Load(write, read, lambda: self.lines(read), filled)
        self.addCleanup(load.stop)
        load.start()
        for binary in (BINARY, OLDER):
            for process in [*writers, *others, *readers]:
                self.assertEqual(process.stop(), 0, process.log_text()[-3000:])
                process.binary = binary
                process.start()
                time.sleep(1)
                self.assertEqual(load.failed, [])
            self.assertEqual(wait_until(lambda: self.alert(read), what="the alert"), begun)
        load.stop()
        self.assertEqual(load.failed, [])
        print(load.counts, f"{len(load.acknowledged)} lines acknowledged", flush=True)
        self.assertGreater(load.counts["pushes"], 50)
        self.assertGreater(load.counts["queries"], 20)
        for reader in readers:
            self.assertEqual(load.missing(reader), set())
            self.assertEqual(len(self.lines(reader)), filled)


class Load:
    """Constant pushes and queries; what fails of them is told."""

    def __init__(self, write, read, filled_lines, filled):
        self.write, self.read, self.filled_lines, self.filled = write, read, filled_lines, filled
        self.over, self.lock = threading.Event(), threading.Lock()
        self.acknowledged, self.failed, self.counts = [], [], {"pushes": 0, "queries": 0}
        self.threads = [threading.Thread(target=self.push, args=[i]) for i in range(2)]
        self.threads += [threading.Thread(target=self.query), threading.Thread(target=self.query_filled)]

    def start(self):
        for thread in self.threads:
            thread.start()

    def stop(self):
        self.over.set()
        for thread in self.threads:
            if thread.is_alive():
                thread.join()

    def fail(self, *what):
        with self.lock:
            self.failed.append(what)

    def push(self, worker):
        number = 0
        while not self.over.is_set():
            lines = [f"w{worker} line {number + i}" for i in range(5)]
            number += len(lines)
            now = time.time_ns()
            try:
                status, body = self.write.push([({"job": "load"}, [(now + i, line) for i, line in enumerate(lines)])])
            except OSError as e:
                status, body = 0, repr(e)
            if status != 204:
                self.fail("push", status, body)
                continue
            with self.lock:
                self.counts["pushes"] += 1
                self.acknowledged.extend(lines)

    def missing(self, reader):
        """What was acknowledged before and is not in the answer."""
        with self.lock:
            expected = set(self.acknowledged)
        status, body = reader.get("/loki/api/v1/query_range", query='{job="load"}', limit=1000000, since="1h")
        answer = json.loads(body) if status == 200 else {}
        if status != 200 or "warnings" in answer:
            raise RuntimeError(f"{status} {body[:300]}")
        lines = [value[1] for stream in answer["data"]["result"] for value in stream["values"]]
        if len(lines) != len(set(lines)):
            raise RuntimeError("a line is there twice")
        return expected - set(lines)

    def query(self):
        while not self.over.is_set():
            try:
                if lost := self.missing(self.read):
                    self.fail("missing", len(lost), min(lost))
            except (OSError, RuntimeError) as e:
                self.fail("query", repr(e))
            with self.lock:
                self.counts["queries"] += 1
            time.sleep(0.1)

    def query_filled(self):
        """What readers split among them."""
        while not self.over.is_set():
            try:
                if (count := len(self.filled_lines())) != self.filled:
                    self.fail("lines", count, "of", self.filled)
            except (OSError, AssertionError) as e:
                self.fail("query", repr(e)[:1000])
            with self.lock:
                self.counts["queries"] += 1
            time.sleep(0.3)


if __name__ == "__main__":
    unittest.main()
