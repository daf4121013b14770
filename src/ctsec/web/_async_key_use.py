"""Operations of the use of API keys, and of reports that some leaked (async source)."""

from __future__ import annotations

import hashlib
import json

from ctsec.keys.leak_reports import read_report, reporter_of
from ctsec.outcome import Reason, Refusal
from ctsec.web import views
from ctsec.web._async_call import Answer, AsyncCall
from ctsec.web._async_entry import ambient_request
from ctsec.web.guarding import NOT_FOUND
from ctsec.web.http import WebResponse

_UNSIGNED = Refusal(Reason.NOT_AUTHENTICATED, "expected a report that is signed by a scanner which the deployment knows")


async def api_key_usage(call: AsyncCall) -> Answer:
    """Say how often a key of the caller was used, by day."""
    access = await call.access()
    if isinstance(access, Refusal):
        return access
    found = await call.unit.key_usage.of(call.principal, organization=call.organization, key_id=call.key)
    if isinstance(found, Refusal):
        return found
    days = [{"day": each.day.date().isoformat(), "used": each.used, "refused": each.refused} for each in found.days]
    return WebResponse(
        json={
            "id": found.key_id,
            "last_used_at": views.moment(found.last_used_at),
            "last_used_address": found.last_used_address,
            "days": days,
        }
    )


async def report_leaked_keys(call: AsyncCall) -> Answer:
    """Judge a report; the answer names each token as its reporter can know it, and whether it is one of ours."""
    reporters = call.security.parts.settings.leak_reporters
    if not reporters:
        return NOT_FOUND
    reporter = reporter_of(reporters, body=call.request.body, headers=call.request.header)
    if reporter is None:
        return await call.security.gate.unproved(_UNSIGNED, ambient_request(call.request, site=call.site))
    leaked = read_report(call.request.body)
    if isinstance(leaked, Refusal):
        return leaked
    ours = await call.unit.leaks.report(leaked, reporter=reporter.name)
    answer: list[dict[str, str]] = []
    for each, positive in zip(leaked, ours, strict=True):
        digest = hashlib.sha256(each.token.reveal().encode("utf-8", "surrogatepass")).hexdigest()
        told = {"token_hash": digest, "token_type": each.kind}
        # What can not be told now has no label: its reporter may send it again.
        answer.append(told if positive is None else {**told, "label": "true_positive" if positive else "false_positive"})
    return WebResponse(text=json.dumps(answer))
