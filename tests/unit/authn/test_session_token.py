"""Session tokens: 256 random bits each, of which only a digest is kept, and nothing near one that is taken for it."""

from __future__ import annotations

import hashlib
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsec.authn.session_token import SESSION_TOKEN_LENGTH, PresentedSession, mint_session_token, parse_session_token
from ctsec.ids import SessionId
from ctsec.outcome import Refusal

ID = SessionId("ses_00000000000000000000000001")
secrets = st.binary(min_size=32, max_size=32)


@pytest.mark.proves("ASVS-7.2.3", "NIST-5.1(2)")
@given(one=secrets, other=secrets)
def test_all_256_bits_are_in_the_token(one: bytes, other: bytes) -> None:
    """The token repeats 32 bytes of one draw without loss: different bytes make different tokens and digests, the same ones the same."""
    asked: list[int] = []

    def draw(size: int) -> bytes:
        asked.append(size)
        return one

    token, digest = mint_session_token(ID, random=draw)
    second, other_digest = mint_session_token(ID, random=lambda _: other)
    assert asked == [32]
    assert len(token.reveal()) == SESSION_TOKEN_LENGTH
    assert (token.reveal() == second.reveal(), digest == other_digest) == (one == other, one == other)


@pytest.mark.proves("ASVS-7.2.3")
def test_what_is_kept_is_a_digest() -> None:
    """What is stored is SHA-256 over what the token says, holds none of it, and is what a presented token is looked up by."""
    token, digest = mint_session_token(ID, random=os.urandom)
    presented = parse_session_token(token.reveal())
    assert isinstance(presented, PresentedSession)
    assert (presented.session_id, presented.digest, len(digest)) == (ID, digest, hashlib.sha256().digest_size)
    assert token.reveal().rpartition(".")[2].encode() not in digest


@pytest.mark.proves("ASVS-7.2.3")
def test_ten_thousand_tokens_are_ten_thousand() -> None:
    """With the system's randomness no token and no digest comes twice."""
    made = [mint_session_token(ID, random=os.urandom) for _ in range(10_000)]
    assert len({token.reveal() for token, _ in made}) == len({digest for _, digest in made}) == 10_000


def test_nothing_near_a_token_is_one() -> None:
    """Each shorter and longer text, and each other character in its place, is refused or has another digest."""
    text, digest = mint_session_token(ID, random=lambda size: bytes(range(size)))
    token = text.reveal()
    for piece in [
        *(token[:end] for end in range(len(token))),
        *(token[start:] for start in range(1, len(token))),
        f"{token}A",
        f" {token}",
    ]:
        assert isinstance(parse_session_token(piece), Refusal), piece
    for place in range(len(token)):
        for other in "Ax-. \u00e9":
            changed = token[:place] + other + token[place + 1 :]
            found = parse_session_token(changed)
            assert changed == token or isinstance(found, Refusal) or (found.session_id, found.digest) != (ID, digest), changed
