"""What answers say beside their results: figures, warnings, and what bounds their size."""
import json
import time
import unittest

from harness import Server

OLD = "limits_config:\n  reject_old_samples: false\n"
T = 1700000000 * 10**9


class Memory(unittest.TestCase):
    def test_the_text_of_an_answer_counts(self):
        s = Server(OLD + "  max_query_memory_bytes: 30000000\n").start()
        self.addCleanup(s.close)
        self.assertEqual(s.push([({"app": "a"}, [(T + i, f"l{i}") for i in range(5000)])])[0], 204)

        def ask(stage, limit):
            s.reset_peak()
            before = s.memory_mb()
            status, body = s.get("/loki/api/v1/query_range", query='{app="a"} | ' + stage, start=T, end=T + 10**10,
                                 limit=limit)
            return status, body, s.memory_mb("VmHWM") - before

        # A line of control characters is six times as long in JSON.
        stages = ('line_format "{{repeat 100000 `\x01`}}"', 'label_format x="{{repeat 100000 `\x01`}}{{__line__}}"')
        for stage in stages:
            status, body, peak = ask(stage, 150)
            self.assertEqual(status, 400, stage)
            self.assertIn(b"the query needs more memory than a query may use", body)
            self.assertLess(peak, 60, stage)
            self.assertEqual(ask(stage, 20)[0], 200, stage)
        status, body, peak = ask(stages[0], 30)
        self.assertEqual((status, len(json.loads(body)["data"]["result"][0]["values"])), (200, 30))
        self.assertLess(peak, 100)

    def test_so_does_that_of_a_list(self):
        s = Server("limits_config:\n  max_query_memory_bytes: 100000\n").start()
        self.addCleanup(s.close)
        now = time.time_ns()
        for part in range(4):
            self.assertEqual(s.push([({"app": f"{part}-{i}-" + "x" * 1500}, [(now, "l")]) for i in range(25)])[0], 204)
        for path in ("series", "label/app/values", "index/volume"):
            status, body = s.get("/loki/api/v1/" + path, query='{app=~".+"}')
            self.assertEqual(status, 400, path)
            self.assertIn(b"more memory than a query may use", body)
        self.assertEqual(s.get("/loki/api/v1/labels")[0], 200)


class Drilldown(unittest.TestCase):
    def test_too_many_series_are_a_part_and_a_warning(self):
        s = Server("limits_config:\n  max_query_series: 3\n").start()
        self.addCleanup(s.close)
        now = time.time_ns()
        self.assertEqual(s.push([({"app": "a"}, [(now - i, f"i={i}") for i in range(5)])])[0], 204)
        query = 'sum by (i) (count_over_time({app="a"} | logfmt [1h]))'
        for path in ("query", "query_range"):
            status, body = s.get("/loki/api/v1/" + path, query=query)
            self.assertEqual(status, 400)
            self.assertIn(b"maximum number of series (3) reached for a single query; consider", body)
            for tags in ("Source=grafana-lokiexplore-app", "a=b,source=grafana-lokiexplore-app"):
                status, body = s.get("/loki/api/v1/" + path, query=query, headers={"X-Query-Tags": tags})
                answer = json.loads(body)
                self.assertEqual((status, answer["status"]), (200, "success"))
                self.assertEqual([r["metric"]["i"] for r in answer["data"]["result"]], ["0", "1", "2"])
                self.assertEqual(answer["warnings"], [
                    "maximum number of series (3) reached for a single query; returning partial results"])
            self.assertEqual(s.get("/loki/api/v1/" + path, query=query, headers={"X-Query-Tags": "Source=grafana"})[0], 400)


