"""What the store writes is what docs/format.md says: segment_reader.py, which knows only the page, reads it back."""
import collections
import datetime
import itertools
import json
import pathlib
import random
import subprocess
import sys
import unittest

FOLDER = pathlib.Path(__file__).parent
sys.path.insert(0, str(FOLDER.parent / "e2e"))
from harness import Server  # noqa: E402

from directory import bucket_of  # noqa: E402
from segment_reader import COLUMN_KINDS, DATES, INTEGER_FLAGS, INTEGER_FORMS, Damaged, Segment  # noqa: E402

CONFIG = """limits_config:
  reject_old_samples: false
  discover_log_levels: false
  discover_service_name: []
"""
SECOND = 10**9
START = 1_719_791_990 * SECOND  # 2024-06-30T23:59:50Z
ROWS = 500
PER_PUSH = 200

# {app="a"} with "first line" (k=v) and "second", {app="b"} with "third", as version 1 wrote them; the same with
# "second line" and no service names, as version 2 did; {a="1"} with nine lines, as version 3 did, and with 24, of
# templates, as versions 4 and 5 did, and version 6, which has statistics, with levels.
OLD = {version: bytes.fromhex(text) for version, text in {
    1: """
        4c4f47495345474d010000000000000000040002010100138080d0e2c6bfce972f80a8d6b90780a8d6b9070011c0af8fb3d29590eb310200
        00000200000200030a060500156669727374206c696e657365636f6e647468697264000901016b01000176000001ab0128b52ffd20abfd04
        00340904036170700161620c736572766963655f6e616d650161620234fba0ad17ee6ed9a69220af312a47ca020002237eb29ef4cea8f884
        a3d611d0e16b990201030100031500002a36fe9c971700945fad011006438bc9191615b7b091b12b13ed0280f93e05ead6500c4317956407
        835a0b01b0dc9e020000028080d0e2c6bfce972f80a8d6b90700010180d0fcd5d5bfce972f000300b8224032e58a508c6500000000000000
        ab0000000000000088b511c701000000805cb6244c4f47495345474d
    """,
    2: """
        4c4f47495345474d0200000000000000000400020101000b8280d0e2c6bfce972f02020011eab7e99aaec89eeb3102000000020000020003
        0a0b05001a6669727374206c696e657365636f6e64206c696e657468697264000901016b010001760000008b010203617070016103617070
        01620255569d9e1c9029abb2636e0d13d948350100ed4a38e0d1a69a083bf47fff676bca7901010100031a01002a36fe9c971703002a36fe
        9c971700011006438bc919160dfa8312e42313258c183e3605f9ec6ccc3b1c36ce3c3c570b01b0dc9e020000028280d0e2c6bfce972f0215
        0a0001018680d0e2c6bfce972f00050062000000000000008e00000000000000a402a3ae02000000415d55034c4f47495345474d
    """,
    3: """
        4c4f47495345474d03000000000000000002000900118280d0e2c6bfce972f0202020202020202011b28b52ffd201b550000200202000001
        00d68e080009060606060606060606013628b52ffd2036250100c06c696e6520306c696e6520313233343536376c696e65203806040240c0
        010604dc9424000f01016b010001760000000000000000000700acd4821b0936006901016101310117e7ceb09b0468589aebc95b340e061c
        01000100093601002a36fe9c971709002a36fe9c97170000100406c2ba7f1413e828ccf627152e27ebb93c0b807e0471472f61d45cfc7611
        4660a3ea870109111fc9eb010000098280d0e2c6bfce972f10360a90000000000000006b00000000000000a2a91c2a030000004f0e224e4c
        4f47495345474d
    """,
    4: """
        4c4f47495345474d040000000000000000020018017c28b52ffd207cad0000708080f8f8c9edf6dd2f80cab5ee0101000b695102015028b5
        2ffd2050a5000070d696f1a0e1e9a7eb310200000002010057724a28b52ffd2051fd0100a2c40d16d015860340010088ced50084d87befbd
        b74c60f8de3b656fbbc95eae3c39f2e3c68bcf75e26b751a7d3697b793078220860802100823010019200201bd0128b52ffd20bdb50200a4
        0302016b05747261636500020001760108303364316237333133313561623732323539396662333139643933663430653138383335303235
        3763370c008013600cc0093006e004180370028c013801c690c9a30596000c00c0f6aa1b0112000217cb0300350200000000000048512cc3
        e057000100180205746f6f6b200a206d732c20757365723d00010f020100010200000d0509000201063e007801016101310117e7ceb09b04
        68589aebc95b340e061c0100010118dd0300008f4fb6eddd17800949a6b7eddd17000010046a868f9d1420d0b8de93341fd4da2081530000
        00000053482cc3e0579b0162138cf002fd010ec762f7b48b0237d93041ba010000188080f8f8c9edf6dd2f80a6d0eb2add03a70242010000
        000000007a000000000000007c95da62040000004ce3398d4c4f47495345474d
    """,
    5: """
        4c4f47495345474d050000000000000000020018000f8080f8f8c9edf6dd2f80e59a770001015028b52ffd2050a500007094e0b4f0a5cbb2
        ec310200000002010057724a28b52ffd2051fd0100a2c40d16d015860340010088ced50084d87befbdb74c60f8de3b656fbbc95eae3c39f2
        e3c68bcf75e26b751a7d3697b79307822086080210082301001920020022013600190b8277b40102016b0574726163650200020002060001
        7603030008000030000c00c0f6aa1b0112000217cb0300350200000000000048512cc3e057000100180205746f6f6b200a206d732c207573
        65723d00010f020100010200000d0509000201063e010001aaaaaa000003d100000b730000131500001ab700002259000029fb0000319d00
        00393f000040e10000488300005025000057c7007f01016101310117e7ceb09b0468589aebc95b340e061c0100010118dd0300008f4fb6ed
        dd17800949a6b7eddd17000010046a868f9d1411616d1d65251fe3ea446c44000000000044482cc3e0578c0124fe8f1d90b0010ec762f7b4
        be0137d93041baf50136190b8277010000188080f8f8c9edf6dd2f80a6d0eb2add03a7022b01000000000000810000000000000080a0015b
        0500000096f9f4374c4f47495345474d
    """,
    6: """
        4c4f47495345474d060000000000000000020018000f8080f8f8c9edf6dd2f80e59a770001015028b52ffd2050a5000070cedfeefb81e6c4
        ec310200000002010057724a28b52ffd2051fd0100a2c40d16d015860340010088ced50084d87befbdb74c60f8de3b656fbbc95eae3c39f2
        e3c68bcf75e26b751a7d3697b79307822086080210082301001920020038013600190b82778c03030e64657465637465645f6c6576656c01
        6b057472616365020003000204060004696e666f0001760303000800003000350200000000000048512cc3e057000100180205746f6f6b20
        0a206d732c20757365723d00010f020100010200000d0509000201063e010001aaaaaa000003d100000b730000131500001ab70000225900
        0029fb0000319d0000393f000040e10000488300005025000057c7001e0104696e666f03016b0574726163650103000100000002010b12dc
        01000000880101016101310117e7ceb09b0468589aebc95b340e061c0100010118dd0300008f4fb6eddd17800949a6b7eddd17000010046a
        868f9d1411616d1d65251fb7a3bf8f44000000000044482cc3e0578c013a3b200419c6010000000000c60137d93041bafd0136190b827701
        0000188080f8f8c9edf6dd2f80a6d0eb2add0399030101b3022012aaabee53010000000000008b000000000000001fe15e80060000002d52
        e2024c4f47495345474d
    """,
}.items()}


