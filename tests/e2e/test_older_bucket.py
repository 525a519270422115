"""What an older program has left in a shared bucket is read, taken over, and written on by this one. The objects are in
tests/format/bucket_*.tar.gz; `python3 test_older_bucket.py FILE` has LOGI_BINARY make another."""
import json
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import unittest
import urllib.parse
import xml.etree.ElementTree

from harness import Server
from s3_server import ACCESS_KEY, SECRET_KEY, S3Server
from test_cluster import Process

BUCKETS = sorted((pathlib.Path(__file__).parent.parent / "format").glob("bucket_*.tar.gz"))
BEGIN = 1_700_000_000 * 10**9
PREFIX = "older"
SPACE = "{http://s3.amazonaws.com/doc/2006-03-01/}"
CONFIG = """limits_config:
  reject_old_samples: false
compactor:
  compaction_interval: 1s
"""


def curl(*arguments):
    return subprocess.run(
        ["curl", "-sSf", "--aws-sigv4", "aws:amz:us-east-1:s3", "--user", f"{ACCESS_KEY}:{SECRET_KEY}",
         "-H", "x-amz-content-sha256: UNSIGNED-PAYLOAD", *arguments],
        check=True, capture_output=True, timeout=60).stdout


def upload(s3, folder):
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        key = f"{PREFIX}/{path.relative_to(folder)}"
        curl("-T", str(path), f"{s3.url}/logi/{urllib.parse.quote(key)}")


def keys(s3, prefix):
    listed = curl(f"{s3.url}/logi?list-type=2&prefix={urllib.parse.quote(prefix, safe='')}")
    return [key.text for key in xml.etree.ElementTree.fromstring(listed).iter(f"{SPACE}Key")]


def lines(first, count):
    return [f"line {number} of an older program" for number in range(first, first + count)]


def push(server, first, count, tenant):
    entries = [(BEGIN + (first + i) * 10**9, line) for i, line in enumerate(lines(first, count))]
    status, body = server.push([({"app": "old"}, entries)], tenant)
    assert status == 204, (status, body)


class OlderProcess(Process):
    def __init__(self, s3, role):
        address = f"s3://logi/{PREFIX}?endpoint={s3.url}"
        Server.__init__(self, f"bucket: {address}\nauth_enabled: true\n{CONFIG}", environment=s3.environment)
        self.role = role

    def found(self, tenant):
        status, body = self.get("/loki/api/v1/query_range", tenant, query='{app="old"}', limit=5000, start=BEGIN,
                                end=BEGIN + 10**6 * 10**9)
        answer = json.loads(body)
        assert status == 200 and not answer.get("warnings"), (status, body)
        return sorted((v[1] for s in answer["data"]["result"] for v in s["values"]), key=lambda line: int(line.split()[1]))

    def wait_for(self, text):
        deadline = time.monotonic() + 120
        while text not in self.log_text():
            assert time.monotonic() < deadline, self.log_text()
            time.sleep(0.1)


# Of each tenant: what is in segments that were merged, in flushed ones, and in a journal.
TENANTS = {"one": 60, "two": 40}


def make(packed):
    """Segments, some of them merged, a journal whose writer was killed, and what announces it."""
    folder = pathlib.Path(tempfile.mkdtemp())
    s3 = S3Server().start()
    writer, compactor = OlderProcess(s3, "write"), OlderProcess(s3, "compact")
    try:
        s3.make_bucket("logi")
        writer.start()
        for part in range(20):
            for tenant in TENANTS:
                push(writer, part, 1, tenant)
            assert writer.request("POST", "/flush")[0] == 204
        compactor.start()
        while "logi_compactions_total 0" in compactor.request("GET", "/metrics")[1].decode():
            time.sleep(0.1)
        compactor.kill()
        for part in range(20, 30):
            for tenant in TENANTS:
                push(writer, part, 1, tenant)
        assert writer.request("POST", "/flush")[0] == 204
        for tenant, count in TENANTS.items():
            push(writer, 30, count - 30, tenant)
        writer.kill()
        for key in keys(s3, PREFIX + "/"):
            path = folder / key.removeprefix(PREFIX + "/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(curl(f"{s3.url}/logi/{urllib.parse.quote(key)}"))
            # So that nobody has to wait until the writer is taken for dead.
            if key.startswith(f"{PREFIX}/writers/"):
                path.write_text("ended")
        with tarfile.open(packed, "w:gz") as tar:
            tar.add(folder, arcname=".")
    finally:
        writer.close()
        compactor.close()
        s3.close()
        shutil.rmtree(folder)


class OlderBucketTest(unittest.TestCase):
    def test_what_an_older_program_has_left(self):
        self.assertTrue(BUCKETS)
        for packed in BUCKETS:
            with self.subTest(packed.name), tempfile.TemporaryDirectory() as folder:
                with tarfile.open(packed) as tar:
                    tar.extractall(folder)
                self.goes_on(pathlib.Path(folder))

    def goes_on(self, folder):
        s3 = S3Server().start()
        self.addCleanup(s3.close)
        s3.make_bucket("logi")
        upload(s3, folder)
        reader, writer, compactor = (OlderProcess(s3, role) for role in ("read", "write", "compact"))
        for process in (reader, writer, compactor):
            self.addCleanup(process.close)
        reader.start()
        for tenant, count in TENANTS.items():
            self.assertEqual(reader.found(tenant), lines(0, count))
        # Written on beside it, and taken over.
        writer.start()
        for tenant, count in TENANTS.items():
            push(writer, count, 5, tenant)
            self.assertEqual(reader.found(tenant), lines(0, count + 5))
        journals = keys(s3, f"{PREFIX}/registry/")
        compactor.start()
        compactor.wait_for("is in segments")
        deadline = time.monotonic() + 60
        while len(keys(s3, f"{PREFIX}/registry/")) >= len(journals):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.5)
        self.assertEqual(writer.request("POST", "/flush")[0], 204)
        for tenant, count in TENANTS.items():
            self.assertEqual(reader.found(tenant), lines(0, count + 5))
        self.assertEqual(writer.stop(), 0)
        for tenant, count in TENANTS.items():
            self.assertEqual(reader.found(tenant), lines(0, count + 5))


if __name__ == "__main__":
    if len(sys.argv) == 2:
        make(sys.argv[1])
    else:
        unittest.main()
