"""logi import: log files and other servers into a server, over kills, limits and refusals."""
import glob
import gzip
import http.server
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import unittest

from harness import BINARY, Server

SECOND = 10**9
# 2026-01-05T10:00:00Z
BEGIN = 1_767_607_200 * SECOND
LIMITS = ("limits_config:\n  discover_service_name: []\n  discover_log_levels: false\n  reject_old_samples: false\n"
          "  ingestion_rate_mb: {rate}\n  ingestion_burst_size_mb: {rate}\n"
          "  per_stream_rate_limit: 1000MB\n  per_stream_rate_limit_burst: 1000MB\n")


class Import(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="logi-import-")
        self.addCleanup(shutil.rmtree, self.folder)

    def start(self, config=LIMITS.format(rate=1000)):
        server = Server(config).start()
        self.addCleanup(server.close)
        return server

    def command(self, server, *arguments):
        return ([BINARY, "import", *arguments],
                {"cwd": self.folder, "env": {**os.environ, "TZ": "UTC", "LOKI_ADDR": server.url}})

    def run_import(self, server, *arguments):
        command, options = self.command(server, *arguments)
        return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, **options)

    def import_all(self, server, *arguments):
        done = self.run_import(server, *arguments)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(glob.glob(self.folder + "/*.state"), [])
        return done.stdout

    def steps(self):
        """How many an import has noted."""
        return sum(pathlib.Path(path).read_text().count("\n") for path in glob.glob(self.folder + "/*.state"))

    def kill_after(self, steps, server, *arguments):
        command, options = self.command(server, *arguments)
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, **options) as process:
            while self.steps() < steps:
                self.assertIsNone(process.poll(), "the import was too fast to be killed")
                time.sleep(0.01)
            process.send_signal(signal.SIGKILL)

    def write(self, name, text):
        path = pathlib.Path(self.folder, "logs", name)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
        return str(path)

    def entries(self, server, query, tenant=None):
        """[(labels, ns, line, metadata)] of the day, sorted."""
        result = []
        start, end = BEGIN, BEGIN + 86_400 * SECOND
        while True:
            status, body = server.request(
                "GET", "/loki/api/v1/query_range?limit=5000&direction=forward&"
                f"query={query}&start={start}&end={end}",
                headers={"X-Loki-Response-Encoding-Flags": "categorize-labels",
                         **({"X-Scope-OrgID": tenant} if tenant else {})})
            self.assertEqual(status, 200, body)
            page = [(json.dumps(stream["stream"], sort_keys=True), int(value[0]), value[1],
                     json.dumps(value[2].get("structuredMetadata", {}), sort_keys=True))
                    for stream in json.loads(body)["data"]["result"] for value in stream["values"]]
            result += page
            if len(page) < 5000:
                return sorted(set(result))
            self.assertGreater(max(ns for _, ns, _, _ in page), start)
            start = max(ns for _, ns, _, _ in page)


