"""Every line arrives exactly once, whatever happens to agent, server and files."""
import os
import pathlib
import random
import shutil
import threading
import time
import unittest

import harness
from agent import Agent, wait_until

JOB = "- job_name: t\n  static_configs:\n  - labels: {job: t, __path__: '{logs}/*.log'}\n"


class Writer(threading.Thread):
    """Writes numbered lines as fast as it can, rotating now and then."""

    def __init__(self, folder, name, seconds, copy_truncate, seed):
        super().__init__()
        self.path = os.path.join(folder, name + ".log")
        self.name_of_lines = name
        self.seconds = seconds
        self.copy_truncate = copy_truncate
        self.random = random.Random(seed)
        self.count = 0
        self.rotations = 0

    def rotate(self, file):
        self.rotations += 1
        old = f"{self.path}.{self.rotations}"
        if self.copy_truncate:
            file.flush()
            shutil.copy(self.path, old)
            os.truncate(self.path, 0)
            return file
        os.rename(self.path, old)
        # Programs write on to the renamed file until they are told.
        self.lines(file, 100)
        file.close()
        return open(self.path, "a")

    def lines(self, file, n):
        for _ in range(n):
            file.write(f"{self.name_of_lines} {self.count} {'x' * self.random.randrange(200)}\n")
            self.count += 1

    def run(self):
        end = time.monotonic() + self.seconds
        rotation = time.monotonic() + self.random.uniform(1, 4)
        file = open(self.path, "a")
        while time.monotonic() < end:
            self.lines(file, self.random.randrange(200))
            file.flush()
            time.sleep(0.002)
            # Apart, so that the agent sees every file before it is the last but one.
            if time.monotonic() > rotation:
                rotation = time.monotonic() + self.random.uniform(3, 5)
                file = self.rotate(file)
        file.close()


class OnceTest(unittest.TestCase):
    def setUp(self):
        self.server = harness.Server("limits_config: {max_entries_limit_per_query: 10000000, "
                                     "ingestion_rate_mb: 1000, ingestion_burst_size_mb: 1000}\n").start()
        self.addCleanup(self.server.close)
        self.agent = Agent(JOB, f"- url: {self.server.url}/loki/api/v1/push\n  batchwait: 100ms\n  timeout: 2s\n"
                                "  backoff_config: {min_period: 50ms, max_period: 300ms}\n")
        self.addCleanup(self.agent.close)

    def arrived(self):
        data = self.server.get("/loki/api/v1/query", query='sum(count_over_time({job="t"}[1h]))')
        result = harness.json.loads(data[1])["data"]["result"]
        return int(result[0]["value"][1]) if result else 0

    def check(self, writers):
        total = sum(w.count for w in writers)
        self.assertGreater(total, 1000)
        try:
            wait_until(lambda: self.arrived() >= total, 90)
            time.sleep(0.5)
        finally:
            if self.arrived() != total:
                print(pathlib.Path(self.agent.folder, "log").read_text()[-4000:])
        lines = [line.rsplit(" ", 1)[0] for line in self.server.lines('{job="t"}', limit=10000000)]
        counts = {}
        for line in lines:
            counts[line] = counts.get(line, 0) + 1
        expected = {f"{w.name_of_lines} {i}" for w in writers for i in range(w.count)}
        self.assertEqual([line for line, n in counts.items() if n > 1][:5], [], "twice")
        self.assertEqual(sorted(expected - counts.keys())[:5], [], "lost")
        self.assertEqual(len(lines), total)

    def chaos(self, copy_truncate, disturb, seconds=12):
        seed = random.randrange(1 << 30)
        print(f"seed {seed}")
        rnd = random.Random(seed)
        self.agent.start()
        writers = [Writer(self.agent.logs, f"w{i}", seconds, copy_truncate, seed + i) for i in range(3)]
        for writer in writers:
            writer.start()
        while any(w.is_alive() for w in writers):
            time.sleep(rnd.uniform(0.2, 1.5))
            disturb(rnd)
        for writer in writers:
            writer.join()
        self.assertGreater(sum(w.rotations for w in writers), 0)
        if self.agent.process.poll() is not None:
            self.agent.start()
        self.check(writers)

    def test_agent_killed_while_files_rotate(self):
        def disturb(rnd):
            self.agent.kill()
            time.sleep(rnd.uniform(0, 0.5))
            self.agent.start()
        self.chaos(False, disturb)

    def test_agent_killed_while_files_are_copied_and_cut(self):
        def disturb(rnd):
            self.agent.kill()
            time.sleep(rnd.uniform(0, 0.3))
            self.agent.start()
        self.chaos(True, disturb)

    def test_server_outages_while_files_rotate(self):
        def disturb(rnd):
            self.server.kill()
            time.sleep(rnd.uniform(0.5, 3))
            self.server.start()
        self.chaos(False, disturb)

    def test_both(self):
        def disturb(rnd):
            victim = rnd.choice([self.server, self.agent])
            victim.kill()
            if rnd.random() < 0.3:
                self.agent.kill() if victim is self.server else None
            time.sleep(rnd.uniform(0, 1))
            victim.start()
            if self.agent.process.poll() is not None:
                self.agent.start()
        self.chaos(False, disturb)

    def test_outage_from_the_start(self):
        self.server.kill()
        self.agent.start()
        writer = Writer(self.agent.logs, "w", 2, False, 1)
        writer.start()
        writer.join()
        self.agent.kill()
        self.server.start()
        self.agent.start()
        self.check([writer])


if __name__ == "__main__":
    unittest.main()
