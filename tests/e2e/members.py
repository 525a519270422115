"""Processes that share a bucket and take calls from each other."""
import json
import os
import subprocess
import time

from harness import Server, free_port


class Member(Server):
    """`logi server --role …` on a prefix of the bucket "logi"."""

    def __init__(self, s3, prefix, role, more="", environment=None, flags=None):
        """flags: in place of those with which it listens on a port of its own."""
        address = f"s3://logi/{prefix}?endpoint={s3.url}"
        super().__init__(f"bucket: {address}\n{more}", environment={**s3.environment, **(environment or {})})
        self.calls_port = free_port()
        listen = ["--cluster-listen", f"127.0.0.1:{self.calls_port}"]
        self.flags = ["--role", role, *(listen if flags is None else flags)]

    def spawn(self):
        self.process = subprocess.Popen(
            [self.binary, "server", f"-config.file={self.config}", "--data", self.data, "--listen", self.listen, *self.flags],
            stderr=self.log, env={**os.environ, **self.environment})

    def ring(self, path="/memberlist"):
        """{address: roles} of those whom it knows."""
        status, body = self.get(path, headers={"Accept": "application/json"})
        assert status == 200, body
        return {each["address"]: each["roles"] for each in json.loads(body)["shards"]}

    def own(self):
        return f"127.0.0.1:{self.calls_port}"


def until(holds, seconds=60):
    """Whether it comes to hold in that time."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.2)
    return True