class Files(Import):
    def test_files(self):
        server = self.start()
        text = "".join(f"2026-01-05 10:{i // 60 % 60:02}:{i % 60:02} line {i}\n  goes on\n" for i in range(2000))
        self.write("app.log", text + "2026-01-05 11:00:00 same\n" * 3)
        self.write("app.log.1.gz", text.replace("line", "old line"))
        for _ in range(2):  # the second time changes nothing
            said = self.import_all(server, "logs", "--label", "env=test")
            self.assertIn("8003 lines of 2 streams", said)
            found = self.entries(server, '{env="test",job="app"}')
            self.assertEqual(len(found), 8003)
        self.assertEqual([(ns - BEGIN, line) for _, ns, line, _ in found if line.endswith("same")],
                         [(3600 * SECOND + i, "2026-01-05 11:00:00 same") for i in range(3)])
        self.assertEqual({json.loads(labels)["filename"] for labels, _, _, _ in found},
                         {"logs/app.log", "logs/app.log.1.gz"})
        self.assertIn((7 * SECOND, "  goes on"), [(ns - BEGIN, line) for _, ns, line, _ in found])

    def test_times_that_go_back_and_forth(self):
        server = self.start()
        self.write("a.log", "".join(f"2026-01-05 10:00:0{second} GET / 200\n" for second in (1, 0, 1, 0, 2)))
        for _ in range(2):
            self.assertIn("5 lines of 1 streams", self.import_all(server, "logs"))
        self.assertEqual(len(self.entries(server, '{job="a"}')), 5)

    def test_a_kill_and_limits_in_between(self):
        server = self.start(LIMITS.format(rate=2))
        count = 50_000
        self.write("a.log", "".join(f"2026-01-05 10:{i // 20 // 60 % 60:02}:{i // 20 % 60:02} line {i} {'x' * 60}\n"
                                    for i in range(count)))
        self.kill_after(3, server, "logs")
        # What has arrived is not read again.
        with open(self.folder + "/logs/a.log", "r+b") as file:
            file.seek(len("2026-01-05 10:00:00 "))
            file.write(b"LINE 0")
        self.assertIn(f"{count} lines of 1 streams", self.import_all(server, "logs"))
        found = self.entries(server, '{job="a"}')
        self.assertEqual(len(found), count)
        self.assertEqual(sum("LINE" in line for _, _, line, _ in found), 0)

    def test_a_server_that_goes_and_comes_back(self):
        server = self.start(LIMITS.format(rate=2))
        count = 40_000
        self.write("a.log", "".join(f"2026-01-05 10:00:00.{i:06} line {i} {'x' * 80}\n" for i in range(count)))
        command, options = self.command(server, "logs")
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **options) as process:
            while self.steps() < 3:
                time.sleep(0.01)
            server.kill()
            time.sleep(0.3)
            server.start()
            self.assertEqual(process.wait(timeout=60), 0)
        self.assertEqual(len(self.entries(server, '{job="a"}')), count)
        server.kill()
        done = self.run_import(server, "logs", "--patience", "1s")
        self.assertEqual(done.returncode, 1)
        self.assertIn("goes on where this one was", done.stderr)

    def test_refused_lines_are_counted(self):
        server = self.start(LIMITS.format(rate=1000) + "  max_line_size: 100\n")
        self.write("a.log", "".join(f"2026-01-05 10:00:00 line {i} {'x' * (200 if i % 100 == 7 else 1)}\n"
                                    for i in range(3000)))
        done = self.run_import(server, "logs")
        self.assertEqual(done.returncode, 1)
        self.assertIn("30 refused", done.stdout)
        self.assertIn("max entry size '100' bytes exceeded", done.stderr)
        self.assertNotIn("missing", done.stderr)
        self.assertEqual(len(self.entries(server, '{job="a"}')), 2970)

    def test_a_server_that_refuses_all(self):
        server = self.start("")
        self.write("a.log", "".join(f"2020-01-05 10:00:00 line {i}\n" for i in range(3000)))
        done = self.run_import(server, "logs")
        self.assertEqual(done.returncode, 1)
        self.assertIn("has refused the first 1000 lines", done.stderr)
        self.assertIn("timestamp too old", done.stderr)

    def test_lines_that_got_lost_are_missed(self):
        server = self.start()
        swallowed = []

        class Liar(http.server.BaseHTTPRequestHandler):
            """Takes every push, and forwards all but the second."""

            def forward(self, body):
                status, answer = server.request(self.command, self.path, body, dict(self.headers))
                self.send_response(status)
                self.end_headers()
                self.wfile.write(answer)

            def do_GET(self):
                self.forward(None)

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                swallowed.append(len(swallowed) == 1)
                if swallowed[-1]:
                    self.send_response(204)
                    self.end_headers()
                else:
                    self.forward(body)

            def log_message(self, *arguments):
                pass

        liar = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Liar)
        threading.Thread(target=liar.serve_forever, daemon=True).start()
        self.addCleanup(liar.server_close)
        self.addCleanup(liar.shutdown)
        self.write("a.log", "".join(f"2026-01-05 10:00:00 line {i}\n" for i in range(12_000)))
        done = self.run_import(server, "logs", "--addr", f"http://127.0.0.1:{liar.server_port}")
        self.assertEqual(done.returncode, 1)
        self.assertIn('{filename="logs/a.log", job="a"} has 7000 lines of the 12000 that were taken', done.stderr)

    def test_progress_on_a_terminal(self):
        server = self.start(LIMITS.format(rate=2))
        self.write("a.log", "".join(f"2026-01-05 10:00:00 line {i} {'x' * 80}\n" for i in range(40_000)))
        command, options = self.command(server, "logs")
        done = subprocess.run(["script", "-qec", " ".join(command), "/dev/null"], capture_output=True, text=True,
                              timeout=60, check=True, **options)
        self.assertRegex(done.stdout, r"\[#+\.+\] \d+%, \d+ lines, [\d.]+ [kM]B/s, \d+s left")


