"""SIGKILL at random moments: every acknowledged line is there exactly once afterwards."""
import http.client
import json
import pathlib
import random
import re
import subprocess
import threading
import time
import unittest

from harness import BINARY, Server

KILLS = 100
WRITERS = 4


class Kill(unittest.TestCase):
    def test_nothing_acknowledged_is_lost(self):
        self.kill_often("compactor:\n  compaction_interval: 0s\n")

    def test_nor_while_segments_are_merged(self):
        server = self.kill_often("compactor:\n  compaction_interval: 30ms\n")
        self.assertIn("segments merged", server.log_text())

    def kill_often(self, config):
        server = Server(config + "server:\n  log_level: debug\nlimits_config:\n  ingestion_rate_mb: 1000\n  ingestion_burst_size_mb: 1000\n"
                        "  per_stream_rate_limit: 1000MB\n  per_stream_rate_limit_burst: 1000MB\n"
                        "  max_entries_limit_per_query: 1000000\n").start()
        self.addCleanup(server.close)
        rand = random.Random(1)
        sent, acknowledged, wrong = set(), set(), []
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
                with lock:
                    if status == 204:
                        acknowledged.update(batch)
                    else:
                        wrong.append(status)

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
            if i % 4 == 0:
                # And in the middle of the recovery.
                server.spawn()
                time.sleep(rand.uniform(0, 0.08))
                server.kill()
            server.start()
        stop.set()
        for w in writers:
            w.join()
        found = server.lines('{app=~"w.*"}', limit=1000000)
        self.assertEqual(len(found), len(set(found)), "a line was found twice")
        self.assertEqual(acknowledged - set(found), set(), "an acknowledged line is lost")
        self.assertEqual(set(found) - sent, set())
        self.assertEqual(wrong, [])
        # Answers show equal entries once; the stored rows must not be doubled either, and as nobody
        # pushed twice, nothing was ever dropped as a duplicate.
        self.assertEqual(server.request("POST", "/flush")[0], 204)
        self.wait_for_merges(server)
        self.assertEqual(self.stored_rows(pathlib.Path(server.data)), len(found))
        dropped = re.findall(r'msg="segment written" .* duplicates=(\d+)', server.log_text())
        self.assertGreater(len(dropped), KILLS / 2)
        self.assertEqual(set(dropped), {"0"})
        print(f"{KILLS} kills, {len(acknowledged)} acknowledged lines, {len(found)} found")
        return server

    def wait_for_merges(self, server):
        """Until the files stay the same for a while."""
        before, since = None, time.time()
        while time.time() < since + 1:
            files = sorted(pathlib.Path(server.data).glob("bucket/tenants/fake/*/*"))
            if files != before:
                before, since = files, time.time()
            time.sleep(0.05)

    def stored_rows(self, data):
        """Rows of the segments that the newest catalog snapshot names, by reading all of them."""
        snapshot = max(data.glob("bucket/tenants/fake/catalog/*.snapshot"))
        named = re.findall(r"^segment (\S+) .* rows (\d+) streams", self.inspect("catalog", snapshot), re.M)
        files = {str(file.relative_to(data / "bucket")) for file in data.glob("bucket/tenants/fake/segments/*")}
        self.assertEqual({key for key, _ in named}, files, "a leftover, or a segment that is missing")
        total = 0
        for key, rows in named:
            last = self.inspect("segment", data / "bucket" / key).splitlines()[-1]
            self.assertIn(f" rows {rows} ", last)
            total += int(rows)
        return total

    def inspect(self, kind, path):
        out = subprocess.run([BINARY, "inspect", kind, str(path)], capture_output=True, text=True)
        self.assertEqual(out.returncode, 0, out.stderr)
        return out.stdout

    @staticmethod
    def quietly(call, *args):
        try:
            call(*args)
        except OSError:
            pass


if __name__ == "__main__":
    unittest.main()
