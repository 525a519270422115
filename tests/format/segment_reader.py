#!/usr/bin/env python3
"""Reads segments as docs/format.md says, on its own: it shares no code with the store.

segment_reader.py FILE...    verifies all checksums and shows what is in each block
"""
import collections
import datetime
import functools
import operator
import pathlib
import sys

from directory import COLUMNS_OF_VERSION, HEADER_BYTES, OldDirectory, PagedDirectory
from fields import Cursor, Damaged, U64, as_signed, check, check_crc, decompress, region, turned

MAGIC = b"LOGISEGM"
BLOCK_KINDS = ("text", "templates")
COLUMN_KINDS = ("constant", "dictionary", "integer", "hex", "time", "string", "templates", "shared")
DATES = ("2024-06-03", "Jun  3", "03/Jun/2024")
INTEGER_FLAGS = {1: "zeros in front", 2: "zeros left out", 4: "relative"}
INTEGER_FORMS = ("equal", "packed", "packed differences", "planes", "planes of differences")
CLASSES = ("0123456789", "abcdef", "ghijklmno", "pqrstuvwxyz", "ABCDEF", "GHIJKLMNO", "PQRSTUVWXYZ", ".", "-", "/",
           " @`", ":", "_", "!\"#$%&'()*+,", ";<=>?[\\]^_{|}~\x7f")
CLASSES_OF = [sum(1 << bit for bit, chars in enumerate(CLASSES) if chr(byte) in chars) or 1 << 15
              for byte in range(256)]
POOLED_BELOW = 256

Entry = collections.namedtuple("Entry", "stream time sequence line metadata")  # the stream's ordinal
Minute = collections.namedtuple("Minute", "stream number rows line_bytes")


def running_sums(cursor, rows, width):
    """Per row `width` numbers, stored as zigzag differences to the row before."""
    out, last = [], (0,) * width
    for _ in range(rows):
        last = tuple(as_signed(number + cursor.zigzag()) for number in last)
        out.append(last)
    cursor.end("differences")
    return out


def decode_integers(data, count):
    """(the form's name, the values)"""
    form, first = data.u(1), data.varint()
    check(count and form < len(INTEGER_FORMS), "unknown form of integers")
    if form == 0:
        out = [first] * count
    elif form in (1, 3):
        out = above_least(data, form, count, first)
    else:
        out = [first]
        for difference in above_least(data, form - 1, count - 1, data.varint()):
            out.append(out[-1] + turned(difference) & U64)
    data.end("integers")
    return INTEGER_FORMS[form], out


