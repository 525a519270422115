"""A client's buffer on disk: what a server does not take is there, and not with the sources, until it does."""
import os
import subprocess
import time
import unittest

import harness
from agent import Agent, wait_until

STDIN = "- job_name: t\n  static_configs: [{labels: {job: t}}]\n"
FILES = "- job_name: t\n  static_configs: [{labels: {job: t, __path__: '{logs}/*.log'}}]\n"


class BufferTest(unittest.TestCase):
    def setUp(self):
        self.server = harness.Server("limits_config: {max_entries_limit_per_query: 1000000}\n")
        self.addCleanup(self.server.close)

    def agent(self, scrape, max_size="100MB", batch=20000):
        agent = Agent(scrape, "")
        self.addCleanup(agent.close)
        self.buffer = os.path.join(agent.folder, "buffer")
        agent.configure(scrape, f"- url: {self.server.url}/loki/api/v1/push\n  batchwait: 20ms\n  batchsize: {batch}\n"
                                f"  timeout: 1s\n  backoff_config: {{min_period: 20ms, max_period: 200ms}}\n"
                                f"  disk_buffer: {{dir: '{self.buffer}', max_size: {max_size}}}\n")
        return agent

    def batches(self, folder="batches"):
        """By name, how many bytes each has; what is under way may go while we look."""
        try:
            return {e.name: e.stat().st_size for e in os.scandir(os.path.join(self.buffer, folder))
                    if e.name.isdigit()}
        except FileNotFoundError:
            return {}

    def lines(self):
        return sorted(self.server.lines('{job="t"}', limit=100000), key=lambda line: int(line.split()[1]))

    def wait_for(self, count):
        expected = [f"line {i}" for i in range(count)]
        try:
            wait_until(lambda: self.lines() == expected)
        except AssertionError:
            self.assertEqual(self.lines(), expected)

    def test_what_cannot_be_read_again_outlives_a_kill(self):
        agent = self.agent(STDIN)
        agent.process = subprocess.Popen([harness.BINARY, "agent", f"-config.file={agent.config}", "-stdin"],
                                         stdin=subprocess.PIPE, stderr=agent.log)
        with agent.process.stdin as source:
            source.write("".join(f"line {i}\n" for i in range(10000)).encode())
            source.flush()
            # All of it, compressed, but perhaps of the last batches.
            wait_until(lambda: len(self.batches()) >= 5 and self.batches() == (time.sleep(0.5), self.batches())[1])
            agent.kill()
        kept = len(self.batches())
        self.server.start()
        agent.configure(FILES, open_text(agent.config).split("clients:\n")[1].split("scrape_configs:")[0])
        agent.start()
        self.wait_for(10000)
        wait_until(lambda: not self.batches())
        self.assertEqual(agent.metric("logi_agent_buffered_bytes"), 0)
        self.assertGreaterEqual(kept, 5)

    def test_files_are_read_on_and_not_read_again(self):
        agent = self.agent(FILES)
        agent.write("a.log", "".join(f"line {i}\n" for i in range(3000)))
        agent.start()
        size = os.path.getsize(agent.path("a.log"))
        wait_until(lambda: f'a.log: "{size}"' in open_text(agent.positions))
        self.assertEqual(agent.stop(), 0)
        self.assertTrue(self.batches())
        os.remove(agent.path("a.log"))
        self.server.start()
        agent.write("b.log", "".join(f"line {i}\n" for i in range(3000, 3100)))
        agent.start()
        self.wait_for(3100)

    def test_it_is_bounded_and_the_rest_waits_where_it_is(self):
        agent = self.agent(FILES, max_size="100KB", batch=100000)
        text = "".join(f"line {i} {os.urandom(400).hex()}\n" for i in range(20000))
        agent.write("a.log", text)
        agent.start()
        wait_until(lambda: self.batches())
        wait_until(lambda: self.batches() == (time.sleep(0.3), self.batches())[1])
        self.assertLessEqual(sum(self.batches().values()), 100 << 10)
        self.assertEqual(agent.stop(), 0)
        self.assertLessEqual(sum(self.batches().values()), 100 << 10)
        self.server.start()
        agent.start()
        wait_until(lambda: len(self.lines()) == 20000, 60)

    def test_damage_and_a_folder_in_use(self):
        agent = self.agent(FILES)
        agent.write("a.log", "".join(f"line {i}\n" for i in range(100)))
        agent.start()
        wait_until(lambda: self.batches())
        other = subprocess.run([harness.BINARY, "agent", f"-config.file={agent.config}"], capture_output=True, text=True,
                               timeout=30)
        self.assertEqual(other.returncode, 1)
        self.assertIn("lock", other.stderr)
        self.assertEqual(agent.stop(), 0)
        for name in self.batches():
            path = os.path.join(self.buffer, "batches", name)
            with open(path, "r+b") as f:
                f.seek(20)
                f.write(b"damage")
        self.server.start()
        agent.start()
        wait_until(lambda: "a buffered batch is lost" in agent.log_text())
        wait_until(lambda: self.batches("damaged") and not self.batches())
        agent.write("b.log", "line 0\n")
        self.wait_for(1)


def open_text(path):
    with open(path) as f:
        return f.read()


if __name__ == "__main__":
    unittest.main()
