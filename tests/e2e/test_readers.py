"""Readers of one bucket answer queries over much together: the answers are those of one reader, whoever dies, hangs or is of
another version meanwhile."""
import json
import random
import re
import signal
import threading
import time
import unittest
import urllib.parse

from certificates import Authority
from cluster import start_s3
from harness import Server, free_port
from members import Member, until

CONFIG = """limits_config:
  ingestion_rate_mb: 1000
  ingestion_burst_size_mb: 1000
  max_entries_limit_per_query: 100000
compactor:
  compaction_interval: 0s
querier:
  split_piece_size: 2KB
"""
PUSHES = 12
LINES = 150
QUERIES = [
    '{app=~".+"}',
    '{app="a1"} |= "7"',
    '{app=~"a[12]"} | logfmt | status >= 500 | line_format "{{.status}} {{.n}}"',
    'sum by (app) (count_over_time({app=~".+"}[1m]))',
    'sum(rate({app=~".+"} |= "line" [2m]))',
    'topk(2, sum by (status) (bytes_over_time({app=~".+"} | logfmt [5m])))',
    'quantile_over_time(0.9, {app=~".+"} | logfmt | unwrap n [5m]) by (app)',
    'max by (app) (max_over_time({app=~".+"} | logfmt | unwrap n [3m]))',
    'count_over_time({app="nobody"}[5m])',
]

s3 = None


def setUpModule():
    global s3
    s3 = start_s3()


def calls(server, direction, result):
    """Sub-plans that a process has sent or received, with that result."""
    metrics = server.get("/metrics")[1].decode()
    found = re.search(rf'^logi_calls_{direction}_total{{method="sub_plan",result="{result}"}} (\d+)', metrics, re.MULTILINE)
    return int(found[1]) if found else 0


def size_requests(server):
    """How often a process has asked the bucket for an object's size."""
    metrics = server.get("/metrics")[1].decode()
    found = re.search(r'^loki_objstore_bucket_operation_duration_seconds_count{operation="attributes"} (\d+)', metrics, re.MULTILINE)
    return int(found[1])


def result_of(reader, query, begin):
    """Of a range query over the hour; it has to be complete."""
    params = urllib.parse.urlencode({"query": query, "start": begin - 10**9, "end": begin + 3600 * 10**9, "limit": 100000,
                                     "step": 60})
    status, body = reader.request("GET", "/loki/api/v1/query_range?" + params, timeout=120)
    assert status == 200, body
    answer = json.loads(body)
    assert "warnings" not in answer, answer["warnings"]
    return answer["data"]["result"]


class ReadersTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        # Pieces meet at round times: with these the places do not depend on when the test runs.
        round_time = 1024 * 60 * 10**9
        cls.begin = (time.time_ns() - 7200 * 10**9) // round_time * round_time
        cls.fill("readers")
        alone = cls.add("readers", [])
        cls.expected = [cls.result(alone, query) for query in QUERIES]
        assert len(cls.expected[0]) == 3 and all(cls.expected[:-1])

    @classmethod
    def fill(cls, prefix):
        writer = Member(s3, prefix, "write", CONFIG, flags=[])
        cls.addClassCleanup(writer.close)
        writer.start()
        for i in range(PUSHES):
            streams = [({"app": f"a{app}"}, [(cls.begin + i * 60 * 10**9 + n * 10**8 + app,
                                              f"line n={n * 7 % 101} status={200 + n % 4 * 100} p={i}")
                                             for n in range(LINES)]) for app in range(3)]
            assert writer.push(streams)[0] == 204
            if i < PUSHES - 1:  # the last is in no segment
                assert writer.request("POST", "/flush")[0] == 204

    @classmethod
    def add(cls, prefix, flags=None, more=""):
        reader = Member(s3, prefix, "read", CONFIG + more, flags=flags)
        cls.addClassCleanup(reader.close)
        return reader.start()

    @classmethod
    def result(cls, reader, query):
        begin = time.monotonic()
        result = result_of(reader, query, cls.begin)
        cls.slowest = max(getattr(cls, "slowest", 0), time.monotonic() - begin)
        return result

    def same(self, reader):
        for query, expected in zip(QUERIES, self.expected):
            self.assertEqual(self.result(reader, query), expected, query)

    def three(self):
        readers = [self.add("readers") for _ in range(3)]
        addresses = {reader.own() for reader in readers}
        for reader in readers:
            self.assertTrue(until(lambda reader=reader: addresses <= reader.ring("/scheduler/ring").keys()))
        return readers

    def test_three_readers_answer_as_one_whoever_dies_or_hangs(self):
        first, second, third = self.three()
        for reader in (first, second, third):
            self.same(reader)
        # Which of them has what is up to their addresses.
        self.assertGreater(sum(calls(reader, "sent", "ok") for reader in (first, second, third)), 0)
        self.assertGreater(sum(calls(reader, "received", "ok") for reader in (first, second, third)), 0)
        # Who asks says how large segments are.
        self.assertEqual([size_requests(reader) for reader in (first, second, third)], [0, 0, 0])
        # One is killed while queries run.
        wrong, over = [], threading.Event()

        def ask():
            while not over.is_set():
                try:
                    self.same(first)
                except Exception as e:  # whatever it is
                    wrong.append(repr(e)[:1000])
                    return
        threads = [threading.Thread(target=ask) for _ in range(2)]
        for thread in threads:
            thread.start()
        time.sleep(1)
        third.kill()
        time.sleep(2)
        over.set()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])
        # One hangs: it takes connections and says nothing.
        second.process.send_signal(signal.SIGSTOP)
        self.addCleanup(second.process.send_signal, signal.SIGCONT)
        ReadersTest.slowest = 0
        self.same(first)
        self.assertLess(self.slowest, 45)
        second.process.send_signal(signal.SIGCONT)
        self.same(first)
        self.same(second)

    def test_who_allows_less_memory_is_not_needed(self):
        self.fill("little")
        reader = self.add("little")
        config = CONFIG.replace("limits_config:\n", "limits_config:\n  max_query_memory_bytes: 1000\n")
        # Whether a piece is near to it is up to its address.
        for _ in range(10):
            little = Member(s3, "little", "read", config)
            try:
                little.start()
                self.assertTrue(until(lambda little=little: little.own() in reader.ring("/scheduler/ring").keys()))
                self.same(reader)
                if calls(little, "received", "ok") > 0:
                    return
            finally:
                little.close()
        self.fail("it was asked for nothing")

    def test_readers_show_each_other_certificates(self):
        def tls(authority, trusted):
            cert, key = authority.issue("member", names="DNS:logi.internal")
            files = f"cert_file: {cert}, key_file: {key}, client_ca_file: {trusted.cert}"
            return f"cluster: {{tls_server_name: logi.internal, tls_config: {{{files}}}}}\n"
        ours, others = Authority(self), Authority(self, "others")
        first, second = (self.add("readers", more=tls(ours, ours)) for _ in range(2))
        # It trusts them, and cannot show that it is one of them.
        stranger = self.add("readers", more=tls(others, ours))
        addresses = {reader.own() for reader in (first, second, stranger)}
        for reader in (first, second, stranger):
            self.assertTrue(until(lambda reader=reader: addresses <= reader.ring("/scheduler/ring").keys()))
        for reader in (first, second, stranger):
            self.same(reader)
        self.assertGreater(sum(calls(reader, "sent", result) for reader in (first, second, stranger)
                               for result in ("ok", "unavailable")), 0)
        self.assertEqual(calls(stranger, "sent", "ok"), 0)
        self.assertEqual(calls(stranger, "received", "ok"), 0)

    def test_who_does_not_know_the_method_is_not_needed(self):
        # What listens there speaks gRPC, and knows nothing of sub-plans: as an older program.
        port = free_port()
        stranger = Server(f"server: {{otlp_grpc_listen_port: {port}}}\n")
        self.addCleanup(stranger.close)
        stranger.start()
        reader = self.add("readers")
        self.assertTrue(until(lambda: reader.own() in reader.ring()))
        time.sleep(1)
        announced = f"beat 1\naddress 127.0.0.1:{port}\nversion 0.0.1\nroles read,fly\nmood good"
        s3.put("logi", "readers/members/older", announced)
        self.assertTrue(until(lambda: f"127.0.0.1:{port}" in reader.ring("/scheduler/ring")), reader.ring())
        self.same(reader)  # whether or not it has asked it: that is up to the addresses


