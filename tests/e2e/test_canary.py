"""`logi canary`: silent about a server that works, and counting what a bad line between them does."""
import http.client
import http.server
import re
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.request

from certificates import Authority
from harness import BINARY, Server, free_port
from websocket import TEXT


class Line(http.server.BaseHTTPRequestHandler):
    """What stands between the canary and the server: it passes everything on, as the rules of the line want it."""
    protocol_version = "HTTP/1.1"

    def pass_on(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        line = self.server
        if self.path.startswith("/loki/api/v1/push"):
            line.pushes += 1
            if line.loses(line.pushes):  # acknowledged by nobody who keeps it
                return self.answer(204, b"")
        if self.headers.get("Upgrade"):
            return self.follow()
        connection = http.client.HTTPConnection("127.0.0.1", line.target, timeout=30)
        try:
            connection.request(self.command, self.path, body, dict(self.headers))
            answer = connection.getresponse()
            self.answer(answer.status, answer.read())
        except OSError:
            self.answer(502, b"nobody there")
        finally:
            connection.close()

    do_GET = do_POST = pass_on

    def answer(self, status, body):
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def follow(self):
        """A live tail, whose frames of text are passed on as `frames` says."""
        self.close_connection = True
        with socket.create_connection(("127.0.0.1", self.server.target)) as server:
            headers = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
            server.sendall(f"{self.command} {self.path} HTTP/1.1\r\n{headers}\r\n".encode())
            stream = server.makefile("rb")
            while (head := stream.readline()):
                self.wfile.write(head)
                if head == b"\r\n":
                    break
            threading.Thread(target=self.copy, args=(self.connection, server), daemon=True).start()
            held = []
            while len(start := stream.read(2)) == 2:
                size = start[1] & 0x7F
                extra = stream.read({126: 2, 127: 8}.get(size, 0))
                size = int.from_bytes(extra, "big") if extra else size
                frame = start + extra + stream.read(size)
                if start[0] & 0x0F == TEXT:
                    self.server.frames += 1
                    rule = self.server.rule(self.server.frames)
                    if rule == "hold":
                        held.append(frame)
                        continue
                    time.sleep(1 if rule == "late" else 0)
                    for _ in range({"drop": 0, "twice": 2}.get(rule, 1)):
                        self.wfile.write(frame)
                    while held:
                        self.wfile.write(held.pop())
                else:
                    self.wfile.write(frame)

    @staticmethod
    def copy(source, target):
        try:
            while (piece := source.recv(65536)):
                target.sendall(piece)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def log_message(self, *_):
        pass


class BadLine(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, target, loses=lambda n: False, rule=lambda n: "pass", tls=None):
        """loses(n): whether the n-th push goes nowhere; rule(n): what is done with the n-th frame of a live tail; tls: the
        context of a server."""
        super().__init__(("127.0.0.1", 0), Line)
        self.target, self.loses, self.rule = target, loses, rule
        self.pushes = self.frames = 0
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, *_):
        pass  # a canary that has gone


class Canary:
    # Where nothing is to be missing a busy machine has its time.
    FAST = {"interval": "20ms", "wait": "20s", "max-wait": "60s", "pruneinterval": "200ms", "spot-check-interval": "200ms",
            "spot-check-query-rate": "500ms", "spot-check-initial-wait": "3s", "metric-test-interval": "1s",
            "cache-test-interval": "500ms", "cache-test-now": "1s", "cache-test-range": "10s"}

    def __init__(self, port, *arguments, push=True, **flags):
        self.port, self.log = free_port(), tempfile.TemporaryFile()
        flags = {**self.FAST, **{name.replace("_", "-"): value for name, value in flags.items()}}
        self.process = subprocess.Popen(
            [BINARY, "canary", f"-addr=127.0.0.1:{port}", "-port", str(self.port), *(["-push=true"] if push else []), *arguments,
             *(f"-{name}={value}" for name, value in flags.items())],
            stdout=subprocess.PIPE, stderr=self.log, text=True)

    def log_text(self):
        self.log.seek(0)
        return self.log.read().decode()

    def get(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=30) as answer:
            return answer.read().decode()

    def metrics(self):
        text = self.get("/metrics")
        return {name: float(value) for name, value in re.findall(r"^lo[kg]i_canary_(\S+) (\S+)$", text, re.M)}

    def wait(self, done, seconds=40):
        """The metrics, once they are as `done` wants them."""
        end = time.time() + seconds
        while True:
            try:
                metrics = self.metrics()
                if done(metrics):
                    return metrics
            except OSError:
                metrics = None
            if time.time() > end or self.process.poll() is not None:
                self.process.kill()
                raise AssertionError((metrics, self.log_text()[-3000:]))
            time.sleep(0.05)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(40)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.log.close()


