"""Slow, broken, odd and many connections: the right answer or none, little memory, and the server goes on."""
import json
import resource
import socket
import threading
import time
import unittest

from harness import Server

READ_SECONDS = 2
CONFIG = f"server:\n  http_server_read_timeout: {READ_SECONDS}s\n  http_server_write_timeout: {READ_SECONDS}s\n"
MB = 1 << 20
PUSH_HEAD = b"POST /loki/api/v1/push HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


def setUpModule():
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)


def push_body(line):
    return json.dumps({"streams": [{"stream": {"app": "raw"}, "values": [[str(time.time_ns()), line]]}]}).encode()


class Connections(unittest.TestCase):
    config, limits = CONFIG, None

    def setUp(self):
        self.server = Server(self.config, limits=self.limits).start()
        self.addCleanup(self.server.close)
        self.before = self.server.memory_mb()

    def connect(self, data=b"", timeout=20):
        connection = socket.create_connection(("127.0.0.1", self.server.port), timeout)
        self.addCleanup(connection.close)
        try:
            connection.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass  # what was answered before can still be read
        return connection

    def receive(self, connection):
        """All that comes until the server closes."""
        parts = []
        while True:
            try:
                part = connection.recv(65536)
            except ConnectionResetError:
                part = b""
            if not part:
                return b"".join(parts)
            parts.append(part)

    def ask(self, data):
        return self.receive(self.connect(data))

    def status(self, data):
        answer = self.ask(data)
        self.assertTrue(answer.startswith(b"HTTP/1.1 "), answer[:200])
        return int(answer[9:12])

    def serves(self):
        line = f"still here {time.time_ns()}"
        self.assertEqual(self.server.push([({"app": "alive"}, [(time.time_ns(), line)])])[0], 204)
        self.assertIn(line, self.server.lines('{app="alive"}'))
        self.assertIsNone(self.server.process.poll())

    def assert_cost(self, megabytes):
        cost = self.server.memory_mb("VmHWM") - self.before
        print(f"{self.id().split('.')[-1]}: {cost:.0f} MB")
        self.assertLess(cost, megabytes)


