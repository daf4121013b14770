# Generated from tests/services/test_async_scim_policy.py by tools/twin.py; edit that file.
"""What a provider that pushes can not do, each by the one line that keeps it (async source of the twin)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ctsec.ids import WorkspaceId
from ctsec.outcome import Reason
from ctsec.secret import SecretText
from ctsec.security._sync_settling import SettlingJobs
from ctsec.sso import ConnectionSettings, ConnectionWish, GroupRule, ProvisioningSettings
from ctsec.sso.oidc import Provider
from ctsec.sso.scim import ScimWish
from ctsec.testing.conformance.samples import ignore
from ctsec.user import UserStatus
from tests.services.probing import reason
from tests.services.test_sync_scim import Scene, scene, user

CREW = (GroupRule(group="Crew", role="viewer", workspace=WorkspaceId("here")),)
ANN = {"ann@elsewhere.example": "owner"}


def another(here: Scene, wish: ScimWish) -> Scene:
    """Return the scene as a further SCIM connection of the organization opens it."""
    ann, org = here.world.sure(here.ann), {"organization": here.acme.id}
    with here.world.security.begin() as unit:
        made: Any = unit.scim.connections.create(ann, **org, wish=wish)
        issued: Any = unit.scim.connections.issue(ann, made.id, organization=here.acme.id)
        return replace(here, source=unit.scim.reads.authenticate(issued.text.reveal()))


def test_the_domain_has_to_be_this_organizations_when_linking_and_when_letting_in() -> None:
    """Another organization's proof of a domain is none here; and an account that has moved to such an address does not come back in."""
    with scene() as here:
        other = here.world.organization(here.world.person("zed@rival.example"))
        here.world.verified(other.id, "rival.example")
        assert (here.push("zed", address="zed@rival.example")).user_id is None
        bob = here.push("bob")
        here.do("people.change", bob.id, user("bob", active=False))
        with here.world.storage.begin(after_commit=ignore) as store:
            account: Any = store.users.get(bob.user_id)
            moved = replace(account, email="bob@rival.example", email_key="bob@rival.example", version=account.version + 1)
            assert store.users.replace(moved)
        here.do("people.change", bob.id, user("bob"))
        assert here.roles() == ANN
        assert (here.why()).count("address_of_another_domain") == 2


def test_a_disabled_account_does_not_come_in() -> None:
    """Whose account is disabled is made no member, and the log says why."""
    with scene() as here:
        bob = here.push("bob")
        here.do("people.change", bob.id, user("bob", active=False))
        with here.world.storage.begin(after_commit=ignore) as store:
            account: Any = store.users.get(bob.user_id)
            assert store.users.replace(replace(account, status=UserStatus.DISABLED, version=account.version + 1))
        here.do("people.change", bob.id, user("bob"))
        assert here.roles() == ANN
        assert "account_disabled" in here.why()


def test_an_owner_whom_the_provider_made_a_member_goes_with_the_required_group() -> None:
    """The protection of owners is one of roles: out of the required groups the membership ends that the connection made, an owner's too."""
    with scene(required=("Staff",)) as here:
        bob = here.push("bob")
        group = here.group("Staff", bob.id)
        changed = here.world.call(
            "roles.change_organization_role", here.world.sure(here.ann), organization=here.acme.id, user=bob.user_id, role="owner"
        )
        assert reason(changed) is None
        here.do("people.change", bob.id, user("bob", display="Robert"))
        assert here.roles() == {**ANN, "bob@acme.example": "owner"}
        here.do("groups.move", group.id, drop=[bob.id])
        assert here.roles() == ANN


def test_who_was_made_a_member_by_people_stays_out_of_the_required_groups() -> None:
    """A membership that the connection did not make does not end with a group: only `active` false ends it."""
    with scene(required=("Staff",)) as here:
        member = here.world.member(here.acme.id, "bob@acme.example")
        bob = here.push("bob")
        assert bob.user_id == member.id
        group = here.group("Staff", bob.id)
        here.do("groups.move", group.id, drop=[bob.id])
        assert here.roles() == {**ANN, "bob@acme.example": "member"}
        here.do("people.change", bob.id, user("bob", active=False))
        assert here.roles() == ANN


