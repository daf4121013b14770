# Generated from tests/services/test_async_cascade.py by tools/twin.py; edit that file.
"""Who leaves: one cascade, looked ahead, carried out, and undone only as the organization said (async source of the twin)."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ctsec.directory._sync_lifecycle_work import BATCH
from ctsec.directory.lifecycle import Step
from ctsec.directory.record import OrganizationStatus
from ctsec.ids import OrganizationId, UserId
from ctsec.keys.policy import KeyRequest
from ctsec.outcome import Reason
from ctsec.security._sync_leavers import LifecycleJobs
from ctsec.sso import ProvisioningSettings
from ctsec.testing import Written
from ctsec.testing.conformance._sync_apps import app
from ctsec.testing.conformance.samples import ignore, membership, org_id
from ctsec.testing.conformance.scim_samples import scim, scim_token
from ctsec.testing.conformance.sso_samples import connection, glass_codes
from tests.services._sync_stage import Stage, identity, on_stage
from tests.services.probing import OPERATOR, reason

DAY = timedelta(days=1)
THROUGH = connection(1, of=1).id


@pytest.fixture
def stage() -> Generator[Stage, None, None]:
    with on_stage() as made:
        yield made


class Shelf:
    """A host's dashboards: who shares how many."""

    def __init__(self) -> None:
        self.owned: dict[str, int] = {}

    def shared(self, organization: OrganizationId, user: UserId) -> Mapping[str, int]:
        """Return how many dashboards a person shares."""
        return {"dashboards": self.owned[user]} if user in self.owned else {}

    def hand_over(self, organization: OrganizationId, user: UserId, *, heir: UserId) -> Mapping[str, int]:
        """Make them the heir's."""
        count = self.owned.pop(user, 0)
        self.owned[heir] = self.owned.get(heir, 0) + count
        return {"dashboards": count}


def laden(stage: Stage) -> UserId:
    """Give Bob one of everything that hangs on a membership; return his id."""
    world, org, bob = stage.world, {"organization": stage.acme.id}, UserId(stage.bob.id)
    world.call("roles.change_organization_role", stage.ann, **org, user=bob, role="admin")
    world.key(stage.bob, stage.acme.id)
    world.call("members.invite", stage.bob, **org, email="eve@acme.example")
    glass = {"user": bob, "workspace": stage.prod.id, "role": "admin", "longest": timedelta(hours=1)}
    world.call("break_glass.permit", stage.ann, **org, **glass)
    with world.storage.begin(after_commit=ignore) as store:
        (session, *_) = store.sessions.of_user(bob)
        store.sessions.replace(replace(session, connection_id=THROUGH, organization_id=stage.acme.id, version=session.version + 1))
        store.glass_codes.put(replace(glass_codes(1, of=1, owner=1), organization_id=stage.acme.id, user_id=bob))
    return bob


def removed(stage: Stage, user: UserId) -> None:
    assert reason(stage.world.call("members.remove", stage.ann, organization=stage.acme.id, user=user)) is None


def back(stage: Stage, person: Any, email: str, *, inviter: Any = None) -> None:
    """Invite somebody again, who accepts."""
    stage.world.call("members.invite", inviter or stage.ann, organization=stage.acme.id, email=email)
    token = stage.world.token(email, "invitation")
    assert reason(stage.world.call("members.accept", person, token=token)) is None


def roles(stage: Stage, user: UserId) -> set[str]:
    with stage.world.storage.reading() as store:
        return {each.role for each in store.assignments.of_user(stage.acme.id, user)}


