# Generated from src/ctsec/web/_async_audit_export.py by tools/twin.py; edit that file.
"""Operations that take the audit log away: exports, proofs, checkpoints, and a person's own activity (async source)."""

from __future__ import annotations

import base64

from ctsec.audit.event import DEPLOYMENT_LOG, LogId
from ctsec.audit.export.request import ExportRequest
from ctsec.ids import UserId
from ctsec.outcome import Reason, Refusal
from ctsec.principal import Principal
from ctsec.security._sync_sealed_logs import SealedLogs
from ctsec.web import views
from ctsec.web._sync_audit import AUDIT_VIEW, note_search
from ctsec.web._sync_call import Answer, Call
from ctsec.web._sync_entry import ambient_request
from ctsec.web.auditing import audit_filters, export_request, number
from ctsec.web.guarding import standing_refusal
from ctsec.web.http import WebResponse

AUDIT_EXPORT = "audit:export"
AUDIT_PERSONAL = "audit:personal"
_NO_CHECKPOINT = Refusal(Reason.NOT_FOUND, "this log has no checkpoint yet")


def export_audit(call: Call) -> Answer:
    """Stream the log of an organization as a file; where a policy names these permissions, exports and personal parts take theirs."""
    asked = export_request(call.organization, call.query)
    personal = call.query.get("personal") == "yes"
    for permission in (AUDIT_VIEW, AUDIT_EXPORT, *([AUDIT_PERSONAL] if personal else [])):
        refusal = _may(call, permission)
        if refusal is not None:
            return refusal
    return asked if isinstance(asked, Refusal) else sent(call, asked, actor=call.principal)


def _may(call: Call, permission: str) -> Refusal | None:
    """Return why the caller may not; a permission other than that of reading the log counts only where the policy names it."""
    if permission != AUDIT_VIEW and permission not in call.security.parts.policy.permissions:
        return None
    return call.may_read(permission)


def sent(call: Call, asked: ExportRequest, *, actor: Principal, why: str = "") -> Answer:
    """Return a log as a file that is streamed."""
    request = ambient_request(call.request, site=call.site)
    logs = logs_of(call)
    if isinstance(logs, Refusal):
        return logs
    export = logs.export(asked, actor=actor, request=request, why=why)
    if isinstance(export, Refusal):
        return export
    named = (("content-disposition", f'attachment; filename="{asked.file_name}"'),)
    return WebResponse(stream=export.chunks(), media_type=asked.media_type, headers=named)


def logs_of(call: Call) -> SealedLogs | Refusal:
    """Return the logs of the store that is asked for: that of a region, or the home store where none is named."""
    name, logs = call.query.get("region"), call.security.logs
    if name is None:
        return logs
    found = logs.regions.stores.get(name)
    return Refusal(Reason.NOT_FOUND, "there is no such region") if found is None else found.logs


def audit_proof(call: Call) -> Answer:
    """Prove that an event stands in the log of an organization."""
    refusal = call.may_read(AUDIT_VIEW)
    if refusal is not None:
        return refusal
    index = number(call.query, "index")
    if index is None:
        return Refusal(Reason.INVALID_INPUT, "expected the index of an event")
    logs = logs_of(call)
    if isinstance(logs, Refusal):
        return logs
    proof = logs.prove(LogId(call.organization), index=index)
    if isinstance(proof, Refusal):
        return proof
    note_search(call, asked="proof")
    return WebResponse(json={"proof": proof.stored().decode()})


def audit_consistency(call: Call) -> Answer:
    """Prove that the log of an organization only grew from one size to another, or to its last checkpoint."""
    refusal = call.may_read(AUDIT_VIEW)
    if refusal is not None:
        return refusal
    old, size = number(call.query, "old"), number(call.query, "size")
    if old is None or (size is None and "size" in call.query):
        return Refusal(Reason.INVALID_INPUT, "expected old, and size if it is given, as numbers of events")
    logs = logs_of(call)
    if isinstance(logs, Refusal):
        return logs
    found = logs.extend(old, log=LogId(call.organization), size=size)
    if found is None:
        return Refusal(Reason.NOT_FOUND, "no checkpoint of this log covers these sizes, or the log was pruned there")
    note_search(call, asked="consistency")
    checkpoint, hashes = found
    said = {"old": old, "size": checkpoint.checkpoint.size if size is None else size, "checkpoint": checkpoint.stored().decode()}
    return WebResponse(json={**said, "hashes": [base64.b64encode(each).decode() for each in hashes]})


def audit_checkpoint(call: Call) -> Answer:
    """Return the last checkpoint of an organization's log; it tells of no event, and asking for it is none."""
    refusal = call.may_read(AUDIT_VIEW)
    if refusal is not None:
        return refusal
    logs = logs_of(call)
    if isinstance(logs, Refusal):
        return logs
    found = logs.checkpoint(LogId(call.organization))
    return _NO_CHECKPOINT if found is None else WebResponse(json={"checkpoint": found.stored().decode()})


def audit_key(call: Call) -> Answer:
    """Return the public keys that verify an organization's log, the present one first."""
    refusal = call.may_read(AUDIT_VIEW)
    if refusal is not None:
        return refusal
    logs = logs_of(call)
    if isinstance(logs, Refusal):
        return logs
    return WebResponse(json={"keys": [str(each) for each in logs.identity.verifiers(LogId(call.organization))]})


def audit_counts(call: Call) -> Answer:
    """Count the events of an organization that match, by name or by day."""
    refusal = call.may_read(AUDIT_VIEW)
    if refusal is not None:
        return refusal
    asked = audit_filters(call.organization, call.query)
    if isinstance(asked, Refusal):
        return asked
    filters, by = asked
    found = call.security.log_reading.counts(filters, by=by)
    note_search(call, asked="counts")
    counts, silent = found.counts, list(found.silent)
    return WebResponse(json={"total": counts.total, "by": by.value, "counts": dict(counts.of), "more": counts.more, "silent": silent})


def activity(call: Call) -> Answer:
    """Return the caller's own events: of the deployment, and of the organizations where she counts for something."""
    person, page = UserId(call.principal.id), call.page()
    if isinstance(page, Refusal):
        return page
    log, places = call.security.log_reading, call.security.parts.settings.places
    found = log.activity(person=person, logs=own_logs(call), cursor=call.query.get("cursor"), limit=page[1])
    if isinstance(found, Refusal):
        return found
    parts = [log.personal(each.event, store=each.store) for each in found.events]
    shown = [
        views.own_event(each.event, person=person, personal=part, places=places) for each, part in zip(found.events, parts, strict=True)
    ]
    return WebResponse(json={"events": shown, "next": found.next, "silent": list(found.silent)})


def own_logs(call: Call) -> list[LogId]:
    """Return the logs that a person sees herself in: the deployment's, and those of the organizations where she counts for something."""
    logs = [DEPLOYMENT_LOG]
    for organization, _ in call.unit.directory.organizations_of(UserId(call.principal.id)):
        access = call.security.gate.access(call.principal, organization.id)
        if standing_refusal(access, policy=call.security.parts.policy) is None:
            logs.append(LogId(organization.id))
    return logs