class OverlappingTest(unittest.TestCase):
    """Segments that are open all the time, as behind a load balancer, are read by streams."""
    STREAMS = 40
    LINE_BYTES = 4096
    # Of one writer, in mebibytes: of fewer blocks what is read for two ranges would be too much of it.
    LARGE_MB = 44
    QUERIES = [
        '{app=~".+"} |= "needle"',
        'sum by (app) (count_over_time({app=~".+"} |= "a0" [1m]))',
        'max by (n) (max_over_time({app=~".+"} | logfmt | unwrap v [5m]))',
        'quantile_over_time(0.5, {app=~".+"} | logfmt | unwrap v [10m]) by (app)',
        'sum(bytes_over_time({app=~".+"} |~ "v=[0-4].*" [2m]))',
    ]

    def entries(self, dice, count):
        """{stream: [(time, line)]} of half an hour."""
        streams = {n: [] for n in range(self.STREAMS)}
        for i in range(count):
            line = f"{'needle ' if i % 500 == 7 else ''}v={dice.randrange(1000)} {dice.randbytes(self.LINE_BYTES // 2).hex()}"
            streams[i % self.STREAMS].append((self.begin + dice.randrange(1800 * 10**9), line))
        return streams

    def push(self, writer, streams):
        status = writer.push([({"app": f"a{n % 3}", "n": f"{n:02}"}, entries) for n, entries in streams.items() if entries])[0]
        self.assertEqual(status, 204)

    def test_four_readers_answer_as_one(self):
        day = 86400 * 10**9
        self.begin = time.time_ns() // day * day - day // 2  # of one day, as a segment is
        dice = random.Random(11)
        large, *small = (Member(s3, "overlapping", "write", CONFIG, flags=[]) for _ in range(3))
        for writer in (large, *small):
            self.addCleanup(writer.close)
            writer.start()
        for _ in range(self.LARGE_MB // 4):
            streams = self.entries(dice, 4 * 2**20 // self.LINE_BYTES)
            self.push(large, streams)
        for writer in small:
            self.push(writer, self.entries(dice, 50))
            # Entries that the other has, too, count once.
            self.push(writer, {n: entries[:1] for n, entries in streams.items()})
        for writer in (large, *small):
            self.assertEqual(writer.request("POST", "/flush")[0], 204)
        config = CONFIG.replace("split_piece_size: 2KB", "split_piece_size: 4MB")
        alone = Member(s3, "overlapping", "read", config, flags=[])
        self.addCleanup(alone.close)
        alone.start()
        expected = [result_of(alone, query, self.begin) for query in self.QUERIES]
        self.assertTrue(all(expected))
        readers = [Member(s3, "overlapping", "read", config) for _ in range(4)]
        for reader in readers:
            self.addCleanup(reader.close)
            reader.start()
        addresses = {reader.own() for reader in readers}
        for reader in readers:
            self.assertTrue(until(lambda reader=reader: addresses <= reader.ring("/scheduler/ring").keys()))
        for reader in readers:
            for query, result in zip(self.QUERIES, expected):
                self.assertEqual(result_of(reader, query, self.begin), result, query)
        # Whoever has a range, three of four ask for it.
        self.assertGreater(sum(calls(reader, "sent", "ok") for reader in readers), 0)
        self.assertEqual(sum(calls(reader, "sent", "unimplemented") for reader in readers), 0)


if __name__ == "__main__":
    unittest.main()