@pytest.mark.proves("SEED-S14")
def test_what_is_foreseen_is_what_ends_and_nothing_of_it_is_left(stage: Stage) -> None:
    """The look ahead names everything and writes nothing; the removal ends just that, once; whoever may not remove may not look."""
    bob, world, org = laden(stage), stage.world, {"organization": stage.acme.id}
    asked = {**org, "user": bob}
    with world.tap.to(Written()) as probe:
        seen: Any = world.call("lifecycle.removal", stage.ann, **asked)
    assert probe.writes == []
    assert (seen.role, len(seen.sessions), len(seen.api_keys), len(seen.invitations)) == ("admin", 1, 1, 1)
    assert (seen.workspace_roles, seen.elevations, seen.permits) == (((stage.prod.id, "operator"),), 1, 1)
    assert (seen.break_glass_codes, seen.last_owner, seen.parked) == (True, False, ())
    assert reason(world.call("lifecycle.removal", stage.mia, **asked)) is Reason.DENIED
    with world.tap.to(Written()) as probe:
        removed(stage, bob)
    assert probe.calls.count("commit") == 1
    world.drain()
    told = [each.name for each in world.events(stage.acme.id)]
    assert [told.count(name) for name in ("member.removed", "api_key.revoked", "invitation.revoked", "session.revoked")] == [1, 1, 1, 1]
    assert reason(world.call("lifecycle.removal", stage.ann, **asked)) is Reason.NOT_FOUND
    with world.storage.reading() as store:
        assert store.assignments.of_user(stage.acme.id, bob) == ()
        assert store.sessions.of_user(bob) == ()
        assert store.glass_codes.get(stage.acme.id, bob) is None
        assert store.break_glass.of_user(stage.acme.id, bob) == ()
        assert all(each.revoked_at is not None for each in store.api_keys.of_owner(stage.acme.id, bob))
        assert [each.invited_by for each in store.invitations.open(stage.acme.id, now=world.clock.now())] == [stage.ann.id]


def test_an_open_invitation_to_a_leaver_ends_with_the_membership(stage: Stage) -> None:
    """Who was invited and came in another way, and leaves, does not come back by the old invitation."""
    world, org, zed = stage.world, {"organization": stage.acme.id}, stage.world.person("zed@acme.example")
    token = world.invite(stage.acme.id, "zed@acme.example")
    with world.storage.begin(after_commit=ignore) as store:
        of_bob = store.memberships.get(stage.acme.id, UserId(stage.bob.id))
        assert of_bob is not None
        store.memberships.add(replace(of_bob, user_id=UserId(zed.id)))
    seen: Any = world.call("lifecycle.removal", stage.ann, **org, user=UserId(zed.id))
    assert len(seen.invitations) == 1
    removed(stage, UserId(zed.id))
    assert reason(world.call("members.accept", zed, token=token)) is not None
    assert not is_member(stage, zed.id)


def shown(stage: Stage, actor: Any, name: str, **more: Any) -> Any:
    """Make a service account with a key that `actor` is shown."""
    made = stage.world.call("service_accounts.create", stage.ann, organization=stage.acme.id, name=name, **more)
    return minted(stage, actor, made.account.id, name)


def minted(stage: Stage, actor: Any, owner: str | None, name: str) -> Any:
    """Mint a key."""
    wish = KeyRequest(name=name)
    return stage.world.call("api_keys.mint", actor, organization=stage.acme.id, request=wish, owner=owner)


def acting(stage: Stage, key: Any) -> Any:
    """Return what the gate makes of a key."""
    return stage.world.gate.api_key(key.token.reveal(), stage.world.request)


@pytest.mark.proves("SEED-S14")
def test_what_a_leaver_has_seen_of_service_accounts_ends_and_what_others_have_seen_goes_on(stage: Stage) -> None:
    """Secrets that they were shown end at once, and those that they could have had made with them; the keys stay, to be rotated."""
    world, bob, org = stage.world, laden(stage), {"organization": stage.acme.id}
    direct, anns = shown(stage, stage.bob, "direct"), shown(stage, stage.ann, "anns")
    renewed = world.call("api_keys.rotate", acting(stage, direct), **org, key_id=direct.key.id, overlap=timedelta(0))
    beside = minted(stage, acting(stage, renewed), None, "beside")
    manages = shown(stage, stage.bob, "manages", role="admin")
    through = minted(stage, acting(stage, manages), anns.key.owner_id, "through")
    both = shown(stage, stage.bob, "both")
    rotated = world.call("api_keys.rotate", stage.ann, **org, key_id=both.key.id, overlap=timedelta(days=30))
    over = shown(stage, stage.bob, "over")
    after = world.call("api_keys.rotate", stage.ann, **org, key_id=over.key.id, overlap=timedelta(0))
    world.clock.advance(timedelta(seconds=1))
    later = minted(stage, acting(stage, after), None, "later")
    ending, going = (renewed, beside, manages, through, both), (anns, rotated, after, later)
    assert [reason(acting(stage, each)) for each in (*ending, *going)] == [None] * 9
    seen: Any = world.call("lifecycle.removal", stage.ann, **org, user=bob)
    assert seen.service_keys == len(ending)
    removed(stage, bob)
    assert [reason(acting(stage, each)) for each in ending] == [Reason.EXPIRED] * len(ending)
    assert [reason(acting(stage, each)) for each in going] == [None] * len(going)
    world.drain()
    told = [each for each in world.events(stage.acme.id) if each.name == "api_key.voided"]
    assert {(each.target_id, each.details()["details"]["works"]) for each in told} == {(each.key.id, each is both) for each in ending}
    again = world.call("api_keys.rotate", stage.ann, **org, key_id=beside.key.id)
    assert [reason(acting(stage, each)) for each in (again, beside)] == [None, Reason.EXPIRED]
    world.mail()
    (letter,) = [each for each in world.mailer.sent if each.kind == "credentials_ended"]
    assert letter.recipient == "ann@acme.example"
    assert all(each.key.name in letter.text.reveal() for each in ending)


