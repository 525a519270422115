"""What is in no segment yet is asked of the processes that have taken it in, and read from the bucket for those that say nothing."""
import json
import re
import signal
import time
import unittest
import urllib.parse

from cluster import start_s3
from members import Member, until

CONFIG = "limits_config: {ingestion_rate_mb: 1000, ingestion_burst_size_mb: 1000}\n"
PUSHES = 8

s3 = None


def setUpModule():
    global s3
    s3 = start_s3()


def journals_read(process, source):
    found = re.search(rf'^logi_journals_read_total{{from="{source}"}} (\d+)', process.get("/metrics")[1].decode(), re.MULTILINE)
    return int(found[1])


def objects_read(process):
    """What was asked of the bucket as whole objects."""
    found = re.search(r'^loki_objstore_bucket_operation_duration_seconds_count{operation="get"} (\d+)',
                      process.get("/metrics")[1].decode(), re.MULTILINE)
    return int(found[1]) if found else 0


class HeadsTest(unittest.TestCase):
    def member(self, role, **options):
        process = Member(s3, self._testMethodName.replace("_", "-"), role, CONFIG, **options)
        self.addCleanup(process.close)
        return process.start()

    def push(self, writer, first, count=PUSHES):
        """Each in an object of its own, or few together."""
        for i in range(first, first + count):
            self.assertEqual(writer.push([({"app": "a"}, [(time.time_ns(), f"line {i}")])])[0], 204)
            self.pushed.append(f"line {i}")

    def setUp(self):
        self.pushed = []

    def found(self, reader):
        """The lines of an answer that has to be complete, and whether it has all; seconds that it took."""
        begin = time.monotonic()
        params = urllib.parse.urlencode({"query": '{app="a"}', "start": time.time_ns() - 3600 * 10**9, "limit": 1000})
        status, body = reader.request("GET", "/loki/api/v1/query_range?" + params)
        self.assertEqual(status, 200, body)
        answer = json.loads(body)
        self.assertNotIn("warnings", answer)
        lines = [line for stream in answer["data"]["result"] for _, line in stream["values"]]
        self.assertEqual(sorted(lines), sorted(self.pushed))
        return time.monotonic() - begin

    def test_writers_are_asked_whoever_dies_or_hangs(self):
        writers = [self.member("write") for _ in range(2)]
        reader = self.member("read")
        addresses = {writer.own() for writer in writers}
        self.assertTrue(until(lambda: addresses <= reader.ring().keys()))
        self.push(writers[0], 0)
        self.push(writers[1], PUSHES)
        before = objects_read(reader)
        self.found(reader)
        first = objects_read(reader) - before
        self.assertEqual((journals_read(reader, "writer"), journals_read(reader, "bucket")), (2, 0))
        self.push(writers[0], 2 * PUSHES)
        self.found(reader)
        # Not one for each push.
        self.assertLess(first, PUSHES)
        self.assertLess(objects_read(reader) - before - first, PUSHES)
        self.assertEqual(writers[0].request("POST", "/flush")[0], 204)
        self.push(writers[0], 3 * PUSHES, 1)
        self.found(reader)
        self.assertEqual(journals_read(reader, "bucket"), 0)
        # One hangs: it is waited for once, and then left alone for some time.
        writers[1].process.send_signal(signal.SIGSTOP)
        self.addCleanup(writers[1].process.send_signal, signal.SIGCONT)
        self.assertLess(self.found(reader), 15)
        from_bucket = journals_read(reader, "bucket")
        self.assertGreater(from_bucket, 0)
        self.assertLess(min(self.found(reader) for _ in range(3)), 1.5)
        writers[1].process.send_signal(signal.SIGCONT)
        from_writer = journals_read(reader, "writer")
        self.assertTrue(until(lambda: self.found(reader) and journals_read(reader, "writer") >= from_writer + 4))
        # One dies, and is asked in vain until it is known to be dead.
        self.push(writers[1], 4 * PUSHES, 1)
        writers[1].kill()
        self.found(reader)
        self.push(writers[0], 5 * PUSHES, 1)
        self.found(reader)

    def test_who_takes_no_calls_is_not_asked(self):
        silent = self.member("write", flags=[])
        talking = self.member("write")
        reader = self.member("read")
        self.assertTrue(until(lambda: talking.own() in reader.ring().keys()))
        self.push(silent, 0)
        self.push(talking, PUSHES)
        self.found(reader)
        self.assertEqual((journals_read(reader, "writer"), journals_read(reader, "bucket")), (1, 1))
        # One that calls nobody reads all from the bucket, and one that does both asks itself.
        self.found(self.member("read", flags=[]))
        both = self.member("write,read")
        self.assertTrue(until(lambda: talking.own() in both.ring().keys()))
        self.push(both, 2 * PUSHES)
        self.found(both)
        self.assertEqual(journals_read(both, "writer"), 2)


if __name__ == "__main__":
    unittest.main()
