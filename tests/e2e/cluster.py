"""Processes with roles over one bucket, on a real S3 server."""
import json
import os
import subprocess
import unittest
import urllib.parse
import urllib.request

from harness import Server
from s3_server import S3Server

UNLIMITED = """limits_config:
  ingestion_rate_mb: 1000
  ingestion_burst_size_mb: 1000
  per_stream_rate_limit: 1000MB
  per_stream_rate_limit_burst: 1000MB
  max_entries_limit_per_query: 1000000
"""
LIMITS = UNLIMITED + """compactor:
  compaction_interval: 3s
"""


def start_s3():
    """For setUpModule."""
    s3 = S3Server().start()
    unittest.addModuleCleanup(s3.close)
    s3.make_bucket("logi")
    return s3


class Process(Server):
    """`logi server --role …`."""

    def __init__(self, s3, prefix, role, config=LIMITS):
        address = f"s3://logi/{prefix}?endpoint={s3.url}"
        super().__init__(f"bucket: {address}\n{config}", environment=s3.environment)
        self.role = role

    def spawn(self):
        self.process = subprocess.Popen(
            [self.binary, "server", f"-config.file={self.config}", "--data", self.data,
             "--listen", self.listen, "--role", self.role],
            stderr=self.log, env={**os.environ, **self.environment})

    def answer(self, query, **params):
        """(lines, whether the answer says that it is complete), or None if there is no answer."""
        params = urllib.parse.urlencode({"query": query, "limit": 1000000, "since": "1h", **params})
        try:
            with urllib.request.urlopen(f"{self.url}/loki/api/v1/query_range?{params}", timeout=60) as answer:
                data = json.loads(answer.read())
                complete = answer.headers["X-Logi-Completeness"]
        except OSError:
            return None
        assert complete in ("complete", "incomplete")
        assert (complete == "incomplete") == bool(data.get("warnings")), data.get("warnings")
        return [v[1] for s in data["data"]["result"] for v in s["values"]], complete == "complete"
