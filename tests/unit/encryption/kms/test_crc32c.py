"""CRC-32C against the published examples."""

from __future__ import annotations

import pytest

from ctsec.encryption.kms.crc32c import crc32c


@pytest.mark.parametrize(
    ("data", "total"),
    [
        (b"", 0), (b"123456789", 0xE3069283), (bytes(32), 0x8A9136AA), (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E), (bytes(range(31, -1, -1)), 0x113FDB5C),
    ],
)  # fmt: skip
def test_examples(data: bytes, total: int) -> None:
    """The check value of the polynomial and the examples of RFC 3720, B.4."""
    assert crc32c(data) == total
