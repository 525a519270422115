"""The bytes under a segment: integers, strings, regions, checksums, as docs/format.md says."""
import ctypes

U64 = (1 << 64) - 1

zstd = ctypes.CDLL("libzstd.so.1")
zstd.ZSTD_findFrameCompressedSize.argtypes = [ctypes.c_char_p, ctypes.c_size_t]
zstd.ZSTD_decompress.argtypes = zstd.ZSTD_findFrameCompressedSize.argtypes * 2
zstd.ZSTD_decompress.restype = zstd.ZSTD_findFrameCompressedSize.restype = ctypes.c_size_t


class Damaged(Exception):
    """The file is not what the page says."""


def check(good, what):
    if not good:
        raise Damaged(what)


def crc_of_byte(crc):
    for _ in range(8):
        crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc


CRC_TABLE = [crc_of_byte(byte) for byte in range(256)]


def check_crc(data, want, what):
    crc = U64 >> 32
    for byte in data:
        crc = CRC_TABLE[(crc ^ byte) & 0xFF] ^ crc >> 8
    check(crc ^ U64 >> 32 == want, f"{what}: checksum")


def decompress(frame, size):
    check(zstd.ZSTD_findFrameCompressedSize(frame, len(frame)) == len(frame), "not one zstd frame")
    out = ctypes.create_string_buffer(max(size, 1))
    check(zstd.ZSTD_decompress(out, size, frame, len(frame)) == size, "zstd frame of another size")
    return out.raw[:size]


class Cursor:
    """Takes fields from the front of bytes."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, size):
        check(size <= len(self.data) - self.at, "bytes end early")
        self.at += size
        return self.data[self.at - size:self.at]

    def rest(self):
        return self.take(len(self.data) - self.at)

    def end(self, what):
        check(self.at == len(self.data), f"{what}: more bytes than fields")

    def u(self, size):
        return int.from_bytes(self.take(size), "little")

    def varint(self):
        value = shift = 0
        while (byte := self.u(1)) >= 0x80:
            value |= (byte & 0x7F) << shift
            shift += 7
        value |= byte << shift
        check(value <= U64 and shift < 70, "varint of more than 64 bits")
        return value

    def zigzag(self):
        value = self.varint()
        return value >> 1 ^ -(value & 1)

    def string(self):
        return self.take(self.varint())

    def many(self, read):
        return [read() for _ in range(self.varint())]

    def until_end(self, read):
        out = []
        while self.at < len(self.data):
            out.append(read())
        return out


def region(data):
    cursor = Cursor(data)
    kind, size = cursor.u(1), cursor.varint()
    check(kind <= 1, "unknown kind of region")
    raw = decompress(cursor.rest(), size) if kind else cursor.rest()
    check(len(raw) == size, "region of another size")
    return raw


def turned(value):
    """A signed integer that is stored with its highest bit turned."""
    return value - (1 << 63)


def as_signed(value):
    return turned(value & U64 ^ 1 << 63)
