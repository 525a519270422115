"""A server under the load of a whole company: 64 connections push, 32 ask, 500 follow, and in the middle the disk is full.

The short form takes some 40 seconds. LOGI_LOAD=long takes an hour of lines in ten minutes, as bench/load.sh does; its
figures are in bench/README.md."""
import http.client
import json
import os
import pathlib
import shutil
import subprocess
import threading
import time
import unittest

from harness import BINARY, Server

STORM = os.environ.get("LOGI_STORM", str(pathlib.Path(BINARY).parent / "load_storm"))
LONG = os.environ.get("LOGI_LOAD") == "long"
# Of the whole process, its caches included: 500 live tails, all queries, what is not yet in segments.
MEMORY_MB_MAX = 1024
CONFIG = """
limits_config:
  max_concurrent_tail_requests: 1000
  ingestion_rate_mb: 1000
  ingestion_burst_size_mb: 1000
  per_stream_rate_limit: 1GB
  per_stream_rate_limit_burst: 1GB
"""
TAILS, PUSHERS, QUERIERS = 500, 64, 32


class SmallDiskServer(Server):
    """A server whose data lie on a disk of their own, which only it sees."""

    def __init__(self, config, disk_mb):
        super().__init__(config)
        pathlib.Path(self.data).mkdir()
        self.disk_mb = disk_mb

    def spawn(self):
        script = f'mount -t tmpfs -o size={self.disk_mb}m tmpfs "$1" && shift && exec "$@"'
        self.process = subprocess.Popen(
            [*unshare(), "bash", "-c", script, "_", self.data, BINARY, "server", f"-config.file={self.config}",
             "--data", self.data, "--listen", self.listen], stderr=self.log)

    def inside(self):
        """The data folder as the server sees it."""
        return pathlib.Path(f"/proc/{self.process.pid}/root{self.data}")

    def free_mb(self):
        return shutil.disk_usage(self.inside()).free / 2**20

    def fill(self):
        with open(self.inside() / "filler", "wb", buffering=0) as filler:
            try:
                while True:
                    filler.write(b"x" * 65536)
            except OSError:
                pass

    def empty(self):
        (self.inside() / "filler").unlink()


def unshare():
    """What starts a program with mounts of its own, or None where nobody may do that."""
    for command in (["unshare", "-m"], ["unshare", "-Urm"]):
        try:
            if subprocess.run([*command, "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True).returncode == 0:
                return command
        except OSError:
            pass
    return None


class Storm:
    """load_storm, running."""

    def __init__(self, server, seconds, data_seconds, lines_per_second, tails=TAILS):
        self.process = subprocess.Popen(
            [STORM, "--port", str(server.port), "--pushers", str(PUSHERS), "--queriers", str(QUERIERS), "--tails", str(tails),
             "--seconds", str(seconds), "--data-seconds", str(data_seconds), "--lines-per-second", str(lines_per_second)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.expected = PUSHERS * data_seconds * lines_per_second

    def result(self, seconds):
        out, errors = self.process.communicate(timeout=seconds)
        if not out:
            raise AssertionError(errors)
        return json.loads(out), errors

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()


class Load(unittest.TestCase):
    def storm(self, *arguments, **more):
        storm = Storm(*arguments, **more)
        self.addCleanup(storm.close)
        return storm

    def check(self, storm, result, errors):
        """Every line is there once, everywhere."""
        print(json.dumps(result))
        self.assertEqual(result["acknowledged"], storm.expected, errors)
        self.assertEqual((result["found"], result["wrong"]), (storm.expected, 0), errors)
        self.assertEqual((result["refused"], result["query_errors"], result["no_retry_after"]), (0, 0, 0), errors)
        tails = result["tails"]
        self.assertEqual((tails["broken"], tails["twice"], tails["missing"]), (0, 0, 0), errors)
        self.assertGreater(result["queries"]["count"], QUERIERS, errors)

    def wait(self, done):
        end = time.time() + 60
        while not done():
            self.assertLess(time.time(), end)
            time.sleep(0.1)

    def test_an_hour(self):
        server = Server(CONFIG).start()
        self.addCleanup(server.close)
        storm = self.storm(server, *((600, 3600, 50) if LONG else (12, 72, 10)))
        result, errors = storm.result(3600 if LONG else 300)
        self.check(storm, result, errors)
        self.assertEqual(result["unavailable"], 0)
        peak, cpu = server.memory_mb("VmHWM"), server.cpu_seconds()
        data_mb = sum(f.stat().st_size for f in pathlib.Path(server.data).rglob("*") if f.is_file()) / 1e6
        print(f"peak memory {peak:.0f} MiB, {cpu:.0f} s of CPU, {data_mb:.0f} MB on disk for {result['line_bytes'] / 1e6:.0f} MB of lines")
        self.assertLess(peak, MEMORY_MB_MAX)
        self.assertEqual(server.stop(), 0)

    def test_a_full_disk(self):
        if unshare() is None:
            self.skipTest("NOT TESTED: a full disk wants a mount of its own, and this user may make none (unshare -m)")
        server = SmallDiskServer(CONFIG, 1024).start()
        self.addCleanup(server.close)
        storm = self.storm(server, 10, 60, 10)
        probe = {"app": "probe"}
        self.assertEqual(server.push([(probe, [(time.time_ns(), "before")])])[0], 204)
        self.wait(lambda: len(server.lines('{app="load"} |= "level=error"', limit=500)) == 500)  # the load is under way
        server.fill()
        kept, refused = self.pushes_are_refused(server, probe)
        self.assertIsNone(storm.process.poll())
        # Queries go on, of everything that was acknowledged.
        for _ in range(20):
            time.sleep(0.1)
            self.assertEqual(set(server.lines('{app="probe"}')), {"before", *kept})
            self.assertEqual(server.get("/loki/api/v1/labels")[0], 200)
            self.assertGreater(len(server.lines('{app="load"} |= "level=error"', limit=10)), 0)
        self.assertEqual(server.request("GET", "/ready")[0], 200)
        server.empty()
        # Everything works again, without a restart.
        after = time.time_ns()
        self.wait(lambda: server.push([(probe, [(after, "after")])])[0] == 204)
        result, errors = storm.result(300)
        self.check(storm, result, errors)
        self.assertGreater(result["unavailable"], 0)
        lines = server.lines('{app="probe"}')
        self.assertEqual(set(lines), {"before", *kept, "after"})
        self.assertFalse(set(lines) & set(refused))
        self.assertLess(server.memory_mb("VmHWM"), MEMORY_MB_MAX)
        self.assertEqual(server.request("POST", "/flush", b"")[0], 204)
        self.assertEqual(server.stop(), 0)

    def pushes_are_refused(self, server, labels):
        """(lines that found room in what was left, lines that were refused as the disk is full), once five were: each of
        these with the header that says when to come again."""
        kept, refused, end = [], [], time.time() + 30
        while len(refused) < 5:
            self.assertLess(time.time(), end)
            line = f"line {len(kept) + len(refused)}"
            status, headers, body = push_for_headers(server, labels, line)
            if status == 204:
                kept.append(line)
                continue
            self.assertEqual(status, 503, body)
            self.assertGreater(int(headers["Retry-After"]), 0)
            refused.append(line)
        print(f"disk full: {len(kept)} pushes found room, then {body!r}")
        return kept, refused


def push_for_headers(server, labels, line):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    try:
        body = json.dumps({"streams": [{"stream": labels, "values": [[str(time.time_ns()), line]]}]})
        connection.request("POST", "/loki/api/v1/push", body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


if __name__ == "__main__":
    unittest.main()