class Servers(Import):
    def test_tenants_with_metadata_over_a_kill(self):
        source = self.start("auth_enabled: true\n" + LIMITS.format(rate=1000))
        target = self.start("auth_enabled: true\n" + LIMITS.format(rate=1))
        for tenant, count in (("a", 30_000), ("b", 50)):
            streams = {0: [], 1: [], 2: []}
            for i in range(count):
                streams[i % 3].append((BEGIN + i // 3 * SECOND // 4, f"line {i} of {tenant} {'x' * 40}",
                                       {"trace": f"t{i}", "user": str(i % 7)}))
            for i in range(20):  # the same time and text, other metadata
                streams[0].append((BEGIN + 5 * SECOND, "same", {"n": str(i)}))
            labels = [{"app": "x", "env": "p"}, {"app": "y"}, {"other": "z"}]
            status, body = source.push([(labels[n], lines) for n, lines in streams.items()], tenant=tenant)
            self.assertEqual(status, 204, body)
        arguments = ["--from", source.url, "--start", "2026-01-05T10:00:00Z", "--end", "2026-01-05T11:00:00Z",
                     "--part", "10m", "--batch", "1500", "--tenant", "a", "--tenant", "b=bb"]
        self.kill_after(4, target, *arguments)
        said = self.import_all(target, *arguments)
        self.assertIn("30090 lines of 6 streams", said)
        for theirs, ours in (("a", "a"), ("b", "bb")):
            for selector in ('{app=~".%2B"}', '{other="z"}'):
                expected = self.entries(source, selector, theirs)
                self.assertGreater(len(expected), 10)
                self.assertEqual(self.entries(target, selector, ours), expected)

    def test_what_does_not_arrive_is_said(self):
        source = self.start()
        target = self.start(LIMITS.format(rate=1000) + "  max_line_size: 50\n")
        source.push([({"app": "a"}, [(BEGIN + i * SECOND, "x" * (10 + i)) for i in range(100)])])
        done = self.run_import(target, "--from", source.url, "--start", "2026-01-05T10:00:00Z",
                               "--end", "2026-01-05T11:00:00Z", "--selector", '{app="a"}')
        self.assertEqual(done.returncode, 1)
        self.assertIn("100 lines of 1 streams", done.stdout)
        self.assertIn("59 refused", done.stdout)
        self.assertEqual(len(self.entries(target, '{app="a"}')), 41)
        done = self.run_import(target, "--from", source.url)
        self.assertIn("--start or --since", done.stderr)
        done = self.run_import(target, "--from", "http://127.0.0.1:1", "--since", "1h", "--state", "other")
        self.assertEqual(done.returncode, 1)
        self.assertIn("127.0.0.1:1", done.stderr)


if __name__ == "__main__":
    unittest.main()
