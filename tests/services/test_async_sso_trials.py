"""Dry runs of a connection, and its doctor: nothing changes, and the verdict is a sign-in's (async source of the twin)."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from ctsec.ambient import Ambient
from ctsec.audit.event import EventName
from ctsec.errors import StoreBusy
from ctsec.ids import UserId
from ctsec.outcome import Reason
from ctsec.secret import SecretText
from ctsec.security.parts import EmbeddedOptions
from ctsec.sso._async_arrivals import AsyncArrivals
from ctsec.sso.grant import Held
from ctsec.sso.oidc.identity import ExternalIdentity
from ctsec.sso.oidc.presets import Provider
from ctsec.sso.policy import SsoPolicy
from ctsec.sso.provisioning import ProvisioningSettings
from ctsec.sso.record import LinkedBy, identity_digest
from ctsec.sso.rules import GroupRule
from ctsec.sso.settings import ConnectionSettings, ConnectionWish
from ctsec.sso.trial import Account, DryRun
from ctsec.testing import LocalIdentityProvider
from ctsec.testing.identity_provider import CLIENT_ID, CLIENT_SECRET
from ctsec.transport.reach import Reach
from ctsec.user import User, UserStatus
from tests.services._async_rows import changed, rows_of
from tests.services._async_stage import AsyncStage, set_stage
from tests.services._async_world import KINDS, AsyncWorld

OPTIONS = EmbeddedOptions(sign_in_links=True, single_sign_on=SsoPolicy(reach=Reach.LOOPBACK))
RULES = ProvisioningSettings(rules=(GroupRule(group="staff", role="viewer"),))
# What was begun and what passed, and the event that says so.
ALLOWED = {"memory": {"guard proofs", "inbox"}, "sqlite": {"ctsec_proof", "ctsec_audit_inbox"}}


class AsyncTrialScene:
    """An organization with a draft of a connection to a provider on loopback."""

    def __init__(self, world: AsyncWorld, provider: LocalIdentityProvider, stage: AsyncStage) -> None:
        self.world = world
        self.provider = provider
        self.stage = stage
        self.sure = world.sure(stage.ann)
        self.org: dict[str, Any] = {"organization": stage.acme.id}
        self.connection: Any = None

    async def prepare(self) -> None:
        """Draft the connection, and let the provider know people."""
        await self.world.verified(self.stage.acme.id)
        settings = ConnectionSettings(issuer=self.provider.issuer, trusted_methods=("otp",))
        wish = ConnectionWish(name="There", provider=Provider.GENERIC, client_id=CLIENT_ID, settings=settings, provisioning=RULES)
        self.connection = await self.world.call("connections.create", self.sure, **self.org, wish=wish, secret=SecretText(CLIENT_SECRET))
        told = {"email": "ada@acme.example", "email_verified": True, "name": "Ada", "groups": ["staff"], "amr": ["otp"]}
        self.provider.people |= {"ada": told, "eve": {**told, "email": "eve@evil.example"}}

    async def dry_run(self, person: str, **changed: Any) -> Any:
        """Begin and come back, with what is `changed` of who comes back, and how."""
        sso = self.world.security.sso
        begun: Any = await sso.dry_runs.begin(self.sure, self.connection.id, **self.org)
        query = parse_qsl(urlsplit(self.provider.visit(begun.url, person=person)).query)
        given = {"parameters": query, "browser": begun.browser.reveal(), "principal": self.sure, **changed}
        return await sso.complete(self.connection.id, **given)

    async def sign_in(self, person: str) -> Any:
        """Sign somebody in."""
        sso = self.world.security.sso
        begun: Any = await sso.begin(self.connection.id)
        query = parse_qsl(urlsplit(self.provider.visit(begun.url, person=person)).query)
        return await sso.complete(self.connection.id, parameters=query, browser=begun.browser.reveal())

    async def enable(self) -> None:
        """Test and enable the connection."""
        await self.world.security.sso.test(self.sure, self.connection.id, **self.org)
        self.connection = await self.world.call("connections.enable", self.sure, self.connection.id, **self.org)

    async def passed_at(self) -> Any:
        """Return when a dry run of the connection as it is passed."""
        async with self.world.security.begin() as unit:
            found: Any = await unit.sso_trials.found(self.connection.id, organization=None)
            return await unit.sso_trials.passed_at(found)


@pytest.fixture(params=KINDS)
async def scene(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[AsyncTrialScene, None]:
    """The scene on each kind of store."""
    async with AsyncWorld.open(request.param, folder=tmp_path, options=OPTIONS) as world:
        with LocalIdentityProvider(clock=world.clock) as provider:
            made = AsyncTrialScene(world, provider, await set_stage(world))
            await made.prepare()
            yield made


async def test_a_dry_run_changes_nothing_but_the_log_and_its_proof(scene: AsyncTrialScene, tmp_path: Path) -> None:
    """Every table is what it was, whether it passes, is refused, or names somebody who has an account; and one event says how it ended."""
    kind = "memory" if hasattr(scene.world.storage, "state") else "sqlite"
    before = rows_of(scene.world, tmp_path)
    await scene.world.security.sso.doctor.report(scene.sure, scene.connection.id, **scene.org)
    assert changed(before, rows_of(scene.world, tmp_path)) == set()
    passed, refused = await scene.dry_run("ada"), await scene.dry_run("eve")
    assert changed(before, rows_of(scene.world, tmp_path)) == ALLOWED[kind]
    assert (passed.passed, passed.arrival.account, passed.arrival.foreseen.newcomer.role) == (True, Account.NEW, "viewer")
    assert (refused.passed, refused.problem) == (False, "address_of_another_domain")
    await scene.enable()
    await scene.sign_in("ada")
    scene.provider.people["ada"]["groups"] = []
    before = rows_of(scene.world, tmp_path)
    known = await scene.dry_run("ada")
    assert changed(before, rows_of(scene.world, tmp_path)) == ALLOWED[kind]
    assert (known.passed, known.arrival.account, known.arrival.foreseen.change.role) == (True, Account.LINKED, "member")
    await scene.world.security.jobs.place_events()
    tried = await scene.world.events(scene.stage.acme.id, EventName.SSO_CONNECTION_TRIED)
    assert sorted(str(each.details()["details"]["problem"]) for each in tried) == ["None", "None", "address_of_another_domain"]
    assert {each.details()["actor"]["id"] for each in tried} == {scene.stage.ann.id}


@pytest.mark.parametrize("scene", ["memory"], indirect=True)
async def test_a_dry_run_is_for_who_began_it(scene: AsyncTrialScene) -> None:
    """Nobody, another person, another session, another browser, a second time, too late: refused, and nothing is shown."""
    other = scene.world.sure(scene.stage.bob)
    elsewhere = replace(scene.sure, credential=replace(scene.sure.credential, id="ses_of_another_browser"))
    for principal in (None, other, elsewhere):
        answer = await scene.dry_run("ada", principal=principal)
        assert answer.reason is Reason.INVALID_CREDENTIALS, principal
    assert (await scene.dry_run("ada", browser="A" * 43)).reason is Reason.INVALID_TOKEN
    begun: Any = await scene.world.security.sso.dry_runs.begin(scene.sure, scene.connection.id, **scene.org)
    query = parse_qsl(urlsplit(scene.provider.visit(begun.url, person="ada")).query)
    given: Any = {"parameters": query, "browser": begun.browser.reveal(), "principal": scene.sure}
    assert isinstance(await scene.world.security.sso.complete(scene.connection.id, **given), DryRun)
    again: Any = await scene.world.security.sso.complete(scene.connection.id, **given)
    assert again.reason is Reason.INVALID_TOKEN
    late: Any = await scene.world.security.sso.dry_runs.begin(scene.sure, scene.connection.id, **scene.org)
    callback = scene.provider.visit(late.url, person="ada")
    scene.world.clock.advance(timedelta(minutes=10))
    given = {"parameters": parse_qsl(urlsplit(callback).query), "browser": late.browser.reveal(), "principal": scene.sure}
    over: Any = await scene.world.security.sso.complete(scene.connection.id, **given)
    assert over.reason is Reason.INVALID_TOKEN
    scene.world.clock.advance(timedelta(seconds=1))
    stale: Any = await scene.world.security.sso.dry_runs.begin(scene.sure, scene.connection.id, **scene.org)
    assert stale.reason is Reason.STEP_UP_REQUIRED


@pytest.mark.parametrize("scene", ["memory"], indirect=True)
async def test_a_pass_is_of_these_settings(scene: AsyncTrialScene) -> None:
    """It is remembered for 90 days, until anything that was tried is another; a refused one is no pass."""
    await scene.dry_run("eve")
    assert await scene.passed_at() is None
    await scene.dry_run("ada")
    assert await scene.passed_at() == scene.world.clock.now()
    await scene.enable()
    assert await scene.passed_at() is not None
    settings = ConnectionSettings(issuer=scene.provider.issuer)
    wish = ConnectionWish(name="There", provider=Provider.GENERIC, client_id=CLIENT_ID, settings=settings, provisioning=RULES)
    await scene.world.call("connections.change", scene.sure, scene.connection.id, **scene.org, wish=wish)
    assert await scene.passed_at() is None
    await scene.dry_run("ada")
    scene.world.clock.advance(timedelta(days=90))
    assert await scene.passed_at() is None


@pytest.mark.parametrize("scene", ["memory"], indirect=True)
async def test_the_verdict_is_a_sign_ins(scene: AsyncTrialScene) -> None:
    """Whatever the provider says of somebody, a dry run refuses for the reason of the sign-in that follows, and passes where that does."""
    await scene.enable()
    told = {"email": "ada@acme.example", "email_verified": True}
    await scene.world.person("zoe@acme.example")
    cases: dict[str, dict[str, object]] = {
        "elsewhere": {**told, "email": "x@evil.example"},
        "nowhere": {},
        "unvouched": {**told, "email": "zoe@acme.example", "email_verified": False},
        "owner": {**told, "email": "ann@acme.example"},
        "zoe": {**told, "email": "zoe@acme.example"},
        "new": {**told, "email": "new@acme.example", "email_verified": False},
        "ada": told,
    }
    for name, claims in cases.items():
        scene.provider.people[name] = claims
    whys = {name: await same(scene, name) for name in (*cases, *cases)}  # a second time: known by then, or refused again
    assert set(whys.values()) == {"", "address_of_another_domain", "no_address", "address_not_verified", "owner_not_linked"}
    ids: dict[str, Any] = {}
    async with scene.world.security.begin() as unit:
        for name in ("ada", "new", "zoe"):
            found: Any = await unit._store.users.by_email(f"{name}@acme.example")
            ids[name] = found.id
    await scene.world.call("members.suspend", scene.sure, **scene.org, user=ids["new"])
    await scene.world.call("members.remove", scene.sure, **scene.org, user=ids["zoe"])
    scene.provider.people |= {
        "zoe by address": told | {"email": "zoe@acme.example"},
        "heir": told,
        "staff": told | {"email": "staff@acme.example", "groups": ["staff"]},
    }
    barred = ("new", "zoe", "zoe by address", "heir")
    assert [await same(scene, name) for name in barred] == ["suspended", "not_a_member", "removed", "another_subject"]
    settings = ConnectionSettings(issuer=scene.provider.issuer, trusted_methods=("otp",))
    wish = ConnectionWish(
        name="There",
        provider=Provider.GENERIC,
        client_id=CLIENT_ID,
        settings=settings,
        provisioning=ProvisioningSettings(required_groups=("staff",)),
    )
    await scene.world.call("connections.change", scene.sure, scene.connection.id, **scene.org, wish=wish)
    scene.provider.people["outside"] = {"email": "out@acme.example", "email_verified": True, "groups": ["sales"]}
    scene.provider.people["unknown"] = {"email": "unknown@acme.example", "email_verified": True}
    names = ("staff", "outside", "unknown", "ada")
    assert [await same(scene, name) for name in names] == ["", "in_no_required_group", "groups_unknown", "groups_unknown"]
    async with scene.world.security.begin() as unit:
        staff: Any = await unit._store.users.by_email("staff@acme.example")
    await scene.world.call("directory.disable_user", staff.id, reason="left")
    assert (await scene.dry_run("staff")).problem == "account_disabled"
    assert (await scene.sign_in("staff")).reason is Reason.DISABLED


async def same(scene: AsyncTrialScene, name: str) -> str:
    """Return why somebody is refused, by a dry run and by the sign-in that follows: the same word, empty where both let them in."""
    scene.world.clock.advance(timedelta(seconds=1))  # events are read in the order of their times
    foreseen = await scene.dry_run(name)
    step = await scene.sign_in(name)
    refused = await scene.world.events(scene.stage.acme.id, EventName.SSO_SIGN_IN_REFUSED)
    why = str(refused[-1].details()["details"]["why"]) if hasattr(step, "reason") else ""
    assert foreseen.problem == why, name
    return why


class AsyncRaced:
    """The accounts of a unit, where somebody else makes the one that was looked for right after the look."""

    def __init__(self, accounts: Any, rival: User) -> None:
        self.accounts = accounts
        self.rival = rival

    async def by_email(self, email_key: str) -> User | None:
        """Return nobody, and let the other come first."""
        found = await self.accounts.by_email(email_key)
        await self.accounts.add(self.rival)
        return found if isinstance(found, User) else None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.accounts, name)


@pytest.mark.proves("CVE-2025-61783")
@pytest.mark.parametrize("verified", [True, False])
async def test_an_account_that_is_made_meanwhile_is_not_linked_by_its_address(scene: AsyncTrialScene, verified: bool) -> None:
    """Whoever loses the race for an address is told to try again, and the next try is judged as for any account of that address."""
    await scene.enable()
    world = scene.world
    identity = ExternalIdentity(
        connection=scene.connection.id, issuer=scene.provider.issuer, subject="nia", email="nia@acme.example", email_verified=verified
    )
    rival = User(
        id=UserId("usr_rival"),
        email="nia@acme.example",
        email_key="nia@acme.example",
        name="Nia",
        status=UserStatus.ACTIVE,
        email_verified_at=world.clock.now(),
        created_at=world.clock.now(),
    )
    held = Held(subject=identity_digest(*identity.key))

    async def race() -> None:
        async with world.security.begin() as unit:
            usual = unit.sso
            parts = replace(usual._parts, accounts=AsyncRaced(usual._parts.accounts, rival))
            raced = AsyncArrivals(parts, audit=unit.audit, ambient=Ambient(clock=world.clock))
            await raced.arrive(scene.connection.id, identity, held=held)

    with pytest.raises(StoreBusy):
        await race()
    async with world.security.begin() as unit:
        assert await unit._store.identities.get(identity_digest(*identity.key)) is None
        assert await unit._store.users.add(rival)
        done: Any = await unit.sso.arrive(scene.connection.id, identity, held=held)
        linked: Any = await unit._store.identities.get(identity_digest(*identity.key))
    if verified:
        assert (done.user.id, linked.linked_by) == (rival.id, LinkedBy.ADDRESS)
    else:
        assert (done.reason, linked) == (Reason.INVALID_CREDENTIALS, None)