@pytest.mark.proves("SEED-S14")
@pytest.mark.parametrize("decided", [True, False])
def test_apps_and_credentials_for_scim_end_with_who_made_them(stage: Stage, decided: bool) -> None:
    """Apps of their own end, the organization's stay; credentials for SCIM end at once if somebody decided it, else after seven days."""
    world, bob, org, now = stage.world, UserId(stage.bob.id), {"organization": stage.acme.id}, stage.world.clock.now()
    with world.storage.begin(after_commit=ignore) as store:
        for n, person in ((1, bob), (2, None), (3, UserId(stage.ann.id))):
            store.apps.add(replace(app(n, of=1, person=1), organization_id=stage.acme.id, user_id=person))
        store.scim_connections.add(replace(scim(1, of=1), organization_id=stage.acme.id))
        for n, maker in ((1, stage.bob.id), (2, stage.ann.id), (3, stage.bob.id)):
            made = replace(scim_token(n, of=1), organization_id=stage.acme.id, created_by=maker)
            store.scim_connections.add_token(replace(made, created_at=now, expires_at=now if n == 3 else now + 30 * DAY))
    seen: Any = world.call("lifecycle.removal", stage.ann, **org, user=bob)
    assert (seen.apps, seen.scim_tokens, seen.service_keys) == (1, 1, 0)
    if decided:
        removed(stage, bob)
    else:
        world.call("roles.change_period", stage.ann, **org, user=bob, expires_at=now + timedelta(minutes=1))
        world.clock.advance(timedelta(minutes=2))
        assert LifecycleJobs(world.security.begin).end_due() == 1
    with world.storage.reading() as store:
        assert [each.id for each in store.apps.of_organization(stage.acme.id)] == [app(n, of=1, person=1).id for n in (2, 3)]
        ends_at = [each.expires_at for each in store.scim_connections.tokens(scim(1, of=1).id)]
    assert ends_at == [world.clock.now() + (0 if decided else 7) * DAY, now + 30 * DAY, now]
    world.drain()
    events = world.events(stage.acme.id)
    assert [each.name for each in events].count("connected_app.disconnected") == 1
    (ended,) = [each.details()["details"] for each in events if each.name == "scim_token.revoked"]
    assert ended["overlap_seconds"] == (0 if decided else 7 * 86_400)


@pytest.mark.parametrize(("park", "pause", "held"), [(0, 0, set()), (30, 29, {"operator"}), (30, 30, set())])
def test_roles_come_back_only_within_the_time_that_the_organization_said(stage: Stage, park: int, pause: int, held: set[str]) -> None:
    """Workspace roles sleep if the organization said so, wake within their time, and wake once; the organization role is the new one."""
    bob = UserId(stage.bob.id)
    stage.world.call("lifecycle.set_policy", stage.ann, organization=stage.acme.id, park_days=park)
    removed(stage, bob)
    assert roles(stage, bob) == set()
    stage.world.clock.advance(DAY * pause)
    ann, again = [(stage.world.login(f"{name}@acme.example")).principal for name in ("ann", "bob")]
    back(stage, again, "bob@acme.example", inviter=ann)
    assert roles(stage, bob) == held
    assert not stage.world.may(again, "members:manage", stage.acme.id)
    with stage.world.storage.reading() as store:
        assert store.parked.of_user(stage.acme.id, bob) == ()


