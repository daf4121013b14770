"""What the bodies of requests about single sign-on hold, and how connections and previews are shown."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, JsonValue, SecretStr

from ctsec.rbac.role import MEMBER
from ctsec.sso.client_key import public_keys
from ctsec.sso.oidc.presets import Provider
from ctsec.sso.record import Connection
from ctsec.sso.settings import MAX_CLIENT_ID, MAX_LISTED, MAX_NAME, MAX_SECRET, MAX_TEXT, ConnectionSettings, ConnectionWish, Preview
from ctsec.web.models import Body
from ctsec.web.views import View, moment

Text = Annotated[str, Field(max_length=MAX_TEXT)]
Listed = Annotated[list[Text], Field(max_length=MAX_LISTED, default_factory=list)]
MAX_NUMBER = (1 << 53) - 1
Secret = Annotated[SecretStr, Field(min_length=1, max_length=MAX_SECRET)]


class SsoBegin(Body):
    """A sign-in through a provider; the address is only shown to the provider, which may fill it in."""

    email: Annotated[str, Field(max_length=254)] = ""


class ConnectionSetup(Body):
    """What a connection is to be; the secret can be left out when it is changed, and is kept then."""

    name: Annotated[str, Field(max_length=MAX_NAME)]
    provider: Literal["oidc", "google", "entra", "okta", "onelogin", "gitlab", "github"]
    client_id: Annotated[str, Field(max_length=MAX_CLIENT_ID)]
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

    def wish(self) -> ConnectionWish:
        """Return what is asked for; raise ValueError for settings that are none."""
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
        )
        return ConnectionWish(
            name=self.name, provider=Provider(self.provider), client_id=self.client_id, settings=settings, default_role=self.default_role
        )


class SampleClaims(Body):
    """Claims of an ID token, to see what the connection would read from them."""

    claims: Annotated[dict[str, JsonValue], Field(max_length=100)]


def connection(found: Connection, *, redirect_uri: str) -> View:
    """Return a connection without its secret."""
    settings = ConnectionSettings.read(found.settings)
    return {
        "id": found.id,
        "name": found.name,
        "provider": found.provider.value,
        "client_id": found.client_id,
        "default_role": found.default_role,
        "state": found.state.value,
        "redirect_uri": redirect_uri,
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
        "proof": "private_key" if settings.private_key else "secret",
        "keys": [dict(each) for each in public_keys(found.public_keys)],
        "tested_at": moment(found.tested_at),
        "enabled_at": moment(found.enabled_at),
        "created_at": moment(found.created_at),
    }


def preview(found: Preview, *, default_role: str) -> View:
    """Return what a sign-in with some claims would be."""
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
        "role": default_role,
    }
