"""The agent goes on in the compressed copy of a file that was rotated while it was down, without a second copy."""
import bz2
import gzip
import os
import subprocess
import unittest

import harness
from agent import Agent, wait_until


def zstd(data):
    return subprocess.run(["zstd", "-qc"], input=data, capture_output=True, check=True).stdout


FORMATS = {"gz": gzip.compress, "bz2": bz2.compress, "zst": zstd}


class PackedTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = harness.Server("auth_enabled: true\nlimits_config: {max_entries_limit_per_query: 1000000}\n").start()

    @classmethod
    def tearDownClass(cls):
        cls.server.close()

    def agent(self, glob, tenant, options=""):
        self.tenant = tenant
        agent = Agent(f"- job_name: t\n  static_configs: [{{labels: {{job: t, __path__: '{{logs}}/{glob}'}}}}]\n{options}",
                      f"- {{url: '{self.server.url}/loki/api/v1/push', tenant_id: {tenant}, batchwait: 20ms}}\n",
                      "target_config: {sync_period: 200ms}\n")
        self.addCleanup(agent.close)
        return agent.start()

    def lines(self):
        return sorted(self.server.lines('{job="t"}', self.tenant, limit=100000))

    def wait_for(self, lines):
        try:
            wait_until(lambda: self.lines() == sorted(lines))
        except AssertionError:
            self.assertEqual(self.lines(), sorted(lines))

    def pack(self, agent, name, packed, format_):
        with open(agent.path(name), "rb") as f:
            agent.write(packed, FORMATS[format_](f.read()))
        os.remove(agent.path(name))

    def rotate_while_down(self, agent, format_, end):
        lines = [f"a line of the application, number {i}" for i in range(3000)]
        agent.write("app.log", "".join(line + "\n" for line in lines[:1000]))
        self.wait_for(lines[:1000])
        end(agent)
        agent.write("app.log", "".join(line + "\n" for line in lines[1000:]))
        self.pack(agent, "app.log", "app.log.1." + format_, format_)
        agent.write("app.log", "of the next file, which is short\n")
        return agent, [*lines, "of the next file, which is short"]

    def test_the_rest_is_read_from_the_copy(self):
        for format_ in FORMATS:
            with self.subTest(format_):
                agent, lines = self.rotate_while_down(self.agent("app.log", "rest" + format_), format_, Agent.kill)
                agent.start()
                self.wait_for(lines)
                agent.write("app.log", "more\n")
                self.wait_for(lines + ["more"])

    def test_a_copy_that_is_a_target_too_is_not_read_again(self):
        agent, lines = self.rotate_while_down(
            self.agent("app.log*", "target", "  decompression: {enabled: true, format: gz}\n"), "gz", Agent.stop)
        agent.write("other.log.gz", gzip.compress(b"no target\n"))
        agent.write("app.log.9.gz", gzip.compress(b"of a file that nobody knows\n"))
        lines.append("of a file that nobody knows")
        agent.start()
        self.wait_for(lines)
        agent.write("app.log", "end\n")
        self.wait_for(lines + ["end"])
        for end in (Agent.stop, Agent.kill):
            end(agent)
            agent.start()
            agent.write("app.log", "again\n")
            lines.append("again")
            self.wait_for(lines + ["end"])

    def test_a_copy_that_is_made_while_the_agent_runs(self):
        agent = self.agent("app.log*", "running", "  decompression: {enabled: true, format: gz}\n")
        lines = [f"a line of the application, number {i}" for i in range(1000)]
        agent.write("app.log", "".join(line + "\n" for line in lines))
        self.wait_for(lines)
        os.rename(agent.path("app.log"), agent.path("app.log.1"))
        agent.write("app.log", "next\n")
        self.wait_for(lines + ["next"])
        self.pack(agent, "app.log.1", "app.log.1.gz", "gz")
        wait_until(lambda: "app.log.1.gz" in agent.get("/targets")[1])
        self.assertEqual(agent.stop(), 0)
        agent.start()
        agent.write("app.log", "end\n")
        self.wait_for(lines + ["next", "end"])


if __name__ == "__main__":
    unittest.main()
