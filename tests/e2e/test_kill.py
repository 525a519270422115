"""SIGKILL at random moments: every acknowledged line is there exactly once afterwards."""
import http.client
import json
import pathlib
import random
import subprocess
import threading
import time
import unittest

from harness import BINARY, Server

KILLS = 100
WRITERS = 4


class Kill(unittest.TestCase):
    def test_nothing_acknowledged_is_lost(self):
        server = Server("limits_config:\n  ingestion_rate_mb: 1000\n  ingestion_burst_size_mb: 1000\n"
                        "  per_stream_rate_limit: 1000MB\n  per_stream_rate_limit_burst: 1000MB\n"
                        "  max_entries_limit_per_query: 1000000\n").start()
        self.addCleanup(server.close)
        rand = random.Random(1)
        sent, acknowledged = set(), set()
        lock = threading.Lock()
        stop = threading.Event()
        begin = time.time_ns()

        def write(writer):
            number = 0
            while not stop.is_set():
                batch = [f"writer {writer} line {number + i}" for i in range(5)]
                number += 5
                with lock:
                    sent.update(batch)
                body = json.dumps({"streams": [{"stream": {"app": f"w{writer}"},
                                                "values": [[str(begin + number + i), line]
                                                           for i, line in enumerate(batch)]}]})
                try:
                    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
                    connection.request("POST", "/loki/api/v1/push", body, {"Content-Type": "application/json"})
                    status = connection.getresponse().status
                    connection.close()
                except (OSError, http.client.HTTPException):
                    time.sleep(0.005)  # the server is down: the outcome is unknown
                    continue
                self.assertEqual(status, 204)
                with lock:
                    acknowledged.update(batch)

        writers = [threading.Thread(target=write, args=(w,)) for w in range(WRITERS)]
        for w in writers:
            w.start()
        for i in range(KILLS):
            time.sleep(rand.uniform(0.02, 0.3))
            if i % 3 == 0:
                # Killed in the middle of a flush as well.
                threading.Thread(target=lambda: self.quietly(server.request, "POST", "/flush")).start()
                time.sleep(rand.uniform(0, 0.05))
            server.kill()
            server.start()
        stop.set()
        for w in writers:
            w.join()
        found = server.lines('{app=~"w.*"}', limit=1000000)
        self.assertEqual(len(found), len(set(found)), "a line was found twice")
        self.assertEqual(acknowledged - set(found), set(), "an acknowledged line is lost")
        self.assertEqual(set(found) - sent, set())
        # Answers show equal entries once; the stored rows must not be doubled either.
        self.assertEqual(server.request("POST", "/flush")[0], 204)
        rows = 0
        for snapshot in pathlib.Path(server.data).glob("bucket/tenants/*/catalog/*.snapshot"):
            newest = max(snapshot.parent.iterdir())
            if snapshot == newest:
                out = subprocess.run([BINARY, "inspect", "catalog", str(snapshot)], capture_output=True, text=True)
                self.assertEqual(out.returncode, 0, out.stderr)
                rows += int(out.stdout.splitlines()[-1].split()[-1])
        self.assertEqual(rows, len(found))
        print(f"{KILLS} kills, {len(acknowledged)} acknowledged lines, {len(found)} found")

    @staticmethod
    def quietly(call, *args):
        try:
            call(*args)
        except OSError:
            pass


if __name__ == "__main__":
    unittest.main()
