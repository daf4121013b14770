# Generated from src/ctsec/web/_async_person_export.py by tools/twin.py; edit that file.
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
from ctsec.web._sync_audit_export import logs_of, own_logs, sent
from ctsec.web._sync_call import Answer, Call
from ctsec.web.auditing import masked_request
from ctsec.web.http import WebResponse

_NO_LOG: Final = Refusal(Reason.NOT_FOUND, "no log of that name has events of this person under a checkpoint")


def activity_logs(call: Call) -> Answer:
    """List the logs that have events of the caller."""
    return _listed(call, UserId(call.principal.id), logs=own_logs(call))


def export_activity(call: Call) -> Answer:
    """Stream the caller's events in a log, the deployment's if none is named."""
    person, log = UserId(call.principal.id), _named(call)
    logs = logs_of(call)
    if isinstance(logs, Refusal) or not logs.exports.about(person, logs=[each for each in own_logs(call) if each == log]):
        return _NO_LOG
    return sent(call, masked_request(log, person=person), actor=call.principal)


def logs_of_person(call: Call) -> Answer:
    """List every log that has events of somebody."""
    return _listed(call, call.user, logs=None)


def export_person(call: Call) -> Answer:
    """Stream somebody's events in a log, the deployment's if none is named, to be handed to them."""
    log = _named(call)
    logs = logs_of(call)
    known = log == DEPLOYMENT_LOG or is_id(OrganizationId, log)
    if isinstance(logs, Refusal) or not known or not logs.exports.about(call.user, logs=[log]):
        return _NO_LOG
    return sent(call, masked_request(log, person=call.user), actor=call.acting.principal, why=call.acting.reason)


def _listed(call: Call, person: UserId, *, logs: Sequence[LogId] | None) -> Answer:
    found = call.security.log_reading.about(person, logs=logs)
    home = call.security.logs
    told: list[dict[str, object]] = []
    for each in found.logs:
        kept = home.regions.stores[each.store].logs if each.store else home
        keys = [str(key) for key in kept.identity.verifiers(each.log)]
        told.append({"log": each.log, "region": each.store or None, "events": each.events, "keys": keys})
    return WebResponse(json={"logs": told, "silent": list(found.silent)})


def _named(call: Call) -> LogId:
    return LogId(call.query.get("log", DEPLOYMENT_LOG))
