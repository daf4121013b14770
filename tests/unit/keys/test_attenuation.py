"""Derived keys: each caveat takes away, none gives, and nobody takes one back."""

from __future__ import annotations

import hmac
import re
from base64 import b32decode, b32encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsec.ids import KeyId, OrganizationId, WorkspaceId
from ctsec.keys.attenuation import (
    DERIVED_PATTERN,
    LABEL,
    MAX_BYTES,
    CaveatType,
    DerivedToken,
    caveat,
    chain,
    check_derived,
    derive,
    looks_derived,
    narrowing,
    parse_derived,
    root_of,
)
from ctsec.keys.mac import PepperRing
from ctsec.keys.policy import MintedKey
from ctsec.keys.record import ApiKey, KeySecret
from ctsec.keys.token import checksum, mint, parse
from ctsec.keys.verify import prepare
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.principal import PrincipalKind
from ctsec.secret import Secret, SecretText

NOW = datetime(2026, 1, 15, 9, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
KEY = KeyId("key_01kf0fv2hvna1wk9gswb6z1n9v")
PLACES = tuple(WorkspaceId(f"wsp_01kf0fv2hvna1wk9gswb6z1n9{n}") for n in "012")
SCOPES = ("agents:run", "audit:view", "billing:manage")
PARENT = mint(KEY, random=lambda n: bytes(range(n)))
RING = PepperRing(current="p1", peppers={"p1": Secret(b"p" * 32)})
SECRET = KeySecret(key_id=KEY, generation=1, mac=RING.mac(PARENT.reveal().encode())[1], pepper_id="p1", created_at=NOW)
RECORD = ApiKey(
    id=KEY,
    organization_id=OrganizationId("org_01kf0fv2hvna1wk9gswb6z1n9v"),
    owner_id="usr_01kf0fv2hvna1wk9gswb6z1n9v",
    owner_kind=PrincipalKind.USER,
    name="ci",
    environment="live",
    created_at=NOW,
    expires_at=NOW + 24 * HOUR,
)


def used(token: SecretText, *, key: ApiKey = RECORD, secret: KeySecret = SECRET, now: datetime = NOW, address: str = "") -> Outcome[ApiKey]:
    """Return what comes of using a derived key of the parent."""
    parsed = parse_derived(token.reveal())
    assert isinstance(parsed, DerivedToken), parsed
    root = root_of(PARENT.reveal().encode(), key_id=KEY)
    return check_derived(parsed, prepared=prepare(key, secrets=[secret]), roots=((secret, root),), now=now, address=address)


def forged(*caveats: bytes, mac: bytes | None = None) -> SecretText:
    """Return the text of a derived key with these caveats, whose chain is right unless another MAC is given."""
    raw = b"".join(caveats)
    end = chain(root_of(PARENT.reveal().encode(), key_id=KEY).reveal(), caveats=caveats) if mac is None else mac
    text = f"ct_live_d1_{KEY[4:]}_{b32encode(raw + end).decode().rstrip('=').lower()}_"
    return SecretText(text + checksum(text.encode()))


def until(moment: datetime) -> bytes:
    """Return the caveat of an end."""
    return caveat(CaveatType.EXPIRES, int(moment.timestamp()).to_bytes(8, "big"))


sets = st.none() | st.frozensets(st.sampled_from(SCOPES))
places = st.none() | st.frozensets(st.sampled_from(PLACES), min_size=1)
steps = st.lists(st.tuples(st.integers(0, 48), sets, st.none() | st.sampled_from(PLACES)), min_size=1, max_size=2)


@given(scopes=sets, held=places, ends=st.none() | st.integers(1, 48), steps=steps, at=st.integers(0, 48))
def test_a_derived_key_never_may_more_than_what_it_came_from(
    scopes: frozenset[str] | None,
    held: frozenset[WorkspaceId] | None,
    ends: int | None,
    steps: list[tuple[int, frozenset[str] | None, WorkspaceId | None]],
    at: int,
) -> None:
    """Whatever is derived from whatever, its rights are the intersection of all, and its end the earliest of all."""
    key = replace(RECORD, scopes=scopes, workspaces=held, expires_at=NOW + ends * HOUR if ends is not None else None)
    token, end = PARENT, float("inf") if ends is None else float(ends)
    may, here = set(SCOPES if scopes is None else scopes), set(PLACES if held is None else held)
    for hours, named, place in steps:
        token = derive(token, expires_at=NOW + hours * HOUR, scopes=named, workspace=place)
        end, may, here = min(end, hours), may & (named if named is not None else may), here & ({place} if place is not None else here)
    found = used(token, key=key, now=NOW + at * HOUR)
    if at >= end:
        assert isinstance(found, Refusal)
        assert found.reason is Reason.EXPIRED
        return
    assert isinstance(found, ApiKey)
    assert set(SCOPES if found.scopes is None else found.scopes) == may
    assert set(PLACES if found.workspaces is None else found.workspaces) == here
    assert found.expires_at == NOW + end * HOUR
    assert (found.scopes is None, found.workspaces is None) <= (key.scopes is None, key.workspaces is None)


def test_the_bytes_are_those_of_the_reference() -> None:
    """The vector of docs/reference/formats.md, computed here with the standard library's HMAC, step by step."""
    end, scope = until(NOW + HOUR), caveat(CaveatType.SCOPES, b"agents:run\0audit:view")
    place = caveat(CaveatType.WORKSPACE, PLACES[0].encode())
    assert (end.hex(), scope[:3].hex(), place[:3].hex()) == ("010008000000006968c1a8", "020015", "03001e")
    digest = hmac.digest(PARENT.reveal()[-49:-6].encode(), LABEL + KEY.encode(), "sha256")
    for each in (end, scope, place):
        digest = hmac.digest(digest, each, "sha256")
    token = derive(PARENT, expires_at=NOW + HOUR, scopes=frozenset({"audit:view", "agents:run"}), workspace=PLACES[0])
    assert token == forged(end, scope, place, mac=digest)
    assert LABEL == b"ctsec api key root v1\0"
    assert token.reveal() == VECTOR


VECTOR = (
    "ct_live_d1_01kf0fv2hvna1wk9gswb6z1n9v_aeaaqaaaaaags2gbvabaaflbm5sw45dthjzhk3qamf2wi2luhj3gszlxamab453tobptamllmyygm5rsnb3g4yjro5vtsz3to5"
    "rdm6rrny4tad5lk5e4higkexum6psmgzr6bssey3jzc4vndwwcwedwychunczq_3RkZq0"
)


@pytest.mark.proves("SEED-K4")
def test_a_second_derivation_gives_nothing_back() -> None:
    """What two derivations both leave is left: of two workspaces none, of scopes those in both lists, and the sooner end."""
    first = derive(PARENT, expires_at=NOW + HOUR, scopes=frozenset(SCOPES[:2]), workspace=PLACES[0])
    for place, left in ((PLACES[1], frozenset[WorkspaceId]()), (PLACES[0], frozenset(PLACES[:1]))):
        found = used(derive(first, expires_at=NOW + 2 * HOUR, scopes=frozenset(SCOPES[1:]), workspace=place))
        assert isinstance(found, ApiKey)
        assert (found.scopes, found.workspaces, found.expires_at) == (frozenset(SCOPES[1:2]), left, NOW + HOUR)


@pytest.mark.proves("SEED-K4")
def test_what_is_not_the_chain_is_refused() -> None:
    """A caveat dropped, changed, moved or added without the chain, another root, environment or prefix: none of them is a key."""
    end, scope = until(NOW + HOUR), caveat(CaveatType.SCOPES, b"agents:run")
    good = parse_derived(forged(end, scope).reveal())
    assert isinstance(good, DerivedToken)
    wrong = [forged(end, mac=good.mac), forged(scope, end, mac=good.mac), forged(end, scope, scope, mac=good.mac)]
    wrong += [forged(until(NOW + 2 * HOUR), scope, mac=good.mac), forged(end, scope, mac=bytes(32))]
    wrong += [
        SecretText(again(forged(end, scope).reveal().replace(*change))) for change in (("ct_live", "ct_test"), ("ct_live", "cx_live"))
    ]
    for token in wrong:
        found = used(token)
        assert isinstance(found, Refusal)
        assert found.reason is Reason.INVALID_TOKEN
    assert isinstance(used(forged(end, scope)), ApiKey)
    other = prepare(RECORD, secrets=[SECRET])
    for roots in ((), ((SECRET, Secret(bytes(32))),)):
        found = check_derived(good, prepared=other, roots=roots, now=NOW, address="")
        assert isinstance(found, Refusal)
        assert found.reason is Reason.INVALID_TOKEN


def again(text: str) -> str:
    """Return a text with the checksum that it should have."""
    return text[:-6] + checksum(text[:-6].encode())


def test_what_a_caveat_can_not_say_is_refused() -> None:
    """Unknown types, values of another length or order, no end: refused although the chain is right; nine caveats are no derived key."""
    end = until(NOW + HOUR)
    names = (b"b:b\0a:a", b"a:a\0a:a", b"a:a\0", b"a a", b"\xff", b"a" * 65)
    odd = [caveat(CaveatType.SCOPES, name) for name in names]
    odd += [caveat(CaveatType.WORKSPACE, b"wsp_1"), caveat(CaveatType.WORKSPACE, b"\xff" * 30), caveat(CaveatType.EXPIRES, bytes(7))]
    odd += [caveat(CaveatType.EXPIRES, b"\xff" * 8), b"\x04\x00\x01x", b"\x00\x00\x00"]
    for each in odd:
        found = used(forged(end, each))
        assert isinstance(found, Refusal), each
        assert found.reason is Reason.INVALID_TOKEN
    assert isinstance(narrowing((caveat(CaveatType.SCOPES, b"a:a"),)), Refusal)
    for text in (forged(*[end] * 9), forged(b"\x01\x00\x09abc"), forged(b"\x01\x00"), forged()):
        assert isinstance(parse_derived(text.reveal()), Refusal)
    assert isinstance(used(forged(*[end] * 8)), ApiKey)
    with pytest.raises(ValueError, match="at most 8"):
        derive(forged(*[end] * 8), expires_at=NOW)
    with pytest.raises(ValueError, match="at most 8"):
        derive(PARENT, expires_at=NOW, scopes=frozenset(f"{'a' * 60}:{n:03}" for n in range(MAX_BYTES // 64)))


def test_a_derived_key_dies_with_the_key() -> None:
    """Revoked, expired, rotated past the overlap, from a wrong address: refused for what the key itself would be refused for."""
    token = derive(PARENT, expires_at=NOW + 2 * HOUR)
    placed = replace(RECORD, networks=("192.0.2.0/24",))
    cases = (
        (used(token, key=replace(RECORD, revoked_at=NOW)), Reason.REVOKED),
        (used(token, key=replace(RECORD, expires_at=NOW)), Reason.EXPIRED),
        (used(token, secret=replace(SECRET, expires_at=NOW)), Reason.EXPIRED),
        (used(token, key=placed, address="198.51.100.7"), Reason.DENIED),
    )
    for found, reason in cases:
        assert isinstance(found, Refusal)
        assert found.reason is reason
    assert isinstance(used(token, key=placed, address="192.0.2.9"), ApiKey)


@given(st.text(max_size=300) | st.binary(max_size=120).map(lambda raw: b32encode(raw).decode().rstrip("=").lower()))
def test_no_text_is_a_key_and_a_derived_key(body: str) -> None:
    """Each parser refuses the other's texts, and whatever is noise; nothing raises."""
    text = f"ct_live_d1_{KEY[4:]}_{body}_"
    for each in (body, text, again(f"{text}xxxxxx") if text.isascii() else text):
        assert isinstance(parse(each), Refusal)
        looks_derived(each)
        parse_derived(each)
    derived = derive(PARENT, expires_at=NOW).reveal()
    assert isinstance(parse(derived), Refusal)
    assert isinstance(parse_derived(PARENT.reveal()), Refusal)
    assert (looks_derived(derived), looks_derived(PARENT.reveal())) == (True, False)


def test_one_derived_key_has_one_text() -> None:
    """Upper case, unused bits of the last digit, padding and blanks around it are refused; a scanner finds it by its pattern."""
    text = derive(PARENT, expires_at=NOW).reveal()
    head, body = text[:-7].rsplit("_", 1)
    last = "abcdefghijklmnopqrstuvwxyz234567".index(body[-1])
    other = body[:-1] + "abcdefghijklmnopqrstuvwxyz234567"[last ^ 1]
    assert b32decode(other.upper() + "=" * (-len(other) % 8)) == b32decode(body.upper() + "=" * (-len(body) % 8))
    for wrong in (again(f"{head}_{other}_xxxxxx"), again(f"{head}_{body.upper()}_xxxxxx"), f" {text}", f"{text}\n", text[:-1] + "!"):
        assert isinstance(parse_derived(wrong), Refusal), wrong
    assert re.findall(DERIVED_PATTERN, f'token = "{text}"') == [text]
    assert text not in repr(parse_derived(text))


def test_what_can_not_be_derived_is_an_error() -> None:
    """No key, a naive end, scopes and workspaces that are none."""
    for token in ("", "ct_live_x", PARENT.reveal()[:-1] + "!"):
        with pytest.raises(ValueError, match="expected an API key"):
            derive(SecretText(token), expires_at=NOW)
    with pytest.raises(ValueError, match="aware"):
        derive(PARENT, expires_at=NOW.replace(tzinfo=None))
    with pytest.raises(ValueError, match="scopes"):
        derive(PARENT, expires_at=NOW, scopes=frozenset({"a b"}))
    with pytest.raises(ValueError, match="workspace"):
        derive(PARENT, expires_at=NOW, workspace=WorkspaceId("elsewhere"))


@pytest.mark.proves("CHANGELOG-django-allauth-0-63-4")
def test_no_secret_is_in_a_text_of_a_record() -> None:
    """What holds a key, a derived key or a root shows none of them: not by repr, str or format, nor inside of another record."""
    child = derive(PARENT, expires_at=NOW)
    parsed = parse_derived(child.reveal())
    assert isinstance(parsed, DerivedToken)
    root = root_of(PARENT.reveal().encode(), key_id=KEY)
    kept = replace(SECRET, sealed_root=root.reveal())
    shown = (PARENT, child, parsed, parse(PARENT.reveal()), root, kept, MintedKey(RECORD, PARENT), prepare(RECORD, secrets=[kept]))
    for each in (*shown, shown):
        texts = (repr(each), str(each), f"{each}")
        for secret in (PARENT.reveal()[-49:], child.reveal()[-60:], root.reveal().hex(), repr(root.reveal())[2:-1], repr(parsed.mac)[2:-1]):
            assert not any(secret in text for text in texts), type(each)
