"""Operations of those who run the deployment: backups, sessions, cases of the support, erasures, domains, sign-in (async source)."""

from __future__ import annotations

from typing import Protocol

from ctsec.ids import DekId, RecoveryId, UserId, is_id
from ctsec.operators import Operator
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.recovery.record import Evidence, Recovery
from ctsec.web import operator_models as models
from ctsec.web import operator_views, views
from ctsec.web._async_call import Answer, AsyncCall, no_content
from ctsec.web._async_entry import ambient_request
from ctsec.web.guarding import NOT_FOUND
from ctsec.web.http import WebRequest, WebResponse
from ctsec.web.lifecycle_table import NewOwner


class AsyncOperators(Protocol):
    """What the host gives, to say who runs the deployment: its own authentication of them, none of ctsec's."""

    async def __call__(self, request: WebRequest) -> Operator | None:
        """Return who makes the request and why, None for everybody else: for them the routes of operators do not exist."""
        ...


async def backups(call: AsyncCall) -> Answer:
    """List the backups that are kept."""
    found = await call.security.backups.listed()
    return found if isinstance(found, Refusal) else WebResponse(json={"backups": [operator_views.backup(each) for each in found]})


async def write_backup(call: AsyncCall) -> Answer:
    """Write another backup; the answer comes when it is whole."""
    request = ambient_request(call.request, site=call.site)
    done = await call.security.backups.write(call.acting, request=request)
    return done if isinstance(done, Refusal) else WebResponse(status=201, json=operator_views.backup(done))


async def verify_backup(call: AsyncCall) -> Answer:
    """Read a whole backup and tell what it holds."""
    named, request = DekId(call.request.params["backup_id"]), ambient_request(call.request, site=call.site)
    done = await call.security.backups.verify(call.acting, backup=named, request=request)
    return done if isinstance(done, Refusal) else WebResponse(json=operator_views.backup(done))


async def end_sessions(call: AsyncCall) -> Answer:
    """End every session of a person."""
    done = await call.unit.sessions.end_all(call.acting, call.user)
    return done if isinstance(done, Refusal) else WebResponse(json={"ended": done})


async def support_cases(call: AsyncCall) -> Answer:
    """List the cases, those that are over too."""
    page = call.page()
    if isinstance(page, Refusal):
        return page
    after, limit = page
    found = await call.unit.support.cases(after=after, limit=limit)
    return WebResponse(json={"support_cases": list(map(views.recovery, found)), "next": found[-1].id if len(found) == limit else None})


async def open_support_case(call: AsyncCall) -> Answer:
    """Open a case for somebody whose identity was looked at."""
    body = call.read(models.NewSupportCase)
    try:
        evidence = Evidence(kind=body.evidence, reference=body.reference, note=body.note)
    except ValueError as error:
        return Refusal(Reason.INVALID_INPUT, str(error))
    return _answer(await call.unit.support.open(call.acting, email=body.email, evidence=evidence), status=201)


async def view_support_case(call: AsyncCall) -> Answer:
    """Tell a case with its evidence, to who is to approve it."""
    done = await call.unit.support.view(call.acting, case=_case(call))
    if isinstance(done, Refusal):
        return done
    found, evidence = done
    told = {"kind": evidence.kind.value, "reference": evidence.reference, "note": evidence.note}
    return WebResponse(json={**views.recovery(found), "evidence": told})


async def approve_support_case(call: AsyncCall) -> Answer:
    """Approve a case that another operator opened."""
    return _answer(await call.unit.support.approve(call.acting, case=_case(call)))


async def cancel_support_case(call: AsyncCall) -> Answer:
    """End a case before it is carried out."""
    return _answer(await call.unit.support.cancel(call.acting, case=_case(call)))


async def erasures(call: AsyncCall) -> Answer:
    """List erasures, those that are done too."""
    page = call.page()
    if isinstance(page, Refusal):
        return page
    after, limit = page
    found = await call.unit.erasures.page(after=after, limit=limit)
    return WebResponse(json={"erasures": list(map(operator_views.erasure, found)), "next": found[-1].id if len(found) == limit else None})


async def erase_person(call: AsyncCall) -> Answer:
    """Ask that what the log says of somebody becomes unreadable; the worker does it, unless a legal hold keeps it waiting."""
    done = await call.unit.erasures.request(call.acting, user=call.user)
    return done if isinstance(done, Refusal) else WebResponse(status=202, json=operator_views.erasure(done))


async def record_domain(call: AsyncCall) -> Answer:
    """Record that an organization controls a domain."""
    proof, domain = call.read(models.DomainProof).proof, call.request.params["domain"]
    done = await call.unit.domains.record(call.acting, organization=call.organization, domain=domain, proof=proof)
    return done if isinstance(done, Refusal) else WebResponse(json={"domain": done.name})


async def withdraw_domain(call: AsyncCall) -> Answer:
    """Take the record of a domain back."""
    done = await call.unit.domains.withdraw(call.acting, organization=call.organization, domain=call.request.params["domain"])
    return done if isinstance(done, Refusal) else no_content()


async def relax_sso_for(call: AsyncCall) -> Answer:
    """Let sessions of accounts into an organization again whose owners have lost its provider and their codes."""
    refusal = await call.unit.sso_entrance.relax_for(call.acting, organization=call.organization)
    return refusal if refusal is not None else no_content()


async def appoint_owner(call: AsyncCall) -> Answer:
    """Appoint an owner of an organization that has none."""
    chosen = call.read(NewOwner).user_id
    if not is_id(UserId, chosen):
        return NOT_FOUND
    done = await call.unit.lifecycle_work.appoint_owner(call.acting, organization=call.organization, user=UserId(chosen))
    return done if isinstance(done, Refusal) else WebResponse(json=views.membership(done))


async def close_account(call: AsyncCall) -> Answer:
    """Close an account for ever."""
    done = await call.unit.lifecycle_work.close_account(call.user, reason=call.acting.reason)
    return done if isinstance(done, Refusal) else no_content()


def _case(call: AsyncCall) -> RecoveryId:
    return RecoveryId(call.request.params["recovery_id"])


def _answer(done: Outcome[Recovery], *, status: int = 200) -> Answer:
    return done if isinstance(done, Refusal) else WebResponse(status=status, json=views.recovery(done))
