"""Checksums: the vectors of their standards, and what an object's checksums allow to be verified."""

from __future__ import annotations

import base64
import hashlib
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sayso.modelsync.checksums.content import (
    CrcHash,
    Expected,
    Unverifiable,
    checksums_of_headers,
    combine_crc,
    composite_hex,
    expectation,
    is_crc,
    new_hash,
)
from sayso.modelsync.records import Checksum, ChecksumAlgorithm

CRCS = [algorithm for algorithm in ChecksumAlgorithm if is_crc(algorithm)]
MEBIBYTE = 2**20
MD5 = hashlib.md5(b"content", usedforsecurity=False).hexdigest()


@pytest.mark.parametrize(
    ("algorithm", "check"),
    [
        (ChecksumAlgorithm.CRC64NVME, "ae8b14860a799888"),
        (ChecksumAlgorithm.CRC32C, "e3069283"),
        (ChecksumAlgorithm.CRC32, "cbf43926"),
        (ChecksumAlgorithm.SHA1, "f7c3bc1d808e04732adf679965ccc34ca7ae3441"),
        (ChecksumAlgorithm.SHA256, "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225"),
        (ChecksumAlgorithm.MD5, "25f9e794323b453885f5181f1b624d0b"),
    ],
)
def test_each_algorithm_gives_the_check_value_of_its_standard(algorithm: ChecksumAlgorithm, check: str) -> None:
    """The checksum of the digits 1 to 9, in one piece and byte by byte."""
    content = new_hash(algorithm)
    for byte in b"123456789":
        content.update(bytes([byte]))
    assert content.hexdigest() == check


@given(st.binary(max_size=300), st.binary(max_size=300), st.sampled_from(CRCS))
def test_the_crc_of_two_ranges_is_that_of_the_whole(first: bytes, second: bytes, algorithm: ChecksumAlgorithm) -> None:
    """Also where one of them is empty."""
    one, other, whole = CrcHash(algorithm), CrcHash(algorithm), CrcHash(algorithm)
    one.update(first)
    other.update(memoryview(second))
    whole.update(first + second)
    assert combine_crc(algorithm, one.value, other.value, len(second)) == whole.value


@given(st.binary(max_size=300))
def test_crc32_is_that_of_zlib(content: bytes) -> None:
    """Another implementation agrees."""
    crc = CrcHash(ChecksumAlgorithm.CRC32)
    crc.update(content)
    assert crc.value == zlib.crc32(content)


def test_a_composite_checksum_is_that_of_the_parts_digests() -> None:
    """As S3 makes the ETag of an upload in parts."""
    parts = [hashlib.md5(part, usedforsecurity=False) for part in (b"one", b"two")]
    whole = hashlib.md5(b"".join(part.digest() for part in parts), usedforsecurity=False).hexdigest()
    assert composite_hex(ChecksumAlgorithm.MD5, [part.hexdigest() for part in parts]) == f"{whole}-2"


def test_the_headers_of_a_response_give_its_checksums() -> None:
    """In hexadecimal, the fastest first; a value that is no checksum is left out."""
    crc = bytes.fromhex("ae8b14860a799888")
    headers = {
        "x-amz-checksum-sha256": base64.b64encode(hashlib.sha256(b"x").digest()).decode(),
        "x-amz-checksum-crc64nvme": base64.b64encode(crc).decode(),
        "x-amz-checksum-crc32": "AAA=",
        "x-amz-checksum-crc32c": "no base64",
        "x-amz-checksum-type": "FULL_OBJECT",
        "etag": '"abc"',
    }
    assert checksums_of_headers(headers) == (
        Checksum(algorithm=ChecksumAlgorithm.CRC64NVME, digest=crc.hex()),
        Checksum(algorithm=ChecksumAlgorithm.SHA256, digest=hashlib.sha256(b"x").hexdigest()),
    )


@pytest.mark.parametrize("suffix", ["", "-3"])
def test_a_composite_checksum_is_recognised_by_its_type_or_by_its_form(suffix: str) -> None:
    """Older servers do not send the type."""
    headers = {"x-amz-checksum-crc32c": base64.b64encode(b"abcd").decode() + suffix}
    if not suffix:
        headers["x-amz-checksum-type"] = "COMPOSITE"
    assert checksums_of_headers(headers) == (
        Checksum(algorithm=ChecksumAlgorithm.CRC32C, digest=b"abcd".hex() + suffix, is_full_object=False),
    )


def test_a_checksum_of_the_whole_is_preferred_to_the_etag() -> None:
    """And the fastest of them to the others."""
    checksums = [
        Checksum(algorithm=ChecksumAlgorithm.SHA256, digest="aa"),
        Checksum(algorithm=ChecksumAlgorithm.CRC64NVME, digest="bb-2", is_full_object=False),
        Checksum(algorithm=ChecksumAlgorithm.CRC32C, digest="cc"),
    ]
    expected = expectation(checksums, etag=MD5, size_bytes=7)
    assert expected == Expected(algorithm=ChecksumAlgorithm.CRC32C, digest="cc")


def test_an_etag_that_is_an_md5_verifies() -> None:
    """Without any other checksum."""
    assert expectation((), etag=MD5, size_bytes=7) == Expected(algorithm=ChecksumAlgorithm.MD5, digest=MD5)


@pytest.mark.parametrize(
    ("etag", "is_etag_md5", "reason"),
    [
        (MD5, False, "its ETag is not an MD5"),
        ("0x8D4BCC2E4835CD0", True, "it has no checksum"),
        ("", True, "neither a checksum nor an ETag"),
        (f"{MD5}-7", True, "parts of unknown size"),
        (f"{MD5}-0", True, "no checksum"),
        (f"{MD5}--2", True, "unknown"),
        (f"{MD5}-x", True, "no checksum"),
    ],
)
def test_what_cannot_be_compared_is_unverifiable_and_says_why(etag: str, reason: str, *, is_etag_md5: bool) -> None:
    """Never taken for verified."""
    found = expectation((), etag=etag, size_bytes=8 * MEBIBYTE, is_etag_md5=is_etag_md5)
    assert isinstance(found, Unverifiable)
    assert reason in found.reason


def test_a_part_size_that_is_known_makes_a_composite_etag_certain() -> None:
    """A size that does not fit the number of parts is not used."""
    assert expectation((), etag=f"{MD5}-3", size_bytes=20, part_bytes=7) == Expected(
        algorithm=ChecksumAlgorithm.MD5, digest=f"{MD5}-3", part_bytes=7
    )
    assert isinstance(expectation((), etag=f"{MD5}-3", size_bytes=20, part_bytes=11), Unverifiable)


def test_a_part_size_that_is_guessed_is_not_certain() -> None:
    """8 MiB is the default of AWS's tools, but other sizes give as many parts."""
    found = expectation((), etag=f"{MD5}-3", size_bytes=20 * MEBIBYTE)
    assert found == Expected(
        algorithm=ChecksumAlgorithm.MD5, digest=f"{MD5}-3", part_bytes=8 * MEBIBYTE, is_certain=False
    )
