"""Operations of people's coming and going (async source)."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from ctsec.audit.query import MAX_PAGE
from ctsec.audit.record import StoredEvent
from ctsec.ids import UserId, is_id
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.rbac.policy import MEMBERS_MANAGE
from ctsec.web import lifecycle_table as table
from ctsec.web import views
from ctsec.web._async_audit import AUDIT_VIEW, note_search
from ctsec.web._async_call import Answer, AsyncCall
from ctsec.web.auditing import audit_query
from ctsec.web.http import WebResponse
from ctsec.web.views import View, moment

KINDS: Final = {
    "joiners": ("organization.created", "invitation.accepted", "user.provisioned"),
    "movers": ("role.*", "membership.changed", "member.suspended", "member.reinstated", "member.reassigned", "ownership.transferred"),
    "leavers": ("member.removed",),
}


async def removal(call: AsyncCall) -> Answer:
    """Tell what a removal would end."""
    found = await call.unit.lifecycle.removal(call.principal, organization=call.organization, user=call.user)
    return found if isinstance(found, Refusal) else WebResponse(json=table.leaving(found))


async def change_period(call: AsyncCall) -> Answer:
    """Change from when until when a membership counts."""
    body = call.read(table.MembershipPeriod)
    done = await call.unit.roles.change_period(
        call.principal, organization=call.organization, user=call.user, starts_at=body.starts_at, expires_at=body.expires_at
    )
    if isinstance(done, Refusal):
        return done
    told = {"starts_at": moment(done.starts_at), "expires_at": moment(done.expires_at)}
    return WebResponse(json={"user_id": done.user, "role": done.role, **told})


async def lifecycle(call: AsyncCall) -> Answer:
    """Show what happens to people who leave or are not there."""
    refusal = await call.may_read(MEMBERS_MANAGE)
    return refusal if refusal is not None else WebResponse(json=table.rules(await call.unit.lifecycle.policy(call.organization)))


async def set_lifecycle(call: AsyncCall) -> Answer:
    """Say what happens to them."""
    body = call.read(table.LifecycleRules)
    if body.heir is not None and not is_id(UserId, body.heir):
        return Refusal(Reason.INVALID_INPUT, "expected the id of a member as the heir")
    done = await call.unit.lifecycle.set_policy(
        call.principal,
        organization=call.organization,
        park_days=body.park_days,
        heir=UserId(body.heir) if body.heir is not None else None,
        warn_days=body.warn_days,
        suspend_days=body.suspend_days,
        remove_days=body.remove_days,
    )
    return done if isinstance(done, Refusal) else WebResponse(json=table.rules(done))


async def absent(call: AsyncCall) -> Answer:
    """Tell what the rules would do now."""
    page = call.page()
    if isinstance(page, Refusal):
        return page
    after, limit = page
    found = await call.unit.lifecycle.absent(call.principal, organization=call.organization, after=after, limit=limit)
    return found if isinstance(found, Refusal) else WebResponse(json={"due": [table.due(each) for each in found]})


async def movements(call: AsyncCall) -> Answer:
    """Report who joined, who changed and who left, out of the log; that somebody looked is an event itself."""
    refusal = await call.may_read(AUDIT_VIEW)
    if refusal is not None:
        return refusal
    told: dict[str, list[View]] = {}
    complete = True
    for kind, names in KINDS.items():
        found: list[StoredEvent] = []
        for name in names:
            page = await _named(call, name)
            if isinstance(page, Refusal):
                return page
            events, whole = page
            complete = complete and whole
            found.extend(events)
        told[kind] = [_moved(each) for each in sorted(found, key=lambda each: (each.time, each.id))]
    await note_search(call, asked="movements")
    return WebResponse(json={**told, "complete": complete})


async def _named(call: AsyncCall, name: str) -> Outcome[tuple[tuple[StoredEvent, ...], bool]]:
    """Return the newest events of a name in the time asked for, and whether these are all."""
    asked = audit_query(call.organization, {**call.query, "limit": str(MAX_PAGE)})
    if isinstance(asked, Refusal):
        return asked
    page = await call.unit.audit.search(replace(asked[0], name=name, outcome="success"), limit=MAX_PAGE)
    if isinstance(page, Refusal):
        return page
    return (*(each.event for each in page.events), *page.pending), page.next is None


def _moved(event: StoredEvent) -> View:
    shown = views.event(event, index=None, personal={})
    kept = {name: shown.get(name) for name in ("details", "changes")}
    return {"at": moment(event.time), "name": event.name, "user_id": _whom(event), "by": event.actor_id, **kept}


def _whom(event: StoredEvent) -> str | None:
    return event.subject_id or event.actor_id
