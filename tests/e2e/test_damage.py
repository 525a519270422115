"""Damaged files: a clear message with file and offset, and everything else still serves."""
import json
import pathlib
import subprocess
import time
import unittest

from harness import BINARY, Server


def flip(path, offset):
    data = bytearray(path.read_bytes())
    data[offset] ^= 0x55
    path.write_bytes(data)


class Damage(unittest.TestCase):
    def setUp(self):
        self.server = Server().start()
        self.addCleanup(self.server.close)

    def files(self, pattern):
        return sorted(pathlib.Path(self.server.data).glob(pattern))

    def push(self, app, line):
        self.assertEqual(self.server.push([({"app": app}, [(time.time_ns(), line)])])[0], 204)

    def two_segments(self):
        self.push("a", "in the first segment")
        self.server.request("POST", "/flush")
        first = self.files("bucket/tenants/fake/segments/*")[0]
        self.push("b", "in the second segment")
        self.server.request("POST", "/flush")
        return first

    def answer(self):
        status, body = self.server.get("/loki/api/v1/query_range", query='{app=~".+"}')
        self.assertEqual(status, 200, body)
        answer = json.loads(body)
        return [v[1] for s in answer["data"]["result"] for v in s["values"]], answer.get("warnings", [])

    def test_segment(self):
        for where, offset in (("column", 20), ("footer", -5)):
            with self.subTest(where):
                segment = self.two_segments()
                self.server.stop()
                flip(segment, offset)
                self.server.start()
                lines, warnings = self.answer()
                self.assertIn("in the second segment", lines)
                self.assertEqual(len([w for w in warnings if segment.name in w and "offset" in w]), 1, warnings)
                shown = subprocess.run([BINARY, "inspect", "segment", str(segment)], capture_output=True, text=True)
                self.assertEqual(shown.returncode, 1)
                self.assertIn(segment.name, shown.stderr)
                flip(segment, offset)

    def test_what_labels_and_volume_lack_is_said(self):
        segment = self.two_segments()
        self.server.stop()
        flip(segment, -5)
        self.server.start()
        for path, params in (("labels", {}), ("label/app/values", {}), ("series", {}), ("detected_labels", {}),
                             ("index/stats", {"query": '{app=~".+"}'}), ("index/volume", {"query": "{}"})):
            status, body = self.server.get("/loki/api/v1/" + path, **params)
            self.assertEqual(status, 200, body)
            warnings = json.loads(body)["warnings"]
            self.assertEqual(len([w for w in warnings if segment.name in w]), 1, (path, warnings))

    def test_newest_catalog_snapshot(self):
        self.two_segments()
        self.server.stop()
        flip(self.files("bucket/tenants/fake/catalog/*")[-1], 30)
        self.server.start()
        lines, warnings = self.answer()
        self.assertEqual(sorted(lines), ["in the first segment", "in the second segment"])
        self.assertIn("catalog snapshot is damaged", self.server.log_text())

    def test_journal(self):
        for line in ("one", "two", "three"):
            self.push("a", line)
        self.server.kill()
        journal = self.files("journal/*.journal")[0]
        data = journal.read_bytes()
        flip(journal, data.index(b"two"))
        with open(journal, "ab") as f:
            f.write(b"LREC torn")
        self.server.start()
        self.assertEqual(sorted(self.answer()[0]), ["one", "three"])
        self.assertIn("journal file is damaged", self.server.log_text())
        self.assertIn("offset=", self.server.log_text())
        self.server.request("POST", "/flush")
        self.assertEqual(len(self.files("journal/*.damaged")), 1)


if __name__ == "__main__":
    unittest.main()
