"""Slow queries: whose client goes away, that take too long, beside pushes, and while the server stops."""
import re
import signal
import socket
import struct
import threading
import time
import unittest

from busy import BUSY, LIMITS, path_of, push_lines
from harness import Server

LINES = 40_000
# Takes a minute and more.
SLOW = ('sum(count_over_time({app="a"} | json | line_format "{{range $i := fromJson `%s`}}{{range $j := fromJson `%s`}}'
        '{{regexReplaceAll `a` $.msg `b`}}{{end}}{{end}}" [1m]))' % (list(range(40)), list(range(40))))


class Slow(unittest.TestCase):
    timeout = "1m"

    def setUp(self):
        self.server = Server(LIMITS + f"  query_timeout: {self.timeout}\n").start()
        self.addCleanup(self.server.close)
        push_lines(self, self.server, LINES)
        self.assertEqual(self.server.request("POST", "/flush")[0], 204)

    def push(self):
        return self.server.push([({"app": "b"}, [(time.time_ns(), "x")])])[0]

    def in_threads(self, count, work):
        threads = [threading.Thread(target=work) for _ in range(count)]
        for thread in threads:
            thread.start()
        return threads

    def metric(self, pattern):
        found = re.search(pattern + r"\S* (\d+)", self.server.request("GET", "/metrics")[1].decode())
        return int(found.group(1)) if found else 0

    def wait_for_metric(self, pattern, value, seconds=5):
        stop = time.monotonic() + seconds
        while self.metric(pattern) != value:
            self.assertLess(time.monotonic(), stop, (pattern, self.metric(pattern)))
            time.sleep(0.02)


class Clients(Slow):
    def ask(self, more=b""):
        connection = socket.create_connection(("127.0.0.1", self.server.port), timeout=10)
        self.addCleanup(connection.close)
        connection.sendall(f"GET {path_of(SLOW)} HTTP/1.1\r\nHost: x\r\n\r\n".encode() + more)
        time.sleep(0.3)
        return connection

    def wait_for_cancelled(self, count):
        self.wait_for_metric(r'logi_queries_total{status="cancelled"', count)
        self.wait_for_metric(
            r'loki_request_duration_seconds_count{method="GET",route="loki_api_v1_query_range",status_code="499"', count)

    def test_a_client_that_goes_away_cancels_its_query(self):
        self.ask().close()
        self.wait_for_cancelled(1)
        connection = self.ask()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()  # a reset
        self.wait_for_cancelled(2)

    def test_a_client_that_sends_no_more_is_told(self):
        connection = self.ask()
        connection.shutdown(socket.SHUT_WR)
        self.assertTrue(connection.recv(1000).startswith(b"HTTP/1.1 499 "))
        self.wait_for_cancelled(1)

    def test_a_request_that_comes_early_waits_its_turn(self):
        big = b"POST /loki/api/v1/push HTTP/1.1\r\nContent-Length: 3000000\r\n\r\n" + b"x" * 3_000_000
        connection = socket.create_connection(("127.0.0.1", self.server.port), timeout=30)
        self.addCleanup(connection.close)
        connection.sendall(f"GET {path_of(BUSY)} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        connection.sendall(b"GET /ready HTTP/1.1\r\nHost: x\r\n\r\n" + big + b"GET /ready HTTP/1.0\r\n\r\n")
        answers = b""
        while piece := connection.recv(100_000):
            answers += piece
        self.assertEqual(re.findall(rb"HTTP/1.1 (\d+) ", answers), [b"200", b"200", b"400", b"200"])
        self.assertTrue(answers.endswith(b"ready\n"))
        self.assertEqual(self.metric(r'logi_queries_total{status="cancelled"'), 0)

    def test_stopping_does_not_wait_for_them(self):
        answers = []
        threads = self.in_threads(3, lambda: answers.append(self.server.request("GET", path_of(SLOW), timeout=60)))
        time.sleep(0.5)
        begin = time.monotonic()
        self.assertEqual(self.server.stop(signal.SIGTERM), 0, self.server.log_text())
        self.assertLess(time.monotonic() - begin, 12)
        for thread in threads:
            thread.join()
        self.assertEqual(answers, [(503, b"the server is stopping")] * 3)
        self.assertIn("msg=stopped status=clean", self.server.log_text())


class Timeout(Slow):
    timeout = "2s"

    def test_it_is_kept_however_many_run(self):
        seen = []

        def ask():
            begin = time.monotonic()
            status = self.server.request("GET", path_of(SLOW))[0]
            seen.append((status, time.monotonic() - begin))

        for thread in self.in_threads(8, ask):
            thread.join()
        self.assertEqual({status for status, _ in seen}, {504})
        self.assertLess(max(seconds for _, seconds in seen), 3)
        self.wait_for_metric(r'logi_queries_total{status="timeout"', 8)


class Pushes(Slow):
    def test_they_do_not_wait_for_queries(self):
        threads = self.in_threads(16, lambda: self.assertEqual(self.server.request("GET", path_of(BUSY))[0], 200))
        worst = 0
        while any(thread.is_alive() for thread in threads):
            begin = time.monotonic()
            self.assertEqual(self.push(), 204)
            worst = max(worst, time.monotonic() - begin)
            time.sleep(0.02)
        # A query's piece takes longer than this; the machine may be busy with more.
        self.assertLess(worst, 0.5)


if __name__ == "__main__":
    unittest.main()