def pushed(server, streams):
    try:
        return server.push(streams)[0] == 204
    except OSError:  # it is not there
        return False


class CanaryTest(unittest.TestCase):
    def serve(self, config=""):
        server = Server(config).start()
        self.addCleanup(server.close)
        return server

    def line(self, server, **rules):
        line = BadLine(server.port, **rules)
        self.addCleanup(line.server_close)
        self.addCleanup(line.shutdown)
        return line.server_port

    def canary(self, port, *arguments, **flags):
        canary = Canary(port, *arguments, **flags)
        self.addCleanup(canary.close)
        return canary

    def nothing_wrong(self, metrics):
        for name in ("missing_entries_total", "websocket_missing_entries_total", "out_of_order_entries_total",
                     "duplicate_entries_total", "unexpected_entries_total", "spot_check_missing_entries_total",
                     "cache_test_query_results_diff_total", "write_failures_total", "query_failures_total"):
            self.assertEqual(metrics[name], 0, (name, metrics))


class GoodServer(CanaryTest):
    def test_nothing_is_wrong(self):
        server = self.serve()
        canary = self.canary(server.port, "-size", "200", "-labelname=canary", "-labelvalue", "one")
        metrics = canary.wait(lambda m: m["entries_total"] > 200 and m["spot_check_entries_total"] > 10 and
                              m["cache_test_query_results_total"] > 1 and m["metric_test_actual"] > 50 and
                              m["ws_pings_total"] > 1)
        self.nothing_wrong(metrics)
        # Of the last second some lines may be under way.
        self.assertGreater(metrics["response_latency_seconds_count"], metrics["entries_total"] - 50)
        self.assertEqual(metrics['response_latency_seconds_bucket{le="256"}'], metrics["response_latency_seconds_count"])
        self.assertLess(abs(metrics["metric_test_deviation"]), metrics["metric_test_expected"] / 2)
        stored = server.query('{canary="one", stream="push"}', limit=1000)["result"]
        lines = [value for s in stored for value in s["values"]]
        for ns, line in (value[:2] for value in lines):
            self.assertEqual(len(line), 200)
            self.assertRegex(line, rf"^{ns} p+$")
        self.assertEqual(canary.stop(), 0, canary.log_text())

    def test_times_that_have_passed(self):
        """Lines out of the order of time are in order when they come as they were written."""
        server = self.serve()
        canary = self.canary(server.port, out_of_order_percentage=50, out_of_order_min="1s", out_of_order_max="5s",
                             cache_test_interval="1h")
        self.nothing_wrong(canary.wait(lambda m: m["entries_total"] > 200 and m["spot_check_entries_total"] > 10))
        canary.get("/suspend")
        stored = server.query('{name="loki-canary"}', limit=5000)["result"]
        times = [int(value[0]) for s in stored for value in s["values"]]
        self.assertEqual((len(times), len(set(times))), (canary.metrics()["entries_total"],) * 2)

    def test_tls(self):
        authority = Authority(self)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*authority.issue("server"))
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(authority.cert)
        line = self.line(self.serve(), tls=context)
        cert, key = authority.issue("canary")
        canary = self.canary(line, "-tls", f"-ca-file={authority.cert}", f"-cert-file={cert}", f"-key-file={key}")
        self.nothing_wrong(canary.wait(lambda m: m["response_latency_seconds_count"] > 100 and m["ws_pings_total"] > 1))
        nobody = self.canary(line, "-tls", "-insecure", write_max_retries=0, wait="1s", max_wait="2s")
        self.assertEqual(nobody.wait(lambda m: m["missing_entries_total"] > 0)["response_latency_seconds_count"], 0)

    def test_suspend_and_resume(self):
        server = self.serve()
        canary = self.canary(server.port)
        canary.wait(lambda m: m["entries_total"] > 10)
        canary.get("/suspend")
        before = canary.metrics()["entries_total"]
        self.assertEqual(len(server.lines('{name="loki-canary"}')), before)
        canary.get("/suspend")
        self.assertEqual(canary.metrics()["entries_total"], before)
        canary.get("/resume")
        metrics = canary.wait(lambda m: m["entries_total"] > before + 100)
        self.nothing_wrong(metrics)

    def test_lines_for_an_agent(self):
        """Lines on standard output, which another program ships, in batches and later."""
        server = self.serve()
        canary = self.canary(server.port, push=False)
        shipped = []
        labels = {"name": "loki-canary", "stream": "stdout"}

        def ship():
            for line in canary.process.stdout:
                shipped.append(line)
                # As agents do, that know no better, with the time when it was read.
                values = [(labels, [(time.time_ns(), line.rstrip())])]
                while not pushed(server, values):
                    time.sleep(0.05)

        shipper = threading.Thread(target=ship)
        shipper.start()
        metrics = canary.wait(lambda m: m["response_latency_seconds_count"] > 50)
        self.nothing_wrong(metrics)
        self.assertEqual(len(shipped[0].rstrip("\n")), 100)
        # A line of somebody else is unexpected, and disturbs nothing.
        self.assertTrue(pushed(server, [(labels, [(time.time_ns(), "17 of somebody"), (time.time_ns(), "else")])]))
        before = canary.wait(lambda m: m["unexpected_entries_total"] == 2)["response_latency_seconds_count"]
        # Nor does a tail that is connected again.
        server.kill()
        server.start()
        metrics = canary.wait(lambda m: m["ws_reconnects_total"] > 0 and m["response_latency_seconds_count"] > before + 50)
        self.assertEqual((metrics["unexpected_entries_total"], metrics["duplicate_entries_total"]), (2, 0))
        canary.process.send_signal(signal.SIGINT)
        shipper.join(30)
        self.assertEqual(canary.process.wait(30), 0)

    def test_batches_and_rights(self):
        secret = subprocess.run([BINARY, "hash-token", "--stdin"], input="bird", capture_output=True, text=True).stdout.split()[1]
        server = self.serve(f"""auth_enabled: true
auth:
  mode: static
  credentials:
    - name: canary
      user: canary
      password: "{secret}"
      tenants: [one]
      rights: [push, query]
""")
        canary = self.canary(server.port, "-user=canary", "-pass=bird", "-tenant-id=one", "-labels=a=b,c=d", logs_batch_size=5)
        self.nothing_wrong(canary.wait(lambda m: m["response_latency_seconds_count"] > 100))
        stranger = self.canary(server.port, "-user=canary", "-pass=fox", "-tenant-id=one", wait="1s", max_wait="2s")
        metrics = stranger.wait(lambda m: m["missing_entries_total"] > 5)
        self.assertGreater(metrics["write_failures_total"], 5)