def test_a_role_does_not_wake_after_its_own_end(stage: Stage) -> None:
    """What ended while it slept stays ended, though the organization would have let it sleep longer."""
    world, org, bob = stage.world, {"organization": stage.acme.id}, UserId(stage.bob.id)
    world.call("lifecycle.set_policy", stage.ann, **org, park_days=30)
    with world.storage.begin(after_commit=ignore) as store:
        (held,) = store.assignments.of_user(stage.acme.id, bob)
        store.assignments.put(replace(held, expires_at=world.clock.now() + 5 * DAY))
    removed(stage, bob)
    world.clock.advance(6 * DAY)
    ann, again = [(world.login(f"{name}@acme.example")).principal for name in ("ann", "bob")]
    back(stage, again, "bob@acme.example", inviter=ann)
    assert roles(stage, bob) == set()


def test_a_role_wakes_only_if_who_lets_somebody_in_may_give_it(stage: Stage) -> None:
    """An inviter who may give no roles any more wakes none, and what a connection gave does not sleep."""
    world, org, bob = stage.world, {"organization": stage.acme.id}, UserId(stage.bob.id)
    world.call("lifecycle.set_policy", stage.ann, **org, park_days=30)
    with world.storage.begin(after_commit=ignore) as store:
        (held,) = store.assignments.of_user(stage.acme.id, bob)
        store.assignments.put(replace(held, workspace_id=stage.lab.id, granted_by=THROUGH))
    removed(stage, bob)
    with world.storage.begin(after_commit=ignore) as store:
        (slept,) = store.parked.of_user(stage.acme.id, bob)
        assert slept.workspace_id == stage.prod.id
        store.parked.put(replace(slept, role="owner"))
    back(stage, stage.bob, "bob@acme.example")
    assert roles(stage, bob) == set()


def test_what_somebody_shared_goes_to_the_heir_and_is_told(stage: Stage) -> None:
    """The host hands it over in the transaction, and the log says what went to whom; an heir who leaves inherits nothing."""
    world, bob, shelf = stage.world, UserId(stage.bob.id), Shelf()
    shelf.owned[bob] = 3
    world.security._engines = replace(world.security._engines, sharing=shelf)
    world.call("lifecycle.set_policy", stage.ann, organization=stage.acme.id, heir=UserId(stage.mia.id))
    seen: Any = world.call("lifecycle.removal", stage.ann, organization=stage.acme.id, user=bob)
    assert (seen.shared, seen.heir) == ((("dashboards", 3),), stage.mia.id)
    removed(stage, bob)
    world.drain()
    (told,) = world.events(stage.acme.id, "ownership.transferred")
    assert (told.subject_id, told.target_id, shelf.owned) == (bob, stage.mia.id, {stage.mia.id: 3})
    removed(stage, UserId(stage.mia.id))
    assert shelf.owned == {stage.mia.id: 3}
    stranger = {"organization": stage.acme.id, "heir": bob}
    assert reason(world.call("lifecycle.set_policy", stage.ann, **stranger)) is Reason.NOT_A_MEMBER


@pytest.mark.proves("ASVS-7.4.2", "NIST-4.5")
def test_a_last_owner_who_is_made_to_leave_leaves_it_ownerless_until_operators_appoint_one(stage: Stage) -> None:
    """An administrator can not do it; a closed account can. Who is left is told, and only an active member is appointed, once."""
    world, org, ann = stage.world, {"organization": stage.acme.id}, UserId(stage.ann.id)
    laden(stage)
    assert reason(world.call("members.remove", stage.ann, **org, user=ann)) is Reason.LAST_OWNER
    appoint = {**org, "user": UserId(stage.mia.id)}
    assert reason(world.call("lifecycle_work.appoint_owner", OPERATOR, **appoint)) is Reason.CONFLICT
    assert reason(world.call("lifecycle_work.close_account", ann, reason="gone")) is None
    assert reason(world.call("lifecycle_work.close_account", ann, reason="gone")) is Reason.NOT_FOUND
    home: Any = world.call("directory.organization", stage.acme.id)
    assert (home.status, home.permanent_owners) == (OrganizationStatus.OWNERLESS, 0)
    world.mail()
    assert [each.recipient for each in world.mailer.sent if each.kind == "ownerless"] == ["bob@acme.example"]
    outsider = {**org, "user": UserId(stage.dan.id)}
    assert reason(world.call("lifecycle_work.appoint_owner", OPERATOR, **outsider)) is Reason.NOT_A_MEMBER
    assert reason(world.call("lifecycle_work.appoint_owner", OPERATOR, **appoint)) is None
    home = world.call("directory.organization", stage.acme.id)
    assert (home.status, home.permanent_owners) == (OrganizationStatus.ACTIVE, 1)
    assert world.may(stage.mia, "members:manage", stage.acme.id)
    assert reason(world.step("ann@acme.example")) is Reason.DISABLED
    with world.storage.reading() as store:
        assert store.sessions.of_user(ann) == ()
        assert store.roster.of_user(ann) == ()
    world.drain()
    told = [each.name for each in world.events(stage.acme.id)]
    assert [told.count(name) for name in ("organization.orphaned", "organization.recovered")] == [1, 1]