def test_what_the_connection_ended_it_gives_back_whichever_of_its_names_did() -> None:
    """`active` false ends in the name of the SCIM connection, a group in that of the one for sign-in; both come back, and no other's."""
    with scene() as here:
        ann, org = here.world.sure(here.ann), {"organization": here.acme.id}
        rules = ProvisioningSettings(required_groups=("Staff",))
        settings = ConnectionSettings(issuer="https://id.example")
        login = ConnectionWish(name="Login", provider=Provider.GENERIC, client_id="c", settings=settings, provisioning=rules)
        with here.world.security.begin() as unit:
            made: Any = unit.connections.create(ann, **org, wish=login, secret=SecretText("s"))
        pushing = another(here, ScimWish(name="Its people", connection=made.id))
        bob = pushing.push("bob")
        group = pushing.group("Staff", bob.id)
        inside = {**ANN, "bob@acme.example": made.default_role}
        assert here.roles() == inside
        pushing.do("groups.move", group.id, drop=[bob.id])
        assert here.roles() == ANN
        pushing.do("groups.move", group.id, add=[bob.id])
        assert here.roles() == inside
        pushing.do("people.change", bob.id, user("bob", active=False))
        assert here.roles() == ANN
        assert reason(here.push("bob")) is Reason.DENIED
        pushing.do("people.change", bob.id, user("bob"))
        assert here.roles() == inside


def test_a_person_whom_the_provider_has_twice_goes_with_the_last_of_them() -> None:
    """One of two users of an account that goes ends nothing while the other is there, and is nobody's shield when it is not."""
    with scene() as here:
        first, second = here.push("bob"), here.push("bob2", address="bob@acme.example")
        assert first.user_id == second.user_id
        here.do("people.change", first.id, user("bob", active=False))
        assert "bob@acme.example" in here.roles()
        here.do("people.remove", second.id)
        assert here.roles() == ANN


def test_which_account_a_user_is_of_is_decided_once_and_by_who_is_there() -> None:
    """Who is told as gone gets no account; another address later moves nobody to another account; and nobody takes another's `userName`."""
    with scene() as here:
        eve = here.push("eve", active=False)
        bob, cid = here.push("bob"), here.push("cid")
        with here.world.storage.reading() as store:
            assert (eve.user_id, store.users.by_email("eve@acme.example")) == (None, None)
        here.do("people.change", bob.id, user("bob", address="cid@acme.example"))
        assert (here.found("bob")).user_id == bob.user_id != cid.user_id
        assert reason(here.do("people.change", bob.id, user("cid"))) is Reason.ALREADY_EXISTS
        assert (here.found("cid")).id == cid.id


def test_no_id_of_another_connection_is_a_member_or_a_place() -> None:
    """Users and groups of one SCIM connection are not there for the other, in its groups, to change, or to remove, though one runs both."""
    with scene(CREW) as here:
        bob = here.push("bob")
        group = here.group("Crew", bob.id)
        there = another(here, ScimWish(name="Second"))
        strange = ("scu_" + "0" * 26, "scg_" + "0" * 26, group.id, bob.id)
        for each in strange:
            assert reason(there.group(f"Of {each}", each)) is Reason.INVALID_INPUT
        own = there.group("Own")
        for each in strange:
            assert reason(there.do("groups.move", own.id, add=[each])) is Reason.INVALID_INPUT
        for verb, which in (("people.remove", bob.id), ("groups.remove", group.id), ("groups.move", group.id)):
            assert reason(there.do(verb, which)) is Reason.NOT_FOUND
        assert reason(there.do("people.change", bob.id, user("bob", active=False))) is Reason.NOT_FOUND
        assert reason(here.do("groups.move", group.id, add=[own.id])) is Reason.INVALID_INPUT
        assert here.roles() == {**ANN, "bob@acme.example": "member/viewer"}


def test_groups_give_nothing_to_the_suspended_and_end_nobody_who_is_told_as_gone() -> None:
    """Whom an administrator suspended gets no role by a group; whom people invited back stays, though the provider calls them gone."""
    with scene(CREW) as here:
        here.world.person("cid@acme.example")
        bob, cid = here.push("bob"), here.push("cid")
        org = {"organization": here.acme.id}
        assert reason(here.world.call("members.suspend", here.world.sure(here.ann), **org, user=bob.user_id)) is None
        here.do("people.change", cid.id, user("cid", active=False))
        token = here.world.invite(here.acme.id, "cid@acme.example")
        assert reason(here.world.call("members.accept", (here.world.login("cid@acme.example")).principal, token=token)) is None
        there = {**ANN, "bob@acme.example": "member", "cid@acme.example": "member"}
        group = here.group("Crew", bob.id, cid.id)
        assert here.roles() == there
        with here.world.storage.begin(after_commit=ignore) as store:
            store.scim_connections.settle(here.source.scim.id, after="")
        assert SettlingJobs(here.world.security.begin).settle() == 1
        here.do("groups.move", group.id, drop=[cid.id, bob.id])
        assert here.roles() == there
