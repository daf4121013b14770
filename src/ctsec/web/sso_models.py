"""What the bodies of requests about single sign-on hold, and how connections and previews are shown."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, JsonValue, SecretStr

from ctsec.ids import WorkspaceId, is_id
from ctsec.rbac.role import MEMBER
from ctsec.sso.client_key import public_keys
from ctsec.sso.foreseen import Foreseen
from ctsec.sso.oidc.mapping import MAX_ATTRIBUTES, MAX_MEMBER, MAX_STEPS, ClaimMap
from ctsec.sso.oidc.presets import Provider
from ctsec.sso.provisioning import MAX_GROUP, MAX_REQUIRED, MAX_ROLE, MAX_RULES, ProvisioningSettings
from ctsec.sso.record import Connection
from ctsec.sso.rules import Decision, GroupRule, Held
from ctsec.sso.settings import MAX_CLIENT_ID, MAX_LISTED, MAX_NAME, MAX_SECRET, MAX_TEXT, ConnectionSettings, ConnectionWish, Preview
from ctsec.web.models import Body
from ctsec.web.saml_models import SamlSetup, saml_view
from ctsec.web.views import View, moment

Text = Annotated[str, Field(max_length=MAX_TEXT)]
Listed = Annotated[list[Text], Field(max_length=MAX_LISTED, default_factory=list)]
Member = Annotated[str, Field(min_length=1, max_length=MAX_MEMBER)]
Steps = Annotated[list[Member], Field(max_length=MAX_STEPS, default_factory=list)]
MAX_NUMBER = (1 << 53) - 1
ProviderName = Literal[
    "oidc",
    "google",
    "entra",
    "okta",
    "onelogin",
    "gitlab",
    "github",
    "saml",
    "google_saml",
    "entra_saml",
    "okta_saml",
    "onelogin_saml",
]
Secret = Annotated[SecretStr, Field(min_length=1, max_length=MAX_SECRET)]


class SsoBegin(Body):
    """A sign-in through a provider; the address is only shown to the provider, which may fill it in."""

    email: Annotated[str, Field(max_length=254)] = ""


class Rule(Body):
    """A rule: whoever is in the group gets the role, in the organization or in one workspace of it."""

    group: Annotated[str, Field(min_length=1, max_length=MAX_GROUP)]
    role: Annotated[str, Field(min_length=1, max_length=MAX_ROLE)]
    workspace_id: Annotated[str, Field(max_length=64)] | None = None


class Provisioning(Body):
    """Who comes in, with which roles, and which claims tell their name, address and attributes."""

    rules: Annotated[list[Rule], Field(max_length=MAX_RULES, default_factory=list)]
    required_groups: Annotated[list[Text], Field(max_length=MAX_REQUIRED, default_factory=list)]
    name_path: Steps
    email_path: Steps
    attributes: Annotated[dict[str, list[Member]], Field(max_length=MAX_ATTRIBUTES, default_factory=dict)]
    update_name: bool = False

    def settings(self) -> ProvisioningSettings:
        """Return what is asked for; raise ValueError for what is none."""
        rules = (GroupRule(group=each.group, role=each.role, workspace=_workspace(each.workspace_id)) for each in self.rules)
        return ProvisioningSettings(
            rules=tuple(rules),
            required_groups=tuple(self.required_groups),
            claims=ClaimMap(
                name=tuple(self.name_path),
                email=tuple(self.email_path),
                attributes={name: tuple(path) for name, path in self.attributes.items()},
                update_name=self.update_name,
            ),
        )


class ConnectionSetup(Body):
    """What a connection is to be; the secret can be left out when it is changed, and is kept then."""

    name: Annotated[str, Field(max_length=MAX_NAME)]
    provider: ProviderName
    client_id: Annotated[str, Field(max_length=MAX_CLIENT_ID)] = ""
    secret: Secret | None = None
    default_role: Annotated[str, Field(max_length=64)] = MEMBER
    issuer: Text = ""
    discovery: Text = ""
    scopes: Listed
    directories: Listed
    github_login: Text = ""
    github_id: Annotated[int, Field(ge=0, le=MAX_NUMBER)] = 0
    hosts: Listed
    groups_claim: Text = ""
    trusted_methods: Listed
    trusted_classes: Listed
    secret_in_form: bool = False
    proof: Literal["secret", "private_key"] = "secret"
    saml: SamlSetup | None = None
    provisioning: Annotated[Provisioning, Field(default_factory=lambda: Provisioning.model_validate({}))]

    def wish(self, *, now: datetime) -> ConnectionWish:
        """Return what is asked for; raise ValueError for settings that are none, or for a provider's document that is over by `now`."""
        settings = ConnectionSettings(
            issuer=self.issuer,
            discovery=self.discovery,
            scopes=tuple(self.scopes),
            directories=tuple(self.directories),
            github_login=self.github_login,
            github_id=self.github_id,
            hosts=tuple(self.hosts),
            groups_claim=self.groups_claim,
            trusted_methods=tuple(self.trusted_methods),
            trusted_classes=tuple(self.trusted_classes),
            secret_in_form=self.secret_in_form,
            private_key=self.proof == "private_key",
            saml=self.saml.settings(now=now) if self.saml is not None else None,
        )
        return ConnectionWish(
            name=self.name,
            provider=Provider(self.provider),
            client_id=self.client_id,
            settings=settings,
            default_role=self.default_role,
            provisioning=self.provisioning.settings(),
        )


