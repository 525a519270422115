"""Processes with roles are replaced one after the other, as Kubernetes does it: no push and no query fails."""
import threading
import time
import unittest

from cluster import LIMITS, Process, start_s3
from ready_proxy import ReadyProxy

CONFIG = LIMITS + "shutdown_delay: 2s\n"

s3 = None


def setUpModule():
    global s3
    s3 = start_s3()


class Service(Process):
    """What clients see: the proxy."""

    def __init__(self, proxy):  # pylint: disable=super-init-not-called
        self.url, self.tls = proxy.url, None


class ClusterRolling(unittest.TestCase):
    def service(self, role, count):
        processes = [Process(s3, "rolling", role, CONFIG) for _ in range(count)]
        for process in processes:
            self.addCleanup(process.close)
            process.start()
        proxy = ReadyProxy(processes)
        self.addCleanup(proxy.close)
        return processes, Service(proxy)

    def test_nothing_fails_while_all_are_replaced(self):
        writers, write = self.service("write", 2)
        readers, read = self.service("read", 2)
        compactor = Process(s3, "rolling", "compact", CONFIG)
        self.addCleanup(compactor.close)
        compactor.start()
        over, lock, acknowledged, failed = threading.Event(), threading.Lock(), [], []
        counts = {"pushes": 0, "queries": 0}

        def push(worker):
            number = 0
            while not over.is_set():
                lines = [f"w{worker} line {number + i}" for i in range(5)]
                number += len(lines)
                now = time.time_ns()
                try:
                    status, body = write.push([({"app": "a"}, [(now + i, line) for i, line in enumerate(lines)])])
                except OSError as e:
                    status, body = 0, repr(e)
                with lock:
                    if status == 204:
                        counts["pushes"] += 1
                        acknowledged.extend(lines)
                    else:
                        failed.append(("push", status, body))

        def query():
            while not over.is_set():
                with lock:
                    expected = set(acknowledged)
                try:
                    status, body = read.get("/loki/api/v1/query_range", query='{app="a"}', limit=1000000, since="1h")
                except OSError as e:
                    status, body = 0, repr(e).encode()
                if status != 200 or b'"warnings"' in body:
                    failed.append(("query", status, body[:300]))
                    continue
                counts["queries"] += 1
                if missing := {line for line in expected if f'"{line}"'.encode() not in body}:
                    failed.append(("missing", len(missing), min(missing)))
                time.sleep(0.1)

        threads = [threading.Thread(target=push, args=[i]) for i in range(2)] + [threading.Thread(target=query)]
        for thread in threads:
            thread.start()
        time.sleep(1)
        for process in [*writers, *readers]:
            begin = time.monotonic()
            process.process.terminate()
            # It says first that it goes, and answers all the same.
            deadline = time.monotonic() + 10
            while process.request("GET", "/ready")[0] != 503:
                self.assertLess(time.monotonic(), deadline)
            self.assertEqual(process.request("GET", "/loki/api/v1/status/buildinfo")[0], 200)
            self.assertEqual(process.process.wait(timeout=60), 0, process.log_text()[-3000:])
            self.assertGreater(time.monotonic() - begin, 1.9)
            process.start()
            time.sleep(1)
        over.set()
        for thread in threads:
            thread.join()
        self.assertEqual(failed, [])
        self.assertGreater(counts["pushes"], 20)
        self.assertGreater(counts["queries"], 5)


if __name__ == "__main__":
    unittest.main()
