"""Segments read through a cache: the same answers, whatever is in its folder."""
import pathlib
import random
import re
import shutil
import time
import unittest

from harness import Server

CACHE_BYTES = 4_000_000


class Cache(unittest.TestCase):
    def setUp(self):
        self.server = Server()
        self.addCleanup(self.server.close)
        self.folder = pathlib.Path(self.server.folder, "ranges")
        self.plain = pathlib.Path(self.server.config).read_text()
        self.with_cache = f"cache: {{folder: {self.folder}, bytes: {CACHE_BYTES}}}\n"
        self.server.start()
        dice = random.Random(4)
        now = time.time_ns()
        for app in "abcdef":
            self.assertEqual(self.server.push([({"app": app}, [
                (now - i * 10**6, f"{app} {i} id={dice.getrandbits(256):x} took {dice.randrange(999)} ms")
                for i in range(14000)])])[0], 204)
            self.server.request("POST", "/flush")
        self.segments = sorted(pathlib.Path(self.server.data).glob("bucket/tenants/fake/segments/*"))
        self.assertGreater(len(self.segments), 1)

    def restart(self, config):
        if self.server.process.poll() is None:
            self.server.stop()
        pathlib.Path(self.server.config).write_text(config)
        self.server.start()

    def counted(self, name):
        text = self.server.request("GET", "/metrics")[1].decode()
        found = re.findall(rf"(?m)^{re.escape(name)} (\S+)$", text)
        return float(found[0]) if found else 0.0

    def came_from(self, where):
        return self.counted(f'logi_cache_reads_total{{from="{where}"}}')

    def answers(self):
        answers = []
        for query in ('{app=~".+"} |= "id=ab"', '{app="b"}', 'sum by (app) (count_over_time({app=~".+"} |= "took 7" [1d]))',
                      'quantile_over_time(0.9, {app=~"[a-c]"} | pattern "<_> took <ms> ms" | unwrap ms [1d]) by (app)'):
            data = self.server.query(query, limit=5000, since="24h", end=self.end)
            answers.append(sorted(map(str, data["result"])))
        return answers

    def test_answers(self):
        self.end = time.time_ns()
        expected = self.answers()
        self.restart(self.with_cache)
        self.assertEqual(self.answers(), expected)
        self.assertGreater(self.came_from("bucket"), 0)
        with self.subTest("from memory"):
            before = self.came_from("bucket")
            self.assertEqual(self.answers(), expected)
            self.assertEqual(self.came_from("bucket"), before)
        with self.subTest("after a restart, from the disk"):
            self.restart(self.with_cache)
            self.assertEqual(self.answers(), expected)
            self.assertGreater(self.came_from("disk"), 0)
            self.assertEqual(self.came_from("bucket"), 0)
        with self.subTest("after kill -9"):
            self.server.kill()
            self.restart(self.with_cache)
            self.assertEqual(self.answers(), expected)
        with self.subTest("damaged files"):
            self.server.stop()
            for file in self.folder.glob("*.ranges"):
                data = bytearray(file.read_bytes())
                for at in range(500, len(data), 1500):
                    data[at] ^= 1
                file.write_bytes(data)
            self.restart(self.with_cache)
            self.assertEqual(self.answers(), expected)
            self.assertGreater(self.counted("logi_cache_damaged_files_total"), 0)
        with self.subTest("a folder that cannot be had"):
            self.server.stop()
            shutil.rmtree(self.folder)
            self.folder.write_text("no folder")
            self.restart(self.with_cache)
            self.assertEqual(self.answers(), expected)
            self.assertIn("the folder of the cache cannot be used", self.server.log_text())

    def test_the_folder_is_bounded(self):
        self.restart(self.with_cache.replace(str(CACHE_BYTES), "2100000"))
        self.end = time.time_ns()
        self.assertGreater(sum(file.stat().st_size for file in self.segments), 2_100_000)
        for _ in range(2):
            self.answers()
            self.assertLessEqual(sum(file.stat().st_size for file in self.folder.glob("*.ranges")), 2_100_000)
        self.assertGreater(self.counted("logi_cache_evicted_bytes_total"), 0)

    def test_a_segment_that_is_gone(self):
        """What is in no cache is missing, and that is said."""
        self.restart(self.with_cache)
        self.segments[0].unlink()
        status, body = self.server.get("/loki/api/v1/query_range", query='{app=~".+"}', limit=5000, since="24h")
        self.assertEqual(status, 200)
        self.assertIn(self.segments[0].name.encode(), body)


if __name__ == "__main__":
    unittest.main()