class Odd(Connections):
    def tearDown(self):
        self.serves()

    def test_slow_headers_and_bodies(self):
        silent = [self.connect() for _ in range(100)]
        headers = [self.connect(b"GET /ready HTTP/1.1\r\nHost: x\r\nX-" + b"a" * 10_000) for _ in range(300)]
        bodies = [self.connect(PUSH_HEAD + b"Content-Length: 100000000\r\n\r\n" + b"x" * 10_000) for _ in range(300)]
        chunked = [self.connect(PUSH_HEAD + b"Transfer-Encoding: chunked\r\n\r\nfffff\r\n" + b"x" * 10_000) for _ in range(300)]
        self.serves()
        stop = time.monotonic() + READ_SECONDS + 1
        while time.monotonic() < stop:  # a byte now and then does not help
            for connection in (*headers[:20], *bodies[:20]):
                try:
                    connection.send(b"y")
                except OSError:
                    pass
            time.sleep(0.2)
        for connection in (*headers, *bodies, *chunked):
            self.assertIn(b"HTTP/1.1 408 ", self.receive(connection))
        for connection in silent:
            self.assertEqual(self.receive(connection), b"")
        self.assert_cost(80)

    def test_half_closed(self):
        for data, status in ((b"GET /ready HTTP/1.1\r\nHost: x\r\n\r\n", 200), (b"GET /ready HTTP/1.1\r\nHo", 400),
                             (PUSH_HEAD + b"Content-Length: 100\r\n\r\n{", 400),
                             (PUSH_HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nabc", 400)):
            connection = self.connect(data)
            connection.shutdown(socket.SHUT_WR)
            self.assertIn(f"HTTP/1.1 {status} ".encode(), self.receive(connection))
        for data in (b"", b"GET /ready HTT", PUSH_HEAD + b"Content-Length: 1000000\r\n\r\n{"):
            for _ in range(50):
                self.connect(data).close()
        body = push_body("gone before the answer")
        self.connect(PUSH_HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body).close()

    def test_clients_that_do_not_read(self):
        self.server.push([({"app": "big"}, [(time.time_ns() + i, "x" * 200_000) for i in range(25)])])
        request = b"GET /loki/api/v1/query_range?query=%7Bapp%3D%22big%22%7D HTTP/1.1\r\nHost: x\r\n\r\n"
        for _ in range(20):
            self.connect(request * 20)
        time.sleep(READ_SECONDS + 1)
        self.serves()
        self.assert_cost(400)

    def test_pipelined(self):
        bodies = [push_body(f"pipelined {i}") for i in range(50)]
        data = b"".join(PUSH_HEAD + b"Content-Length: %d\r\n\r\n" % len(b) + b for b in bodies)
        answer = self.ask(data + b"GET /ready HTTP/1.1\r\nConnection: close\r\n\r\n")
        self.assertEqual(answer.count(b"HTTP/1.1 204 "), 50)
        self.assertTrue(answer.endswith(b"ready\n"))
        self.assertEqual(len(self.server.lines('{app="raw"}')), 50)

    def test_lengths_and_chunks(self):
        body = push_body("in pieces")
        chunks = b"".join(b"1\r\n" + body[i:i + 1] + b"\r\n" for i in range(len(body))) + b"0\r\n\r\n"
        self.assertEqual(self.status(PUSH_HEAD + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks), 204)
        self.assertEqual(self.server.lines('{app="raw"}'), ["in pieces"])
        for length, status in ((b"999999999999999999", 413), (b"104857601", 413), (b"99999999999999999999999", 400),
                               (b"-1", 400), (b"x", 400), (b"1, 2", 400), (b"1\r\nContent-Length: 2", 400)):
            self.assertEqual(self.status(PUSH_HEAD + b"Content-Length: " + length + b"\r\n\r\n"), status, length)
        chunked = PUSH_HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
        for chunk, status in ((b"ffffffffffffffffff\r\n", 400), (b"zz\r\n", 400), (b"-5\r\n", 400), (b"7fffffff\r\n", 413)):
            self.assertEqual(self.status(chunked + chunk), status, chunk)
        both = PUSH_HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /ready HTTP/1.1\r\n\r\n"
        self.assertEqual(self.status(both), 400)
        self.assert_cost(60)

    def test_expect(self):
        body = push_body("expected")
        connection = self.connect(PUSH_HEAD + b"Expect: 100-continue\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body))
        self.assertTrue(connection.recv(100).startswith(b"HTTP/1.1 100 "))
        connection.sendall(body)
        self.assertIn(b"HTTP/1.1 204 ", self.receive(connection))
        self.assertEqual(self.status(PUSH_HEAD + b"Expect: 100-continue\r\nContent-Length: 104857601\r\n\r\n"), 413)
        self.assertEqual(self.status(PUSH_HEAD + b"Expect: wonders\r\nContent-Length: 1\r\n\r\nx"), 417)

    def test_long_urls_and_many_headers(self):
        get = lambda target, headers=b"": self.ask(b"GET " + target + b" HTTP/1.1\r\nConnection: close\r\n" + headers + b"\r\n")
        query = b"/loki/api/v1/query_range?query=%7Bapp%3D%22alive%22%7D%7C%3D%22"
        self.assertIn(b"HTTP/1.1 200 ", get(query + b"x" * 64_000 + b"%22"))
        self.assertIn(b"HTTP/1.1 404 ", get(b"/" + b"x" * 64_000))
        self.assertIn(b"HTTP/1.1 400 ", get(b"/loki/api/v1/labels?" + b"a&" * 30_000))
        self.assertIn(b"HTTP/1.1 414 ", get(b"/" + b"x" * 1_000_000))
        self.assertIn(b"HTTP/1.1 200 ", get(b"/ready", b"X-Many: 1\r\n" * 5_000))
        self.assertIn(b"HTTP/1.1 431 ", get(b"/ready", b"X-Many: 1\r\n" * 100_000))
        self.assertIn(b"HTTP/1.1 431 ", get(b"/ready", b"X-Long: " + b"y" * 10 * MB + b"\r\n"))
        form = b"POST /loki/api/v1/query_range HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\n" \
               b"Content-Length: %d\r\nConnection: close\r\n\r\n"
        self.assertEqual(self.status(form % (11 * MB) + b"a" * 11 * MB), 413)
        self.assertEqual(self.status(form % (9 * MB) + b"a&" * (9 * MB // 2)), 400)
        self.assert_cost(100)

    def test_methods_and_paths(self):
        s = self.server
        for path in ("/", "/nothing", "/loki/api/v1", "/loki/api/v1/", "/loki/api/v1/push/", "/loki/api/v1/pushy",
                     "/loki/api/v1/label//values", "/loki/api/v1/label/a/b/values", "/%00", "/..%2f..%2fetc/passwd",
                     "/loki/api/v1/nothing", "/READY"):
            self.assertEqual(s.request("GET", path), (404, b"404 page not found\n"), path)
        for method, path in (("GET", "/loki/api/v1/push"), ("DELETE", "/loki/api/v1/push"), ("PUT", "/loki/api/v1/query"),
                             ("DELETE", "/loki/api/v1/labels"), ("POST", "/ready"), ("POST", "/metrics"), ("FOO", "/ready"),
                             ("PATCH", "/loki/api/v1/series")):
            self.assertEqual(s.request(method, path), (405, b""), (method, path))
        self.assertEqual(self.ask(b"HEAD /ready HTTP/1.0\r\n\r\n").split(b"\r\n\r\n")[1], b"")
        self.assertIn(b"ready\n", self.ask(b"GET http://elsewhere/ready HTTP/1.1\r\nConnection: close\r\n\r\n"))
        for rubbish in (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 500, b"\r\n\r\n\r\n\r\n", b"GET\r\n\r\n",
                        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"G\x00T / HTTP/1.1\r\n\r\n",
                        b"GET / HTTP/1.1\r\n bad: folded\r\n\r\n", b"GET / HTTP/1.1\r\nno colon\r\n\r\n", b"\xff" * 1000):
            self.assertEqual(self.status(rubbish), 400, rubbish[:30])


class Patient(Connections):
    config = ""

    def test_endless_chunks(self):
        piece = b"100000\r\n" + b"x" * MB + b"\r\n"
        self.assertEqual(self.status(PUSH_HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + piece * 110), 413)
        self.serves()
        self.assert_cost(300)

    def test_what_is_between_chunks_has_an_end(self):
        for endless in (b"1;" + b"a" * 50 * MB, b"0\r\n" + b"X-Trailer: y\r\n" * 4 * MB, b"0\r\nX: " + b"a" * 50 * MB, b"0" * 50 * MB):
            status = self.status(PUSH_HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + endless)
            self.assertIn(status, (400, 431), endless[:10])
        self.serves()
        self.assert_cost(20)


class Many(Connections):
    def test_a_thousand_connections(self):
        connections = [self.connect() for _ in range(1000)]
        for connection in connections:
            connection.sendall(b"GET /ready HTTP/1.1\r\nHost: x\r\n\r\n")
        for connection in connections:
            self.assertIn(b" 200 OK", connection.recv(1000))
        self.serves()
        self.assert_cost(60)


class Limited(Connections):
    config = CONFIG + "  http_listen_conn_limit: 50\n"

    def test_the_connection_limit_is_told(self):
        held = [self.connect(b"GET /ready HT") for _ in range(50)]
        time.sleep(0.2)
        for _ in range(3):
            answer = self.ask(b"GET /ready HTTP/1.1\r\nHost: x\r\n\r\n")
            self.assertIn(b"HTTP/1.1 503 ", answer)
            self.assertIn(b"Retry-After: 1\r\n", answer)
            self.assertTrue(answer.endswith(b"too many connections\n"), answer)
        flood = [self.connect(b"GET /ready HT") for _ in range(1000)]
        for connection in (*held, *flood):
            connection.close()
        stop = time.monotonic() + 10
        while not self.is_ready():
            self.assertLess(time.monotonic(), stop)
            time.sleep(0.1)
        self.serves()
        self.assert_cost(60)

    def is_ready(self):
        """Where many connections are refused at once, those beyond some are closed without a word."""
        try:
            return self.server.request("GET", "/ready")[0] == 200
        except OSError:
            return False


class FewFiles(Connections):
    limits = {resource.RLIMIT_NOFILE: 100}

    def test_connections_do_not_take_the_files_of_the_store(self):
        held = [self.connect(b"GET /ready HTTP/1.1\r\n\r\n") for _ in range(40)]
        for connection in held:
            self.assertIn(b" 200 OK", connection.recv(1000))
        flood = [self.connect() for _ in range(400)]
        begin = self.server.cpu_seconds()
        time.sleep(1)
        self.assertLess(self.server.cpu_seconds() - begin, 0.5, "the server spins")
        body = push_body("kept")
        held[0].sendall(PUSH_HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.assertIn(b" 204 ", held[0].recv(1000))
        held[0].sendall(b"POST /flush HTTP/1.1\r\nContent-Length: 0\r\n\r\n")
        self.assertIn(b" 204 ", held[0].recv(1000))
        for connection in (*held, *flood):
            connection.close()
        time.sleep(READ_SECONDS + 1)
        self.serves()
        self.assertEqual(self.server.lines('{app="raw"}'), ["kept"])


if __name__ == "__main__":
    unittest.main()
