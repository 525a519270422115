"""Live tails where several processes share one bucket on a real S3 server."""
import signal
import subprocess
import threading
import time
import unittest

from cluster import Process, start_s3
from harness import BINARY, free_port
from websocket import Tail

s3 = None


def setUpModule():
    global s3
    s3 = start_s3()


def metric(process, name):
    text = process.request("GET", "/metrics")[1].decode()
    return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines()
               if line.startswith(name) and line[len(name)] in " {")


class ClusterTail(unittest.TestCase):
    def process(self, prefix, role):
        process = Process(s3, prefix, role)
        self.addCleanup(process.close)
        return process.start()

    def tail(self, process, query, **params):
        tail = Tail(process, query, **params)
        self.addCleanup(tail.close)
        return tail

    def push(self, process, lines, app="a"):
        now = time.time_ns()
        status, body = process.push([({"app": app}, [(now + i, line) for i, line in enumerate(lines)])])
        self.assertEqual(status, 204, body)

    def test_history_then_news_of_all_writers(self):
        one, two = (self.process("news", "write") for _ in range(2))
        reader = self.process("news", "read")
        self.push(one, ["one", "two"])
        self.assertEqual(one.request("POST", "/flush")[0], 204)
        self.push(two, ["three"])
        tail = self.tail(reader, '{app="a"}', limit=2)
        self.assertEqual(tail.lines(2), ["two", "three"])
        other = self.tail(reader, '{app="a"} |= "5"')
        self.push(one, ["4", "5"])
        self.assertEqual(tail.lines(2), ["4", "5"])
        begin = time.monotonic()
        self.push(two, ["six", "another 5"])
        self.assertEqual(tail.lines(2), ["six", "another 5"])
        self.assertLess(time.monotonic() - begin, 10)
        self.push(two, ["of others"], app="b")
        self.assertEqual(other.lines(2), ["5", "another 5"])
        # A writer that comes later has a journal of which nobody knew.
        three = self.process("news", "write")
        self.push(three, ["seven"])
        self.assertEqual(tail.lines(1), ["seven"])

    def test_each_line_comes_once_whoever_dies(self):
        writers = [self.process("deaths", "write") for _ in range(2)]
        reader = self.process("deaths", "read")
        compactor = self.process("deaths", "compact")
        self.push(writers[0], ["first"])
        tail = self.tail(reader, '{app="a"}', limit=1)
        self.assertEqual(tail.lines(1), ["first"])  # what is acknowledged from now on comes
        over, lock, sent, acknowledged = threading.Event(), threading.Lock(), set(), set()

        def push(worker):
            number = 0
            while not over.is_set():
                lines = [f"w{worker} {number + i}" for i in range(3)]
                number += 3
                with lock:
                    sent.update(lines)
                now = time.time_ns()
                try:
                    status = writers[number // 3 % 2].push([({"app": "a"}, [(now + i, line) for i, line in enumerate(lines)])])[0]
                except OSError:
                    time.sleep(0.05)
                    continue
                if status == 204:
                    with lock:
                        acknowledged.update(lines)

        threads = [threading.Thread(target=push, args=[i]) for i in range(3)]
        for thread in threads:
            thread.start()
        seen = []

        def read(seconds):
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                if tail.readable():
                    frame = tail.next()
                    self.assertIsInstance(frame, dict)
                    seen.extend(v[1] for s in frame["streams"] for v in s["values"])
                else:
                    time.sleep(0.02)

        read(3)
        writers[0].kill()
        read(3)
        writers[0].start()
        read(2)
        self.assertEqual(writers[1].stop(), 0)  # all of its is in segments then
        writers[1].start()
        read(2)
        writers[0].kill()
        # The journal of the dead one is sealed and removed meanwhile.
        deadline = time.monotonic() + 150
        while compactor.log_text().count("is in segments") < 2:
            self.assertLess(time.monotonic(), deadline, compactor.log_text()[-3000:])
            read(1)
        over.set()
        for thread in threads:
            thread.join()
        deadline = time.monotonic() + 30
        while acknowledged - set(seen) and time.monotonic() < deadline:
            try:
                read(0.5)
            except TimeoutError:  # no line comes any more
                break
        self.assertEqual(tail.dropped, [])  # it was fast enough
        self.assertEqual(acknowledged - set(seen), set())
        self.assertEqual(len(seen), len(set(seen)))
        self.assertEqual(set(seen) - sent, set())
        self.assertGreater(len(acknowledged), 50)

    def test_nobody_polls_who_has_no_followers(self):
        writer = self.process("idle", "write")
        reader = self.process("idle", "read")
        self.push(writer, ["one"])

        def requests(seconds):
            before = metric(reader, "logi_bucket_requests_total")
            time.sleep(seconds)
            return metric(reader, "logi_bucket_requests_total") - before

        tails = [self.tail(reader, '{app="a"}') for _ in range(5)]
        for tail in tails:
            self.assertEqual(tail.lines(1), ["one"])
        # Four times a second each journal's next object, and once which journals there are, for all five.
        asked = requests(4)
        self.assertGreater(asked, 4)
        self.assertLess(asked, 30)
        for tail in tails:
            tail.close()
        deadline = time.monotonic() + 60
        while requests(2) > 0:
            self.assertLess(time.monotonic(), deadline)

    def test_the_command_and_the_canary_follow(self):
        both = self.process("clients", "write,read")
        command = subprocess.Popen([BINARY, "query", '{app="a"}', "--tail", "--addr", both.url, "--output", "raw"],
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.addCleanup(command.stdout.close)
        self.addCleanup(command.kill)
        time.sleep(2)
        self.push(both, ["first", "second"])
        self.assertEqual([command.stdout.readline() for _ in range(2)], [b"first\n", b"second\n"])
        command.send_signal(signal.SIGINT)
        command.wait(20)
        port = free_port()
        canary = subprocess.Popen([BINARY, "canary", f"-addr=127.0.0.1:{both.port}", "-push=true", f"-port={port}",
                                   "-interval=100ms", "-wait=10s", "-pruneinterval=1s", "-max-wait=20s"],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(canary.wait)
        self.addCleanup(canary.kill)
        observed = Process.__new__(Process)
        observed.url, observed.tls = f"http://127.0.0.1:{port}", None
        time.sleep(20)
        self.assertGreater(metric(observed, "loki_canary_entries_total"), 20)
        self.assertGreater(metric(observed, "loki_canary_response_latency_seconds_count"), 20)
        for name in ("missing_entries_total", "websocket_missing_entries_total", "duplicate_entries_total",
                     "unexpected_entries_total"):
            self.assertEqual(metric(observed, f"loki_canary_{name}"), 0, name)


if __name__ == "__main__":
    unittest.main()
