# Generated from tests/services/test_async_scim_mapping.py by tools/twin.py; edit that file.
"""What rules would make of pushed people, and where provider and organization differ (async source of the twin)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ctsec.ids import ScimConnectionId, WorkspaceId
from ctsec.outcome import Reason, Refusal
from ctsec.rbac.role import OWNER
from ctsec.sso import GroupRule, ProvisioningSettings
from ctsec.sso.scim import Gap, ScimRules, ScimWish
from tests.services.probing import reason
from tests.services.test_sync_scim import Scene, scene, user

CREW = (GroupRule(group="Crew", role="viewer", workspace=WorkspaceId("here")),)


def asked(here: Scene, verb: str, actor: Any = None, **named: Any) -> Any:
    """Ask for a preview or for the drift, as an owner if nobody else is named."""
    with here.world.security.begin() as unit:
        where = {"organization": here.acme.id, **named}
        return getattr(unit.scim.mapping, verb)(actor or here.ann, here.source.scim.id, **where)


def gaps(here: Scene) -> dict[str, tuple[Gap, str]]:
    """Return every difference with its reason by address, from pages of two."""
    found: dict[str, tuple[Gap, str]] = {}
    after: str | None = ""
    while after is not None:
        page = asked(here, "drift", after=after, limit=2)
        for each in page.differences:
            found[each.email] = (each.gap, each.look.why if each.look is not None else "")
        after = page.next
    return found


def test_drift_names_who_differs_and_who_has_to_act() -> None:
    """Missing and extra members, pending changes, what hands gave and members nobody pushed are told apart; who agrees is not named."""
    with scene(CREW) as here:
        org, sure = {"organization": here.acme.id}, here.world.sure(here.ann)
        pushed = {who: here.push(who) for who in ("bob", "carl", "dora", "fay", "gus", "hal")}
        here.push("eve", address="eve@evil.example")
        here.group("Crew", pushed["bob"].id, pushed["gus"].id)
        assert gaps(here) == {"ann@elsewhere.example": (Gap.UNPUSHED, ""), "eve@acme.example": (Gap.MISSING, "no_account")}
        here.world.call("roles.assign", sure, **org, workspace=here.workspace, user=pushed["carl"].user_id, role="viewer")
        here.world.call("roles.change_organization_role", sure, **org, user=pushed["hal"].user_id, role="viewer")
        here.world.call("members.remove", sure, **org, user=pushed["dora"].user_id)
        here.do("people.change", pushed["fay"].id, user("fay", active=False))
        assert "fay@acme.example" not in gaps(here)
        token = here.world.invite(here.acme.id, "fay@acme.example")
        entered = replace(here.ann, id=pushed["fay"].user_id)
        assert not isinstance(here.world.call("members.accept", entered, token=token), Refusal)
        expected = {
            "ann@elsewhere.example": (Gap.UNPUSHED, ""),
            "carl@acme.example": (Gap.BY_HAND, ""),
            "dora@acme.example": (Gap.MISSING, "removed"),
            "eve@acme.example": (Gap.MISSING, "no_account"),
            "fay@acme.example": (Gap.EXTRA, "inactive"),
            "hal@acme.example": (Gap.BY_HAND, ""),
        }
        assert gaps(here) == expected
        here.push("fay-again", address="fay@acme.example")
        del expected["fay@acme.example"]
        assert (gaps(here)).items() >= expected.items()
        assert "fay@acme.example" not in gaps(here)
        with here.world.security.begin() as unit:
            unit.scim.connections.change(sure, here.source.scim.id, **org, wish=ScimWish(name="Directory"))
        pending = {each for each, (gap, _) in (gaps(here)).items() if gap is Gap.PENDING}
        assert pending == {"bob@acme.example", "gus@acme.example"}


def test_a_preview_is_what_the_rules_then_do() -> None:
    """Rules are looked at before they are set: nothing changes, and setting them and pushing again does exactly that."""
    with scene(CREW) as here:
        bob, carl = here.push("bob"), here.push("carl")
        here.group("Crew", bob.id)
        before, events = here.roles(), here.world.events(here.acme.id)
        raised = (GroupRule(group="Crew", role="editor", workspace=here.workspace),)
        rules = ScimRules(provisioning=ProvisioningSettings(rules=raised, required_groups=("Crew",)))
        page = asked(here, "preview", rules=rules)
        told = {each.user.user_name: each for each in page.looks}
        seen = told["bob@acme.example"].foreseen
        assert (seen.member, dict(seen.change.give), seen.leaves) == (bob.user_id, {here.workspace: "editor"}, False)
        assert (told["carl@acme.example"].why, told["carl@acme.example"].foreseen.leaves) == ("in_no_required_group", True)
        assert (here.roles(), here.world.events(here.acme.id)) == (before, events)
        sure = here.world.sure(here.ann)
        wish = ScimWish(name="Directory", provisioning=rules.provisioning)
        with here.world.security.begin() as unit:
            unit.scim.connections.change(sure, here.source.scim.id, organization=here.acme.id, wish=wish)
            again: Any = unit.scim.connections.issue(sure, here.source.scim.id, organization=here.acme.id)
        with here.world.security.begin() as unit:
            source: Any = unit.scim.reads.authenticate(again.text.reveal())
            for each, who in ((bob, "bob"), (carl, "carl")):
                unit.scim.people.change(source, each.id, user(who))
        assert here.roles() == {"ann@elsewhere.example": "owner", "bob@acme.example": "member/editor"}


@pytest.mark.parametrize("verb", ["preview", "drift"])
def test_only_who_could_set_rules_looks_at_them(verb: str) -> None:
    """Members and strangers see nothing, another organization's connection is not there, and rules above the actor's rights are refused."""
    with scene() as here:
        rules = {"rules": ScimRules()} if verb == "preview" else {}
        member = here.world.member(here.acme.id, "mo@acme.example")
        stranger = here.world.person("sue@elsewhere.example")
        for actor in (member, stranger):
            assert isinstance(asked(here, verb, actor, **rules), Refusal)
        other = here.world.organization(stranger)
        assert reason(asked(here, verb, stranger, organization=other.id, **rules)) is Reason.NOT_FOUND
        with here.world.security.begin() as unit:
            ask = getattr(unit.scim.mapping, verb)
            assert reason(ask(here.ann, ScimConnectionId("scm_" + "0" * 26), organization=here.acme.id, **rules)) is Reason.NOT_FOUND
        if verb == "preview":
            for role, why in ((OWNER, Reason.INVALID_INPUT), ("admin", Reason.INVALID_INPUT), ("nothing", Reason.INVALID_INPUT)):
                assert reason(asked(here, verb, rules=ScimRules(default_role=role))) is why
