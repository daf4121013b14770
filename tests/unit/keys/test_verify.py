"""Whether a token proves a key."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsec.errors import CorruptRecord
from ctsec.ids import KeyId, OrganizationId, new_id
from ctsec.keys.mac import PepperRing
from ctsec.keys.record import ApiKey, KeySecret, KeyStatus, status_at
from ctsec.keys.token import ParsedToken, mint, parse
from ctsec.keys.verify import check_key, parse_network, prepare, proving_secret
from ctsec.outcome import Reason, Refusal
from ctsec.principal import PrincipalKind
from ctsec.secret import Secret

NOW = datetime(2026, 3, 1, tzinfo=UTC)
TICK = timedelta(microseconds=1)
KEY_ID = KeyId(new_id(KeyId, now=NOW, random=os.urandom))
RING = PepperRing(current="2", peppers={"1": Secret(b"o" * 32), "2": Secret(b"n" * 32)})
KEY = ApiKey(
    id=KEY_ID,
    organization_id=OrganizationId(new_id(OrganizationId, now=NOW, random=os.urandom)),
    owner_id="usr_1",
    owner_kind=PrincipalKind.USER,
    name="deploy",
    environment="live",
    created_at=NOW,
)


def parsed(key_id: KeyId = KEY_ID) -> ParsedToken:
    outcome = parse(mint(key_id, random=os.urandom).reveal())
    assert isinstance(outcome, ParsedToken)
    return outcome


TOKEN, OLDER = parsed(), parsed()


def secret(token: ParsedToken, generation: int = 1, expires_at: datetime | None = None) -> KeySecret:
    pepper, mac = RING.mac(token.token)
    return KeySecret(key_id=KEY_ID, generation=generation, mac=mac, pepper_id=pepper, created_at=NOW, expires_at=expires_at)


def reason(
    key: ApiKey, token: ParsedToken = TOKEN, *, secrets: tuple[KeySecret, ...] | None = None, now: datetime = NOW, address: str = ""
) -> Reason | None:
    outcome = check_key(token, key=key, secrets=(secret(TOKEN),) if secrets is None else secrets, ring=RING, now=now, address=address)
    assert outcome is key or isinstance(outcome, Refusal)
    return outcome.reason if isinstance(outcome, Refusal) else None


def test_the_right_token_proves_its_key_and_no_other_does() -> None:
    """The token whose MAC is stored gives the key; another token of the same key, and a key without secrets, give INVALID_TOKEN."""
    assert reason(KEY) is None
    assert reason(KEY, OLDER) is Reason.INVALID_TOKEN
    assert reason(KEY, secrets=()) is Reason.INVALID_TOKEN


@pytest.mark.proves("NIST-4.4")
def test_expiry_begins_at_its_very_moment() -> None:
    """A key is good until a microsecond before `expires_at` and expired from then on."""
    key = replace(KEY, expires_at=NOW + timedelta(days=90))
    assert reason(key, now=NOW + timedelta(days=90) - TICK) is None
    assert reason(key, now=NOW + timedelta(days=90)) is Reason.EXPIRED
    assert (status_at(key, NOW), status_at(key, NOW + timedelta(days=90))) == (KeyStatus.VALID, KeyStatus.EXPIRED)


def test_revocation_comes_before_expiry_and_both_after_the_proof() -> None:
    """A revoked and expired key says REVOKED to the holder of its secret, and only INVALID_TOKEN to anybody else."""
    key = replace(KEY, revoked_at=NOW, expires_at=NOW, networks=("192.0.2.0/24",))
    assert reason(key) is Reason.REVOKED
    assert reason(key, OLDER) is Reason.INVALID_TOKEN
    assert status_at(key, NOW) is KeyStatus.REVOKED


def test_rotation_overlaps_and_ends() -> None:
    """During the overlap both generations prove the key; after it the old one is expired and the new one still good."""
    end = NOW + timedelta(hours=24)
    secrets = (secret(TOKEN, 2), secret(OLDER, 1, end))
    for order in (secrets, secrets[::-1]):
        assert [reason(KEY, token, secrets=order, now=end - TICK) for token in (TOKEN, OLDER)] == [None, None]
        assert [reason(KEY, token, secrets=order, now=end) for token in (TOKEN, OLDER)] == [None, Reason.EXPIRED]


def test_every_generation_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """A match does not end the comparison: each generation's MAC is verified each time."""
    seen: list[bytes] = []
    real = PepperRing.verify

    def spy(self: PepperRing, pepper_id: str, mac: bytes, token: bytes) -> bool:
        seen.append(mac)
        return real(self, pepper_id, mac, token)

    monkeypatch.setattr(PepperRing, "verify", spy)
    secrets = (secret(TOKEN, 2), secret(OLDER, 1))
    assert reason(KEY, secrets=secrets) is None
    assert seen == [item.mac for item in secrets]


