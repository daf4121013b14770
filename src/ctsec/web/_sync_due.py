# Generated from src/ctsec/web/_async_due.py by tools/twin.py; edit that file.
"""The report of what is to be rotated (async source)."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from ctsec.connections.record import MANAGE
from ctsec.outcome import Refusal
from ctsec.vault.record import CREDENTIALS_MANAGE
from ctsec.web import due_views as views
from ctsec.web._sync_call import Answer, Call
from ctsec.web._sync_vault import within_days
from ctsec.web.http import WebResponse
from ctsec.web.views import View

KEYS: Final = "service_accounts:manage"
_KINDS: Final = (KEYS, CREDENTIALS_MANAGE, MANAGE)
_LIMIT: Final = 200


def rotation_due(call: Call) -> Answer:
    """List what is to be replaced: keys, credentials and consents, each for who manages its kind; refused to who manages none."""
    within = within_days(call)
    if isinstance(within, Refusal):
        return within
    found: list[View] = []
    refused: list[Refusal] = []
    for permission in _KINDS:
        refusal = call.may_read(permission)
        part = _part(call, permission, within) if refusal is None else refusal
        if isinstance(part, Refusal):
            refused.append(part)
        else:
            found += part
    # Whoever manages nothing is told what any other list tells: to a stranger there is no such organization.
    return refused[0] if len(refused) == len(_KINDS) else WebResponse(json={"due": sorted(found, key=views.order)})


def _part(call: Call, permission: str, within: timedelta) -> list[View] | Refusal:
    if permission == KEYS:
        keys = call.unit.key_rules.due(call.principal, organization=call.organization, within=within, limit=_LIMIT)
        return keys if isinstance(keys, Refusal) else [views.key(each) for each in keys]
    if permission == CREDENTIALS_MANAGE:
        return [views.credential(each) for each in call.unit.vault.due(organization=call.organization, within=within)]
    apps = call.unit.apps.due(call.principal, organization=call.organization, within=within)
    return apps if isinstance(apps, Refusal) else [views.app(each) for each in apps]