def is_member(stage: Stage, user: str) -> bool:
    with stage.world.storage.reading() as store:
        return store.memberships.get(stage.acme.id, UserId(user)) is not None


@pytest.mark.proves("SEED-P5")
def test_who_is_not_there_is_warned_then_suspended_then_removed_as_the_look_ahead_says(stage: Stage) -> None:
    """Each step once, each as foreseen; who was seen stays, and absence counts from the rule on."""
    world, org, jobs = stage.world, {"organization": stage.acme.id}, LifecycleJobs(stage.world.security.begin)
    world.clock.advance(400 * DAY)
    ann = (world.login("ann@acme.example")).principal
    world.call("lifecycle.set_policy", ann, **org, warn_days=30, suspend_days=60, remove_days=90)
    done: list[tuple[str, int]] = []
    for days in (29, 1, 1, 29, 30):
        world.clock.advance(DAY * days)
        ann = (world.login("ann@acme.example")).principal
        seen = {each.membership.user_id: each.step for each in world.call("lifecycle.absent", ann, **org)}
        done.append((seen.get(UserId(stage.bob.id), ""), jobs.judge_absence()))
        assert done[-1][1] == len(seen)
        assert ann.id not in seen
        assert jobs.judge_absence() == 0
    assert done == [("", 0), (Step.WARN, 2), ("", 0), (Step.SUSPEND, 2), (Step.REMOVE, 3)]
    assert [is_member(stage, each.id) for each in (stage.ann, stage.bob, stage.mia, stage.cid)] == [True, False, False, False]
    world.drain()
    (left, *_) = world.events(stage.acme.id, "member.removed")
    assert left.actor_id == "lifecycle"
    assert reason(world.call("lifecycle.absent", stage.dan, **org)) is Reason.NOT_FOUND
    wrong = {**org, "warn_days": 60, "suspend_days": 30}
    assert reason(world.call("lifecycle.set_policy", ann, **wrong)) is Reason.INVALID_INPUT


def test_a_use_ends_an_absence_and_the_last_owner_stays(stage: Stage) -> None:
    """Signing in, a key that was used and being let in again each count from then on; nobody takes the last owner for being away."""
    world, org, jobs = stage.world, {"organization": stage.acme.id}, LifecycleJobs(stage.world.security.begin)
    world.call("lifecycle.set_policy", stage.ann, **org, suspend_days=60)
    world.clock.advance(59 * DAY)
    mia = (world.step("mia@acme.example"), world.login("bob@acme.example"))
    assert mia is not None
    world.call("members.reinstate", (world.login("ann@acme.example")).principal, **org, user=UserId(stage.cid.id))
    world.clock.advance(DAY)
    assert jobs.judge_absence() == 1
    world.clock.advance(60 * DAY)
    assert jobs.judge_absence() == 2
    with world.storage.reading() as store:
        found = store.memberships.get(stage.acme.id, UserId(stage.ann.id))
    assert found is not None
    assert found.permanent_owner


