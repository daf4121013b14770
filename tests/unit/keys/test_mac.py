"""HMAC-SHA-256 under a pepper ring."""

from __future__ import annotations

import hmac
import json
import os
import traceback
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsec.keys import mac as module
from ctsec.keys.mac import HmacSha256, PepperRing
from ctsec.secret import Secret
from tests.conftest import VECTORS

OLD, NEW = Secret(b"o" * 32), Secret(b"n" * 32)


@given(key=st.binary(max_size=200), message=st.binary(max_size=200))
def test_it_is_hmac_sha_256(key: bytes, message: bytes) -> None:
    """For any key and message the digest is the standard library's, the first time and again."""
    state = HmacSha256(key)
    assert state.digest(message) == state.digest(message) == hmac.digest(key, message, "sha256")


@pytest.mark.vectors
def test_published_vectors() -> None:
    """Every HMAC-SHA-256 vector of Wycheproof gives its tag where it is valid and another where it is not."""
    groups = json.loads((Path(VECTORS) / "wycheproof" / "hmac_sha256_test.json").read_text())["testGroups"]
    cases = [(group["tagSize"] // 8, case) for group in groups for case in group["tests"]]
    assert len(cases) == 174
    for size, case in cases:
        tag = HmacSha256(bytes.fromhex(case["key"])).digest(bytes.fromhex(case["msg"]))[:size]
        assert (tag.hex() == case["tag"]) is (case["result"] == "valid"), case["tcId"]


def test_the_current_pepper_makes_macs_and_old_ones_still_verify() -> None:
    """After rotation a MAC of the old pepper verifies under its own name only, and new MACs are the new pepper's."""
    before = PepperRing(current="1", peppers={"1": OLD})
    after = PepperRing(current="2", peppers={"1": OLD, "2": NEW})
    name, digest = before.mac(b"token")
    assert (name, len(digest)) == ("1", 32)
    assert after.verify("1", digest, b"token")
    assert not after.verify("2", digest, b"token")
    assert after.mac(b"token") == ("2", hmac.digest(b"n" * 32, b"token", "sha256"))
    assert after.current == "2"


def test_nothing_else_verifies() -> None:
    """Another token, a changed, shortened, lengthened or empty MAC, and a pepper that the ring has not, verify nothing."""
    ring = PepperRing(current="1", peppers={"1": OLD})
    _, digest = ring.mac(b"token")
    for name, given_mac, token in (
        ("1", digest, b"tokem"),
        ("1", bytes([digest[0] ^ 1]) + digest[1:], b"token"),
        ("1", digest[:-1], b"token"),
        ("1", digest + b"\0", b"token"),
        ("1", b"", b"token"),
        ("0", digest, b"token"),
        ("", digest, b"token"),
    ):
        assert not ring.verify(name, given_mac, token)


@pytest.mark.proves("ASVS-11.2.4")
def test_comparison_is_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The verdict is that of `compare_digest` over the whole MAC."""
    seen: list[tuple[bytes, bytes]] = []
    ring = PepperRing(current="1", peppers={"1": OLD})
    _, digest = ring.mac(b"token")

    def spy(a: bytes, b: bytes) -> bool:
        seen.append((a, b))
        return True

    monkeypatch.setattr(module, "compare_digest", spy)
    assert ring.verify("1", b"x" * 32, b"token")
    assert seen == [(digest, b"x" * 32)]


def test_a_ring_that_can_not_work_is_refused() -> None:
    """A missing current pepper, an empty ring and a pepper under 32 bytes raise ValueError when the ring is built."""
    with pytest.raises(ValueError, match="current"):
        PepperRing(current="2", peppers={"1": OLD})
    with pytest.raises(ValueError, match="current"):
        PepperRing(current="1", peppers={})
    with pytest.raises(ValueError, match="32 bytes"):
        PepperRing(current="1", peppers={"1": Secret(b"x" * 31)})


def test_nothing_shows_a_pepper() -> None:
    """No repr, str or traceback with the ring in it shows a byte of a pepper."""
    canary = os.urandom(16).hex().encode()
    ring = PepperRing(current="1", peppers={"1": Secret(canary)})
    with pytest.raises(TypeError) as caught:
        ring.mac("not bytes")  # type: ignore[arg-type]
    inside = caught.tb.tb_next  # below this test, whose own variables hold the canary
    lines = "".join(traceback.TracebackException(caught.type, caught.value, inside, capture_locals=True).format())
    assert "PepperRing(" in lines
    shown = repr(ring) + str(ring) + repr(HmacSha256(canary)) + lines
    assert canary.decode() not in shown
    assert canary.hex() not in shown
