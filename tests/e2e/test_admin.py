"""What operators do with the process: look at its state, prepare and order its end, and end it by signals."""
import os
import pathlib
import signal
import subprocess
import time
import unittest

from harness import Server
from test_process import push_with_headers

RATES = ("limits_config: {ingestion_rate_mb: 1000, ingestion_burst_size_mb: 1000, per_stream_rate_limit: 1GB, "
         "per_stream_rate_limit_burst: 1GB}\n")
SERVICES = {"compactor", "distributor", "ingester", "querier", "query-frontend", "query-scheduler", "ruler", "runtime-config",
            "server"}


class Admin(unittest.TestCase):
    def serve(self, config="", **kwargs):
        server = Server(config, **kwargs).start()
        self.addCleanup(server.close)
        return server

    def push(self, server, line, app="a"):
        return server.push([({"app": app}, [(time.time_ns(), line)])])[0]

    def services(self, server):
        status, body = server.request("GET", "/services")
        self.assertEqual(status, 200)
        self.assertTrue(body.endswith(b"\n"))
        return dict(line.split(" => ") for line in body.decode().splitlines())

    def exit_status(self, server):
        return server.process.wait(timeout=60)

    def fill(self, server, count=20):
        """Pushes so much that it takes a while to be written to segments; returns a line of each push."""
        lines = []
        for i in range(count):
            stamp = time.time_ns()
            values = [(stamp + n, f"{i} {n} " + os.urandom(400).hex()) for n in range(4000)]
            self.assertEqual(server.push([({"app": f"a{i % 7}"}, values)])[0], 204)
            lines.append(values[17][1])
        return lines

    def check_filled(self, server, lines):
        for i, line in enumerate(lines):
            self.assertEqual(server.lines(f'{{app="a{i % 7}"}} |= "{line[:40]}"'), [line])

    def journal(self, server):
        return os.listdir(os.path.join(server.data, "journal"))

    def test_services(self):
        server = self.serve()
        self.assertEqual(self.services(server), dict.fromkeys(SERVICES, "Running"))

    def test_an_end_that_is_prepared(self):
        for config in ("", "ingester:\n  shutdown_marker_path: {folder}/markers\n"):
            server = Server()
            self.addCleanup(server.close)
            pathlib.Path(server.config).write_text(config.format(folder=server.folder))
            server.start()
            ask = lambda method: server.request(method, "/ingester/prepare_shutdown")
            self.assertEqual(ask("GET"), (200, b"unset"))
            self.assertEqual(ask("DELETE"), (204, b""))
            for _ in range(2):
                self.assertEqual(ask("POST"), (204, b""))
                self.assertEqual(ask("GET"), (200, b"set"))
            marker = os.path.join(server.folder, "markers" if config else "data", "shutdown-requested.txt")
            self.assertTrue(os.path.exists(marker))
            # Nothing else is different, and a crash does not forget it.
            self.assertEqual(self.push(server, "x"), 204)
            self.assertEqual(server.request("GET", "/ready"), (200, b"ready\n"))
            server.kill()
            server.start()
            self.assertEqual(ask("GET"), (200, b"set"))
            self.assertEqual(ask("DELETE"), (204, b""))
            self.assertEqual(ask("GET"), (200, b"unset"))
            self.assertFalse(os.path.exists(marker))
            self.assertEqual(ask("POST"), (204, b""))
            self.assertEqual(server.stop(), 0)
            self.assertFalse(os.path.exists(marker))  # what was prepared has been done
            self.assertEqual(self.journal(server), [])
        bad = self.serve(f"ingester:\n  shutdown_marker_path: {server.config}\n")  # a file
        self.assertEqual(bad.request("POST", "/ingester/prepare_shutdown")[0] // 100, 5)

    def test_an_end_that_is_ordered(self):
        for method, path in (("POST", "/ingester/shutdown"), ("GET", "/ingester/shutdown?flush=true&terminate=1")):
            server = self.serve()
            self.assertEqual(self.push(server, "kept"), 204)
            self.assertEqual(server.request(method, path), (204, b""))
            self.assertEqual(self.exit_status(server), 0)
            self.assertIn("msg=stopped status=clean flushed=true", server.log_text())
            self.assertEqual(self.journal(server), [])
            server.start()
            self.assertEqual(server.lines('{app="a"}'), ["kept"])
            self.assertEqual(self.push(server, "more"), 204)

    def test_no_flush(self):
        server = self.serve()
        self.assertEqual(self.push(server, "kept"), 204)
        self.assertEqual(server.request("POST", "/ingester/shutdown?flush=false"), (204, b""))
        self.assertEqual(self.exit_status(server), 0)
        self.assertIn("msg=stopped status=clean flushed=false", server.log_text())
        self.assertEqual(len(self.journal(server)), 1)
        server.start()
        self.assertEqual(server.lines('{app="a"}'), ["kept"])

    def test_drained_and_still_there(self):
        server = self.serve()
        self.assertEqual(self.push(server, "kept"), 204)
        for wrong in ("flush=maybe", "terminate=2", "delete_ring_tokens=x"):
            self.assertEqual(server.request("POST", "/ingester/shutdown?" + wrong)[0], 400)
        self.assertEqual(self.push(server, "kept, too"), 204)
        for _ in range(2):
            self.assertEqual(server.request("POST", "/ingester/shutdown?terminate=false"), (204, b""))
            self.assertEqual(self.services(server), dict.fromkeys(SERVICES, "Running") |
                             {"ingester": "Terminated", "distributor": "Terminated"})
            self.assertEqual(server.request("GET", "/ready"),
                             (503, b"Some services are not Running:\nRunning: 7\nTerminated: 2\n"))
            status, body, headers = push_with_headers(server, "refused")
            self.assertEqual((status, body), (503, b"the server is shutting down\n"))
            self.assertGreater(int(headers["Retry-After"]), 0)
        self.assertEqual(sorted(server.lines('{app="a"}')), ["kept", "kept, too"])
        self.assertEqual(server.stop(), 0)
        self.assertEqual(self.journal(server), [])

    def test_a_delay_before_the_end(self):
        server = self.serve("shutdown_delay: 3s\n")
        server.process.send_signal(signal.SIGTERM)
        stop = time.monotonic() + 2
        while server.request("GET", "/ready")[0] == 200:
            self.assertLess(time.monotonic(), stop)
            time.sleep(0.01)
        self.assertEqual(server.request("GET", "/ready"), (503, b"Application is stopping\n"))
        self.assertEqual(set(self.services(server).values()), {"Stopping"})
        self.assertEqual(self.push(server, "still taken"), 204)  # by who does not know yet
        self.assertEqual(server.lines('{app="a"}'), ["still taken"])
        self.assertEqual(self.exit_status(server), 0)
        server.start()
        self.assertEqual(server.lines('{app="a"}'), ["still taken"])
        # A second signal waits for nothing.
        begin = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        while server.request("GET", "/ready")[0] == 200:
            time.sleep(0.01)
        self.assertEqual(server.stop(signal.SIGINT), -signal.SIGTERM)
        self.assertLess(time.monotonic() - begin, 2.5)

    def test_a_second_signal_ends_at_once(self):
        server = self.serve(RATES)
        lines = self.fill(server)
        server.process.send_signal(signal.SIGTERM)
        stop = time.monotonic() + 20
        while "msg=stopping" not in server.log_text():
            self.assertLess(time.monotonic(), stop)
            time.sleep(0.001)
        server.process.send_signal(signal.SIGINT)
        self.assertEqual(self.exit_status(server), -signal.SIGINT)
        self.assertNotIn("msg=stopped", server.log_text())
        self.assertNotEqual(self.journal(server), [])
        server.start()
        self.check_filled(server, lines)

    def test_a_deadline(self):
        server = self.serve(RATES + "server:\n  graceful_shutdown_timeout: 50ms\n")
        lines = self.fill(server)
        begin = time.monotonic()
        self.assertEqual(server.stop(), 1)
        self.assertLess(time.monotonic() - begin, 10)
        self.assertIn("key=server.graceful_shutdown_timeout", server.log_text())
        self.assertNotEqual(self.journal(server), [])
        server.start()
        self.check_filled(server, lines)

    def test_requests_under_way_are_answered(self):
        server = self.serve(RATES + "server:\n  graceful_shutdown_timeout: 0s\n")
        self.fill(server, 10)
        query = subprocess.Popen(
            ["curl", "-sS", "-o", os.devnull, "-w", "%{http_code}", "-G", server.url + "/loki/api/v1/query_range",
             "--data-urlencode", 'query=sum(count_over_time({app=~".+"} |~ "[0-9]+ .*(f+e|e+f).*0" [1h]))'],
            stdout=subprocess.PIPE)
        stop = time.monotonic() + 20
        while b'loki_query_scheduler_queue_length{user="fake"}' not in server.request("GET", "/metrics")[1]:
            self.assertLess(time.monotonic(), stop)
            if query.poll() is not None:
                break  # it was faster than we could look
        self.assertEqual(server.stop(), 0)
        self.assertEqual(query.communicate()[0], b"200")

    def test_kinds_of_config(self):
        server = self.serve("server:\n  graceful_shutdown_timeout: 7s\nshutdown_delay: 1ms\n")
        text = server.request("GET", "/config")[1].decode()
        self.assertIn("\n  graceful_shutdown_timeout: 7s\n", text)
        self.assertEqual(server.request("GET", "/config?mode=diff")[1].decode().count("7s"), 1)
        self.assertIn("\n  graceful_shutdown_timeout: 30s\n", server.request("GET", "/config?mode=defaults")[1].decode())

    def test_levels_of_the_log(self):
        server = self.serve()
        ask = lambda method, **kw: server.request(method, "/log_level", **kw)
        self.assertEqual(ask("GET"), (200, b'{"message":"Current log level is info"}'))
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        self.assertEqual(ask("POST", body=b"log_level=debug", headers=form),
                         (200, b'{"status":"success","message":"Log level set to debug"}'))
        self.assertEqual(ask("GET"), (200, b'{"message":"Current log level is debug"}'))
        self.assertIn("level=debug msg=request method=GET path=/log_level", server.log_text())
        status, body = ask("POST", body=b"log_level=loud", headers=form)
        self.assertEqual((status, b'"status":"failed"' in body), (400, True))


if __name__ == "__main__":
    unittest.main()