class BadServer(CanaryTest):
    def test_lines_that_get_lost(self):
        canary = self.canary(self.line(self.serve(), loses=lambda n: n % 20 == 5), wait="3s", max_wait="6s")
        metrics = canary.wait(lambda m: m["missing_entries_total"] >= 5 and m["spot_check_missing_entries_total"] > 0)
        self.assertGreaterEqual(metrics["websocket_missing_entries_total"], metrics["missing_entries_total"])
        # One in twenty; those of the last seconds are not counted yet.
        self.assertLessEqual(metrics["missing_entries_total"], metrics["entries_total"] / 20 + 1)
        # Lines behind a gap come before the one that they wait for.
        self.assertGreater(metrics["out_of_order_entries_total"], 0)
        self.assertEqual((metrics["duplicate_entries_total"], metrics["unexpected_entries_total"]), (0, 0))

    def test_a_live_tail_that_loses_lines(self):
        canary = self.canary(self.line(self.serve(), rule=lambda n: "drop" if n % 20 == 5 else "pass"), wait="1s")
        metrics = canary.wait(lambda m: m["websocket_missing_entries_total"] >= 5 and m["entries_total"] > 300)
        self.assertEqual((metrics["missing_entries_total"], metrics["spot_check_missing_entries_total"]), (0, 0))

    def test_a_live_tail_that_repeats_lines(self):
        canary = self.canary(self.line(self.serve(), rule=lambda n: "twice" if n % 10 == 5 else "pass"))
        metrics = canary.wait(lambda m: m["duplicate_entries_total"] >= 5)
        self.assertEqual(metrics["websocket_missing_entries_total"], 0)
        self.assertEqual(metrics["out_of_order_entries_total"], 0)

    def test_a_live_tail_that_mixes_lines(self):
        canary = self.canary(self.line(self.serve(), rule=lambda n: "hold" if n % 10 == 5 else "pass"))
        metrics = canary.wait(lambda m: m["out_of_order_entries_total"] >= 5)
        self.assertEqual((metrics["websocket_missing_entries_total"], metrics["duplicate_entries_total"]), (0, 0))

    def test_a_live_tail_that_is_late(self):
        canary = self.canary(self.line(self.serve(), rule=lambda n: "late" if n % 100 == 5 else "pass"))
        late = 'response_latency_seconds_bucket{le="0.5"}'
        metrics = canary.wait(lambda m: m["response_latency_seconds_count"] - m[late] > 20)
        self.nothing_wrong(metrics)
        self.assertGreater(metrics["response_latency_seconds_sum"], 10)

    def test_a_server_that_is_killed(self):
        """What was acknowledged is there when it comes back: nothing is missing."""
        server = self.serve()
        canary = self.canary(server.port, write_min_backoff="100ms")
        canary.wait(lambda m: m["entries_total"] > 30)
        server.kill()
        server.start()
        metrics = canary.wait(lambda m: m["ws_reconnects_total"] >= 1)
        before = metrics["response_latency_seconds_count"]
        metrics = canary.wait(lambda m: m["response_latency_seconds_count"] > before + 100)
        self.assertEqual((metrics["missing_entries_total"], metrics["websocket_missing_entries_total"]), (0, 0))
        self.assertEqual((metrics["duplicate_entries_total"], metrics["write_failures_total"]), (0, 0))