def above_least(data, form, count, least):
    size = data.u(1)
    if size == 0:
        return [least] * count
    if form == 1:
        packed, mask, starts = data.take((count * size + 7) // 8), (1 << size) - 1, range(0, count * size, size)
        above = [int.from_bytes(packed[at >> 3:at + size + 7 >> 3], "little") >> (at & 7) & mask for at in starts]
    else:
        above = [int.from_bytes(number, "little") for number in zip(*(data.take(count) for _ in range(size)))]
    return [least + number & U64 for number in above]


def times_within_runs(cursor, streams):
    """The times of rows of these streams."""
    first, unit = cursor.zigzag(), cursor.varint()
    out, firsts = [first], {}
    for row in range(1, len(streams)):
        if streams[row] != streams[row - 1]:
            firsts[row] = first = as_signed(first + cursor.zigzag() * unit)
    within = len(streams) - 1 - len(firsts)
    differences = iter(decode_integers(cursor, within)[1] if within else [])
    for row in range(1, len(streams)):
        out.append(firsts[row] if row in firsts else as_signed(out[-1] + next(differences) * unit))
    return out


def pick(values, rows):
    return None if values is None else [values[row] for row in rows]


class Pool:
    """Where payloads are: small ones one after another in one part, each other one in the next part."""

    def __init__(self, parts, number):
        check(number < len(parts), "no such part")
        self.parts, self.small, self.next = parts, Cursor(parts[number]), number + 1

    def payload(self, size):
        if size < POOLED_BELOW:
            return Cursor(self.small.take(size))
        check(self.next < len(self.parts) and len(self.parts[self.next]) == size, "part of a payload")
        self.next += 1
        return Cursor(self.parts[self.next - 1])


class Columns:
    """What lies in parts. `seen` counts the kinds of columns and what else columns may have."""

    def __init__(self, cursor, stored):
        self.seen, self.parts, self.lists, self.templates = collections.Counter(), [], [], []
        stored = Cursor(stored)
        for size, raw_size, crc in cursor.many(lambda: (cursor.varint(), cursor.varint(), cursor.u(4))):
            part = stored.take(size)
            check_crc(part, crc, f"part {len(self.parts)}")
            self.parts.append(decompress(part, raw_size) if raw_size else part)
        stored.end("parts")

    def read_templates(self, cursor, pool, count, times, of_lines=False):
        templates, rest = cursor.varint(), cursor.varint()
        rows_of = [[] for _ in range(templates + (rest > 0))]
        for row, number in enumerate(self.integers(cursor, pool, count) if len(rows_of) > 1 else [0] * count):
            check(number < len(rows_of), "no such template")
            rows_of[number].append(row)
        out = [b""] * count
        if rest:
            check(len(rows_of[-1]) == rest, "rows of the rest")
            for row, text in zip(rows_of[-1], self.column(cursor, pool, rest, pick(times, rows_of[-1]))):
                out[row] = text
        next_part = pool.next
        for rows in rows_of[:templates]:
            check(cursor.varint() == len(rows), "rows of a template")
            slots = cursor.varint()
            pieces = [cursor.string() for _ in range(slots + 1)]
            source, within = cursor, pool
            if of_lines:
                self.templates.append((len(rows), b"<>".join(pieces)))
                part = cursor.varint()
                check(part == next_part, "part of a template's pool")
                source, within = Cursor(cursor.string()), Pool(self.parts, part)
            columns = [self.column(source, within, len(rows), pick(times, rows)) for _ in range(slots)]
            check(not any(b"" in values for values in columns), "an empty value of a slot")
            if of_lines:
                source.end("columns of a template")
                within.small.end("pool")
                next_part = within.next
            for row, *values in zip(rows, *columns):
                out[row] = pieces[0] + b"".join(value + piece for value, piece in zip(values, pieces[1:]))
        if of_lines:
            pool.small.end("pool")
            check(next_part == len(self.parts), "more parts than payloads")
        return out

    def column(self, cursor, pool, count, times):
        """The values; `times` are those of their entries, None for words and lists."""
        kind = cursor.u(1)
        check(kind < len(COLUMN_KINDS), "unknown kind of column")
        self.seen[COLUMN_KINDS[kind]] += 1
        if kind == 0:
            return [cursor.string()] * count
        classes, least = cursor.u(2), cursor.varint()
        greatest = least + cursor.varint()
        read = getattr(self, "read_" + COLUMN_KINDS[kind])
        values = read(cursor, pool, count, times, *([least] if kind in (2, 3) else []))
        sizes = [len(value) for value in values]
        check((min(sizes), max(sizes)) == (least, greatest), f"{COLUMN_KINDS[kind]}: sizes")
        found = functools.reduce(operator.or_, (CLASSES_OF[byte] for byte in set(b"".join(values))))
        check(found == classes, f"{COLUMN_KINDS[kind]}: classes")
        return values

    def read_dictionary(self, cursor, pool, count, _times):
        words = cursor.varint()
        numbers = self.integers(cursor, pool, count)
        check(max(numbers) < words, "no such word")
        return pick(self.column(cursor, pool, words, None), numbers)

    def read_shared(self, cursor, pool, count, _times):
        which, numbers = cursor.varint(), self.integers(cursor, pool, count)
        check(which < len(self.lists) and max(numbers) < len(self.lists[which]), "no such value of a list")
        return pick(self.lists[which], numbers)

    def read_integer(self, cursor, pool, count, times, least):
        flags, scale = cursor.u(1), cursor.u(1)
        self.seen.update(name for flag, name in INTEGER_FLAGS.items() if flags & flag)
        self.seen["scale"] += scale > 0
        numbers = self.near_times(cursor, pool, times, cursor.u(1)) if flags & 4 else self.integers(cursor, pool, count)
        out = []
        for number in numbers:
            text = str(number & U64).zfill(scale + 1)
            if scale:
                text = text[:-scale] + "." + text[-scale:]
                text = text.rstrip("0").rstrip(".") if flags & 2 else text
            out.append((text.zfill(least) if flags & 1 else text).encode())
        return out

    def read_hex(self, cursor, pool, count, _times, least):
        capitals, digits = cursor.u(1), pool.payload(cursor.varint()).rest().hex()
        self.seen["capitals"] += capitals
        check(len(digits) == count * least + count * least % 2, "hex digits")
        digits = (digits.upper() if capitals else digits).encode()
        return [digits[i * least:(i + 1) * least] for i in range(count)]

    def read_time(self, cursor, pool, _count, times):
        layout = Cursor(cursor.string())
        date, day_separator, separator, point = layout.u(1), *(chr(layout.u(1)) for _ in range(3))
        digits, trimmed, behind = layout.u(1), layout.u(1), layout.rest()
        check(date < len(DATES), "unknown date")
        self.seen.update([DATES[date]] + ["trimmed"] * trimmed)
        out = []
        for number in self.near_times(cursor, pool, times, digits):
            seconds, fraction = divmod(as_signed(number), 10**digits)
            t = datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=seconds)
            text = (f"{t:%Y}{day_separator}{t:%m}{day_separator}{t:%d}{separator}", f"{t:%b} {t.day:2} ",
                    f"{t:%d/%b/%Y}:")[date] + f"{t:%H:%M:%S}"
            fraction = f"{fraction:0{digits}}" if digits else ""
            fraction = fraction.rstrip("0") if trimmed else fraction
            out.append((text + (point + fraction if fraction else "")).encode() + behind)
        return out

    def read_string(self, cursor, pool, count, _times):
        sizes, texts = self.integers(cursor, pool, count), pool.payload(cursor.varint())
        out = [texts.take(size) for size in sizes]
        texts.end("texts")
        return out

    def near_times(self, cursor, pool, times, digits):
        """Integers that are stored as differences to the entries' times in units of 10^-digits s."""
        check(times is not None and digits <= 9, "no times to differ from")
        differences = self.integers(cursor, pool, len(times))
        return [t // 10**(9 - digits) + turned(difference) for t, difference in zip(times, differences)]

    def integers(self, cursor, pool, count):
        form, out = decode_integers(pool.payload(cursor.varint()), count)
        self.seen[form] += 1
        return out


class Letters:
    """Which triples of letters lines have."""

    def __init__(self, filter_):
        self.bits, self.filter = (8 * len(filter_) - 1).bit_length(), filter_
        check(32 <= len(filter_) <= 4096 and 8 * len(filter_) == 1 << self.bits, "size of the filter")

    def check(self, line):
        for i in range(len(line) - 2):
            triple = line[i:i + 3]
            if triple.isalpha() and not all(c in b"abcdef" for c in triple.lower()):
                first, second, third = (c - ord("a") for c in triple.lower())
                bit = 20011 * (first * 1024 + second * 32 + third) % (1 << 15) >> 15 - self.bits
                check(self.filter[bit // 8] >> bit % 8 & 1, f"letters {triple} are missing")


class Tree(Columns):
    """The lines of a block of templates."""

    def __init__(self, tree, stored, times):
        cursor = Cursor(tree)
        self.letters = None
        if tree[:1] == b"\0":
            cursor.take(1)
            self.letters = Letters(cursor.string())
        super().__init__(cursor, stored)
        pool = Pool(self.parts, 0)
        for _ in range(cursor.varint()):
            self.lists.append(self.column(cursor, pool, cursor.varint(), None))
        self.lines = self.read_templates(cursor, pool, len(times), times, of_lines=True)
        cursor.end("tree")
        for line in self.lines if self.letters else []:
            self.letters.check(line)


class Metadata(Columns):
    """The `pairs` of each row."""

    def __init__(self, tree, stored, times):
        cursor = Cursor(tree)
        super().__init__(cursor, stored)
        pool = Pool(self.parts, 0)
        size = cursor.varint()
        names = cursor.many(cursor.string)
        sets = cursor.many(lambda: cursor.many(cursor.varint))
        of_row = self.integers(cursor, pool, len(times)) if len(sets) > 1 else [0] * len(times)
        check(max(of_row) < len(sets), "no such set of names")
        values = []
        for name in range(len(names)):
            own = [times[row] for row, which in enumerate(of_row) for pair in sets[which] if pair == 2 * name]
            values.append(iter(self.column(cursor, pool, len(own), own) if own else []))
        self.pairs = [tuple((names[pair // 2], b"" if pair % 2 else next(values[pair // 2])) for pair in sets[which])
                      for which in of_row]
        cursor.end("metadata")
        pool.small.end("pool")
        check(pool.next == len(self.parts), "more parts than payloads")
        check(size == sum(len(name) + len(value) for pairs in self.pairs for name, value in pairs), "metadata bytes")


class Block:
    """`entries`, `minutes`, and the `tree` of a block of templates."""

    def __init__(self, version, columns, kind, rows, line_bytes, times, streams):
        self.kind, self.tree = BLOCK_KINDS[kind], None
        raw = {name: Cursor(region(stored) if stored else b"") for name, stored in columns.items()
               if name != "metadata parts" and (name != "lines" or not kind)}
        of_row, stream, column = [], 0, raw["streams"]
        for difference, run in column.until_end(lambda: (column.varint(), column.varint())):
            stream += difference
            of_row += [stream] * run
        if version < 5:
            of_time = [time for time, in running_sums(raw["times"], rows, 1)]
        else:
            of_time = times_within_runs(raw["times"], of_row)
        sequences = running_sums(raw["sequences"], rows, 3)
        if kind:
            self.tree = Tree(raw["tree"].rest(), columns["lines"], of_time)
        lines = self.tree.lines if kind else [raw["lines"].take(raw["line lengths"].varint()) for _ in range(rows)]
        metadata, pairs = [()] * rows, raw["metadata"]
        if pairs.data and version > 4:
            metadata = Metadata(pairs.rest(), columns["metadata parts"], of_time).pairs
        elif pairs.data:
            names = pairs.many(pairs.string)
            metadata = [tuple(pairs.many(lambda: (names[pairs.varint()], pairs.string()))) for _ in range(rows)]
        self.entries = [Entry(*fields) for fields in zip(of_row, of_time, sequences, lines, metadata)]
        self.minutes, last, column = [], Minute(0, 0, 0, 0), raw.get("minutes", Cursor(b""))
        for difference, minute, *sizes in column.until_end(
                lambda: (column.varint(), column.zigzag(), column.varint(), column.varint())):
            last = Minute(last.stream + difference, last.number + minute, *sizes)
            self.minutes.append(last)
        for name, cursor in raw.items():
            cursor.end(name)
        check((len(of_row), sum(map(len, lines)), (min(of_time), max(of_time)), (of_row[0], of_row[-1])) ==
              (rows, line_bytes, times, streams), "a block is not as the directory says")


class Segment:
    """The streams, blocks, extents and statistics of a file, all checksums of which are right."""

    def __init__(self, data):
        check(len(data) >= HEADER_BYTES + 36, "too short")
        header, footer = Cursor(data[:HEADER_BYTES]), Cursor(data[-36:])
        at, size, crc, self.version = (footer.u(n) for n in (8, 8, 4, 4))
        check_crc(data[-36:-12], footer.u(4), "footer")
        check(footer.rest() == MAGIC and self.version in COLUMNS_OF_VERSION, "unknown version")
        check((header.take(8), header.u(4), header.u(4)) == (MAGIC, self.version, 0), "header")
        check(at + size == len(data) - 36, "place of the directory")
        check_crc(data[at:-36], crc, "directory")
        raw = region(data[at:-36])
        directory = PagedDirectory(data, at, raw) if self.version > 6 else OldDirectory(data, at, raw, self.version)
        self.streams, self.extents, self.statistics = directory.streams, directory.extents, directory.statistics
        self.pages = getattr(directory, "pages", {})
        self.blocks = [Block(self.version, columns, *fields) for fields, columns in directory.blocks]


def main():
    for path in sys.argv[1:]:
        segment = Segment(pathlib.Path(path).read_bytes())
        print(f"{path}: version {segment.version}, {len(segment.streams)} streams, {len(segment.blocks)} blocks")
        print("pages: " + ", ".join(f"{len(places)} {kind}" for kind, places in segment.pages.items()))
        for number, statistics in enumerate(segment.statistics):
            print(f"statistics {number}: extents by width {dict(sorted(statistics.widths.items()))}")
        for number, block in enumerate(segment.blocks):
            print(f"block {number}: {block.kind}, {len(block.entries)} rows")
            if block.tree:
                print("  " + ", ".join(f"{count} {name}" for name, count in sorted(block.tree.seen.items())))
                for rows, template in sorted(block.tree.templates, reverse=True):
                    print(f"  {rows:6} {template.decode(errors='replace')!r}")


if __name__ == "__main__":
    try:
        main()
    except (Damaged, OSError) as e:
        sys.exit(f"segment_reader: {e}")
