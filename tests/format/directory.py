"""The directory of a segment, as docs/format.md says: in pages since version 7, one region before."""
import collections

from fields import Cursor, as_signed, check, check_crc, region

COLUMNS = ("streams", "times", "sequences", "line lengths", "lines", "metadata", "minutes", "tree", "metadata parts")
COLUMNS_OF_VERSION = {1: 6, 2: 6, 3: 7, 4: 8, 5: 9, 6: 9, 7: 9}
HEADER_BYTES = 16
BUCKET_SECONDS = (None, 60, 300, 900, 3600, 6 * 3600, 24 * 3600, None)
WHOLE = 7  # the width of a bucket for all of an extent
LEVELS_MAX, NAMES_MAX, STREAMS_PER_PAGE_MAX = 30, 64, 4096

Extent = collections.namedtuple("Extent", "block stream rows least_time span line_bytes metadata_bytes",
                                defaults=(None, None))
Count = collections.namedtuple("Count", "bucket level rows line_bytes metadata_bytes")  # level: None, "other", bytes


def bucket_of(time, width):
    """Bucket n of a width w has the times of ((n - 1) w, n w]."""
    return 0 if width == WHOLE else -(-time // (BUCKET_SECONDS[width] * 10**9))


class Head:
    """Levels, and names of metadata per block."""

    def __init__(self, cursor, blocks):
        self.levels = [None, "other"] + cursor.many(cursor.string)
        check(len(self.levels) <= 2 + LEVELS_MAX, "levels")
        self.names = [self.read_names(cursor) for _ in range(blocks)]

    def read_names(self, cursor):
        size = cursor.varint()
        check(size <= NAMES_MAX + 1, "names")
        return [cursor.string() for _ in range(size - 1)] if size else None


def read_counts(cursor, extents, levels):
    """Per extent (width, counts)."""
    widths = [cursor.u(1) for _ in extents]
    check(all(width <= WHOLE for width in widths), "width of buckets")
    told = [(extent, width) for extent, width in zip(extents, widths) if width]
    sizes = [cursor.varint() for _ in told]
    check(all(sizes), "an extent without counts")
    buckets, numbers = [], []
    for (extent, width), size in zip(told, sizes):
        last = bucket_of(extent.least_time, width)
        for _ in range(size):
            last += cursor.varint()
            buckets.append(last)
        check(last <= bucket_of(extent.least_time + extent.span, width), "bucket")
    levels_of = [levels[cursor.u(1)] for _ in buckets]
    for field in ("rows", "line_bytes", "metadata_bytes"):
        numbers.append([])
        for (extent, _), size in zip(told, sizes):
            own = [cursor.varint() for _ in range(size - 1)]
            own.append(getattr(extent, field) - sum(own))
            check(min(own) >= (field == "rows"), "sums of counts")
            numbers[-1] += own
    cursor.end("statistics")
    counts, sizes = map(Count, buckets, levels_of, *numbers), iter(sizes)
    return [(width, [next(counts) for _ in range(next(sizes))] if width else []) for width in widths]


class Statistics:
    """Of blocks that follow each other: the `names` of metadata per block, and per extent (width, counts)."""

    def __init__(self, names, extents):
        self.names, self.extents = names, extents
        self.widths = collections.Counter(width for block in extents for width, _ in block)


class OldDirectory:
    """`streams`, `blocks` as (fields, columns), `extents` and `statistics`, from bytes that end at `at`."""

    def __init__(self, data, at, raw, version):
        self.data, self.at, self.end = data, at, HEADER_BYTES
        cursor = Cursor(raw)
        symbols = cursor.many(lambda: (cursor.string(), cursor.string()))
        self.streams = cursor.many(lambda: (cursor.u(8) << 64 | cursor.u(8),
                                            dict(cursor.many(lambda: symbols[cursor.varint()]))))
        names = COLUMNS[:COLUMNS_OF_VERSION[version]]
        blocks = cursor.many(lambda: (block_fields(cursor), [
            (name, cursor.varint(), cursor.varint(), cursor.u(4)) for name in names]))
        self.extents = cursor.many(lambda: Extent(
            cursor.varint(), cursor.varint(), cursor.varint(), cursor.zigzag(), cursor.zigzag(),
            *(cursor.varint() for _ in Extent._field_defaults if version > 1)))
        pages = cursor.many(lambda: (cursor.varint(), "statistics", cursor.varint(), cursor.varint(),
                                     cursor.u(4))) if version > 5 else []
        cursor.end("directory")
        self.blocks = [(fields, {column[0]: self.stored(*column) for column in columns}) for fields, columns in blocks]
        by_block = [[] for _ in blocks]
        for extent in self.extents:
            by_block[extent.block].append(extent)
        self.statistics, first = [], 0
        for count, *place in pages:
            check(count, "blocks of statistics")
            self.statistics.append(self.read_statistics(Cursor(region(self.stored(*place))),
                                                        by_block[first:first + count]))
            first += count
        check(first in (0, len(blocks)), "blocks of statistics")
        check(self.end == at and symbols == sorted(symbols), "directory")

    def stored(self, name, offset, length, crc):
        """A region, which follows the one before."""
        check(offset == self.end and offset + length <= self.at, f"{name}: place")
        self.end += length
        check_crc(self.data[offset:self.end], crc, name)
        return self.data[offset:self.end]

    def read_statistics(self, cursor, by_block):
        head = Head(cursor, len(by_block))
        counts = iter(read_counts(cursor, [extent for block in by_block for extent in block], head.levels))
        return Statistics(head.names, [[next(counts) for _ in block] for block in by_block])


def block_fields(cursor):
    return (cursor.u(1), cursor.varint(), cursor.varint(), (as_signed(cursor.u(8)), as_signed(cursor.u(8))),
            (cursor.varint(), cursor.varint()))


class PagedDirectory:
    """The same, and where its `pages` are, by kind, each (offset, length); all of them are read."""

    def __init__(self, data, at, raw):
        self.data, self.at, self.end, self.pages = data, at, HEADER_BYTES, collections.defaultdict(list)
        cursor = Cursor(raw)
        self.blocks = cursor.many(lambda: (block_fields(cursor), {name: self.stored(cursor, name) for name in COLUMNS}))
        self.streams, self.extents, of_pages = [], [], []
        for count, times, page in cursor.many(lambda: (
                cursor.varint(), (as_signed(cursor.u(8)), as_signed(cursor.u(8))), self.page(cursor, "streams"))):
            check(0 < count <= STREAMS_PER_PAGE_MAX, "streams of a page")
            of_pages.append(self.read_streams(Cursor(page), count, times))
        self.statistics = []
        begin = self.end
        head = self.stored(cursor, "head of statistics")
        if head:
            self.pages["head of statistics"] = [(begin, len(head))]
            head = Cursor(region(head))
            common = Head(head, len(self.blocks))
            head.end("head of statistics")
            by_block = [[] for _ in self.blocks]
            for extents in of_pages:
                counts = read_counts(Cursor(self.page(cursor, "statistics")), extents, common.levels)
                for extent, own in zip(extents, counts):
                    by_block[extent.block].append(own)
            self.statistics.append(Statistics(common.names, by_block))
        self.check_postings(cursor.many(lambda: ((cursor.string(), cursor.string()), self.page(cursor, "postings"))))
        cursor.end("root")
        check(self.end == at, "root: place")

    def stored(self, cursor, name):
        """A region, which follows the one before."""
        length = cursor.varint()
        check(self.end + length <= self.at, f"{name}: place")
        stored = self.data[self.end:self.end + length]
        self.end += length
        if length:
            check_crc(stored, cursor.u(4), name)
        return stored

    def page(self, cursor, kind):
        begin, stored = self.end, self.stored(cursor, f"page of {kind}")
        self.pages[kind].append((begin, len(stored)))
        return region(stored)

    def read_streams(self, cursor, count, times):
        """Adds the streams of a page, and their extents, which are returned."""
        symbols = cursor.many(lambda: (cursor.string(), cursor.string()))
        check(symbols == sorted(set(symbols)), "label pairs of a page")
        labels = [dict(cursor.many(lambda: symbols[cursor.varint()])) for _ in range(count)]
        ids = [cursor.u(8) << 64 | cursor.u(8) for _ in range(count)]
        extents, time = [], 0
        for stream in range(len(self.streams), len(self.streams) + count):
            block = 0
            for _ in range(cursor.varint()):
                block += cursor.varint()
                rows = cursor.varint()
                time += cursor.zigzag()
                extents.append(Extent(block, stream, rows, time, cursor.zigzag(), cursor.varint(), cursor.varint()))
                block += 1
        cursor.end("page of streams")
        if extents:
            found = min(e.least_time for e in extents), max(e.least_time + e.span for e in extents)
            check(found == times, "times of a page of streams")
        self.streams += zip(ids, labels)
        self.extents += extents
        return extents

    def check_postings(self, pages):
        """They say what the streams say; one page of streams needs none."""
        found = []
        for first, page in pages:
            cursor, size = Cursor(page), len(found)
            found += cursor.many(lambda: ((cursor.string(), cursor.string()), self.read_runs(cursor)))
            cursor.end("page of postings")
            check(found[size][0] == first, "first pair of a page")
        want = collections.defaultdict(list)
        for number, (_, labels) in enumerate(self.streams):
            for pair in labels.items():
                want[pair].append(number)
        check(found == (sorted(want.items()) if len(self.pages["streams"]) > 1 else []), "postings")

    def read_runs(self, cursor):
        streams, at = [], 0
        for _ in range(cursor.varint()):
            first = at + cursor.varint()
            at = first + cursor.varint() + 1
            streams += range(first, at)
        return streams
