"""Many streams and many tenants cost little memory, before and after a flush."""
import pathlib
import time
import unittest

from harness import Server

PEAK_MEGABYTES = 600


def peak_megabytes(server):
    with open(f"/proc/{server.process.pid}/status") as status:
        return next(int(line.split()[1]) // 1024 for line in status if line.startswith("VmHWM"))


class Many(unittest.TestCase):
    def serve(self):
        server = Server("auth_enabled: true\nlimits_config:\n  ingestion_rate_mb: 1000\n"
                        "  ingestion_burst_size_mb: 1000\n  max_global_streams_per_user: 0\n").start()
        self.addCleanup(server.close)
        return server

    def test_a_hundred_thousand_streams(self):
        s, t = self.serve(), time.time_ns()
        for turn in range(10):
            for first in range(0, 100_000, 2000):
                status, body = s.push([({"app": f"app{i % 100}", "pod": f"pod-{i}"},
                                        [(t + turn, f"line {turn} of stream {i} with some more text")])
                                       for i in range(first, first + 2000)], "many")
                self.assertEqual(status, 204, body)
        for _ in range(2):
            self.assertEqual(len(s.lines('{pod="pod-777"}', "many")), 10)
            self.assertEqual(len(s.lines('{app="app5"}', "many")), 5000)
            self.assertEqual(s.request("POST", "/flush", timeout=120)[0], 204)
        peak = peak_megabytes(s)
        print(f"100,000 streams of 10 lines: peak {peak} MB")
        self.assertLess(peak, PEAK_MEGABYTES)
        self.one_stream_takes_few_reads(s)

    def one_stream_takes_few_reads(self, s):
        """Of each segment the end, two pages of its directory, and the columns of a block."""
        s.stop()
        segments = len(list(pathlib.Path(s.data).glob("bucket/tenants/many/segments/*")))
        s.start()
        before = self.range_reads(s)
        self.assertEqual(len(s.lines('{pod="pod-777"}', "many")), 10)
        reads, read_bytes = (after - was for after, was in zip(self.range_reads(s), before))
        print(f"one stream of 100,000 in {segments} segments: {reads:.0f} range reads of {read_bytes:.0f} bytes")
        self.assertLessEqual(reads, 14 * segments)
        self.assertLess(read_bytes, (64 << 10) * segments + 150_000 * segments)

    def range_reads(self, s):
        lines = s.get("/metrics")[1].decode().splitlines()
        return [sum(float(line.split()[-1]) for line in lines if line.startswith(name + '{operation="get_range"'))
                for name in ("logi_bucket_reads_total", "logi_bucket_read_bytes_total")]

    def test_ten_thousand_tenants(self):
        s, t = self.serve(), time.time_ns()
        for i in range(10_000):
            status, body = s.push([({"app": "a"}, [(t + k, f"line {k} of {i}") for k in range(10)])], f"tenant{i}")
            self.assertEqual(status, 204, body)
        for _ in range(2):
            for i in (0, 77, 9999):
                self.assertEqual(s.lines('{app="a"}', f"tenant{i}", direction="forward"),
                                 [f"line {k} of {i}" for k in range(10)])
            self.assertEqual(s.request("POST", "/flush", timeout=300)[0], 204)
        peak = peak_megabytes(s)
        print(f"10,000 tenants of 10 lines: peak {peak} MB")
        self.assertLess(peak, PEAK_MEGABYTES)


if __name__ == "__main__":
    unittest.main()
