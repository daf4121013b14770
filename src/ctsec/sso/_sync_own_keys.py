# Generated from src/ctsec/sso/_async_own_keys.py by tools/twin.py; edit that file.
"""The change of our keys at a provider that speaks SAML: announced, then used, then retired (async source).

Rules that this module keeps:

- a provider can know the next key before it signs: what is announced stands in the metadata, and opens what is encrypted for it already;
- which key is moved is named by who moves it: what has changed meanwhile moves nothing;
- every step takes `sso:manage` and a second factor proved just now, and is an event with the name of the key;
- the connection goes on as it is: its state, its test and its sessions stay, since its provider answers nothing else than before.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from ctsec.ambient import Ambient
from ctsec.audit._sync_ports import Recorder
from ctsec.audit.event import EventName, Target
from ctsec.errors import StoreBusy
from ctsec.ids import ConnectionId, OrganizationId
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.principal import Principal
from ctsec.rbac.entrance import SSO_MANAGE
from ctsec.secret import SecretText
from ctsec.sso import saml
from ctsec.sso._sync_ready import ConnectionParts, Ready
from ctsec.sso.fitting import peer_of
from ctsec.sso.record import Connection
from ctsec.sso.saml.own_key import activated, announced, published_keys, retired

_NO_CONNECTION: Final = Refusal(Reason.NOT_FOUND, "there is no such connection that speaks SAML")
_STEP_UP: Final = Refusal(Reason.STEP_UP_REQUIRED, "prove your second factor again to change the keys of a connection")
_MOVED: Final = "the connection was changed meanwhile; try again"
_Step = Callable[[Connection, SecretText], tuple[SecretText, str]]


class OwnKeys:
    """Our keys of connections that speak SAML."""

    __slots__ = ("_ambient", "_audit", "_parts", "_ready")

    def __init__(self, parts: ConnectionParts, *, audit: Recorder, ambient: Ambient) -> None:
        self._parts = parts
        self._ready = Ready(parts)
        self._audit = audit
        self._ambient = ambient

    def announce(self, actor: Principal, connection: ConnectionId, *, organization: OrganizationId) -> Outcome[Connection]:
        """Make the next key: it is in the metadata, opens, and does not sign. CONFLICT while there is another one beside.

        Reasons: what `sso:manage` refuses, STEP_UP_REQUIRED, NOT_FOUND, CONFLICT.
        """

        def step(found: Connection, before: SecretText) -> tuple[SecretText, str]:
            now, random, kid = self._ambient.now(), self._ambient.random, f"k{found.version + 1}"
            return announced(name=found.id, kid=kid, now=now, random=random, before=before, published=found.public_keys)

        return self._moved(actor, connection, organization, "announce", EventName.SSO_CONNECTION_KEY_ANNOUNCED, step)

    def metadata(self, connection: ConnectionId) -> Outcome[bytes]:
        """Return what the provider of a connection is told of us, as XML (SAML Metadata, 4.1.1); NOT_FOUND for none that speaks SAML.

        Anybody may ask: it is a read, and no private key is opened.
        """
        found = self._parts.records.get(connection)
        if found is None or not found.provider.saml:
            return _NO_CONNECTION
        peer, keys = peer_of(found, None, self._ready.around(found)), published_keys(found.public_keys)
        asks_signed = peer.settings.signs_requests
        signs = keys if asks_signed or peer.trust.slo_url else ()
        return saml.service_metadata(peer.trust, signs=signs, opens=keys, asks_signed=asks_signed, random=self._ambient.random)

    def activate(self, actor: Principal, connection: ConnectionId, *, organization: OrganizationId, kid: str) -> Outcome[Connection]:
        """Sign with the announced key `kid` from now on; the one before opens still. CONFLICT if none of this name is announced."""

        def step(found: Connection, before: SecretText) -> tuple[SecretText, str]:
            return activated(kid, before=before, published=found.public_keys)

        return self._moved(actor, connection, organization, "activate", EventName.SSO_CONNECTION_KEY_ACTIVATED, step, kid=kid)

    def retire(self, actor: Principal, connection: ConnectionId, *, organization: OrganizationId, kid: str) -> Outcome[Connection]:
        """Destroy the key `kid`, which does not sign: the former one, or an announced one. CONFLICT for any other name."""

        def step(found: Connection, before: SecretText) -> tuple[SecretText, str]:
            return retired(kid, before=before, published=found.public_keys)

        return self._moved(actor, connection, organization, "retire", EventName.SSO_CONNECTION_KEY_RETIRED, step, kid=kid)

    def _moved(
        self,
        actor: Principal,
        connection: ConnectionId,
        organization: OrganizationId,
        verb: str,
        name: EventName,
        step: _Step,
        *,
        kid: str = "",
    ) -> Outcome[Connection]:
        found = self._found(actor, connection, organization)
        done = found if isinstance(found, Refusal) else self._stepped(found, step)
        if isinstance(done, Refusal):
            target, attempted = Target("organization", organization), {"attempted": f"sso_connection.{verb}_key"}
            self._audit.note_aside(
                EventName.ACCESS_DENIED, actor=actor, targets=(target,), refused=done.reason, organization=organization, details=attempted
            )
            return done
        if not self._parts.records.replace(done):
            raise StoreBusy(_MOVED)
        self._parts.epochs.bump(done.id)
        target, details = Target("sso_connection", done.id), {"key": kid or f"k{done.version}"}
        self._audit.note(name, actor=actor, targets=(target,), organization=organization, details=details)
        return done

    def _found(self, actor: Principal, connection: ConnectionId, organization: OrganizationId) -> Outcome[Connection]:
        refusal = self._parts.rights.may(actor, organization=organization, permission=SSO_MANAGE)
        if refusal is None and not actor.credential.second_factor_fresh(now=self._ambient.now()):
            refusal = _STEP_UP
        if refusal is not None:
            return refusal
        found = self._parts.records.get(connection)
        return found if found is not None and found.organization_id == organization and found.provider.saml else _NO_CONNECTION

    def _stepped(self, found: Connection, step: _Step) -> Outcome[Connection]:
        try:
            private, published = step(found, self._ready.opened(found))
        except ValueError as error:
            return Refusal(Reason.CONFLICT, str(error))
        sealed = self._ready.sealed(found, private)
        return replace(found, sealed_secret=sealed, public_keys=published, version=found.version + 1)
