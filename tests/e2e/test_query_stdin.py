"""logi query --stdin: LogQL over standard input, without a server."""
import json
import os
import resource
import shutil
import subprocess
import tempfile
import unittest

from harness import BINARY


def run(*arguments, stdin="", program=BINARY, limits=None):
    # Nobody listens there.
    environment = {**os.environ, "LOKI_ADDR": "http://127.0.0.1:1", "TZ": "UTC"}
    return subprocess.run([program, *arguments], input=stdin, capture_output=True, text=True, timeout=60,
                          env=environment, check=False, preexec_fn=limits)


class Stdin(unittest.TestCase):
    def query(self, query, *arguments, stdin, **options):
        done = run("query", "--stdin", query, "-o", "raw", *arguments, stdin=stdin, **options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_a_pipeline_alone_or_with_a_selector(self):
        text = 'level=info n=1\nlevel=error n=2\r\n\nlevel=error n=30'
        self.assertEqual(self.query('|= "error"', stdin=text), "level=error n=2\nlevel=error n=30\n")
        self.assertEqual(self.query('{job="whatever"} | logfmt | n > 1 | line_format "{{.level}}{{.n}}"', stdin=text),
                         "error2\nerror30\n")
        self.assertEqual(self.query('!= "error"', stdin=text), "level=info n=1\n")
        self.assertEqual(self.query("", stdin=text).count("\n"), 3)

    def test_all_lines_unless_a_limit_is_given(self):
        text = "".join(f"line {i}\n" for i in range(2000))
        self.assertEqual(self.query("", stdin=text), text)
        self.assertEqual(self.query('|= "9"', "--limit", "2", stdin=text), "line 9\nline 19\n")

    def test_labels_and_formats(self):
        done = run("query", "--stdin", "| json", "-o", "jsonl", stdin='{"a":"x"}\n{"a":"y","b":1}\n')
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual([line["labels"] for line in lines],
                         [{"source": "logcli", "a": "x"}, {"source": "logcli", "a": "y", "b": "1"}])
        self.assertLess(lines[0]["timestamp"], lines[1]["timestamp"])

    def test_lines_come_out_as_they_come_in(self):
        with subprocess.Popen([BINARY, "query", "--stdin", '|= "yes"', "-o", "raw"], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True) as process:
            for i in range(3):
                process.stdin.write(f"yes {i}\nno\n")
                process.stdin.flush()
                self.assertEqual(process.stdout.readline(), f"yes {i}\n")
            process.stdin.close()
            self.assertEqual(process.wait(timeout=10), 0)

    def test_memory_does_not_grow_with_the_input(self):
        def limits():
            resource.setrlimit(resource.RLIMIT_DATA, (150 << 20, 150 << 20))

        text = "".join(f"{i:07} " + "x" * 2000 + "\n" for i in range(150_000))  # 300 MB
        found = self.query('|~ "00000 "', stdin=text, limits=limits)
        self.assertEqual(found.count("\n"), 2)

    def test_metrics_of_all_lines(self):
        text = "".join(f"2026-01-05T10:00:{i % 60:02}Z n={i}\n" for i in range(120_000))
        done = run("query", "--stdin", 'sum(count_over_time({any="selector"} | logfmt | n >= 60000 [1m]))',
                   "--step", "1m", stdin=text)
        values = json.loads(done.stdout)[0]["values"]
        self.assertEqual(sum(int(value) for _, value in values), 60_000)

    def test_as_logcli(self):
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)
        logcli = os.path.join(folder, "logcli")
        os.symlink(BINARY, logcli)
        done = run("--stdin", "--quiet", "query", '{app="a"} |= "b"', stdin="a\nab\n", program=logcli)
        self.assertRegex(done.stdout, r"^\d{4}-\d\d-\d\dT[\d:]+Z \{\} ab\n$")

    def test_what_cannot_be(self):
        for arguments, why in ((("|= ",), "parse error"), (("|= `a`", "--tail"), "does not go with --tail"),
                               (('| regexp "("',), "missing closing )"),
                               (('count_over_time({a="b"}[1m])', "--step", "0s"), "--step")):
            done = run("query", "--stdin", *arguments, stdin="a\n")
            self.assertEqual(done.returncode, 1)
            self.assertIn(why, done.stderr)


if __name__ == "__main__":
    unittest.main()
