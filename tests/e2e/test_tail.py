"""Live tails: what is stored, then what comes in, for one follower and for very many."""
import json
import struct
import threading
import time
import unittest

from harness import Server
from websocket import BINARY, CLOSE, PING, PONG, TEXT, Refused, Tail, WebSocket

MANY = 500
SECOND = 10**9


class TailTest(unittest.TestCase):
    CONFIG = ""

    def setUp(self):
        self.server = Server(self.CONFIG).start()
        self.addCleanup(self.server.close)

    def tail(self, query, **params):
        tail = Tail(self.server, query, **params)
        self.addCleanup(tail.close)
        return tail

    def push(self, app, lines, tenant=None):
        now = time.time_ns()
        status, body = self.server.push([({"app": app}, [(now + i, *line) if isinstance(line, tuple) else (now + i, line)
                                                         for i, line in enumerate(lines)])], tenant)
        self.assertEqual(status, 204, body)

    def metric(self, name):
        text = self.server.request("GET", "/metrics")[1].decode()
        return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith(name) and line[len(name)] in " {")


class Tails(TailTest):
    def test_history_then_news(self):
        self.push("a", ["one", "two", "three"])
        tail = self.tail('{app="a"}', limit=2, start=time.time_ns() - 60 * SECOND)
        self.assertEqual(tail.lines(2), ["two", "three"])
        begin = time.time()
        self.push("a", ["four"])
        self.push("b", ["another stream"])
        self.push("a", ["five", "six"])
        self.assertEqual(tail.lines(3), ["four", "five", "six"])
        self.assertLess(time.time() - begin, 0.5)
        nothing_old = self.tail('{app="a"}', start=time.time_ns())
        self.push("a", ["seven"])
        self.assertEqual(nothing_old.lines(1), ["seven"])

    def test_nothing_is_lost_or_seen_twice_at_the_seam(self):
        """Followers that join in the middle of pushes see every line once, in order."""
        stop = threading.Event()

        def push():
            n = 0
            while not stop.is_set():
                self.push("seam", [f"{n + i}" for i in range(3)])
                n += 3

        thread = threading.Thread(target=push)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(stop.set)
        for _ in range(20):
            tail = self.tail('{app="seam"}', limit=20)
            numbers = [int(line) for line in tail.lines(200)]
            self.assertEqual(numbers, list(range(numbers[0], numbers[0] + len(numbers))))
            tail.close()

    def test_frames_of_entries(self):
        self.push("m", [("old", {"trace_id": "1"})])
        plain = self.tail('{app="m"}')
        categorized = self.tail('{app="m"}', headers={"X-Loki-Response-Encoding-Flags": "categorize-labels"})
        staged = self.tail('{app="m"} | logfmt', headers={"X-Loki-Response-Encoding-Flags": "categorize-labels"})
        for tail in (plain, categorized, staged):
            tail.lines(1)
        self.push("m", [("k=v <&>", {"trace_id": "2"}), "second"])
        stream = {"app": "m", "service_name": "m"}
        frame = plain.next()
        self.assertEqual(list(frame), ["streams"])
        # Each entry is a stream of its own, and has its metadata.
        self.assertEqual([s["stream"] for s in frame["streams"]],
                         [{**stream, "detected_level": "unknown", "trace_id": "2"}, {**stream, "detected_level": "unknown"}])
        self.assertEqual([len(s["values"]) for s in frame["streams"]], [1, 1])
        self.assertEqual(frame["streams"][0]["values"][0][1], "k=v <&>")
        frame = categorized.next()
        self.assertEqual(list(frame), ["streams", "encodingFlags"])
        self.assertEqual(frame["encodingFlags"], ["categorize-labels"])
        self.assertEqual([(s["stream"], s["values"][0][2]) for s in frame["streams"]],
                         [(stream, {"structuredMetadata": {"detected_level": "unknown", "trace_id": "2"}}),
                          (stream, {"structuredMetadata": {"detected_level": "unknown"}})])
        extra = staged.entries(1)[0][1][2]
        self.assertEqual(extra["parsed"], {"k": "v"})
        self.assertEqual(extra["structuredMetadata"]["trace_id"], "2")

    def test_pipelines_apply_to_news(self):
        tail = self.tail('{app="p"} |= "x" != "y" | json | n > 1 | line_format "{{.n}}!" | drop n')
        self.push("p", ['{"n":1,"x":1}', '{"n":2,"x":1}', '{"n":3}', '{"n":4,"x":"y"}', '{"n":5,"x":1}'])
        self.assertEqual(tail.lines(2), ["2!", "5!"])

    def test_legacy_frames(self):
        tail = self.tail('{app="l"}', path="/api/prom/tail", regexp="w.rld")
        self.push("l", ["hello", "world"])
        frame = tail.next()
        self.assertEqual(list(frame), ["streams"])
        self.assertEqual(list(frame["streams"][0]), ["labels", "entries"])
        self.assertEqual(frame["streams"][0]["labels"], '{app="l", detected_level="unknown", service_name="l"}')
        self.assertEqual(frame["streams"][0]["entries"][0]["line"], "world")
        self.assertRegex(frame["streams"][0]["entries"][0]["ts"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")

    def test_nothing_is_lost_between_request_and_answer(self):
        for i in range(30):
            tail = self.tail(f'{{app="quick{i}"}}')
            self.push(f"quick{i}", ["x"])
            self.assertEqual(tail.lines(1), ["x"])
            tail.close()

    def test_delay(self):
        tail = self.tail('{app="d"}', delay_for=2)
        begin = time.time()
        self.push("d", ["x"])
        self.assertEqual(tail.lines(1), ["x"])
        self.assertGreater(time.time() - begin, 1.9)

    def test_what_is_said_before_the_upgrade(self):
        for query, params, text in [('{app="a"', {}, b"parse error"), ("", {}, b"parse error : syntax error: unexpected $end"),
                                    ('{app="a"} | line_format "{{.x"', {}, b"parse error : stage"),
                                    ('{app="a"}', {"delay_for": 6}, b"delay_for can't be greater than 5"),
                                    ('{app="a"}', {"delay_for": "x"}, b'strconv.Atoi: parsing "x": invalid syntax'),
                                    ('{app="a"}', {"limit": 0}, b"limit must be a positive value"),
                                    ('{app="a"}', {"start": "zz"}, b"could not parse 'start' parameter")]:
            with self.assertRaises(Refused) as refused:
                self.tail(query, **params)
            self.assertEqual(refused.exception.status, 400)
            self.assertIn(text, refused.exception.body)
        self.assertEqual(self.server.get("/loki/api/v1/tail", query='{app="a"}'), (400, b"Bad Request\n"))

    def test_what_is_said_after_the_upgrade(self):
        for query, params, text in [('rate({app="a"}[1m])', {}, "only log selector is supported"),
                                    ('{app="a"}', {"start": time.time_ns() + 3600 * SECOND}, "rpc error: code = Code(400) desc = "),
                                    ('{app="a"}', {"limit": 100000}, "rpc error: code = Code(400) desc = max entries limit")]:
            code, reason = self.tail(query, **params).next()
            self.assertEqual(code, 1011)
            self.assertTrue(reason.startswith(text), reason)

    def test_too_many(self):
        tails = [self.tail('{app="a"}') for _ in range(10)]
        self.push("a", ["to all"])
        for tail in tails:
            self.assertEqual(tail.lines(1), ["to all"])
        eleventh = (1011, "max concurrent tail requests limit exceeded, count > limit (11 > 10)")
        self.assertEqual(self.tail('{app="a"}').next(), eleventh)
        tails[0].close()
        end = time.time() + 5
        while self.metric("logi_tail_followers") > 9 and time.time() < end:
            time.sleep(0.01)
        self.push("a", ["again"])
        self.assertIn("again", self.tail('{app="a"}').lines(2))

    def test_the_protocol(self):
        tail = self.tail('{app="a"}')
        begin = time.time()
        tail.send(PING, b"here")
        kind, payload = tail.frame()
        while kind == PING:
            kind, payload = tail.frame()
        self.assertEqual((kind, payload), (PONG, b"here"))
        for _ in range(2):
            self.assertEqual(tail.frame()[0], PING)
            tail.send(PONG)
        self.assertLess(time.time() - begin, 3.5)
        # What a client says is ignored, whole or in parts.
        tail.send(TEXT, b"x" * 100_000)
        tail.send(BINARY, b"a", final=False)
        tail.send(0, b"b")
        self.push("a", ["still here"])
        self.assertEqual(tail.lines(1), ["still here"])
        tail.send(CLOSE, struct.pack(">H", 1000))
        self.assertEqual(tail.next(), (1000, ""))
        with self.assertRaises(EOFError):
            tail.frame()
        rude = self.tail('{app="none"}')
        rude.sock.sendall(b"\x81\x02hi")
        self.assertEqual(rude.next()[0], 1002)
        big = self.tail('{app="none"}')
        big.sock.sendall(b"\x82\xff" + struct.pack(">Q", 1 << 62) + b"mask")
        self.assertEqual(big.next()[0], 1009)

    def test_upgrades_that_are_none(self):
        for headers in ({"Sec-WebSocket-Version": "8"}, {"Upgrade": "h2c"}, {"Sec-WebSocket-Key": "short"}):
            headers = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
                       "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", **headers}
            self.assertEqual(self.server.get("/loki/api/v1/tail", headers=headers, query='{app="a"}'), (400, b"Bad Request\n"))
        with self.assertRaises(Refused) as refused:
            WebSocket(self.server.port, "/ready")
        self.assertEqual(refused.exception.status, 200)

    def test_stop(self):
        """Followers are told, and the stop does not wait for one that does not read."""
        tails = [self.tail('{app="a"}') for _ in range(5)]
        deaf = self.tail('{app="a"}', receive_buffer=4096)
        self.push("a", ["x"])
        self.assertEqual([t.lines(1) for t in tails], [["x"]] * 5)
        begin = time.time()
        self.server.process.terminate()
        for tail in tails:
            self.assertEqual(tail.next(), (1001, "the server is stopping"))
            tail.send(CLOSE, struct.pack(">H", 1001))
        self.assertEqual(self.server.process.wait(30), 0)
        self.assertLess(time.time() - begin, 8)
        self.assertIn("status=clean", self.server.log_text())
        deaf.close()


class LongTails(TailTest):
    CONFIG = "querier:\n  tail_max_duration: 2s\n"

    def test_a_tail_ends(self):
        tail = self.tail('{app="a"}')
        self.assertEqual(tail.next(), (1011, "reached tail max duration limit"))


class ManyTails(TailTest):
    CONFIG = """
limits_config:
  max_concurrent_tail_requests: 1000
  ingestion_rate_mb: 1000
  ingestion_burst_size_mb: 1000
  per_stream_rate_limit: 1GB
  per_stream_rate_limit_burst: 1GB
  max_line_size: 1MB
"""

    def test_many_followers(self):
        tails = [self.tail('{app="a"} |= "line"' if i % 2 else '{app=~"a|b"}') for i in range(MANY)]
        end = time.time() + 10
        while self.metric("logi_tail_followers") < MANY and time.time() < end:
            time.sleep(0.01)
        self.assertEqual(self.metric("logi_tail_followers"), MANY)
        begin = time.time()
        for i in range(20):
            self.push("a", [f"line {i}.{k}" for k in range(50)])
        pushed = time.time() - begin
        for tail in tails:
            lines = tail.lines(1000, 60)
            self.assertEqual(lines, [f"line {i}.{k}" for i in range(20) for k in range(50)])
            self.assertEqual(tail.dropped, [])
        print(f"{MANY} followers: 20 pushes took {pushed:.2f} s, all lines were there after {time.time() - begin:.2f} s")
        self.assertLess(self.server.memory_mb(), 500)
        for tail in tails:
            tail.close()
        end = time.time() + 10
        while self.metric("logi_tail_followers") > 0 and time.time() < end:
            time.sleep(0.05)
        self.assertEqual(self.metric("logi_tail_followers"), 0)

    def test_a_follower_that_does_not_read(self):
        fast = self.tail('{app="a"}')
        deaf = [self.tail('{app="a"}', receive_buffer=4096) for _ in range(50)]
        got, line = [], "x" * 10_000

        def read():
            while len(got) < 4000:
                got.extend(fast.lines(1, 30))

        reader = threading.Thread(target=read)
        reader.start()
        begin = time.time()
        slowest = 0
        for i in range(80):
            one = time.time()
            self.push("a", [f"{i * 50 + k} {line}" for k in range(50)])
            slowest = max(slowest, time.time() - one)
        pushed = time.time() - begin
        reader.join(60)
        self.assertEqual([int(text.split()[0]) for text in got], list(range(4000)))
        self.assertEqual(fast.dropped, [])
        print(f"40 MB past 50 deaf followers: pushed in {pushed:.2f} s, the slowest push took {slowest:.2f} s")
        # 50 times 4 MiB wait, most of them shared.
        self.assertLess(self.server.memory_mb(), 700)
        self.assertGreater(self.metric("logi_tail_lost_lines_total"), 50 * 2000)
        # Who reads again gets what waited, and is told what did not.
        lines = deaf[0].lines(1, 30)
        while not deaf[0].dropped:
            lines += deaf[0].lines(1, 30)
        self.assertEqual(deaf[0].dropped[0]["labels"], {"app": "a", "service_name": "a"})
        self.assertGreater(len(deaf[0].dropped), 100)
        self.assertLessEqual(len(deaf[0].dropped), 1000)
        numbers = [int(text.split()[0]) for text in lines]
        self.assertEqual(numbers, list(range(len(numbers))))

    def test_clients_that_go_away(self):
        for i in range(30):
            tail = self.tail('{app="a"}', receive_buffer=4096)
            if i % 3 == 0:  # a reset
                tail.sock.setsockopt(1, 13, struct.pack("ii", 1, 0))
            if i % 3 == 1:
                self.push("a", ["x" * 100_000] * 10)
            tail.close()
        end = time.time() + 10
        while self.metric("logi_tail_followers") > 0 and time.time() < end:
            self.push("a", ["x" * 100_000])
            time.sleep(0.05)
        self.assertEqual(self.metric("logi_tail_followers"), 0)
        self.assertEqual(self.server.stop(), 0)


class TenantTails(TailTest):
    CONFIG = "auth_enabled: true\n"

    def test_a_tenant_hears_its_own(self):
        a, b = self.tail('{app=~".+"}', tenant="a"), self.tail('{app=~".+"}', tenant="b")
        for number in range(3):
            self.push("x", [f"of a {number}"], "a")
            self.push("x", [f"of b {number}"], "b")
        self.assertEqual(a.lines(3), [f"of a {n}" for n in range(3)])
        self.assertEqual(b.lines(3), [f"of b {n}" for n in range(3)])
        for tenant, status in ((None, 401), ("a|b", 400)):
            with self.assertRaises(Refused) as refused:
                self.tail('{app="a"}', tenant=tenant)
            self.assertEqual(refused.exception.status, status)


if __name__ == "__main__":
    unittest.main()
