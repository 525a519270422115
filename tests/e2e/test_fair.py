"""One tenant's many heavy queries and another's small one; too many queries of a tenant."""
import select
import socket
import statistics
import time
import unittest

from busy import BUSY, LIMITS, START, path_of, push_lines
from harness import Server

LINES = 160_000
HEAVY_QUERIES = 30
SMALL = 'sum(count_over_time({app="b"} |= "7" [1m]))'
CONFIG = "auth_enabled: true\n" + LIMITS


class Tenants(unittest.TestCase):
    def start(self, more=""):
        self.server = Server(CONFIG + more).start()
        self.addCleanup(self.server.close)
        push_lines(self, self.server, LINES, "a")
        self.assertEqual(
            self.server.push([({"app": "b"}, [(START + i * 10**6, f"line {i}") for i in range(1000)])], "b")[0], 204)
        self.assertEqual(self.server.request("POST", "/flush")[0], 204)

    def ask(self, tenant, query):
        """Sends a query; its answer can be received from what is returned."""
        connection = socket.create_connection(("127.0.0.1", self.server.port), timeout=60)
        self.addCleanup(connection.close)
        connection.sendall(f"GET {path_of(query)} HTTP/1.1\r\nHost: x\r\nX-Scope-OrgID: {tenant}\r\n\r\n".encode())
        return connection

    def seconds_of_small(self, count):
        """Of so many small queries, one after another."""
        seconds = []
        for _ in range(count):
            begin = time.monotonic()
            self.assertEqual(self.server.request("GET", path_of(SMALL), headers={"X-Scope-OrgID": "b"},
                                                 timeout=60)[0], 200)
            seconds.append(time.monotonic() - begin)
        return seconds

    def metrics(self):
        return self.server.request("GET", "/metrics")[1].decode()


class Fair(Tenants):
    def test_a_small_query_stays_fast_beside_heavy_ones_of_another(self):
        self.start()
        begin = time.monotonic()
        self.assertIn(b"200 OK", self.ask("a", BUSY).recv(100))
        heavy = time.monotonic() - begin
        alone = statistics.median(self.seconds_of_small(20))
        waiting = [self.ask("a", BUSY) for _ in range(HEAVY_QUERIES)]
        time.sleep(heavy / 4)
        beside = self.seconds_of_small(20)
        ready, _, _ = select.select(waiting, [], [], 0)
        metrics = self.metrics()
        print(f"heavy {heavy * 1000:.0f} ms; small: alone {alone * 1000:.1f} ms, beside {HEAVY_QUERIES} heavy ones "
              f"median {statistics.median(beside) * 1000:.1f}, worst {max(beside) * 1000:.1f} ms")
        # It waits for what runs and then takes turns. In one queue of all it waits for all of them.
        self.assertLess(max(beside), max(2 * heavy, 0.5))
        self.assertLess(len(ready), HEAVY_QUERIES // 2, "the heavy queries were done too early to tell anything")
        self.assertIn('loki_query_scheduler_queue_length{user="a"}', metrics)


class TooMany(Tenants):
    def test_more_than_max_outstanding_are_refused(self):
        self.start("frontend:\n  max_outstanding_per_tenant: 3\n")
        waiting = [self.ask("a", BUSY) for _ in range(3)]
        time.sleep(0.2)
        self.assertEqual(self.server.request("GET", path_of(SMALL), headers={"X-Scope-OrgID": "a"}),
                         (429, b"too many outstanding requests"))
        self.assertEqual(self.server.get("/loki/api/v1/labels", "a")[0], 429)
        self.assertEqual(self.server.request("GET", path_of(SMALL), headers={"X-Scope-OrgID": "b"})[0], 200)
        self.assertIn('loki_query_scheduler_discarded_requests_total{user="a"} 2', self.metrics())
        for connection in waiting:
            self.assertIn(b"200 OK", connection.recv(100))
        stop = time.monotonic() + 5
        while self.server.get("/loki/api/v1/labels", "a")[0] != 200:
            self.assertLess(time.monotonic(), stop)

    def test_a_tenant_can_be_held_to_one_task_at_once(self):
        self.start("  max_query_parallelism: 1\n")
        begin, used = time.monotonic(), self.server.cpu_seconds()
        for connection in [self.ask("a", BUSY) for _ in range(3)]:
            self.assertIn(b"200 OK", connection.recv(100))
        # Of two cores it has one.
        self.assertLess((self.server.cpu_seconds() - used) / (time.monotonic() - begin), 1.4)


if __name__ == "__main__":
    unittest.main()
