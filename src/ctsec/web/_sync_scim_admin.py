# Generated from src/ctsec/web/_async_scim_admin.py by tools/twin.py; edit that file.
"""Operations of SCIM connections for administrators (async source)."""

from __future__ import annotations

from ctsec.ids import ScimConnectionId, ScimTokenId
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.sso.scim.record import ScimConnection
from ctsec.web._sync_call import Answer, Call, no_content
from ctsec.web._sync_sso_entrance import may_see_sso
from ctsec.web.http import WebResponse
from ctsec.web.scim_paths import root_url
from ctsec.web.scim_table import ScimIssue, ScimPreview, ScimSetup, difference_view, look_view, scim_view
from ctsec.web.views import moment


def scim_connections(call: Call) -> Answer:
    """List SCIM connections with their credentials, for those who manage them."""
    refusal = may_see_sso(call)
    if refusal is not None:
        return refusal
    found = call.unit.scim.connections.of_organization(organization=call.organization)
    return WebResponse(json={"connections": [_view(call, each) for each in found]})


def create_scim_connection(call: Call) -> Answer:
    """Make a SCIM connection."""
    try:
        wish = call.read(ScimSetup).wish()
    except ValueError as error:
        return Refusal(Reason.INVALID_INPUT, str(error))
    done = call.unit.scim.connections.create(call.principal, organization=call.organization, wish=wish)
    return _shown(call, done, status=201)


def change_scim_connection(call: Call) -> Answer:
    """Change a SCIM connection."""
    try:
        wish = call.read(ScimSetup).wish()
    except ValueError as error:
        return Refusal(Reason.INVALID_INPUT, str(error))
    done = call.unit.scim.connections.change(call.principal, _scim(call), organization=call.organization, wish=wish)
    return _shown(call, done)


def remove_scim_connection(call: Call) -> Answer:
    """Remove a SCIM connection."""
    done = call.unit.scim.connections.remove(call.principal, _scim(call), organization=call.organization)
    return done if isinstance(done, Refusal) else no_content()


def issue_scim_token(call: Call) -> Answer:
    """Make a credential, and show it this once."""
    body = call.read(ScimIssue)
    done = call.unit.scim.connections.issue(
        call.principal, _scim(call), organization=call.organization, life=body.life, overlap=body.overlap
    )
    if isinstance(done, Refusal):
        return done
    view = {"id": done.token.id, "token": done.text.reveal(), "expires_at": moment(done.token.expires_at)}
    return WebResponse(status=201, json=view)


def revoke_scim_token(call: Call) -> Answer:
    """End a credential."""
    token = ScimTokenId(call.request.params["scim_token_id"])
    done = call.unit.scim.connections.revoke(call.principal, _scim(call), organization=call.organization, token=token)
    return done if isinstance(done, Refusal) else no_content()


def preview_scim_rules(call: Call) -> Answer:
    """Tell who of those whom the provider pushed would get what by some rules."""
    page = call.page()
    if isinstance(page, Refusal):
        return page
    after, limit = page
    try:
        rules = call.read(ScimPreview).rules()
    except ValueError as error:
        return Refusal(Reason.INVALID_INPUT, str(error))
    done = call.unit.scim.mapping.preview(
        call.principal, _scim(call), organization=call.organization, rules=rules, after=after, limit=limit
    )
    if isinstance(done, Refusal):
        return done
    return WebResponse(json={"people": [look_view(each) for each in done.looks], "next": done.next})


def scim_drift(call: Call) -> Answer:
    """Tell where the provider and the organization differ."""
    page = call.page()
    if isinstance(page, Refusal):
        return page
    after, limit = page
    done = call.unit.scim.mapping.drift(call.principal, _scim(call), organization=call.organization, after=after, limit=limit)
    if isinstance(done, Refusal):
        return done
    return WebResponse(json={"differences": [difference_view(each) for each in done.differences], "next": done.next})


def _scim(call: Call) -> ScimConnectionId:
    return ScimConnectionId(call.request.params["scim_connection_id"])


def _shown(call: Call, done: Outcome[ScimConnection], *, status: int = 200) -> Answer:
    return done if isinstance(done, Refusal) else WebResponse(status=status, json=_view(call, done))


def _view(call: Call, found: ScimConnection) -> dict[str, object]:
    tokens = call.unit.scim.connections.tokens(found.id, organization=found.organization_id)
    url = root_url(call.security.parts.settings.base_url, path=call.request.path)
    return scim_view(found, tokens=tokens, url=url)
