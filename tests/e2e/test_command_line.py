"""logi query, labels, series and so on, and logcli's command lines, against a running server."""
import glob
import http.server
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.request

from harness import BINARY, Server

SECOND = 10**9
# 2026-01-05T10:00:00Z
BEGIN = 1_767_607_200 * SECOND
RANGE = ["--from", "2026-01-05T10:00:00Z", "--to", "2026-01-05T11:00:00Z"]


class CommandLine(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server("limits_config:\n  ingestion_rate_mb: 1000\n  ingestion_burst_size_mb: 1000\n"
                            "  per_stream_rate_limit: 1000MB\n  per_stream_rate_limit_burst: 1000MB\n"
                            "  reject_old_samples: false\n  discover_service_name: []\n  discover_log_levels: false\n"
                            "compactor:\n  retention_enabled: true\n").start()
        cls.addClassCleanup(cls.server.close)
        # 3000 lines of two streams over an hour; of each ten, two have the same time.
        streams = {"a": [], "b": []}
        for i in range(3000):
            ns = BEGIN + (i - i % 10 // 9) * 1_200_000_000
            streams["ab"[i % 2]].append((ns, f'{{"n":{i},"status":{200 + i % 7}}}'))
        status, body = cls.server.push([({"app": name, "env": "test"}, lines)
                                        for name, lines in streams.items()])
        assert status == 204, body[:200]

    def run_as(self, program, *arguments, stdin="", **environment):
        return subprocess.run([program, *arguments], input=stdin, capture_output=True, text=True, timeout=60,
                              env={**os.environ, "LOKI_ADDR": self.server.url, "TZ": "UTC", **environment},
                              check=False)

    def logi(self, *arguments, **options):
        done = self.run_as(BINARY, *arguments, **options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def numbers(self, text):
        return [json.loads(line)["n"] for line in text.splitlines()]

    def test_an_unknown_command_is_named(self):
        done = self.run_as(BINARY, "servr", "--data", "x")
        self.assertEqual((done.returncode, done.stderr),
                         (1, "logi: there is no command 'servr'; did you mean 'server'?\n"))

    def test_all_lines_however_small_a_page_is(self):
        for batch in ("17", "1000", "2000"):
            text = self.logi("query", '{env="test"}', *RANGE, "--limit", "0", "--batch", batch, "-o", "raw", "--forward")
            self.assertEqual(sorted(self.numbers(text)), list(range(3000)), batch)
        backward = self.numbers(self.logi("query", '{env="test"}', *RANGE, "--limit", "2500", "-o", "raw"))
        self.assertEqual(len(backward), 2500)
        self.assertEqual(sorted(backward), list(range(500, 3000)))

    def test_more_lines_of_one_time_than_a_page_has(self):
        ns = BEGIN - 3600 * SECOND
        self.server.push([({"app": "same"}, [(ns, f"line {i}") for i in range(20)])])
        past = ["--from", "2026-01-05T09:00:00Z", "--to", "2026-01-05T09:00:01Z", "-o", "raw", "--limit", "0"]
        done = self.run_as(BINARY, "query", '{app="same"}', *past, "--batch", "7")
        self.assertEqual(done.returncode, 1)
        self.assertIn("more than --batch (7) lines have the time", done.stderr)
        self.assertEqual(len(self.logi("query", '{app="same"}', *past, "--batch", "20").splitlines()), 20)

    def test_common_labels_are_said_once(self):
        done = self.run_as(BINARY, "query", '{app="a"} | json | n < 3', *RANGE, "--forward")
        self.assertIn('Common labels: {app="a", env="test"}', done.stderr)
        self.assertEqual(done.stdout.splitlines()[0],
                         '2026-01-05T10:00:00.000000000Z {n="0", status="200"} {"n":0,"status":200}')
        done = self.run_as(BINARY, "query", '{env="test"}', *RANGE, "--forward", "--limit", "2", "--quiet",
                           "--include-common-labels", "--output-timestamp-format", "unixdate", "-z", "Local",
                           TZ="Europe/Berlin")
        self.assertEqual(done.stderr, "")
        self.assertEqual(done.stdout.splitlines()[0],
                         'Mon Jan  5 11:00:00 CET 2026 {app="a", env="test"} {"n":0,"status":200}')

    def test_parts(self):
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)
        prefix = folder + "/day"
        arguments = ["query", '{env="test"}', *RANGE, "--part-path-prefix", prefix, "--parallel-duration", "10m",
                     "--parallel-max-workers", "2", "-o", "raw", "--forward"]
        self.logi(*arguments)
        parts = sorted(glob.glob(prefix + "*"))
        self.assertEqual(len(parts), 6)
        self.assertTrue(parts[0].endswith("_20260105T100000.000000000_20260105T101000.000000000.part"))
        # What is there is taken as it is, what broke off is asked for again.
        pathlib.Path(parts[0]).write_text('{"n":-1}\n')
        os.rename(parts[1], parts[1] + ".tmp")
        merged = self.numbers(self.logi(*arguments, "--merge-parts", "--keep-parts"))
        self.assertEqual(merged[0], -1)
        self.assertEqual(sorted(merged[1:]), list(range(500, 3000)))
        merged = self.numbers(self.logi(*arguments, "--merge-parts", "--overwrite-completed-parts"))
        self.assertEqual(sorted(merged), list(range(3000)))
        self.assertEqual(glob.glob(prefix + "*"), [])
        self.assertIn("needs --from and --to",
                      self.run_as(BINARY, "query", "{}", "--part-path-prefix", prefix).stderr)

    def test_metric_queries(self):
        query = 'sum by (app) (count_over_time({env="test"}[10m]))'
        result = json.loads(self.logi("query", query, *RANGE, "--step", "10m"))
        self.assertEqual([series["metric"] for series in result], [{"app": "a"}, {"app": "b"}])
        self.assertEqual(result[0]["values"][1][1], "250")
        result = json.loads(self.logi("instant-query", query, "--now", "2026-01-05T10:10:00Z"))
        self.assertEqual(sorted(sample["value"][1] for sample in result), ["250", "250"])
        # On a terminal it is a picture.
        done = self.run_as("script", "-qec", f"{BINARY} query '{query}' {' '.join(RANGE)} --step 10m", "/dev/null")
        self.assertIn("█", done.stdout)
        self.assertIn('{app="a"}', done.stdout)

    def test_what_there_is(self):
        self.assertEqual(self.logi("labels", *RANGE), "app\nenv\n")
        self.assertEqual(self.logi("labels", "app", *RANGE), "a\nb\n")
        self.assertEqual(self.logi("series", '{env="test"}', *RANGE),
                         '{app="a", env="test"}\n{app="b", env="test"}\n')
        table = self.logi("series", "{}", "--analyze-labels", *RANGE)
        self.assertIn("Total Streams:  2\n", table)
        self.assertRegex(table, r"app +2 +2\n")
        self.assertRegex(self.logi("stats", '{env="test"}', *RANGE),
                         r"\{\n  bytes: \d+ kB\n  chunks: \d+\n  streams: 2\n  entries: 3000\n\}\n")
        volume = json.loads(self.logi("volume", '{env="test"}', "--targetLabels", "app", *RANGE))
        self.assertEqual(sorted(sample["metric"]["app"] for sample in volume), ["a", "b"])
        over_time = json.loads(self.logi("volume_range", '{env="test"}', "--step", "30m", *RANGE))
        self.assertGreaterEqual(len(over_time[0]["values"]), 2)
        self.assertRegex(self.logi("detected-fields", '{env="test"}', *RANGE),
                         r"label: status\t\ttype: int\t\tcardinality: 7\n")
        self.assertEqual(sorted(self.logi("detected-fields", '{env="test"}', "status", *RANGE).split()),
                         [str(200 + i) for i in range(7)])
        self.assertIn("label: app\t\tcardinality: 2\n", self.logi("detected-labels", '{env="test"}', *RANGE))
        self.assertRegex(self.logi("patterns", '{env="test"}', *RANGE), r" +\d+  .*<_>")
        self.assertEqual(json.loads(self.logi("labels", "--json", *RANGE))["data"], ["app", "env"])

    def test_formatting(self):
        self.assertEqual(self.logi("fmt", stdin='{app="a"}|="x"|json'), '{app="a"} |= "x" | json\n')
        done = self.run_as(BINARY, "fmt", stdin='{app="a"')
        self.assertEqual(done.returncode, 1)
        self.assertIn("parse error", done.stderr)

    def test_deletes(self):
        arguments = ["delete", "create", '{app="gone"}', "--from", "2026-01-05T10:00:00Z", "--to", "2026-01-05T11:00:00Z"]
        self.logi(*arguments)
        listed = self.logi("delete", "list")
        self.assertRegex(listed, r'^\w+  received +2026-01-05T10:00:00Z  2026-01-05T11:00:00Z  \{app="gone"\}\n$')
        self.logi("delete", "cancel", "--request-id", listed.split()[0])
        self.assertEqual(self.logi("delete", "list"), "")
        self.assertEqual(self.run_as(BINARY, "delete", "cancel", "--request-id", "none").returncode, 1)

    def test_logcli(self):
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)
        logcli = os.path.join(folder, "logcli")
        os.symlink(BINARY, logcli)
        done = self.run_as(logcli, "--addr", self.server.url, "--quiet", "--log.level=error", "query", '{app="a"}',
                           "--limit=1", *RANGE, LOKI_ADDR="http://127.0.0.1:1")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r'^2026-01-05T10:59:\d\dZ \{\} \{"n":2998,"status":\d+\}\n$')
        self.assertEqual(self.run_as(logcli, "labels", "app", *RANGE).stdout, "a\nb\n")
        self.assertEqual(self.run_as(logcli, "-o", "raw", "query", '{app="b"} |= "n\\":1,"', *RANGE).stdout,
                         '{"n":1,"status":201}\n')

    def test_a_proxy(self):
        asked = []

        class Proxy(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                asked.append(self.path)
                with urllib.request.urlopen(self.path) as answer:
                    body = answer.read()
                self.send_response(200)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments):
                pass

        proxy = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        self.addCleanup(proxy.server_close)
        self.addCleanup(proxy.shutdown)
        url = f"http://127.0.0.1:{proxy.server_port}"
        self.assertEqual(self.logi("labels", *RANGE, "--proxy-url", url), "app\nenv\n")
        self.assertEqual(self.logi("labels", "app", *RANGE, "--envproxy", HTTP_PROXY=url, NO_PROXY=""), "a\nb\n")
        self.assertEqual([path.split("?")[0].removeprefix(self.server.url) for path in asked],
                         ["/loki/api/v1/labels", "/loki/api/v1/label/app/values"])
        self.logi("labels", *RANGE, http_proxy=url)
        self.assertEqual(len(asked), 2)
        self.assertIn("cannot use a proxy", self.run_as(BINARY, "query", "{}", "--tail", "--proxy-url", url).stderr)

    def test_completion(self):
        script = self.logi("completion", "bash")

        def complete(*words):
            line = " ".join(f"'{word}'" for word in words)
            done = self.run_as("bash", "-c", f"{script}\nCOMP_WORDS=({line}); COMP_CWORD={len(words) - 1}\n_logi\n"
                               'printf "%s\\n" "${COMPREPLY[@]}"')
            self.assertEqual(done.returncode, 0, done.stderr)
            return done.stdout.split()

        self.assertEqual(complete("logi", "vol"), ["volume", "volume_range"])
        self.assertEqual(complete("logi", "delete", "c"), ["create", "cancel"])
        self.assertEqual(complete("logi", "query", "--part"), ["--part-path-prefix"])
        self.assertIn("--request-id", complete("logi", "delete", "cancel", "--"))
        self.assertTrue(self.logi("completion", "zsh").startswith("#compdef logi\n"))
        fish = self.logi("completion", "fish")
        self.assertIn("complete -c logi -f -n '__fish_use_subcommand' -a series -d 'List streams'\n", fish)
        self.assertRegex(fish, r"-n '__fish_seen_subcommand_from series' -l analyze-labels -d '")

    def test_manual(self):
        page = self.logi("manual")
        self.assertIn(".SS logi delete cancel\n", page)
        self.assertIn(".SS logi query query\n", page)
        self.assertIn("\\-\\-part\\-path\\-prefix", page)
        done = self.run_as("groff", "-man", "-Tutf8", "-ww", "-z", "-", stdin=page) if shutil.which("groff") else None
        self.assertIn(done and done.stderr, (None, ""))

    def test_a_server_that_does_not_answer_is_asked_again(self):
        begin = time.monotonic()
        done = self.run_as(BINARY, "labels", "--retries", "2", "--min-backoff", "1", "--max-backoff", "1",
                           LOKI_ADDR="http://127.0.0.1:1")
        self.assertEqual(done.returncode, 1)
        self.assertIn("127.0.0.1:1", done.stderr)
        self.assertGreater(time.monotonic() - begin, 1.9)
        # What the server refuses is not.
        begin = time.monotonic()
        done = self.run_as(BINARY, "query", "{", "--retries", "2", "--min-backoff", "5")
        self.assertIn("parse error", done.stderr)
        self.assertLess(time.monotonic() - begin, 4)


if __name__ == "__main__":
    unittest.main()
