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
from tests.services.test_async_scim import Scene, scene, user

CREW = (GroupRule(group="Crew", role="viewer", workspace=WorkspaceId("here")),)


async def asked(here: Scene, verb: str, actor: Any = None, **named: Any) -> Any:
    """Ask for a preview or for the drift, as an owner if nobody else is named."""
    async with here.world.security.begin() as unit:
        where = {"organization": here.acme.id, **named}
        return await getattr(unit.scim.mapping, verb)(actor or here.ann, here.source.scim.id, **where)


async def gaps(here: Scene) -> dict[str, tuple[Gap, str]]:
    """Return every difference with its reason by address, from pages of two."""
    found: dict[str, tuple[Gap, str]] = {}
    after: str | None = ""
    while after is not None:
        page = await asked(here, "drift", after=after, limit=2)
        for each in page.differences:
            found[each.email] = (each.gap, each.look.why if each.look is not None else "")
        after = page.next
    return found


async def test_drift_names_who_differs_and_who_has_to_act() -> None:
    """Missing and extra members, pending changes, what hands gave and members nobody pushed are told apart; who agrees is not named."""
    async with scene(CREW) as here:
        org, sure = {"organization": here.acme.id}, here.world.sure(here.ann)
        pushed = {who: await here.push(who) for who in ("bob", "carl", "dora", "fay", "gus", "hal")}
        await here.push("eve", address="eve@evil.example")
        await here.group("Crew", pushed["bob"].id, pushed["gus"].id)
        assert await gaps(here) == {"ann@elsewhere.example": (Gap.UNPUSHED, ""), "eve@acme.example": (Gap.MISSING, "no_account")}
        await here.world.call("roles.assign", sure, **org, workspace=here.workspace, user=pushed["carl"].user_id, role="viewer")
        await here.world.call("roles.change_organization_role", sure, **org, user=pushed["hal"].user_id, role="viewer")
        await here.world.call("members.remove", sure, **org, user=pushed["dora"].user_id)
        await here.do("people.change", pushed["fay"].id, user("fay", active=False))
        assert "fay@acme.example" not in await gaps(here)
        token = await here.world.invite(here.acme.id, "fay@acme.example")
        entered = replace(here.ann, id=pushed["fay"].user_id)
        assert not isinstance(await here.world.call("members.accept", entered, token=token), Refusal)
        expected = {
            "ann@elsewhere.example": (Gap.UNPUSHED, ""),
            "carl@acme.example": (Gap.BY_HAND, ""),
            "dora@acme.example": (Gap.MISSING, "removed"),
            "eve@acme.example": (Gap.MISSING, "no_account"),
            "fay@acme.example": (Gap.EXTRA, "inactive"),
            "hal@acme.example": (Gap.BY_HAND, ""),
        }
        assert await gaps(here) == expected
        await here.push("fay-again", address="fay@acme.example")
        del expected["fay@acme.example"]
        assert (await gaps(here)).items() >= expected.items()
        assert "fay@acme.example" not in await gaps(here)
        async with here.world.security.begin() as unit:
            await unit.scim.connections.change(sure, here.source.scim.id, **org, wish=ScimWish(name="Directory"))
        pending = {each for each, (gap, _) in (await gaps(here)).items() if gap is Gap.PENDING}
        assert pending == {"bob@acme.example", "gus@acme.example"}


async def test_a_preview_is_what_the_rules_then_do() -> None:
    """Rules are looked at before they are set: nothing changes, and setting them and pushing again does exactly that."""
    async with scene(CREW) as here:
        bob, carl = await here.push("bob"), await here.push("carl")
        await here.group("Crew", bob.id)
        before, events = await here.roles(), await here.world.events(here.acme.id)
        raised = (GroupRule(group="Crew", role="editor", workspace=here.workspace),)
        rules = ScimRules(provisioning=ProvisioningSettings(rules=raised, required_groups=("Crew",)))
        page = await asked(here, "preview", rules=rules)
        told = {each.user.user_name: each for each in page.looks}
        seen = told["bob@acme.example"].foreseen
        assert (seen.member, dict(seen.change.give), seen.leaves) == (bob.user_id, {here.workspace: "editor"}, False)
        assert (told["carl@acme.example"].why, told["carl@acme.example"].foreseen.leaves) == ("in_no_required_group", True)
        assert (await here.roles(), await here.world.events(here.acme.id)) == (before, events)
        sure = here.world.sure(here.ann)
        wish = ScimWish(name="Directory", provisioning=rules.provisioning)
        async with here.world.security.begin() as unit:
            await unit.scim.connections.change(sure, here.source.scim.id, organization=here.acme.id, wish=wish)
            again: Any = await unit.scim.connections.issue(sure, here.source.scim.id, organization=here.acme.id)
        async with here.world.security.begin() as unit:
            source: Any = await unit.scim.reads.authenticate(again.text.reveal())
            for each, who in ((bob, "bob"), (carl, "carl")):
                await unit.scim.people.change(source, each.id, user(who))
        assert await here.roles() == {"ann@elsewhere.example": "owner", "bob@acme.example": "member/editor"}


@pytest.mark.parametrize("verb", ["preview", "drift"])
async def test_only_who_could_set_rules_looks_at_them(verb: str) -> None:
    """Members and strangers see nothing, another organization's connection is not there, and rules above the actor's rights are refused."""
    async with scene() as here:
        rules = {"rules": ScimRules()} if verb == "preview" else {}
        member = await here.world.member(here.acme.id, "mo@acme.example")
        stranger = await here.world.person("sue@elsewhere.example")
        for actor in (member, stranger):
            assert isinstance(await asked(here, verb, actor, **rules), Refusal)
        other = await here.world.organization(stranger)
        assert reason(await asked(here, verb, stranger, organization=other.id, **rules)) is Reason.NOT_FOUND
        async with here.world.security.begin() as unit:
            ask = getattr(unit.scim.mapping, verb)
            assert reason(await ask(here.ann, ScimConnectionId("scm_" + "0" * 26), organization=here.acme.id, **rules)) is Reason.NOT_FOUND
        if verb == "preview":
            for role, why in ((OWNER, Reason.INVALID_INPUT), ("admin", Reason.INVALID_INPUT), ("nothing", Reason.INVALID_INPUT)):
                assert reason(await asked(here, verb, rules=ScimRules(default_role=role))) is why