def test_who_signed_out_counts_from_the_last_use_though_the_session_is_forgotten(stage: Stage) -> None:
    """The worker writes a last use down while it is known; a rule that is older than the last use judges by the last use."""
    world, org, jobs = stage.world, {"organization": stage.acme.id}, LifecycleJobs(stage.world.security.begin)
    world.call("lifecycle.set_policy", stage.ann, **org, remove_days=60)
    bob = UserId(stage.bob.id)
    for days in (50, 45):
        world.clock.advance(days * DAY)
        world.login("bob@acme.example")
        jobs.judge_absence()
    world.clock.advance(timedelta(hours=3))
    world.login("bob@acme.example")
    used = world.clock.now()
    world.clock.advance(DAY)
    jobs.judge_absence()
    with world.storage.begin(after_commit=ignore) as store:
        store.sessions.revoke(bob, None, keep=None, now=world.clock.now())
        store.sessions.trim(before=world.clock.now() + DAY, limit=99)
        kept = store.lifecycle.presence(stage.acme.id, bob)
    assert kept is not None
    assert kept.used_at == used
    world.clock.advance(58 * DAY)
    jobs.judge_absence()
    assert is_member(stage, bob)
    world.clock.advance(DAY)
    jobs.judge_absence()
    assert not is_member(stage, bob)


def test_a_membership_ends_at_its_date_and_its_person_is_told_before(stage: Stage) -> None:
    """Seven days before they are told, once for each date; at the date the one cascade ends it."""
    world, org, jobs = stage.world, {"organization": stage.acme.id}, LifecycleJobs(stage.world.security.begin)
    ends = {**org, "user": UserId(stage.bob.id)}
    assert reason(world.call("roles.change_period", stage.ann, **ends, expires_at=world.clock.now() + 10 * DAY)) is None
    done: list[int] = []
    for days in (2, 2, 1):
        world.clock.advance(days * DAY)
        done.append(jobs.end_due())
    ann = (world.login("ann@acme.example")).principal
    world.call("roles.change_period", ann, **ends, expires_at=world.clock.now() + 4 * DAY)
    for days in (0, 0, 4):
        world.clock.advance(days * DAY)
        done.append(jobs.end_due())
    assert done == [0, 1, 0, 1, 0, 1]
    assert not is_member(stage, stage.bob.id)
    world.mail()
    assert [each.kind for each in world.mailer.to("bob@acme.example")].count("membership_ending") == 2


def test_many_memberships_that_end_together_are_told_in_one_run(stage: Stage) -> None:
    """More than a page of them is gone through, page by page: told once each, at the date all ended, and none is asked about for ever."""
    world, jobs, many = stage.world, LifecycleJobs(stage.world.security.begin), BATCH + 5
    ends = world.clock.now() + 3 * DAY
    with world.storage.begin(after_commit=ignore) as store:
        for number in range(many):
            one = replace(membership(100 + number, of=1), organization_id=stage.acme.id, starts_at=None, expires_at=ends)
            store.memberships.add(one)
            # Of an organization that is not there, nothing can be done: these fill the first page of each run.
            store.memberships.add(replace(one, organization_id=org_id(77), expires_at=ends - DAY))
    assert [jobs.end_due(), jobs.end_due()] == [many, 0]
    world.clock.advance(3 * DAY)
    assert [jobs.end_due(), jobs.end_due()] == [many, 0]


def test_a_provider_ends_the_access_of_an_owner_whom_it_made_a_member(stage: Stage) -> None:
    """The count of owners follows; when it is the last one, the organization is ownerless; one made by hand keeps the membership."""
    world, org, (ann, bob) = stage.world, {"organization": stage.acme.id}, (UserId(stage.ann.id), UserId(stage.bob.id))
    world.call("roles.change_organization_role", stage.ann, **org, user=bob, role="owner")
    link = replace(connection(1, of=1), organization_id=stage.acme.id)
    away = replace(link, provisioning=ProvisioningSettings(required_groups=("staff",)).text())
    outside = replace(identity(stage, None), groups=())
    for person, by, stays, owners in ((ann, None, True, 2), (bob, link.id, False, 1), (ann, link.id, False, 0)):
        with world.storage.begin(after_commit=ignore) as store:
            found, account = store.memberships.get(stage.acme.id, person), store.users.get(person)
            assert found is not None
            store.memberships.replace(replace(found, provisioned_by=by, version=found.version + 1))
        assert world.call("provisioning.refresh", away, account, outside) == "in_no_required_group"
        home: Any = world.call("directory.organization", stage.acme.id)
        assert (is_member(stage, person), home.permanent_owners) == (stays, owners)
    assert home.status is OrganizationStatus.OWNERLESS
    world.drain()
    assert [each.actor_id for each in world.events(stage.acme.id, "organization.orphaned")] == [link.id]