@pytest.mark.parametrize(
    ("address", "admitted"),
    [
        ("192.0.2.1", True),
        ("192.0.3.1", False),
        ("::ffff:192.0.2.1", True),
        ("::ffff:192.0.3.1", False),
        ("2001:db8::1", True),
        ("2001:db9::1", False),
        ("2001:db8::1%eth0", False),
        ("", False),
        ("192.0.2.1, 10.0.0.1", False),
        ("192.0.2.01", False),
        ("3221225985", False),
        ("1" * 1_048_576, False),
    ],
)
def test_networks_admit_only_addresses_inside(address: str, admitted: bool) -> None:
    """With networks a missing, malformed or foreign address is denied; v4 inside v6 counts as v4."""
    key = replace(KEY, networks=("192.0.2.0/24", "2001:db8::/32"))
    assert reason(key, address=address) is (None if admitted else Reason.DENIED)
    assert reason(KEY, address=address) is None


@given(address=st.ip_addresses(), network=st.ip_addresses(), bits=st.integers(0, 32))
def test_networks_agree_with_the_standard_library(address: object, network: object, bits: int) -> None:
    """An address is admitted exactly if the standard library finds it in the network."""
    cidr = ip_network(f"{network}/{bits}", strict=False)
    single = ip_address(str(address))
    single = getattr(single, "ipv4_mapped", None) or single
    try:
        key = prepare(replace(KEY, networks=(str(cidr),)), secrets=(secret(TOKEN),))
    except CorruptRecord:
        assert getattr(cidr.network_address, "ipv4_mapped", None) is not None
        return
    outcome = key.check(TOKEN.token, ring=RING, now=NOW, address=str(address))
    assert isinstance(outcome, ApiKey) is (single in cidr)


@pytest.mark.parametrize("text", ["192.0.2.1/24", "192.0.2.0/33", "::ffff:192.0.2.0/120", "", "any", "192.0.2.0/24 "])
def test_a_network_that_means_something_else_is_refused(text: str) -> None:
    """Host bits, impossible masks, v4 networks inside v6 and other text raise ValueError, and in a stored record CorruptRecord."""
    with pytest.raises(ValueError):
        parse_network(text)
    with pytest.raises(CorruptRecord):
        prepare(replace(KEY, networks=(text,)), secrets=())


def test_a_secret_of_another_key_is_a_corrupt_record() -> None:
    """Secrets that a store mixed up between keys are an error, never a proof."""
    other = replace(secret(TOKEN), key_id=KeyId(new_id(KeyId, now=NOW, random=os.urandom)))
    with pytest.raises(CorruptRecord):
        prepare(KEY, secrets=(other,))


def test_the_generation_that_a_token_proves_is_found() -> None:
    """For computing a MAC anew under the current pepper, the generation of the token is found, and None for a foreign token."""
    before = PepperRing(current="1", peppers={"1": Secret(b"o" * 32)})
    pepper, mac = before.mac(OLDER.token)
    old = replace(secret(OLDER), mac=mac, pepper_id=pepper)
    secrets = (secret(TOKEN, 2), old)
    assert proving_secret(OLDER.token, secrets=secrets, ring=RING) is old
    assert proving_secret(parsed().token, secrets=secrets, ring=RING) is None


def test_records_do_not_show_macs() -> None:
    """The repr of a secret's record shows no byte of its MAC."""
    item = secret(TOKEN)
    assert repr(item.mac) not in repr(item)
    assert repr(item.mac) not in repr(prepare(KEY, secrets=(item,)))