def utc(ns):
    return datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=ns // SECOND)


class Data:
    """Streams of many kinds of lines, always the same ones."""

    def __init__(self):
        self.dice = random.Random(7)
        self.ids = [self.dice.randbytes(16).hex() for _ in range(ROWS)]
        self.words = ["".join(self.dice.choices("abcdefghijklmnop", k=self.dice.randint(3, 12))) for _ in range(60)]
        self.offset = 0

    def word(self):
        return self.dice.choice(self.words)

    def below(self, n):
        return self.dice.randrange(n)

    def message(self):
        return self.dice.choice([
            lambda: f"user {self.word()} logged in from 10.0.{self.below(256)}.{self.below(256)}",
            lambda: f"order {self.below(10**6)} failed: card refused after {self.below(900)} ms",
            lambda: f"cache miss for key {self.word()}_{self.word()}:{self.below(10**4)}",
            lambda: f"retrying upstream {self.word()} (attempt {self.below(5)})"])()

    def service(self, ns, i):
        """JSON with a time whose fraction has no zeros at its end, and identifiers that gateway has too."""
        at = f"{utc(ns):%Y-%m-%dT%H:%M:%S}.{ns % SECOND // 10**7 // 25 * 25:02}".rstrip("0").rstrip(".") + "Z"
        return json.dumps({"time": at, "level": self.dice.choice(["info", "warn", "error"]),
                           "trace_id": self.dice.choice(self.ids), "order": 100000 + i, "free": self.below(2**40),
                           "user": f"{self.word()}.{self.word()}@example.org", "msg": self.message()})

    def gateway(self, ns, i):
        """logfmt, with numbers near the entry's time, decimals, and rising numbers."""
        self.offset += self.below(3000)
        took = f"{self.below(10**5) / 1000:.3f}".rstrip("0").rstrip(".")
        return (f"ts={ns // 10**6 - self.below(20000)} caller=gateway.go:{self.below(900)} "
                f"trace={self.dice.choice(self.ids)} span={self.dice.randbytes(8).hex().upper()} "
                f"ratio={self.below(1000) / 1000:.3f} took={took}ms offset={self.offset} seq={i:08}")

    def access(self, ns, i):
        return (f'10.1.{self.below(256)}.{self.below(256)} - - [{utc(ns - self.below(3 * SECOND)):%d/%b/%Y:%H:%M:%S} '
                f'+0000] "GET /{self.word()}/{self.word()}?id={self.below(10**5):05} HTTP/1.1" '
                f'{self.dice.choice([200, 200, 304, 404, 500])} {self.below(60000)}')

    def syslog(self, ns, i):
        at = utc(ns)
        return f"{at:%b} {at.day:2} {at:%H:%M:%S} host{i % 7} {self.word()}[{self.below(99999)}]: {self.message()}"

    def java(self, ns, i):
        """Local time."""
        ns += 7200 * SECOND - self.below(SECOND)
        return f"{utc(ns):%Y-%m-%d %H:%M:%S},{ns % SECOND // 10**6:03} [main-{self.below(9)}] {self.message()}"

    def numbers(self, ns, i):
        return f"{i:07} {i // 3} {2**64 - 1 - i} {self.below(2**64):020} 0x{self.below(2**20):05x} {i % 10:03}"

    def sparse(self, ns, i):
        return self.dice.choice(["", " ", "x", "ok", "{}", "\t", "\n", "é"])

    def plain(self, ns, i):
        return " ".join(self.word() for _ in range(1 + self.below(12)))

    def noise(self, ns, i):
        return "".join(map(chr, self.dice.choices([*range(256), 0x20AC, 0x1F600], k=self.below(60))))

    def stream(self, name, copy):
        """(labels, [(ns, line, metadata)]), many at equal times."""
        ns, entries = START, []
        for i in range(ROWS):
            ns += self.dice.choice([0, 0, 1, 1000, 10**6, 123456789, SECOND, 3 * SECOND])
            metadata = {"pod": f"{name}-{i % 3}", "request": str(i)} if i % 5 == 0 else {}
            if name == "service":
                metadata |= {"observed_timestamp": str(ns + self.below(10**6)), "span_id": self.dice.randbytes(8).hex()}
            if name == "gateway":
                metadata |= {"detected_level": self.dice.choice(["info", "info", "error"])}
            if name in ("sparse", "noise") and i % 7 == 0:
                metadata |= {f"k{self.below(40)}": self.noise(ns, i) or "-"}
            entries.append((ns, getattr(self, name)(ns, i), metadata))
        return {"app": name, "copy": copy, "text": 'ü "quoted"'}, entries

    def many_streams(self):
        """So many that their directory has several pages."""
        return [({"app": f"many {self.word()}", "pod": f"pod-{self.dice.randbytes(4).hex()}", "number": str(i)},
                 [(START + i, self.plain(START, i), {"pod_ip": f"10.0.{i % 9}.{i % 250}"})]) for i in range(1500)]