class Figures(unittest.TestCase):
    def setUp(self):
        self.s = Server(OLD + "  discover_log_levels: false\n  discover_service_name: []\n").start()
        self.addCleanup(self.s.close)
        self.lines = [f"line {i} " + "x" * (i % 7) for i in range(1000)]
        self.line_bytes = sum(map(len, self.lines))
        entries = [(T + i * 10**9, line, {"k": "value"}) for i, line in enumerate(self.lines)]
        self.assertEqual(self.s.push([({"app": "a"}, entries)])[0], 204)

    def stats(self, query, **params):
        return self.s.query(query, start=T, end=T + 1000 * 10**9, **params)["stats"]

    def check(self, chunk_of, prefix, stored):
        """chunk_of: a store's figures from stats; prefix: what its keys for lines and bytes begin with."""
        lines, size = prefix + "Lines", prefix + "Bytes"
        metadata = prefix + "StructuredMetadataBytes"
        all_metadata = 1000 * len("kvalue")

        stats = self.stats('{app="a"} |= "9" | label_format y="z" |= "99"', limit=5)
        chunk, summary = chunk_of(stats), stats["summary"]
        self.assertEqual((chunk[lines], chunk[size]), (1000, self.line_bytes))
        self.assertEqual((summary["totalLinesProcessed"], summary["totalBytesProcessed"]), (1000, self.line_bytes))
        self.assertEqual(summary["totalEntriesReturned"], 5)
        self.assertEqual(chunk["compressedBytes"] > 0, stored)

        # All lines with a 9 pass the filter, and no more than wanted go on from there.
        stats = self.stats('{app="a"} |= "9"', limit=5000)
        nines = sum("9" in line for line in self.lines)
        self.assertEqual(stats["summary"]["totalPostFilterLines"], nines)
        self.assertEqual(chunk_of(stats)["postFilterLines"], nines)
        self.assertEqual(chunk_of(stats)[metadata], nines * len("kvalue"))
        self.assertEqual(stats["summary"]["totalStructuredMetadataBytesProcessed"], nines * len("kvalue"))

        stats = self.stats('sum(count_over_time({app="a"} |= "9" | k="value" [10m]))', step=600)
        self.assertEqual(chunk_of(stats)["postFilterLines"], nines)
        self.assertEqual(stats["summary"]["totalEntriesReturned"], 1)

        # No more lines than are wanted.
        stats = self.stats('{app="a"}', limit=5, direction="forward")
        self.assertEqual((chunk_of(stats)[lines], chunk_of(stats)[size]), (5, sum(map(len, self.lines[:5]))))
        self.assertEqual(stats["summary"]["totalBytesProcessed"], sum(map(len, self.lines[:5])))

        # Entries are looked at, not their lines.
        stats = self.stats('sum by (k) (count_over_time({app="a"}[7s]))', step=10)
        self.assertEqual((chunk_of(stats)[lines], chunk_of(stats)[size]), (1000, 0))
        self.assertGreater(chunk_of(stats)[metadata], all_metadata // 2)
        return stats

    def test_of_the_head(self):
        stats = self.check(lambda stats: stats["ingester"]["store"]["chunk"], "headChunk", False)
        self.assertEqual(stats["querier"]["store"]["chunk"]["decompressedLines"], 0)
        self.assertEqual(stats["ingester"]["totalReached"], 1)

    def test_of_segments(self):
        self.assertEqual(self.s.request("POST", "/flush")[0], 204)
        stats = self.check(lambda stats: stats["querier"]["store"]["chunk"], "decompressed", True)
        self.assertEqual(stats["ingester"]["store"]["chunk"]["headChunkLines"], 0)
        self.assertEqual(stats["ingester"]["totalReached"], 0)
        self.assertEqual(stats["querier"]["store"]["totalChunksDownloaded"], 1)
        # Statistics answer: nothing is read.
        stats = self.stats('sum(count_over_time({app="a"}[1h]))', step=3600)
        self.assertEqual(stats["summary"]["totalLinesProcessed"], 0)
        self.assertEqual(stats["querier"]["store"]["chunk"]["compressedBytes"], 0)
        self.assertEqual((stats["index"]["totalChunks"], stats["index"]["postFilterChunks"]), (1, 0))


class OlderApi(unittest.TestCase):
    def test_only_logs_are_queried(self):
        s = Server(OLD).start()
        self.addCleanup(s.close)
        self.assertEqual(s.push([({"app": "a"}, [(T, "one"), (T + 1, "two")])])[0], 204)
        span = {"start": T - 1, "end": T + 10}
        status, body = s.get("/api/prom/query", query='{app="a"}', regexp="w.$", **span)
        self.assertEqual(status, 200, body)
        self.assertEqual([e["line"] for st in json.loads(body)["streams"] for e in st["entries"]], ["two"])
        status, body = s.get("/api/prom/query", query='count_over_time({app="a"}[1m])', **span)
        self.assertEqual((status, body.strip()),
                         (400, b"rpc error: code = Code(400) desc = legacy endpoints only support streams result type"))
        self.assertEqual(s.get("/api/prom/query", query='{app="a"', **span)[0], 400)


if __name__ == "__main__":
    unittest.main()
