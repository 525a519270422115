"""`logi query --tail`: what comes in is printed as it comes, over a server that goes and comes back."""
import json
import os
import selectors
import signal
import subprocess
import time
import unittest

from harness import BINARY, Server

SECOND = 10**9


class Tail:
    """The command, whose lines are read as they come."""

    def __init__(self, server, query, *arguments):
        self.process = subprocess.Popen([BINARY, "query", query, "--tail", "--addr", server.url, *arguments],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.selector = selectors.DefaultSelector()
        self.streams = {self.process.stdout: b"", self.process.stderr: b""}
        for stream in self.streams:
            os.set_blocking(stream.fileno(), False)
            self.selector.register(stream, selectors.EVENT_READ)

    def wait(self, stream, done, seconds=20):
        end = time.time() + seconds
        while not done(self.streams[stream].decode()):
            if time.time() > end:
                raise TimeoutError(self.streams)
            for key, _ in self.selector.select(0.1):
                piece = key.fileobj.read()
                if not piece:
                    self.selector.unregister(key.fileobj)
                self.streams[key.fileobj] += piece or b""
        return self.streams[stream].decode()

    def lines(self, count):
        return self.wait(self.process.stdout, lambda text: text.count("\n") >= count).splitlines()

    def errors(self, part):
        return self.wait(self.process.stderr, lambda text: part in text)

    def stop(self, how=signal.SIGINT):
        self.process.send_signal(how)
        return self.process.wait(20)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for stream in self.streams:
            stream.close()


class TailQuery(unittest.TestCase):
    def setUp(self):
        self.server = Server().start()
        self.addCleanup(self.server.close)

    def tail(self, query, *arguments):
        tail = Tail(self.server, query, *arguments)
        self.addCleanup(tail.close)
        return tail

    def push(self, *lines, app="a", ns=None, **labels):
        values = [((ns or time.time_ns()) + i, line) for i, line in enumerate(lines)]
        self.assertEqual(self.server.push([({"app": app, **labels}, values)])[0], 204)

    def followers(self, count):
        end = time.time() + 20
        while f"\nlogi_tail_followers {count}\n" not in self.server.request("GET", "/metrics")[1].decode():
            self.assertLess(time.time(), end)
            time.sleep(0.02)

    def test_history_then_news(self):
        self.push("one", "two", "three")
        tail = self.tail('{app="a"} |= "t"', "--limit", "1", "--output", "raw")
        self.assertEqual(tail.lines(1), ["three"])
        self.push("no", "ten", "twenty")
        self.push("tenfold")
        self.assertEqual(tail.lines(4), ["three", "ten", "twenty", "tenfold"])
        self.assertEqual(tail.stop(), 0)
        self.assertEqual(tail.process.stderr.read(), None if tail.process.poll() is None else b"")
        self.followers(0)

    def test_formats(self):
        self.push("line", ns=(ns := time.time_ns() // SECOND * SECOND + 5), zone="b")
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(ns // SECOND)) + ".000000005Z"
        everything = '{app="a", detected_level="unknown", service_name="a", zone="b"}'
        for arguments, line in [
                ([], f"{stamp} {everything} line"),
                (["--no-labels"], f"{stamp} line"),
                (["--include-label", "zone", "--include-label", "app", "--labels-length", "25"],
                 f'{stamp} {{app="a", zone="b"}}       line'),
                (["--exclude-label", "detected_level", "--exclude-label=zone"],
                 f'{stamp} {{app="a", service_name="a"}} line'),
                (["--colored-output", "--include-label", "app"], None),
                (["-o", "raw"], "line")]:
            tail = self.tail('{app="a"}', *arguments)
            text = tail.lines(1)[0]
            if line:
                self.assertEqual(text, line)
            else:
                self.assertRegex(text, r'^\S+ \x1b\[3\dm\{app="a"\}\x1b\[0m line$')
            tail.close()
        tail = self.tail('{app="a"}', "-o", "jsonl")
        self.assertEqual(json.loads(tail.lines(1)[0]), {
            "labels": {"app": "a", "detected_level": "unknown", "service_name": "a", "zone": "b"},
            "line": "line", "timestamp": stamp})

    def test_delay(self):
        tail = self.tail('{app="a"}', "--delay-for", "2", "-o", "raw")
        self.followers(1)
        begin = time.time()
        self.push("late")
        self.assertEqual(tail.lines(1), ["late"])
        self.assertGreater(time.time() - begin, 1.8)

    def test_what_is_wrong_ends_it(self):
        for query, arguments, text in [('{app="a"', [], "parse error"), ('rate({app="a"}[1m])', [], "only log selector is supported"),
                                       ('{app="a"}', ["--limit", "100000"], "max entries limit"),
                                       ('{app="a"}', ["--delay-for", "6"], "delay_for can't be greater than 5"),
                                       ('{app="a"}', ["--to", "2026-01-01T00:00:00Z"], "--tail has no end"),
                                       ('{app="a"}', ["--from", "yesterday"], "yesterday")]:
            tail = self.tail(query, *arguments)
            self.assertIn(text, tail.errors(text))
            self.assertEqual(tail.process.wait(20), 1)

    def test_a_server_that_comes_back(self):
        tail = self.tail('{app="a"}', "-o", "raw")
        self.followers(1)
        self.push("one", "two")
        self.assertEqual(tail.lines(2), ["one", "two"])
        self.assertEqual(self.server.stop(), 0)
        tail.errors("connecting again")
        self.server.start()
        self.push("three")
        self.server.kill()
        self.server.start()
        self.push("four")
        # What was printed is not printed again.
        self.assertEqual(tail.lines(4), ["one", "two", "three", "four"])
        self.assertEqual(tail.stop(signal.SIGTERM), 0)

    def test_a_server_that_does_not(self):
        self.server.stop()
        tail = self.tail('{app="a"}')
        tail.errors("connecting again")
        self.assertEqual(tail.stop(), 0)


class Tenants(unittest.TestCase):
    def test_a_tenant_and_its_own(self):
        server = Server("auth_enabled: true\n").start()
        self.addCleanup(server.close)
        for tenant in ("one", "two"):
            self.assertEqual(server.push([({"app": "a"}, [(time.time_ns(), f"of {tenant}")])], tenant)[0], 204)
        tail = Tail(server, '{app="a"}', "--org-id", "two", "-o", "raw")
        self.addCleanup(tail.close)
        self.assertEqual(tail.lines(1), ["of two"])
        nobody = Tail(server, '{app="a"}')
        self.addCleanup(nobody.close)
        self.assertIn("401", nobody.errors("no org id"))


if __name__ == "__main__":
    unittest.main()
