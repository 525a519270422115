"""logi query --local: LogQL over log files and stored data, without a server."""
import bz2
import gzip
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import time
import unittest

from harness import BINARY, Server

SECOND = 10**9


def run(*arguments, stdin="", timeout=60):
    environment = {**os.environ, "LOKI_ADDR": "http://127.0.0.1:1", "TZ": "UTC"}
    return subprocess.run([BINARY, *arguments], input=stdin, capture_output=True, text=True, timeout=timeout,
                          env=environment, check=False)


class Local(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="logi-local-")
        self.addCleanup(shutil.rmtree, self.folder)

    def write(self, name, text):
        path = pathlib.Path(self.folder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        data = text.encode()
        if name.endswith(".gz"):
            data = gzip.compress(data)
        elif name.endswith(".bz2"):
            data = bz2.compress(data)
        elif name.endswith(".zst"):
            data = subprocess.run(["zstd", "-c"], input=data, capture_output=True, check=True).stdout
        path.write_bytes(data)
        return str(path)

    def query(self, query, *arguments, **options):
        done = run("query", query, *arguments, **options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout


class Files(Local):
    def test_lines_of_rotated_and_compressed_files_by_time(self):
        self.write("app/access.log", "".join(f"2026-01-05 10:0{i}:00 GET /{i}\n" for i in range(4, 6)))
        self.write("app/access.log.1.gz", "".join(f"2026-01-05 10:0{i}:00 GET /{i}\n" for i in range(2, 4)))
        self.write("app/access.log.2.zst", "".join(f"2026-01-05 10:0{i}:00 GET /{i}\n" for i in range(2)))
        self.write("app/old/access-20260104.log.bz2", "2026-01-04 10:00:00 GET /old\n")
        pathlib.Path(self.folder, "app/binary").write_bytes(b"\0\1\2")
        text = self.query('{job="access"}', "--local", self.folder, "-o", "raw", "--forward")
        self.assertEqual([line.rsplit("/", 1)[1] for line in text.splitlines()], ["old", *"012345"])
        newest = self.query('|= "GET"', "--local", self.folder, "-o", "jsonl", "--limit", "2")
        self.assertEqual([json.loads(line)["timestamp"] for line in newest.splitlines()],
                         ["2026-01-05T10:05:00.000000000Z", "2026-01-05T10:04:00.000000000Z"])
        labels = json.loads(newest.splitlines()[0])["labels"]
        self.assertEqual(labels, {"filename": self.folder + "/app/access.log", "job": "access"})
        some = self.query('{filename=~".*gz"}', "--local", self.folder, "-o", "raw",
                          "--from", "2026-01-05T10:03:00Z", "--to", "2026-01-05T11:00:00Z")
        self.assertEqual(some, "2026-01-05 10:03:00 GET /3\n")
        done = run("query", "", "--local", self.folder, "-o", "raw")
        self.assertIn("binary is no text", done.stderr)

    def test_equal_lines_are_as_many_as_there_are(self):
        path = self.write("a.log", "Jan  5 10:00:00 same\n" * 3000 + "Jan  5 10:00:01 other\n")
        self.assertEqual(self.query("", "--local", path, "--limit", "0", "-o", "raw").count("same"), 3000)
        result = json.loads(self.query('sum(count_over_time({job="a"} |= "same" [1m]))', "--local", path,
                                       "--step", "1m"))
        self.assertEqual(sum(int(value) for _, value in result[0]["values"]), 3000)

    def test_lines_that_go_on_have_the_time_of_the_line_before(self):
        path = self.write("java.log", "# begin\n2026-01-05 10:00:00,500 ERROR boom\n  at a.b.C\n\tat d.e.F\n"
                                      "2026-01-05 10:00:01,000 INFO fine\n")
        lines = self.query("", "--local", path, "--forward").splitlines()
        self.assertEqual([line.split()[0] for line in lines],
                         ["2026-01-05T10:00:00.500000000Z"] * 4 + ["2026-01-05T10:00:01.000000000Z"])

    def test_files_without_times_have_that_of_their_last_change(self):
        path = self.write("plain.txt", "one\ntwo\n")
        os.utime(path, (1_767_607_200, 1_767_607_200))
        done = run("query", "", "--local", path, "--forward", "--no-labels")
        self.assertEqual(done.stdout, "2026-01-05T10:00:00.000000000Z one\n2026-01-05T10:00:00.000000000Z two\n")
        self.assertIn("no times were found", done.stderr)

    def test_times_as_they_are_told(self):
        path = self.write("odd.log", "05.01.2026 10:00:00: a\n")
        line = self.query("", "--local", path, "--time-layout", "02.01.2006 15:04:05",
                          "--line-timezone", "Europe/Berlin", "--label", "env=test", "-o", "jsonl")
        self.assertEqual(json.loads(line)["timestamp"], "2026-01-05T09:00:00.000000000Z")
        self.assertEqual(json.loads(line)["labels"]["env"], "test")
        path = self.write("odd.json", '{"time":"2020-01-01T00:00:00Z","when":1767607200.5}\n')
        line = self.query("", "--local", path, "--time-field", "when", "-o", "jsonl")
        self.assertEqual(json.loads(line)["timestamp"], "2026-01-05T10:00:00.500000000Z")

    def test_all_of_a_large_file_page_by_page(self):
        # Blocks, pages and runs of lines with one time do not end at the same lines.
        count = 130_000
        text = "".join(f"2026-01-05 10:{i // 4000 % 60:02}:{i // 70 % 60:02} line {i} {'x' * (i % 50)}\n"
                       for i in range(count))
        paths = [self.write("large.log", text), self.write("large.log.gz", text)]
        for path in paths:
            found = self.query("", "--local", path, "--limit", "0", "-o", "raw", "--forward")
            self.assertEqual(sorted(found.splitlines()), sorted(text.splitlines()))
        query = 'sum(count_over_time({job="large"} | regexp "line (?P<n>[0-9]+)" | n >= 100000 [1d]))'
        result = json.loads(self.query(query, "--local", *paths, "--step", "1d", "--to", "2026-01-06T00:00:00Z",
                                       "--from", "2026-01-06T00:00:00Z"))
        self.assertEqual(result[0]["values"][0][1], "60000")
        self.assertEqual(self.query('|= "line 77777 "', "--local", *paths, "-o", "raw").count("\n"), 2)

    def test_what_cannot_be_read_is_said(self):
        whole = self.write("a.log.gz", "".join(f"2026-01-05 10:00:00 {os.urandom(40).hex()}\n" for _ in range(500)))
        data = pathlib.Path(whole).read_bytes()
        pathlib.Path(whole).write_bytes(data[:-2000])
        done = run("query", "", "--local", whole, "--limit", "0", "-o", "raw")
        self.assertEqual(done.returncode, 1)
        self.assertIn("end too soon", done.stderr)
        self.assertIn("not complete", done.stderr)
        self.assertGreater(done.stdout.count("\n"), 100)
        done = run("query", "", "--local", self.folder + "/none")
        self.assertEqual(done.returncode, 1)
        self.assertIn("none", done.stderr)
        self.assertIn("parse error", run("query", "|= ", "--local", whole).stderr)


class StoredData(Local):
    def setUp(self):
        super().setUp()
        self.server = Server("limits_config:\n  discover_service_name: []\n  discover_log_levels: false\n"
                             "  reject_old_samples: false\n").start()
        self.addCleanup(self.server.close)
        self.now = time.time_ns()

    def push(self, first, count):
        status, body = self.server.push([({"app": "a"}, [(self.now - (first + i) * SECOND, f"line {first + i}")
                                                         for i in range(count)])])
        self.assertEqual(status, 204, body)

    def numbers(self, *paths):
        text = self.query('{app="a"}', "--limit", "0", "-o", "raw", "--local", *paths)
        return sorted(int(n) for n in re.findall(r"line (\d+)", text))

    def test_data_folder(self):
        self.push(0, 10)
        self.assertEqual(self.numbers(self.server.data), list(range(10)))  # in the journal
        self.server.request("POST", "/flush")
        self.push(10, 10)
        self.assertEqual(self.numbers(self.server.data), list(range(20)))  # and beside a server
        count = 'sum(count_over_time({app="a"}[1h]))'
        result = json.loads(self.query(count, "--step", "1h", "--local", self.server.data))
        self.assertEqual(max(int(value) for _, value in result[0]["values"]), 20)
        before = {path: path.stat().st_mtime_ns for path in pathlib.Path(self.server.data).rglob("*")}
        self.server.kill()
        self.assertEqual(self.numbers(self.server.data), list(range(20)))
        after = {path: path.stat().st_mtime_ns for path in pathlib.Path(self.server.data).rglob("*")}
        self.assertEqual(before, after)
        segments = [str(path) for path in pathlib.Path(self.server.data).rglob("*.segment")]
        self.assertEqual(self.numbers(*segments), list(range(10)))
        log = self.write("a.log", "a\n")
        self.assertIn("not both", run("query", '{a="b"}', "--local", log, self.server.data).stderr)
        self.assertIn("no such tenant", run("query", '{a="b"}', "--local", self.server.data, "--org-id", "x").stderr)

    def test_while_a_server_writes(self):
        for i in range(30):
            self.push(i * 20, 20)
            if i % 3 == 0:
                self.server.request("POST", "/flush")
            self.assertEqual(self.numbers(self.server.data), list(range(i * 20 + 20)))


if __name__ == "__main__":
    unittest.main()