class Flags(CanaryTest):
    def refused(self, *arguments):
        done = subprocess.run([BINARY, "canary", *arguments], capture_output=True, text=True, timeout=60)
        self.assertNotEqual(done.returncode, 0)
        return done.stderr + done.stdout

    def test_what_is_wrong_is_said(self):
        for arguments, text in [([], "Must specify a Loki address with -addr"), (["-addr=http://x:1"], "-addr is HOST:PORT"),
                                (["-addr=x:1", "-cert-file=x"], "Must set --tls when specifying client certs"),
                                (["-addr=x:1", "-out-of-order-percentage=101"], "between 0 and 100"),
                                (["-addr=x:1", "-interval=soon"], "not a valid duration: 'soon'"),
                                (["-addr=x:1", "-interval=0s"], "at least 1ms"),
                                (["-addr=x:1", "-logs-batch-size=21"], "-logs-batch-size-max"),
                                (["-addr=x:1", "-labels=a"], "labels are name=value"),
                                (["-addr=x:1", "-tls", "-ca-file=/nowhere"], "/nowhere"),
                                (["-addr=x:1", "-nonsense"], "--nonsense")]:
            self.assertIn(text, self.refused(*arguments))

    def test_a_port_that_is_taken(self):
        server = self.serve()
        self.assertIn(str(server.port), self.refused("-addr=127.0.0.1:1", f"-port={server.port}"))


if __name__ == "__main__":
    unittest.main()
