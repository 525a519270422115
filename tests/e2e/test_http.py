"""HTTP beyond the endpoints: compressed answers, methods, limits of what a request may be, and what is never sent."""
import gzip
import json
import socket
import time
import unittest

from harness import Server
from websocket import Tail

ROUTES = {"/ready": "GET, HEAD", "/metrics": "GET, HEAD", "/loki/api/v1/push": "POST", "/otlp/v1/logs": "POST",
          "/loki/api/v1/query_range": "GET, HEAD, POST", "/loki/api/v1/label/app/values": "GET, HEAD, POST",
          "/loki/api/v1/delete": "GET, HEAD, POST, PUT, DELETE"}
QUERY = "/loki/api/v1/query_range?query=%7Bapp%3D%22a%22%7D"


class Http(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = s = Server("server: {http_server_read_timeout: 2s, http_server_write_timeout: 2s}\n").start()
        cls.addClassCleanup(s.close)
        now = time.time_ns()
        assert s.push([({"app": "a"}, [(now - i, f"a line that is like many others {i}") for i in range(90)])])[0] == 204
        assert s.push([({"app": "few"}, [(now, "short")])])[0] == 204

    def connect(self):
        connection = socket.create_connection(("127.0.0.1", self.server.port), timeout=20)
        self.addCleanup(connection.close)
        return connection

    def ask(self, head, *headers, body=b""):
        """(status, headers in lower case, body) of a raw request."""
        connection = self.connect()
        lines = (head + " HTTP/1.1", "Host: x", "Connection: close", *headers)
        try:
            connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        except (BrokenPipeError, ConnectionResetError):
            pass  # what was answered before can still be read
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
        top, body = answer.split(b"\r\n\r\n", 1)
        first, *rest = top.decode().split("\r\n")
        return int(first.split()[1]), {k.lower(): v.strip() for k, v in (line.split(":", 1) for line in rest)}, body

    def test_gzip_when_asked_for(self):
        plain = json.loads(self.ask("GET " + QUERY)[2])["data"]["result"]
        self.assertEqual(sum(len(s["values"]) for s in plain), 90)
        for asks in ("gzip", "GZIP", "gzip, deflate, br", "br;q=1.0, gzip;q=0.8, *;q=0.1", "*", "deflate, *;q=0.5",
                     " gzip ; q=0.001 ", "identity;q=0.5, gzip;q=1.0"):
            status, headers, body = self.ask("GET " + QUERY, "Accept-Encoding: " + asks)
            self.assertEqual((status, headers.get("content-encoding")), (200, "gzip"), asks)
            self.assertEqual(headers["content-length"], str(len(body)))
            self.assertEqual(headers["vary"], "Accept-Encoding")
            self.assertTrue(headers["content-type"].startswith("application/json"))
            text = gzip.decompress(body)
            self.assertEqual(json.loads(text)["data"]["result"], plain)
            self.assertLess(len(body), len(text) / 2)
        for asks in ("", "identity", "br", "gzip;q=0", "gzip;q=0.0, *", "*;q=0", "gzip;q=x", "gzipped", ";", ",,,",
                     "gzip" * 1000):
            status, headers, body = self.ask("GET " + QUERY, "Accept-Encoding: " + asks)
            self.assertEqual((status, headers.get("content-encoding")), (200, None), asks)
            self.assertEqual(headers["vary"], "Accept-Encoding")
            self.assertEqual(json.loads(body)["data"]["result"], plain)

    def test_what_is_not_compressed(self):
        asks = "Accept-Encoding: gzip"
        for path in ("/ready", "/nothing", "/loki/api/v1/labels"):  # too small
            status, headers, body = self.ask("GET " + path, asks)
            self.assertNotIn("content-encoding", headers, path)
            self.assertEqual(headers["content-length"], str(len(body)))
        tail = Tail(self.server, '{app="few"}', headers={"Accept-Encoding": "gzip"})
        self.addCleanup(tail.close)
        self.assertNotIn("content-encoding", tail.headers)
        self.assertEqual(tail.lines(1), ["short"])
        status, headers, body = self.ask("GET /metrics", asks)
        self.assertEqual(headers["content-encoding"], "gzip")
        self.assertIn(b"loki_request_duration_seconds", gzip.decompress(body))

    def test_head_is_get_without_a_body(self):
        for path in ("/ready", QUERY, "/loki/api/v1/labels", "/nothing"):
            status, headers, body = self.ask("HEAD " + path)
            self.assertEqual(body, b"", path)
            as_get = self.ask("GET " + path)
            self.assertEqual(status, as_get[0])
            self.assertEqual(headers["content-type"], as_get[1]["content-type"])
        self.assertEqual(self.ask("HEAD /ready")[1]["content-length"], "6")
        status, headers, body = self.ask("HEAD " + QUERY, "Accept-Encoding: gzip")
        self.assertEqual((status, headers["content-encoding"], body), (200, "gzip", b""))

    def test_methods_that_are_not_there(self):
        for path, allowed in ROUTES.items():
            for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "FOO"):
                if method not in allowed.split(", "):
                    status, headers, body = self.ask(f"{method} {path}")
                    self.assertEqual((status, body), (405, b""), (method, path))
                    self.assertEqual(headers["allow"], allowed + ", OPTIONS")
            status, headers, body = self.ask("OPTIONS " + path)
            self.assertEqual((status, headers["allow"], body), (204, allowed + ", OPTIONS", b""), path)
        self.assertEqual(self.ask("OPTIONS *")[0], 204)
        self.assertEqual(self.ask("GET *")[0], 404)
        self.assertEqual(self.ask("OPTIONS /nothing")[0], 404)

    def test_no_other_sites_pages_may_ask(self):
        preflight = ("Origin: https://elsewhere.example", "Access-Control-Request-Method: POST",
                     "Access-Control-Request-Headers: x-scope-orgid", "Access-Control-Request-Private-Network: true")
        for method in ("OPTIONS", "GET", "HEAD", "POST", "DELETE"):
            for path in (*ROUTES, "/nothing", QUERY):
                headers = self.ask(f"{method} {path}", *preflight, "Content-Length: 0")[1]
                self.assertEqual([name for name in headers if name.startswith("access-control")], [], (method, path))

    def test_how_long_a_url_may_be(self):
        for size in (1000, 65_536, 90_000):
            self.assertEqual(self.ask("GET /ready?" + "x" * size)[0], 200, size)
            query = "/loki/api/v1/query_range?query=%7Bapp%3D%22a%22%7D%7C%3D%22" + "x" * size + "%22"
            self.assertEqual(self.ask("GET " + query)[0], 200, size)
        for size in (100_000, 1_000_000):
            self.assertEqual(self.ask("GET /ready?" + "x" * size)[0], 414, size)
        # What is too long is not the URL.
        self.assertEqual(self.ask("GET /ready", "X-Long: " + "x" * 100_000)[0], 431)
        self.assertEqual(self.ask("GET /ready?" + "x" * 60_000, "X-Long: " + "x" * 60_000)[0], 431)
        self.assertEqual(self.ask("G" * 200_000)[0], 431)

    def test_expect(self):
        body = json.dumps({"streams": [{"stream": {"app": "expected"}, "values": [[str(time.time_ns()), "x"]]}]}).encode()
        connection = self.connect()
        connection.sendall(b"POST /loki/api/v1/push HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nExpect: 100-CONTINUE\r\n"
                           b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(body))
        self.assertEqual(connection.recv(1000), b"HTTP/1.1 100 Continue\r\n\r\n")
        connection.sendall(body)
        self.assertIn(b"HTTP/1.1 204 ", b"".join(iter(lambda: connection.recv(65536), b"")))
        # What is refused anyway is not asked for.
        self.assertEqual(self.ask("POST /loki/api/v1/push", "Expect: 100-continue", "Content-Length: 999999999")[0], 413)
        self.assertEqual(self.ask("POST /loki/api/v1/push", "Expect: something", "Content-Length: 1", body=b"x")[0], 417)


if __name__ == "__main__":
    unittest.main()
