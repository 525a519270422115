"""Hostile push bodies get Loki's answer, cost little memory, and the server goes on."""
import gzip
import json
import threading
import time
import unittest
import zlib

from harness import Server, field, protobuf, protobuf_entry, snappy, varint

PUSH = "/loki/api/v1/push"
JSON = {"Content-Type": "application/json"}
PROTOBUF = {"Content-Type": "application/x-protobuf"}
MB = 1 << 20
# What an attack may cost, beyond what the server had before, also several at once.
SMALL_MB = 60
LARGE_MB = 700
MANY_MB = 1300


class Bodies(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server().start()
        cls.addClassCleanup(cls.server.close)
        cls.number = 0

    def setUp(self):
        self.server.reset_peak()
        self.before = self.server.memory_mb()

    def push(self, body, headers=JSON):
        return self.server.request("POST", PUSH, body, headers)

    def serves(self):
        """A normal push is found, by the same process."""
        Bodies.number += 1
        line = f"still here {Bodies.number}"
        self.assertEqual(self.server.push([({"app": "alive"}, [(time.time_ns(), line)])])[0], 204)
        self.assertIn(line, self.server.lines('{app="alive"}'))
        self.assertIsNone(self.server.process.poll())

    def tearDown(self):
        self.serves()

    def assert_cost(self, megabytes):
        cost = self.server.memory_mb("VmHWM") - self.before
        print(f"{self.id().split('.')[-1]}: {cost:.0f} MB")
        self.assertLess(cost, megabytes)

    def assert_refused(self, body, headers, status, text):
        got, answer = self.push(body, headers)
        self.assertEqual((got, text in answer), (status, True), (got, answer[:300]))

    def stream(self, values, labels={"a": "b"}):
        return json.dumps({"streams": [{"stream": labels, "values": values}]}).encode()

    def test_malformed_json(self):
        now = str(time.time_ns())
        for body in (b"", b"{", b"[]", b'"x"', b"not json", b'{"streams":"x"}', b'{"streams":[1]}',
                     b'{"streams":[{"stream":"{}","values":[["1","x"]]}]}', b"\x00" * 1000, b"\xff" * 1000,
                     self.stream([[1700000000000000000, "x"]]), self.stream([["x", "x"]]), self.stream([["1.5", "x"]]),
                     self.stream([[now, 5]]), self.stream([[now, None]]), self.stream([[now, "x", "y"]]),
                     self.stream([[now, "x", {"k": 1}]]), self.stream([[now, "x", {"k": {"n": "v"}}]]),
                     self.stream([["99999999999999999999", "x"]])):
            self.assert_refused(body, JSON, 400, b"")
        for body in (b"{}", b"null", b'{"streams":[]}'):
            self.assert_refused(body, JSON, 422, b"error at least one valid stream is required for ingestion\n")
        self.assert_cost(SMALL_MB)

    def test_deep_json(self):
        deep = b"[" * 1_000_000
        for body in (deep, b'{"a":' * 1_000_000, b'{"streams":' + deep, b'{"streams":[{"stream":{"a":' + deep,
                     b'{"streams":[{"values":[["1","x",' + deep, b'{"x":' + deep + b"]" * 1_000_000 + b',"streams":1}'):
            self.assert_refused(body, JSON, 400, b"")
        self.assert_cost(SMALL_MB)

    def test_malformed_protobuf(self):
        good = protobuf(b'{a="b"}', [(time.time_ns(), b"line", [(b"k", b"v")])])
        for body in (b"", b"\xff" * 100, good, b'{"streams":[]}'):
            self.assert_refused(body, PROTOBUF, 400, b"snappy: corrupt input\n")
        for cut in range(1, len(good)):
            self.assert_refused(snappy(good[:cut]), PROTOBUF, 400, b"")
        for message in (b"\x0a\xff\xff\xff\xff\x0f", b"\x0b", b"\x00\x00", b"\x0a\x02\x0a\x7f", b"\xff" * 20,
                        field(1, field(2, field(2, b"x") + b"\x1a\x01\x0a")), field(1, b"\x12\x03\x0a\x01\x08")):
            self.assert_refused(snappy(message), PROTOBUF, 400, b"")
        self.assert_refused(snappy(b""), PROTOBUF, 422, b"error at least one valid stream")
        self.assert_refused(snappy(good), {**PROTOBUF, "Content-Encoding": "gzip"}, 400, b"")
        self.assert_refused(gzip.compress(good), {**PROTOBUF, "Content-Encoding": "gzip"}, 400, b"snappy: corrupt")
        self.assert_cost(SMALL_MB)

    def test_media_types_and_encodings(self):
        body = self.stream([[str(time.time_ns()), "x"]])
        for content_type, text in (("", b"mime: no media type\n"), ("a/b/c", b"mime: "),
                                   ("application/json;;", b"mime: invalid media parameter\n"),
                                   ("text/plain", b"snappy: corrupt input\n")):
            self.assert_refused(body, {"Content-Type": content_type}, 400, text)
        for encoding in ("br", "zstd", "GZIP", "gzip, gzip"):
            self.assert_refused(body, {**JSON, "Content-Encoding": encoding}, 400,
                                f'Content-Encoding "{encoding}" not supported\n'.encode())
        for encoding, bad in (("gzip", body), ("gzip", gzip.compress(body)[:-9]), ("gzip", gzip.compress(body) + b"x"),
                              ("deflate", zlib.compress(body)), ("deflate", b"")):
            self.assert_refused(bad, {**JSON, "Content-Encoding": encoding}, 400, b"")

    def test_snappy_bombs(self):
        for claimed, status in ((1 << 32, 400), ((1 << 32) - 1, 413), (200 * MB, 413), (50 * MB, 400)):
            self.assert_refused(varint(claimed) + b"\xfe\x01\x00" * 100, PROTOBUF, status, b"")
        # A real one: 90 MB of zeros by copies of 64 bytes.
        bomb = varint(90 * MB) + b"\x00\x00" + b"\xfe\x01\x00" * (90 * MB // 64 - 1) + b"\xfa\x01\x00"
        self.assert_refused(bomb, PROTOBUF, 400, b"")
        self.assert_cost(LARGE_MB)

    def test_gzip_bombs(self):
        for megabytes in (90, 1000):
            packer = zlib.compressobj(9, zlib.DEFLATED, 31)
            bomb = b"".join(packer.compress(b" " * MB) for _ in range(megabytes)) + packer.flush()
            self.assert_refused(bomb, {**JSON, "Content-Encoding": "gzip"}, 413, b"request body too large")
            lying = bomb[:-4] + b"\x00" * 4
            self.assert_refused(lying, {**JSON, "Content-Encoding": "gzip"}, 413, b"request body too large")
            self.assert_refused(bomb[10:-8], {**JSON, "Content-Encoding": "deflate"}, 413, b"request body too large")
        self.assert_cost(LARGE_MB)

    def test_large_bodies(self):
        self.assert_refused(b"x" * (101 * MB), JSON, 413, b"request body too large")
        self.assert_refused(b"[" * (99 * MB), JSON, 400, b"")
        lines = [[str(time.time_ns()), "x" * 200_000]] * 490
        self.assert_refused(self.stream(lines), JSON, 429, b"ingestion rate limit exceeded for user fake (limit: "
                            b"4194304 bytes/sec) while attempting to ingest '490' lines totaling '98000000' bytes")
        self.assert_cost(LARGE_MB)

    def test_many_large_bodies_at_once(self):
        bodies = [b"[" * (80 * MB), b'{"streams":[' + b"{}," * (20 * MB) + b"{}]}",
                  b'{"streams":[{"values":[["1","",{' + b'"":"",' * (10 * MB) + b'"":""}]]}]}']
        statuses = []

        def attack(body):
            try:
                statuses.append(self.push(body)[0])
            except OSError:
                statuses.append(503)  # closed while it was still sending

        attacks = [threading.Thread(target=attack, args=(body,)) for body in bodies * 3]
        for attack in attacks:
            attack.start()
        self.serves()
        for attack in attacks:
            attack.join()
        self.assertLessEqual(set(statuses), {400, 413, 503}, statuses)
        self.assert_cost(MANY_MB)

    def test_many_small_parts(self):
        """Two or three bytes each become sixty in memory."""
        times = 3_000_000
        for body in (b'{"streams":[' + b"{}," * times + b"{}]}",
                     b'{"streams":[{"stream":{' + b'"a":1,' * times + b'"a":1}}]}',
                     b'{"streams":[{"values":[' + b'["1"],' * times + b'["1"]]}]}',
                     b'{"streams":[{"values":[["1","",{' + b'"a":"",' * times + b'"a":""}]]}]}'):
            self.assert_refused(body, JSON, 413, b"request body too large")
        for message in (b"\x0a\x00" * times, field(1, b"\x12\x00" * times), field(1, field(2, b"\x1a\x00" * times))):
            self.assert_refused(snappy(message), PROTOBUF, 413, b"request body too large")
        self.assert_cost(250)

    def test_many_bad_entries(self):
        """The answer names some of them, not a hundred thousand times two kilobytes."""
        old = protobuf_entry(1_000_000_000, b"x")
        labels = b'{a="' + b"v" * 2000 + b'"}'
        status, answer = self.push(snappy(field(1, field(1, labels) + old * 100_000)), PROTOBUF)
        self.assertEqual(status, 400)
        self.assertIn(b"has timestamp too old: 1970-01-01T00:00:01Z", answer)
        self.assertLess(len(answer), MB)
        self.assert_cost(150)

    def test_labels(self):
        now = str(time.time_ns())
        for labels, text in (({"a-b": "c"}, b"1:3: parse error: unexpected character inside braces: '-'"),
                             ({"1a": "c"}, b"1:2: parse error: unexpected character inside braces: '1'"),
                             ({"": "c"}, b'1:2: parse error: unexpected "=" in label set, expected identifier or "}"'),
                             ({"\u00e9": "c"}, "1:2: parse error: unexpected character inside braces: '\u00e9'".encode())):
            self.assert_refused(self.stream([[now, "x"]], labels), JSON, 400, b"couldn't parse labels: " + text + b"\n")
        entries = [(time.time_ns(), b"x")]
        for labels, text in ((b'{a="b"', b"couldn't parse labels: 1:7: parse error: unexpected end of input inside"),
                             (b'a="b"', b"couldn't parse labels: 1:2: parse error: unexpected \"=\"\n"),
                             (b'{a="\xff"}', b"couldn't parse labels: 1:4: parse error: invalid UTF-8 rune\n"),
                             (b'{a="b", a="c"}', b'stream \'{a="b", a="c", service_name="unknown_service"}\' has '
                              b"duplicate label name: 'a'\n"),
                             (b"{" + b",".join(b'l%d="v"' % i for i in range(16)) + b"}", b"has 16 label names; limit 15"),
                             (b"{" + b"n" * 1025 + b'="v"}', b"has label name too long: 'nnn"),
                             (b'{a="' + b"v" * 2049 + b'"}', b"has label value too long: 'vvv")):
            self.assert_refused(snappy(protobuf(labels, entries)), PROTOBUF, 400, text)
        begin = time.monotonic()
        for labels in (b"{" + b"n" * 5 * MB + b'="v"}', b"{" + b'a="b",' * MB, b'{a="' + b"\\n" * 2 * MB, b"{" * 5 * MB):
            status, answer = self.push(snappy(protobuf(labels, entries)), PROTOBUF)
            self.assertEqual(status, 400)
            self.assertLess(len(answer), MB)
        self.assertLess(time.monotonic() - begin, 10, "long labels take too long")
        self.assert_refused(snappy(protobuf(b"x" * 17 * MB, entries)), PROTOBUF, 413, b"request body too large")
        self.assert_cost(300)

    def test_bytes_that_are_not_utf8(self):
        t = time.time_ns()
        body = protobuf(b'{app="utf8"}', [(t, b"bad \xff\xfe line", [(b"k\xff", b"v\xc3")])])
        self.assertEqual(self.push(snappy(body), PROTOBUF), (204, b""))
        self.assertEqual(self.push(b'{"streams":[{"stream":{"app":"utf8j"},"values":[["%d","bad \xff\xfe"]]}]}' % t),
                         (204, b""))
        for _ in range(2):
            stream, = self.server.query('{app="utf8"}')["result"]
            self.assertEqual(stream["values"], [[str(t), "bad \ufffd\ufffd line"]])
            self.assertEqual(stream["stream"]["k_"], "v ")
            self.assertEqual(self.server.lines('{app="utf8j"}'), ["bad \ufffd\ufffd"])
            self.server.request("POST", "/flush")
        for name in (b"\xff", "\u00e9".encode(), b"___"):
            self.assert_refused(snappy(protobuf(b'{app="utf8"}', [(t, b"x", [(name, b"v")])])), PROTOBUF, 500,
                                b"normalization for label name ")
        self.assert_refused(self.stream([[str(t), "x", {"": "v"}]]), JSON, 500, b"label name is empty\n")

    def test_times_out_of_range(self):
        stream = b'entry for stream \'{a="b", service_name="unknown_service"}\' has timestamp too '
        for ns, text in (((1 << 63) - 1, b"new: 2262-04-11T23:47:16Z\n"), (-(1 << 63), b"old: 1677-09-21T00:12:43Z, "),
                         (0, b"old: 1970-01-01T00:00:00Z, "), (time.time_ns() + 11 * 60 * 10**9, b"new: ")):
            self.assert_refused(self.stream([[str(ns), "x"]]), JSON, 400, stream + text)
        for ns in (1 << 63, -(1 << 63) - 1, 1 << 200):
            self.assert_refused(self.stream([[str(ns), "x"]]), JSON, 400, b"")
        for seconds, nanos in ((1 << 62, 0), (-(1 << 62), 0), (0, -1), (1 << 40, (1 << 31) - 1), (9223372036, 10**9)):
            body = field(1, field(1, b'{a="b"}') + field(2, field(1, field(1, seconds) + field(2, nanos)) + field(2, b"x")))
            self.assert_refused(snappy(body), PROTOBUF, 400, stream)

    def test_sizes_and_counts(self):
        now = str(time.time_ns())
        for value, text in (([now, "x" * 262_145], b"max entry size '262144' bytes exceeded for stream '{a=\"b\", "
                             b"service_name=\"unknown_service\"}' while adding an entry with length '262145' bytes\n"),
                            ([now, "x", {f"k{i}": "v" for i in range(129)}],
                             b"has too many structured metadata labels: '129', limit: '128'. Please see "),
                            ([now, "x", {"k": "v" * 65_536}],
                             b"has structured metadata too large: '65537' bytes, limit: '65536' bytes. Please see ")):
            self.assert_refused(self.stream([value]), JSON, 400, text)
        self.assertEqual(self.push(self.stream([[now, "x" * 262_144]]))[0], 204)


class Flood(unittest.TestCase):
    def test_many_refused_streams(self):
        server = Server().start()
        self.addCleanup(server.close)
        streams = [({"a": str(i)}, [(time.time_ns(), "")]) for i in range(20_000)]
        status, answer = server.push(streams)
        self.assertEqual(status, 429)
        self.assertIn(b"maximum active stream limit exceeded when trying to create stream", answer)
        self.assertLess(len(answer), MB)
        self.assertEqual(server.push(streams[:1])[0], 204)

    def test_empty_lines_pass_rate_limits_but_not_memory(self):
        """Entries of no bytes are free for rate limits, yet each takes memory."""
        server = Server("limits_config:\n  max_entries_limit_per_query: 100000000\n").start()
        self.addCleanup(server.close)
        entries = b"".join(protobuf_entry(time.time_ns() - i, b"") for i in range(100_000))
        body = snappy(field(1, field(1, b'{a="b"}') + entries))
        statuses = [server.request("POST", PUSH, body, PROTOBUF)[0] for _ in range(80)]
        self.assertLessEqual(set(statuses), {204, 503})
        self.assertGreater(statuses.count(204), 40)
        deadline = time.monotonic() + 30
        alive = 503  # until the head has been written
        while alive == 503 and time.monotonic() < deadline:
            alive = server.push([({"app": "alive"}, [(time.time_ns(), "here")])])[0]
        self.assertEqual(alive, 204)
        self.assertEqual(server.lines('{app="alive"}'), ["here"])
        peak = server.memory_mb("VmHWM")
        print(f"{statuses.count(204) * 100_000} empty lines: {peak:.0f} MB")
        self.assertLess(peak, 1200)


if __name__ == "__main__":
    unittest.main()
