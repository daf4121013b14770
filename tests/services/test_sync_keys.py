# Generated from tests/services/test_async_keys.py by tools/twin.py; edit that file.
"""API keys: shown once, never more than their owner, ended at once (async source of the twin)."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from ctsec.ambient import Request
from ctsec.authn.journey import SignedIn
from ctsec.directory.record import Organization
from ctsec.encryption.kms.local import LocalKms
from ctsec.ids import SessionId, UserId
from ctsec.keys.policy import KeyRequest, MintedKey
from ctsec.outcome import Reason
from ctsec.principal import Principal, anonymous
from ctsec.security.parts import EmbeddedOptions
from ctsec.testing import Written
from ctsec.user import UserStatus
from tests.services._sync_world import KINDS, World
from tests.services.probing import OTHER_PASSWORD, reason


@pytest.fixture(params=KINDS)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[World, None, None]:
    with World.open(request.param, folder=tmp_path) as made:
        yield made


@pytest.fixture
def ann(world: World) -> Principal:
    return world.person("ann@acme.example")


@pytest.fixture
def acme(world: World, ann: Principal) -> Organization:
    return world.organization(ann)


@pytest.mark.proves("ASVS-11.2.2", "ASVS-13.3.4")
def test_a_pepper_is_replaced_while_keys_are_used(world: World, ann: Principal, acme: Organization, tmp_path: Path) -> None:
    """A key that is used under an old pepper is under the current one a moment later, and opens without the old one from then on."""
    files = tmp_path / "old-pepper", tmp_path / "new-pepper"
    refs = [LocalKms.create(file).ref for file in files]

    def answers(token: str, *known: Path) -> tuple[Reason | None, dict[str, int]]:
        """Use a key in a process with these peppers, and return the answer, and how many keys are under each pepper afterwards."""
        options = EmbeddedOptions(pepper_files=tuple(map(str, known)))
        with World.over(world.storage, options=options, keys=world.keys) as process:
            said = reason(process.gate.api_key(token, process.request))
            process.security.jobs.write_uses()
            with world.storage.reading() as store:
                counts = store.api_keys.peppers(now=process.clock.now())
            return said, dict(counts)

    with World.over(world.storage, options=EmbeddedOptions(pepper_files=(str(files[0]),)), keys=world.keys) as before:
        used, unused = [before.key(ann, acme.id, name=name) for name in ("used", "unused")]
    (old, new), (first, second) = files, refs
    assert answers(used.token.reveal(), new, old) == (None, {first: 1, second: 1})
    assert answers(used.token.reveal(), new) == (None, {first: 1, second: 1})
    assert answers(unused.token.reveal(), new) == (Reason.INVALID_TOKEN, {first: 1, second: 1})
    assert answers(unused.token.reveal(), new, old) == (None, {second: 2})


def through(world: World, minted: MintedKey) -> Principal:
    """Return the principal that the gate makes of a key."""
    principal = world.gate.api_key(minted.token.reveal(), world.request)
    assert isinstance(principal, Principal), principal
    return principal


def test_the_secret_is_shown_once(world: World, ann: Principal, acme: Organization) -> None:
    """The text opens the door, and no list, event or record holds it."""
    minted = world.key(ann, acme.id)
    token = minted.token.reveal()
    assert (through(world, minted)).id == ann.id
    secret = token.removeprefix("ctsec")[-20:]
    (listed,) = world.call("api_keys.of", ann, organization=acme.id)
    assert listed == minted.key
    assert secret not in repr(listed)
    assert all(secret.encode() not in event.body for event in world.events(acme.id))
    assert world.call("api_keys.of", world.person("bob@acme.example"), organization=acme.id) == ()


@pytest.mark.proves("ASVS-8.3.2", "ASVS-8.3.3", "CVE-2026-62231")
def test_a_key_may_what_its_scopes_and_its_owner_may(world: World, ann: Principal, acme: Organization) -> None:
    """A key's rights are its scopes and its owner's rights at that moment: demotion takes them from the key at once."""
    cid = world.member(acme.id, "cid@acme.example", role="owner")
    minted = world.key(cid, acme.id, scopes=frozenset({"billing:manage", "audit:view"}))
    key = through(world, minted)
    assert world.may(key, "billing:manage", acme.id)
    assert not world.may(key, "members:manage", acme.id)
    world.call("roles.change_organization_role", ann, organization=acme.id, user=cid.id, role="admin")
    assert not world.may(key, "billing:manage", acme.id)
    assert world.may(key, "audit:view", acme.id)


def test_life_is_limited(world: World, ann: Principal, acme: Organization) -> None:
    """A key ends after 90 days unless asked otherwise; more than a year, or no end, is refused."""
    minted = world.key(ann, acme.id)
    assert minted.key.expires_at == world.clock.now() + timedelta(days=90)
    for life in (None, timedelta(0), timedelta(days=-1), timedelta(days=367)):
        assert reason(world.key(ann, acme.id, life=life)) is Reason.INVALID_INPUT
    world.clock.advance(timedelta(days=90) - timedelta(microseconds=1))
    assert reason(world.gate.api_key(minted.token.reveal(), world.request)) is None
    world.clock.advance(timedelta(microseconds=1))
    assert reason(world.gate.api_key(minted.token.reveal(), world.request)) is Reason.EXPIRED
    assert reason(world.call("api_keys.rotate", ann, organization=acme.id, key_id=minted.key.id)) is Reason.EXPIRED


def test_rotation_overlaps_and_ends(world: World, ann: Principal, acme: Organization) -> None:
    """The new secret works at once, the old one until the overlap is over; an overlap of nothing ends it now."""
    first = world.key(ann, acme.id)
    second = world.call("api_keys.rotate", ann, organization=acme.id, key_id=first.key.id, overlap=timedelta(hours=1))
    for minted in (first, second):
        assert reason(world.gate.api_key(minted.token.reveal(), world.request)) is None
    world.clock.advance(timedelta(hours=1))
    assert reason(world.gate.api_key(first.token.reveal(), world.request)) is Reason.EXPIRED
    third = world.call("api_keys.rotate", ann, organization=acme.id, key_id=first.key.id, overlap=timedelta(0))
    assert reason(world.gate.api_key(second.token.reveal(), world.request)) is Reason.EXPIRED
    assert reason(world.gate.api_key(third.token.reveal(), world.request)) is None
    for overlap in (timedelta(days=31), timedelta(seconds=-1)):
        rotated = world.call("api_keys.rotate", ann, organization=acme.id, key_id=first.key.id, overlap=overlap)
        assert reason(rotated) is Reason.INVALID_INPUT


def test_revocation_is_at_once(world: World, ann: Principal, acme: Organization) -> None:
    """A key that was just let in is refused after the commit that revokes it, in every generation."""
    first = world.key(ann, acme.id)
    second = world.call("api_keys.rotate", ann, organization=acme.id, key_id=first.key.id)
    for minted in (first, second):
        assert reason(world.gate.api_key(minted.token.reveal(), world.request)) is None
    assert world.call("api_keys.revoke", ann, organization=acme.id, key_id=first.key.id) is True
    for minted in (first, second):
        assert reason(world.gate.api_key(minted.token.reveal(), world.request)) is Reason.REVOKED
    assert world.call("api_keys.revoke", ann, organization=acme.id, key_id=first.key.id) is False


@pytest.mark.proves("ASVS-8.4.1", "ASVS-8.2.2", "CVE-2026-40264")
def test_keys_of_others_are_not_found(world: World, ann: Principal, acme: Organization) -> None:
    """A colleague, a stranger and the owner in another organization find no such key; nobody mints where they are no member."""
    minted = world.key(ann, acme.id)
    bob = world.member(acme.id, "bob@acme.example", role="admin")
    eve = world.person("eve@globex.example")
    globex, other = world.organization(eve, "Globex"), world.organization(ann, "Other")
    for actor, organization in ((bob, acme.id), (eve, globex.id), (eve, acme.id), (ann, other.id)):
        for method in ("api_keys.revoke", "api_keys.rotate"):
            assert reason(world.call(method, actor, organization=organization, key_id=minted.key.id)) is Reason.NOT_FOUND
    assert reason(world.key(eve, acme.id)) is Reason.NOT_FOUND
    key = through(world, minted)
    assert not world.may(key, "organization:manage", other.id)
    assert world.may(key, "organization:manage", acme.id)


@pytest.mark.proves("ASVS-2.2.3")
def test_a_key_makes_no_wider_key(world: World, ann: Principal, acme: Organization) -> None:
    """A key mints within its own scopes, in its own organization, and changes no other key."""
    scopes = frozenset({"audit:view", "api_keys:manage"})
    narrow, other = world.key(ann, acme.id, scopes=scopes), world.key(ann, acme.id)
    key = through(world, narrow)
    for wider in (None, scopes | {"billing:manage"}):
        assert reason(world.key(key, acme.id, scopes=wider)) is Reason.BEYOND_OWN_RIGHTS
    assert reason(world.key(key, acme.id, scopes=frozenset({"audit:view"}))) is None
    elsewhere = world.organization(ann, "Other")
    assert reason(world.key(key, elsewhere.id, scopes=scopes)) is Reason.NOT_FOUND
    assert reason(world.call("api_keys.revoke", key, organization=acme.id, key_id=other.key.id)) is Reason.BEYOND_OWN_RIGHTS
    assert world.call("api_keys.revoke", key, organization=acme.id, key_id=narrow.key.id) is True


@pytest.mark.proves("ASVS-8.2.1")
def test_a_key_is_not_its_owner_at_the_desk(world: World, ann: Principal, acme: Organization) -> None:
    """A key, whatever its scopes, founds no organization, accepts no invitation, signs nobody out; nor does nobody found one."""
    bob = world.person("bob@acme.example")
    token = world.invite((world.organization(bob, "Globex")).id, "ann@acme.example")
    key = through(world, world.key(ann, acme.id))
    for nobody in (key, anonymous()):
        assert reason(world.call("directory.create_organization", nobody, name="Mine")) is Reason.NOT_AUTHENTICATED
    assert reason(world.call("members.accept", key, token=token)) is Reason.NOT_AUTHENTICATED
    assert world.call("sessions.sign_out_everywhere", key) == 0
    assert world.call("sessions.revoke", key, SessionId(ann.credential.id)) is False
    assert reason(world.call("members.accept", world.again(ann), token=token)) is None


@pytest.mark.proves("ASVS-8.2.4")
def test_addresses_are_kept(world: World, ann: Principal, acme: Organization) -> None:
    """A key with networks is refused from elsewhere, and from nowhere."""
    token = (world.key(ann, acme.id, networks=("192.0.2.0/24",))).token.reveal()
    assert reason(world.gate.api_key(token, Request(address="192.0.2.9"))) is None
    for address in ("198.51.100.7", "", "nowhere"):
        assert reason(world.gate.api_key(token, Request(address=address))) is Reason.DENIED


@pytest.mark.parametrize(
    "request_",
    [{"name": ""}, {"name": "x" * 300}, {"networks": ("192.0.2.1/24",)}, {"scopes": frozenset({"no:such"})}, {"environment": "no env"}],
)
def test_a_wrong_request_mints_nothing(world: World, ann: Principal, acme: Organization, request_: dict[str, object]) -> None:
    """A key that can not be is refused as input; only the refusal is written."""
    with world.tap.to(Written()) as probe:
        assert reason(world.key(ann, acme.id, **request_)) is Reason.INVALID_INPUT
    assert probe.writes == ["guard.events.append"]


def test_an_unknown_id_is_not_remembered(world: World, ann: Principal, acme: Organization) -> None:
    """A key that was asked for before its mint had committed is let in right after."""
    with world.security.begin() as unit:
        minted = unit.api_keys.mint(ann, organization=acme.id, request=KeyRequest(name="ci"))
        token = minted.token.reveal()  # type: ignore[union-attr]
        assert reason(world.gate.api_key(token, world.request)) is Reason.INVALID_TOKEN
    assert reason(world.gate.api_key(token, world.request)) is None


@pytest.mark.parametrize("token", ["", "x", "x" * (1 << 20), "ctsec_live_" + "0" * 60, "\ud800" * 60])
def test_what_is_no_key_is_refused(world: World, token: str) -> None:
    """A malformed or over-long token is no key, without a look into the store."""
    with world.tap.to(Written()) as probe:
        assert reason(world.gate.api_key(token, world.request)) is Reason.INVALID_TOKEN
    assert probe.calls == []


def test_the_hot_path_writes_nothing(world: World, ann: Principal, acme: Organization) -> None:
    """Letting a key in reads the store once for many requests and writes never; the job writes the last use, once."""
    minted = world.key(ann, acme.id)
    with world.tap.to(Written()) as probe:
        for _ in range(50):
            world.gate.api_key(minted.token.reveal(), world.request)
    assert probe.calls == ["reading", "api_keys.get", "key_policies.get", "users.get", "organizations.mfa_policy"]
    with world.tap.to(Written()) as probe:
        assert world.security.key_uses.write_all() == 1
        assert world.security.key_uses.write_all() == 0
    assert probe.writes == ["api_keys.touch", "key_days.add", "inbox.append"]
    (listed,) = world.call("api_keys.of", ann, organization=acme.id)
    assert (listed.last_used_at, listed.last_used_address) == (world.clock.now(), world.request.address)


@pytest.mark.proves("ASVS-7.4.2", "CVE-2025-64521", "NIST-4.5")
@pytest.mark.proves("CHANGELOG-django-allauth-65-13-0-b")
def test_a_disabled_owner_takes_the_key_along(world: World, ann: Principal, acme: Organization) -> None:
    """The keys of a disabled person stop with the commit, and work again when the person is enabled."""
    minted = world.key(ann, acme.id)
    token = minted.token.reveal()
    assert reason(world.gate.api_key(token, world.request)) is None
    world.call("directory.disable_user", ann.id, reason="left")
    assert reason(world.gate.api_key(token, world.request)) is Reason.DISABLED
    world.call("directory.enable_user", ann.id, reason="back")
    assert reason(world.gate.api_key(token, world.request)) is None


@pytest.mark.proves("CVE-2026-33381")
def test_rights_are_asked_again_at_each_mint(world: World, ann: Principal, acme: Organization) -> None:
    """Whoever was suspended, removed or reached the end of a membership mints and rotates nothing, in a session and by a key of before."""
    for email, end in (("dan@acme.example", "suspend"), ("eli@acme.example", "remove"), ("fay@acme.example", "period")):
        person = world.member(acme.id, email, role="admin")
        minted = world.key(person, acme.id)
        key = through(world, minted)
        if end == "period":
            ends = world.clock.now() + timedelta(minutes=1)
            assert reason(world.call("roles.change_period", ann, organization=acme.id, user=person.id, expires_at=ends)) is None
            assert reason(world.key(person, acme.id)) is None
            world.clock.advance(timedelta(minutes=1))
        else:
            assert reason(world.call(f"members.{end}", ann, organization=acme.id, user=person.id)) is None
        for actor in (person, key):
            assert reason(world.key(actor, acme.id)) in {Reason.DENIED, Reason.NOT_FOUND, Reason.NOT_A_MEMBER}, (end, actor)
            rotated = world.call("api_keys.rotate", actor, organization=acme.id, key_id=minted.key.id)
            assert reason(rotated) in {Reason.DENIED, Reason.NOT_FOUND, Reason.NOT_A_MEMBER}, (end, actor)


@pytest.mark.proves("GHSA-2vg6-77g8-24mp", "NIST-4.5")
def test_nothing_outlives_a_deleted_account(world: World, ann: Principal, acme: Organization) -> None:
    """Sessions, keys, the password and mailed links of an account that is deleted open nothing, with the commit."""
    minted, token = world.key(ann, acme.id), world._tokens[ann.credential.id]
    world.call("accounts.request_password_reset", email="ann@acme.example")
    reset = world.token("ann@acme.example", "password_reset")
    assert reason(world.gate.session(token)) is None
    with world.security.begin() as unit:
        user = unit._store.users.get(UserId(ann.id))
        assert user is not None
        assert unit._store.users.replace(replace(user, status=UserStatus.DELETED, version=user.version + 1))
        unit._store.epochs.bump(ann.id)
    for found in (world.gate.session(token), world.call("sessions.authenticate", token)):
        assert reason(found) in {Reason.DISABLED, Reason.NOT_AUTHENTICATED}
    assert reason(world.gate.api_key(minted.token.reveal(), world.request)) in {Reason.DISABLED, Reason.INVALID_TOKEN}
    assert not isinstance(world.step("ann@acme.example"), SignedIn)
    assert reason(world.call("accounts.reset_password", token=reset, password=OTHER_PASSWORD)) is Reason.INVALID_TOKEN
