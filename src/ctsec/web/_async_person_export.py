"""What the logs say of a person, as files for that person: asked for by herself, or by an operator who hands them over (async source).

Rules that this module keeps:

- she gets the logs that her activity shows: the deployment's, and those of organizations where she counts for something; an operator
  finds every log that has an event of somebody;
- a log is one file, for it has one checkpoint, and each store of a region has logs of its own; the list of logs has the keys that verify
  them, and names the stores that did not answer;
- what an event says of others is masked, whoever asks (`ctsec.audit.export.disclosure`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ctsec.audit.event import DEPLOYMENT_LOG, LogId
from ctsec.ids import OrganizationId, UserId, is_id
from ctsec.outcome import Reason, Refusal
from ctsec.web._async_audit_export import logs_of, own_logs, sent
from ctsec.web._async_call import Answer, AsyncCall
from ctsec.web.auditing import masked_request
from ctsec.web.http import WebResponse

_NO_LOG: Final = Refusal(Reason.NOT_FOUND, "no log of that name has events of this person under a checkpoint")


async def activity_logs(call: AsyncCall) -> Answer:
    """List the logs that have events of the caller."""
    return await _listed(call, UserId(call.principal.id), logs=await own_logs(call))


async def export_activity(call: AsyncCall) -> Answer:
    """Stream the caller's events in a log, the deployment's if none is named."""
    person, log = UserId(call.principal.id), _named(call)
    logs = logs_of(call)
    if isinstance(logs, Refusal) or not await logs.exports.about(person, logs=[each for each in await own_logs(call) if each == log]):
        return _NO_LOG
    return await sent(call, masked_request(log, person=person), actor=call.principal)


async def logs_of_person(call: AsyncCall) -> Answer:
    """List every log that has events of somebody."""
    return await _listed(call, call.user, logs=None)


async def export_person(call: AsyncCall) -> Answer:
    """Stream somebody's events in a log, the deployment's if none is named, to be handed to them."""
    log = _named(call)
    logs = logs_of(call)
    known = log == DEPLOYMENT_LOG or is_id(OrganizationId, log)
    if isinstance(logs, Refusal) or not known or not await logs.exports.about(call.user, logs=[log]):
        return _NO_LOG
    return await sent(call, masked_request(log, person=call.user), actor=call.acting.principal, why=call.acting.reason)


async def _listed(call: AsyncCall, person: UserId, *, logs: Sequence[LogId] | None) -> Answer:
    found = await call.security.log_reading.about(person, logs=logs)
    home = call.security.logs
    told: list[dict[str, object]] = []
    for each in found.logs:
        kept = home.regions.stores[each.store].logs if each.store else home
        keys = [str(key) for key in kept.identity.verifiers(each.log)]
        told.append({"log": each.log, "region": each.store or None, "events": each.events, "keys": keys})
    return WebResponse(json={"logs": told, "silent": list(found.silent)})


def _named(call: AsyncCall) -> LogId:
    return LogId(call.query.get("log", DEPLOYMENT_LOG))
