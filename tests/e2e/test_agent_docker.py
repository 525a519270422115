"""The agent reads the output of containers of a real Docker, where the machine has its daemon."""
import os
import re
import shutil
import subprocess
import tempfile
import unittest

import harness
from agent import Agent, wait_until

PROGRAMS = ["/bin/sh", "/bin/sleep"]


class Daemon:
    """dockerd on a folder of its own, with an image of a shell."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="logi-docker-")
        self.socket = os.path.join(self.folder, "docker.sock")
        self.log = open(os.path.join(self.folder, "log"), "wb")
        self.process = subprocess.Popen(
            ["dockerd", f"--data-root={self.folder}/data", f"--exec-root={self.folder}/exec", f"--host=unix://{self.socket}",
             f"--pidfile={self.folder}/pid", "--iptables=false", "--ip6tables=false", "--bridge=none",
             "--storage-driver=vfs"], stdout=self.log, stderr=self.log)
        self.containers = []

    def docker(self, *args):
        done = subprocess.run(["docker", "-H", f"unix://{self.socket}", *args], capture_output=True, text=True, timeout=60)
        if done.returncode:
            raise RuntimeError(done.stderr)
        return done.stdout.strip()

    def works(self):
        """Not everywhere may it do what it has to."""
        for _ in range(200):
            if self.process.poll() is not None:
                return False
            try:
                self.docker("version")
                break
            except RuntimeError:
                pass
        try:
            self.make_image()
            return self.docker("run", "--rm", "--network=none", "shell", "/bin/sh", "-c", "echo works") == "works"
        except RuntimeError:
            return False

    def make_image(self):
        root = os.path.join(self.folder, "image")
        for program in PROGRAMS:
            libraries = re.findall(r"(/\S+) \(0x", subprocess.run(["ldd", program], capture_output=True, text=True).stdout)
            for path in [program, *libraries]:
                os.makedirs(os.path.dirname(root + path), exist_ok=True)
                shutil.copy(path, root + path)
        subprocess.run(["tar", "-C", root, "-cf", root + ".tar", "."], check=True)
        self.docker("import", root + ".tar", "shell")

    def run(self, name, script, *options):
        self.containers.append(self.docker("run", "-d", "--network=none", f"--name={name}", *options, "shell", "/bin/sh",
                                           "-c", script))

    def close(self):
        for container in self.containers:
            self.docker("rm", "-f", container)
        self.process.terminate()
        self.process.wait(timeout=60)
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)


@unittest.skipUnless(shutil.which("dockerd") and shutil.which("docker"), "there is no dockerd")
class DockerTest(unittest.TestCase):
    def test_output_of_containers_of_a_real_docker(self):
        daemon = Daemon()
        self.addCleanup(daemon.close)
        if not daemon.works():
            self.skipTest("dockerd cannot run containers here")
        server = harness.Server("limits_config: {max_entries_limit_per_query: 1000000}\n").start()
        self.addCleanup(server.close)
        agent = Agent(f"- job_name: d\n  docker_sd_configs: [{{host: 'unix://{daemon.socket}', refresh_interval: 200ms}}]\n"
                      "  relabel_configs:\n"
                      "  - {source_labels: [__meta_docker_container_name], regex: '/(.*)', target_label: container}\n"
                      "  - {source_labels: [__meta_docker_container_label_app], target_label: app}\n"
                      "  - {source_labels: [__meta_docker_container_log_stream], target_label: stream}\n",
                      f"- {{url: '{server.url}/loki/api/v1/push', batchwait: 20ms}}\n")
        self.addCleanup(agent.close)

        def lines(query):
            return sorted(server.lines(query, limit=100000))
        daemon.run("both", "i=0; while [ $i -lt 2000 ]; do echo out $i; echo err $i >&2; i=$((i+1)); "
                           "[ $((i%500)) = 0 ] && sleep 1; done; printf '%050000d\\n' 7; echo end; sleep 1000", "--label=app=x")
        daemon.run("terminal", "echo on a terminal; sleep 1000", "-t")
        agent.start()
        for _ in range(3):
            wait_until(lambda: lines('{container="both"}'))
            agent.kill()
            agent.start()
        wait_until(lambda: "end" in lines('{container="both"}'), 60)
        out = sorted([f"out {i}" for i in range(2000)] + ["end", "7".zfill(50000)])
        self.assertEqual(lines('{container="both", stream="stdout", app="x"}'), out)
        wait_until(lambda: lines('{stream="stderr"}') == sorted(f"err {i}" for i in range(2000)))
        self.assertEqual(lines('{container="terminal"}'), ["on a terminal"])
        # The same container again: its log goes on.
        daemon.docker("restart", "-t", "0", "both")
        wait_until(lambda: lines('{container="both"}').count("end") == 2, 60)
        self.assertEqual(lines('{container="both", stream="stdout"}'), sorted(out * 2))


if __name__ == "__main__":
    unittest.main()
