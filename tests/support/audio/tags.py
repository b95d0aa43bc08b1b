"""Audio files with very many tags."""

from __future__ import annotations

import struct
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_FLAC_INFO_BYTES = 34


def comments(count: int) -> bytes:
    """So many Vorbis comments, each with a different name."""
    each = (b"%x=1" % number for number in range(count))
    return struct.pack("<II", 0, count) + b"".join(struct.pack("<I", len(entry)) + entry for entry in each)


def with_id3(mp3: bytes, count: int) -> bytes:
    """An MP3 file with so many tags before it."""
    frames = b"".join(_id3_part(b"TXXX", b"\0\0", b"\3%x\0v" % number) for number in range(count))
    return _id3_part(b"ID3", b"", frames, version=b"\4\0\0") + mp3


def with_flac_comments(flac: bytes, count: int) -> bytes:
    """A FLAC file with so many tags instead of its own."""
    start = 4
    is_last = False
    while not is_last:
        is_last = bool(flac[start] & 0x80)
        start += 4 + int.from_bytes(flac[start + 1 : start + 4])
    tags = comments(count)
    info = flac[8 : 8 + _FLAC_INFO_BYTES]
    head = b"fLaC" + _flac_block(0, info) + _flac_block(4 | 0x80, tags)
    return head + flac[start:]


def with_opus_comments(opus: bytes, count: int, *, serial: int) -> bytes:
    """An Ogg Opus file with so many tags instead of its own, as another stream."""
    made: list[bytes] = []
    for place, (flags, granule, lengths, body) in enumerate(_pages(opus)):
        if place != 1:
            made.append(_page(flags, granule, serial, len(made), lengths, body))
            continue
        tags = b"OpusTags" + comments(count)
        left = bytes([255] * (len(tags) // 255) + [len(tags) % 255])
        while left:
            now, left = left[:255], left[255:]
            size = sum(now)
            made.append(_page(int(len(made) > 1), -1 if left else 0, serial, len(made), now, tags[:size]))
            tags = tags[size:]
    return b"".join(made)


def _id3_part(name: bytes, flags: bytes, content: bytes, *, version: bytes = b"") -> bytes:
    size = bytes(len(content) >> shift & 127 for shift in (21, 14, 7, 0))
    return name + version + size + flags + content


def _flac_block(kind: int, content: bytes) -> bytes:
    return bytes([kind]) + len(content).to_bytes(3) + content


def _pages(ogg: bytes) -> Iterator[tuple[int, int, bytes, bytes]]:
    start = 0
    while start < len(ogg):
        count = ogg[start + 26]
        lengths = ogg[start + 27 : start + 27 + count]
        body = start + 27 + count
        (granule,) = struct.unpack_from("<q", ogg, start + 6)
        yield ogg[start + 5], granule, lengths, ogg[body : body + sum(lengths)]
        start = body + sum(lengths)


def _page(flags: int, granule: int, serial: int, number: int, lengths: bytes, body: bytes) -> bytes:
    head = b"OggS\0" + struct.pack("<BqIIIB", flags, granule, serial, number, 0, len(lengths)) + lengths
    return head[:22] + struct.pack("<I", _checksum(head + body)) + head[26:] + body


def _checksum(data: bytes) -> int:
    table = _table()
    value = 0
    for byte in data:
        value = (value << 8 & 0xFFFFFFFF) ^ table[value >> 24 ^ byte]
    return value


@cache
def _table() -> list[int]:
    table = []
    for byte in range(256):
        value = byte << 24
        for _ in range(8):
            value = (value << 1 ^ (0x04C11DB7 if value & 0x80000000 else 0)) & 0xFFFFFFFF
        table.append(value)
    return table
