"""Damaged files: a clear message with file and offset, and everything else still serves."""
import json
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

from harness import BINARY, Server

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "format"))
from segment_reader import Segment  # noqa: E402


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

    def test_pages_of_a_directory(self):
        """What a page of streams had is missing, and that is said; without the others the answer is the same."""
        streams = 2000
        status, body = self.server.push([({"app": "many", "pod": f"pod-{i:05}"}, [(time.time_ns() + i, f"line {i}")])
                                         for i in range(streams)])
        self.assertEqual(status, 204, body)
        self.server.request("POST", "/flush")
        self.push("b", "in the second segment")
        self.server.request("POST", "/flush")
        segment, = (file for file in self.files("bucket/tenants/fake/segments/*")
                    if file.stat().st_size == max(f.stat().st_size for f in file.parent.iterdir()))
        pages = Segment(segment.read_bytes()).pages
        self.assertEqual(set(pages), {"streams", "head of statistics", "statistics", "postings"})
        self.assertGreater(len(pages["streams"]), 2)
        for kind, (offset, length) in [(kind, place) for kind, places in pages.items() for place in places]:
            with self.subTest(kind, offset=offset):
                self.server.stop()
                flip(segment, offset + length // 2)
                log_begin = len(self.server.log_text())
                self.server.start()
                place = f"{segment.name}: offset {offset}:"
                shown = subprocess.run([BINARY, "inspect", "segment", "--verify", str(segment)], capture_output=True, text=True)
                self.assertEqual(shown.returncode, 1)
                self.assertIn(f"offset {offset}:", shown.stderr)
                self.assertIn("DAMAGED", shown.stdout)
                for query, count in (('sum by (detected_level) (count_over_time({app="many"}[1h]))', streams),
                                     ('{pod=~"pod-0199."}', 10), ('{pod="pod-01999"}', 1), ('{app=~".+"}', streams + 1)):
                    self.check_answer(query, count, kind == "streams", place)
                log = self.server.log_text()[log_begin:]
                self.assertIn(place, log)
                flip(segment, offset + length // 2)

    def check_answer(self, query, count, may_lack, place):
        metric = "over_time" in query
        status, body = self.server.get("/loki/api/v1/query" if metric else "/loki/api/v1/query_range", query=query,
                                       limit=5000)
        self.assertEqual(status, 200, body)
        answer = json.loads(body)
        result, warnings = answer["data"]["result"], answer.get("warnings", [])
        found = sum(int(series["value"][1]) if metric else len(series["values"]) for series in result)
        if warnings:
            self.assertTrue(may_lack, warnings)
            self.assertTrue(any(place in w for w in warnings), warnings)
            self.assertLess(found, count, query)
        else:  # perhaps of other pages only
            self.assertEqual(found, count, query)
            self.assertTrue(not may_lack or "pod" in query, query)

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


ROUNDS = 60


class RandomDamage(unittest.TestCase):
    """Any damage to any file costs what is in that place, and somebody says so."""

    @classmethod
    def setUpClass(cls):
        cls.server = Server("auth_enabled: true\n")
        cls.addClassCleanup(cls.server.close)
        cls.server.start()
        cls.lines = {"one": set(), "two": set()}  # of each tenant
        cls.held = {}                             # lines by file name
        for flushed in range(3):
            for tenant in cls.lines:
                cls.held_by_new_file(tenant, lambda: cls.push(tenant, f"flush {flushed}"))
        cls.server.stop()  # what was flushed is no longer in the journal
        cls.server.start()
        for tenant in cls.lines:
            for i in range(5):
                cls.push(tenant, f"journal {i}")
        cls.server.kill()
        cls.saved = pathlib.Path(tempfile.mkdtemp(prefix="logi-damage-"))
        cls.addClassCleanup(shutil.rmtree, cls.saved)
        shutil.copytree(cls.server.data, cls.saved / "data")

    @classmethod
    def push(cls, tenant, what):
        lines = [f"{what} of {tenant}: line {i} " + "padding " * 20 for i in range(10)]
        status, body = cls.server.push([({"app": f"a{i % 3}"}, [(time.time_ns(), line)]) for i, line in enumerate(lines)], tenant)
        assert status == 204, body
        cls.lines[tenant].update(lines)
        return lines

    @classmethod
    def held_by_new_file(cls, tenant, push):
        segments = lambda: set(pathlib.Path(cls.server.data).glob(f"bucket/tenants/{tenant}/segments/*"))
        before, lines = segments(), push()
        status, body = cls.server.request("POST", "/flush")
        assert status == 204, body
        new, = segments() - before
        cls.held[new.name] = set(lines)

    def setUp(self):
        self.data = pathlib.Path(self.server.data)

    def restore(self):
        shutil.rmtree(self.data)
        shutil.copytree(self.saved / "data", self.data)
        return sorted(file for file in self.data.rglob("*.*") if file.is_file())

    def damage(self, rand, file):
        """Damages the file; returns what was done."""
        data = bytearray(file.read_bytes())
        at = rand.randrange(len(data))
        how = rand.choice(["flip", "flip", "rubbish", "zero page", "truncate", "delete"])
        if how == "delete":
            file.unlink()
            return how
        if how == "flip":
            data[at] ^= 1 << rand.randrange(8)
        elif how == "rubbish":
            data[at:at + 50] = rand.randbytes(len(data[at:at + 50]))
        elif how == "zero page":
            at = at // 512 * 512
            data[at:at + 512] = bytes(len(data[at:at + 512]))
        else:
            del data[at:]
        file.write_bytes(data)
        return f"{how} at {at} of {file.stat().st_size}"

    def inspect(self, file):
        kind = {".segment": "segment", ".journal": "journal", ".snapshot": "catalog"}[file.suffix]
        return subprocess.run([BINARY, "inspect", kind, str(file)], capture_output=True, text=True, timeout=30)

    def answers(self):
        """(lines that are missing, warnings) of both tenants; nothing else may be there."""
        missing, warnings = set(), []
        for tenant, lines in self.lines.items():
            status, body = self.server.get("/loki/api/v1/query_range", tenant, query='{app=~".+"}', limit=5000, since="24h")
            self.assertEqual(status, 200, body)
            answer = json.loads(body)
            found = [v[1] for s in answer["data"]["result"] for v in s["values"]]
            self.assertEqual(len(found), len(set(found)))
            self.assertLessEqual(set(found), lines)
            missing |= lines - set(found)
            warnings += answer.get("warnings", [])
        return missing, warnings

    def test_random_damage(self):
        rand = random.Random(7)
        for turn in range(ROUNDS):
            file = rand.choice(self.restore())
            pristine = file.read_bytes()
            log_begin = len(self.server.log_text())
            how = self.damage(rand, file)
            with self.subTest(turn=turn, file=file.name, how=how):
                shown = self.inspect(file)
                self.assertIn(shown.returncode, (0, 1), "a crash")
                if shown.returncode == 1:
                    self.assertIn(str(file), shown.stderr)
                changed = how == "delete" or file.read_bytes() != pristine
                self.server.start()
                missing, warnings = self.answers()
                log = self.server.log_text()[log_begin:]
                self.check(file, how, changed, shown, missing, warnings, log)
                # And it goes on.
                status, body = self.server.push([({"app": "new"}, [(time.time_ns(), "new")])], "three")
                self.assertEqual(status, 204, body)
                self.assertEqual(self.server.request("POST", "/flush")[0], 204)
                self.assertEqual(self.answers()[0], missing)
            self.server.kill()

    def check(self, file, how, changed, shown, missing, warnings, log):
        if file.suffix == ".segment":
            self.assertLessEqual(missing, self.held[file.name])
            self.assertEqual(shown.returncode, int(changed), shown.stderr)
            if missing:
                self.assertTrue(any(file.name in w for w in warnings), warnings)
                self.assertTrue(how == "delete" or any("offset" in w for w in warnings), warnings)
        elif file.suffix == ".snapshot":
            self.assertEqual((missing, warnings), (set(), []))
            self.assertEqual(shown.returncode, int(changed), shown.stderr)
            newest = file.name == max(f.name for f in (self.saved / "data").rglob(f"{file.parent.parent.name}/catalog/*"))
            if changed and newest:
                self.assertRegex(log, "catalog snapshot is damaged.*offset|no catalog snapshot names this segment")
        else:
            self.assertTrue(all(line.startswith("journal") for line in missing), missing)
            if missing and how != "delete":
                self.assertRegex(log, "journal file (is damaged|is unreadable|ends in a torn record).*offset")


if __name__ == "__main__":
    unittest.main()