class SampleClaims(Body):
    """Claims of an ID token, to see what the connection would read from them."""

    claims: Annotated[dict[str, JsonValue], Field(max_length=100)]


def connection(found: Connection, *, redirect_uri: str, saml_url: str = "") -> View:
    """Return a connection without its secret; `saml_url` is where its addresses of SAML begin."""
    settings = ConnectionSettings.read(found.settings)
    return {
        "id": found.id,
        "name": found.name,
        "provider": found.provider.value,
        "client_id": found.client_id,
        "default_role": found.default_role,
        "state": found.state.value,
        "redirect_uri": redirect_uri if settings.saml is None else None,
        "issuer": settings.issuer,
        "discovery": settings.discovery,
        "scopes": list(settings.scopes),
        "directories": list(settings.directories),
        "github_login": settings.github_login,
        "github_id": settings.github_id,
        "hosts": list(settings.hosts),
        "groups_claim": settings.groups_claim,
        "trusted_methods": list(settings.trusted_methods),
        "trusted_classes": list(settings.trusted_classes),
        "secret_in_form": settings.secret_in_form,
        "proof": "private_key" if found.public_keys else "secret",
        "saml": saml_view(settings.saml, saml_url=saml_url, published=found.public_keys) if settings.saml is not None else None,
        "keys": [dict(each) for each in public_keys(found.public_keys)],
        "provisioning": provisioning_view(ProvisioningSettings.read(found.provisioning)),
        "tested_at": moment(found.tested_at),
        "enabled_at": moment(found.enabled_at),
        "created_at": moment(found.created_at),
    }


def preview(found: Preview, *, foreseen: Foreseen) -> View:
    """Return what a sign-in with some claims would be, and make of who comes in."""
    identity = found.identity
    return {
        "accepted": True,
        "problem": None,
        "issuer": identity.issuer,
        "subject": identity.subject,
        "email": identity.email,
        "name": identity.name,
        "groups": None if identity.groups is None else list(identity.groups),
        "own_address": found.own_address,
        "may_link": found.may_link,
        "second_factor": found.second_factor,
        "attributes": dict(identity.attributes),
        **foreseen_view(foreseen),
    }


def foreseen_view(found: Foreseen) -> View:
    """Return what the rules make of a newcomer, and of the member that there is."""
    member: View | None = None
    if found.member is not None and found.held is not None and found.change is not None:
        member = {"user_id": found.member, "leaves": found.leaves, "changes": _changes(found.held, found.change)}
    newcomer = found.newcomer
    return {
        "barred": found.barred or None,
        "role": newcomer.role,
        "workspace_roles": [{"workspace_id": place, "role": role} for place, role in newcomer.give.items()],
        "matched": list(newcomer.matched),
        "skipped": [{"rule": each.rule, "why": each.why.value} for each in newcomer.skipped],
        "member": member,
    }


def _changes(held: Held, change: Decision) -> list[View]:
    """Return each place whose role changes, the organization first (without a workspace)."""
    made: list[View] = []
    if change.role is not None:
        made.append({"workspace_id": None, "before": held.role.role, "after": change.role})
    for place, role in (*change.give.items(), *((place, None) for place in change.take)):
        before = held.workspaces.get(place)
        made.append({"workspace_id": place, "before": before.role if before is not None else None, "after": role})
    return made


def provisioning_view(found: ProvisioningSettings) -> View:
    """Return rules and maps as they are shown."""
    claims = found.claims
    return {
        "rules": [{"group": each.group, "role": each.role, "workspace_id": each.workspace} for each in found.rules],
        "required_groups": list(found.required_groups),
        "name_path": list(claims.name),
        "email_path": list(claims.email),
        "attributes": {name: list(path) for name, path in claims.attributes.items()},
        "update_name": claims.update_name,
    }


def _workspace(name: str | None) -> WorkspaceId | None:
    if name is not None and not is_id(WorkspaceId, name):
        raise ValueError("expected the id of a workspace in a rule")
    return WorkspaceId(name) if name is not None else None