def flip(data, at, bits=0x10):
    return data[:at] + bytes([data[at] ^ bits]) + data[at + 1:]


class Written(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        server = Server(CONFIG).start()
        cls.addClassCleanup(server.close)
        data = Data()
        cls.pushed = []
        for names in (["noise"], ["service", "gateway", "access", "syslog", "java", "numbers", "sparse", "plain"]):
            streams = [data.stream(name, copy) for name in names for copy in "ab"]
            for at in range(0, ROWS, PER_PUSH):
                status, body = server.push([(labels, entries[at:at + PER_PUSH]) for labels, entries in streams])
                if status != 204:
                    raise RuntimeError(f"{status} {body!r}")
            server.request("POST", "/flush")
            cls.pushed += streams
        many = data.many_streams()
        server.push(many)
        server.request("POST", "/flush")
        cls.pushed += many
        server.stop()
        cls.paths = sorted(pathlib.Path(server.data).glob("bucket/tenants/*/segments/*.segment"))
        cls.segments = [Segment(path.read_bytes()) for path in cls.paths]

    maxDiff = 3000

    def test_every_entry(self):
        got = collections.defaultdict(list)
        for segment in self.segments:
            self.assertEqual(segment.version, 7)
            for entry in (entry for block in segment.blocks for entry in block.entries):
                labels = tuple(sorted(segment.streams[entry.stream][1].items()))
                got[labels].append((entry.time, entry.sequence, entry.line, dict(entry.metadata)))
        self.assertEqual(len(got), len(self.pushed))
        for labels, entries in self.pushed:
            key = tuple(sorted((name.encode(), value.encode()) for name, value in labels.items()))
            want = []
            for ns, line, metadata in entries:
                entry = (ns, line.encode(), {name.encode(): value.encode() for name, value in metadata.items()})
                if entry not in want:  # equal entries of a stream are one
                    want.append(entry)
            self.assertEqual([(ns, line, metadata) for ns, _, line, metadata in sorted(got[key], key=lambda e: e[:2])],
                             want, labels)

    def test_everything_on_the_page_occurs(self):
        blocks = [block for segment in self.segments for block in segment.blocks]
        self.assertEqual({block.kind for block in blocks}, {"text", "templates"})
        seen = sum((block.tree.seen for block in blocks if block.tree), collections.Counter())
        every = {*COLUMN_KINDS, *INTEGER_FORMS, *INTEGER_FLAGS.values(), *DATES, "scale", "capitals", "trimmed"}
        self.assertEqual(every - set(seen), set())
        self.assertFalse(any(block.minutes for block in blocks))  # statistics tell it
        self.assertTrue(any(block.tree.lists for block in blocks if block.tree))
        self.assertTrue(any(block.tree.letters for block in blocks if block.tree))

    def test_pages(self):
        kinds = {kind for segment in self.segments for kind in segment.pages}
        self.assertEqual(kinds, {"streams", "statistics", "head of statistics", "postings"})
        for segment in self.segments:
            pages = {kind: len(places) for kind, places in segment.pages.items()}
            self.assertEqual(pages["streams"], pages["statistics"])
            self.assertEqual("postings" in pages, pages["streams"] > 1)

    def test_statistics(self):
        widths, levels, names = set(), set(), set()
        for segment in self.segments:
            stored = [extents for page in segment.statistics for extents in page.extents]
            self.assertEqual(len(stored), len(segment.blocks))
            told_names = [told for page in segment.statistics for told in page.names]
            for block, extents, told in zip(segment.blocks, stored, told_names):
                found = sorted({name for e in block.entries for name, _ in e.metadata} - {b"detected_level"})
                self.assertEqual(told, found if len(found) <= 64 else None)
                names.update(told or ["too many"])
                groups = itertools.groupby(block.entries, lambda e: e.stream)
                for (width, counts), (_, entries) in zip(extents, groups, strict=True):
                    widths.add(width)
                    levels.update(count.level for count in counts)
                    if width:
                        self.assertEqual({c[:2]: c[2:] for c in counts}, self.count(width, list(entries)))
                        self.assertEqual(len({c[:2] for c in counts}), len(counts))
        self.assertTrue(widths & {1, 2, 3, 4}, widths)
        self.assertTrue({None, b"info", b"error"} <= levels, levels)
        self.assertTrue({b"pod", b"request"} <= names, names)

    def count(self, width, entries):
        """{(bucket, level): (rows, line bytes, metadata bytes)} of an extent."""
        texts, sums = set(), {}
        for e in entries:
            own = [value for name, value in e.metadata if name == b"detected_level"]
            level = own[0] if len(own) == 1 else "other" if own else None
            fresh = {text for pair in e.metadata for text in pair} - texts
            texts |= fresh
            size = 8 * len(e.metadata) + sum(map(len, fresh))
            bucket = sums.setdefault(bucket_of(e.time, width), {})
            bucket[level] = [a + b for a, b in zip(bucket.get(level, [0, 0, 0]), [1, len(e.line), size])]
        return {(bucket, level): tuple(numbers) for bucket, of in sums.items() for level, numbers in of.items()}

    def test_order_and_extents(self):
        for segment in self.segments:
            extents = []
            for number, block in enumerate(segment.blocks):
                order = [entry[:3] for entry in block.entries]
                self.assertEqual(order, sorted(order))
                for stream, group in itertools.groupby(block.entries, lambda e: e.stream):
                    group = list(group)
                    pairs = [pair for entry in group for pair in entry.metadata]
                    texts = set(itertools.chain(*pairs))
                    extents.append((number, stream, len(group), group[0].time, group[-1].time - group[0].time,
                                    sum(len(e.line) for e in group), 8 * len(pairs) + sum(map(len, texts))))
            self.assertEqual(segment.extents, sorted(extents, key=lambda e: (e[1], e[0])))

    def test_a_flipped_byte_is_refused(self):
        dice = random.Random(1)
        for path in self.paths:
            data = path.read_bytes()
            for at in [*range(16), *range(len(data) - 36, len(data)), *(dice.randrange(len(data)) for _ in range(25))]:
                with self.assertRaises(Damaged, msg=f"{path.name} {at}"):
                    Segment(flip(data, at))

    def test_command(self):
        def run(path):
            return subprocess.run([sys.executable, FOLDER / "segment_reader.py", path], capture_output=True, text=True)
        for path, segment in zip(self.paths, self.segments):
            shown = run(path)
            self.assertEqual((shown.returncode, shown.stderr), (0, ""))
            self.assertIn(f"pages: {len(segment.pages['streams'])} streams", shown.stdout)
            for number, block in enumerate(segment.blocks):
                self.assertIn(f"block {number}: {block.kind}, {len(block.entries)} rows", shown.stdout)
        damaged = self.paths[0].with_suffix(".damaged")
        damaged.write_bytes(flip(self.paths[0].read_bytes(), 20))
        shown = run(damaged)
        self.assertEqual((shown.returncode, shown.stdout, shown.stderr),
                         (1, "", "segment_reader: streams: checksum\n"))


class OldVersions(unittest.TestCase):
    def entries(self, version):
        segment = Segment(OLD[version])
        self.assertEqual(segment.version, version)
        return [(segment.streams[e.stream][1][b"a" if version > 2 else b"app"], e.time, e.line, e.metadata)
                for block in segment.blocks for e in block.entries]

    def test_entries(self):
        t, pair = 1_700_000_000 * SECOND, ((b"k", b"v"),)
        self.assertEqual(self.entries(1), [(b"a", t, b"first line", pair), (b"a", t + SECOND, b"second", ()),
                                           (b"b", t + 2 * SECOND, b"third", ())])
        self.assertEqual(self.entries(2), [(b"a", t + 1, b"first line", pair), (b"a", t + 2, b"second line", ()),
                                           (b"b", t + 3, b"third", ())])
        self.assertEqual(self.entries(3), [(b"1", t + 1 + i, b"line %d" % i, pair if i == 0 else ())
                                           for i in range(9)])
        t = 1_719_792_000 * SECOND
        for version in (4, 5):
            self.assertEqual(self.entries(version), [
                (b"1", t + i * SECOND // 4, b"took %d ms, user=u%d" % (7 * i, i),
                 ((b"k", b"v"), (b"trace", b"%08x" % (977 * i))) if i % 2 else ()) for i in range(24)])

        self.assertEqual(self.entries(6), [
            (b"1", t + i * SECOND // 4, b"took %d ms, user=u%d" % (7 * i, i),
             ((b"detected_level", b"info" if i % 4 else b"warn"), (b"k", b"v"), (b"trace", b"%08x" % (977 * i)))
             if i % 2 else ()) for i in range(24)])

    def test_directories(self):
        extents = {version: Segment(data).extents for version, data in OLD.items()}
        self.assertEqual([e.line_bytes for e in extents[1]], [None, None])
        self.assertEqual([(e.line_bytes, e.metadata_bytes) for e in extents[2]], [(21, 10), (5, 0)])
        self.assertEqual(Segment(OLD[2]).blocks[0].minutes, [])
        self.assertEqual(Segment(OLD[3]).blocks[0].minutes, [(0, 28_333_334, 9, 54)])
        self.assertEqual([minute.rows for minute in Segment(OLD[5]).blocks[0].minutes], [1, 23])
        self.assertEqual([Segment(data).statistics for version, data in OLD.items() if version < 6], [[]] * 5)
        page, = Segment(OLD[6]).statistics
        self.assertEqual(page.names, [[b"k", b"trace"]])
        (width, counts), = page.extents[0]
        self.assertEqual((width, [(level, rows) for _, level, rows, _, _ in counts]),
                         (1, [(None, 1), (None, 11), (b"info", 12)]))

    def test_a_flipped_byte_is_refused(self):
        for data in OLD.values():
            for at in range(len(data)):
                with self.assertRaises(Damaged, msg=at):
                    Segment(flip(data, at))


if __name__ == "__main__":
    unittest.main()
