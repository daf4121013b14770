# Generated from src/ctsec/sso/_async_saml_watch.py by tools/twin.py; edit that file.
"""What providers that speak SAML say of themselves, beside what is believed: looked at, shown, trusted (async source).

Rules that this module keeps:

- a change is trusted by somebody who may manage the connection and has just proved a second factor, as they have seen it; or, keys alone,
  by the policy of the connection, which is off by default;
- who trusts names what was seen: a document that is another one meanwhile is not taken;
- what waits is told once, as an event and to the owners; so is that the trusted certificates are about to end, or our own;
- a document that says more than a connection keeps is taken by nobody: it waits, and keeps no other connection from being looked at;
- what was looked at and told is kept in the guard store, for three days: whatever is lost of it is looked at and told again;
- a connection that takes other keys goes on: its sessions, its state and its test stay; what its owners linked from inside stays only
  where an owner says so, or the policy that they have seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, Protocol

from ctsec.ambient import Ambient
from ctsec.audit._sync_ports import Recorder
from ctsec.audit.change import diff
from ctsec.audit.event import Detail, EventName, Target
from ctsec.errors import StoreBusy
from ctsec.guard._sync_ports import ProofRecords
from ctsec.guard.proof import Proof, Purpose, mint_token
from ctsec.ids import ConnectionId, OrganizationId
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.principal import Principal, system
from ctsec.rbac.entrance import SSO_MANAGE
from ctsec.sso._sync_owner_links import OwnerLinks
from ctsec.sso._sync_ports import SsoEpochs, SsoRights
from ctsec.sso._sync_record_ports import ConnectionRecords
from ctsec.sso.fitting import told
from ctsec.sso.oidc.presets import Provider
from ctsec.sso.record import Connection, ConnectionState
from ctsec.sso.saml.settings import SamlSettings
from ctsec.sso.saml.watching import Offer, ending, followed, next_look, offered, own_ending, taken
from ctsec.sso.settings import ConnectionSettings

if TYPE_CHECKING:
    from ctsec.sso.saml.difference import DocumentChange
    from ctsec.sso.saml.provider import ProviderDocument

PAGE: Final = 200
_KEPT: Final = timedelta(days=3)
_SAML: Final = frozenset(each for each in Provider if each.saml)
_MOVED: Final = "the connection was changed meanwhile; try again"
_STEP_UP: Final = Refusal(Reason.STEP_UP_REQUIRED, "prove your second factor again to change whom a connection believes")
_TOO_MUCH: Final = Refusal(Reason.INVALID_INPUT, "the document says more than a connection keeps: fewer or smaller certificates fit")
_OTHER: Final = Refusal(Reason.CONFLICT, "the provider says something else by now; look at the difference again")
_SAME: Final = Refusal(Reason.CONFLICT, "the connection says already what the provider says")


class SamlAlarm(Protocol):
    """Whom an organization has for what concerns its connections, answered by the directory."""

    def saml_noticed(self, organization: OrganizationId, *, connection: str, what: str, until: datetime | None = None) -> None:
        """Tell the owners what was noticed of a connection: `waiting`, `trusted`, `ending` or `own_ending` (`until`)."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SamlWatchParts:
    """What connections that speak SAML are watched with."""

    records: ConnectionRecords
    rights: SsoRights
    epochs: SsoEpochs
    proofs: ProofRecords
    alarm: SamlAlarm
    owner_links: OwnerLinks


class SamlWatch:
    """Compares metadata with connections; `security.sso.saml_metadata` fetches it and asks who may."""

    __slots__ = ("_ambient", "_audit", "_parts")

    def __init__(self, parts: SamlWatchParts, *, audit: Recorder, ambient: Ambient) -> None:
        self._parts = parts
        self._audit = audit
        self._ambient = ambient

    def due(self, *, limit: int) -> tuple[Connection, ...]:
        """Return enabled connections that are to be looked at, in the order of ids."""
        found: list[Connection] = []
        page = self._parts.records.of_providers(_SAML, after="", limit=PAGE)
        while page:
            for each in page:
                if each.state is ConnectionState.ENABLED and self._is_due(each):
                    found.append(each)
                    if len(found) == limit:
                        return tuple(found)
            page = self._parts.records.of_providers(_SAML, after=page[-1].id, limit=PAGE)
        return tuple(found)

    def looked(self, connection: Connection, *, answer: ProviderDocument | str | None) -> None:
        """Keep what a look said: a document, in one word why there is none, or None for a connection without an address."""
        found, now = self._parts.records.get(connection.id), self._ambient.now()
        saml = _saml(found) if found is not None and found.version == connection.version else None
        if found is None or saml is None:
            return
        last = self._last(connection.id)
        kept = {"waiting": last.get("waiting", ""), "ending": last.get("ending", ""), "failures": "0"}
        if isinstance(answer, str):
            kept["failures"] = str(int(last.get("failures", "0")) + 1)
        elif answer is not None:
            found, saml, kept["waiting"] = self._compared(found, saml, offered(saml, answer), told=kept["waiting"])
        kept["ending"] = self._ends(found, "ending", ending(saml, now=now), told=kept["ending"])
        kept["own"] = self._ends(found, "own_ending", own_ending(found.public_keys, now=now), told=last.get("own", ""))
        due = next_look(now=now, failures=int(kept["failures"]), random=self._ambient.random)
        self._keep(connection.id, {**kept, "due_at": due.isoformat()})

    def trust(
        self, actor: Principal, connection: Connection, *, organization: OrganizationId, document: ProviderDocument, seen: str
    ) -> Outcome[Connection]:
        """Take a document as somebody has seen it (`Offer.name`).

        Reasons: what `sso:manage` refuses, STEP_UP_REQUIRED, NOT_FOUND, CONFLICT for another document, or if nothing is new.
        """
        refusal = self._parts.rights.may(actor, organization=organization, permission=SSO_MANAGE)
        if refusal is None and not actor.credential.second_factor_fresh(now=self._ambient.now()):
            refusal = _STEP_UP
        done = refusal if refusal is not None else self._trusted(actor, connection, organization, document, seen)
        if isinstance(done, Refusal):
            target, attempted = Target("organization", organization), {"attempted": "sso_connection.trust"}
            self._audit.note_aside(
                EventName.ACCESS_DENIED, actor=actor, targets=(target,), refused=done.reason, organization=organization, details=attempted
            )
        return done

    def _trusted(
        self, actor: Principal, connection: Connection, organization: OrganizationId, document: ProviderDocument, seen: str
    ) -> Outcome[Connection]:
        found = self._parts.records.get(connection.id)
        saml = _saml(found) if found is not None and found.organization_id == organization else None
        if found is None or saml is None:
            return Refusal(Reason.NOT_FOUND, "there is no such connection that speaks SAML")
        offer = offered(saml, document)
        if offer.change.nothing and not offer.change.renewed:
            return _SAME
        if offer.name != seen or found.version != connection.version:
            return _OTHER
        if _with(found, saml, offer) is None:
            return _TOO_MUCH
        links = self._parts.owner_links.unsettle(actor, found) if offer.change.added else ()
        return self._take(actor, found, saml, offer, by="administrator", links=links)

    def _compared(self, found: Connection, saml: SamlSettings, offer: Offer, *, told: str) -> tuple[Connection, SamlSettings, str]:
        """Return the connection, its settings and what waits by now."""
        by = system("saml-metadata")
        if offer.change.nothing:
            return found, saml, ""
        if followed(saml, offer) and _with(found, saml, offer) is not None:
            after = self._take(by, found, saml, offer, by="policy")
            self._parts.alarm.saml_noticed(found.organization_id, connection=found.name, what="trusted")
            return after, taken(saml, offer), ""
        if offer.name != told:
            self._note(EventName.SSO_CONNECTION_METADATA_CHANGED, by, found, _details(offer.change))
            self._parts.alarm.saml_noticed(found.organization_id, connection=found.name, what="waiting")
        return found, saml, offer.name

    def _ends(self, found: Connection, what: str, until: datetime | None, *, told: str) -> str:
        """Tell that certificates end, unless that very end was told; return what is told by now."""
        mark = "" if until is None else until.isoformat()
        if until is not None and mark != told:
            details = {"until": mark, "whose": "provider" if what == "ending" else "ours"}
            self._note(EventName.SSO_CONNECTION_EXPIRY_NOTICED, system("saml-metadata"), found, details)
            self._parts.alarm.saml_noticed(found.organization_id, connection=found.name, what=what, until=until)
        return mark

    def _take(
        self, actor: Principal, found: Connection, saml: SamlSettings, offer: Offer, *, by: str, links: tuple[str, ...] = ()
    ) -> Connection:
        after = _with(found, saml, offer)
        if after is None or not self._parts.records.replace(after):
            raise StoreBusy(_MOVED)
        self._parts.epochs.bump(after.id)
        self._audit.note(
            EventName.SSO_CONNECTION_METADATA_TRUSTED,
            actor=actor,
            targets=(Target("sso_connection", after.id),),
            organization=after.organization_id,
            details={"by": by, **_details(offer.change, links=links)},
            changes=diff(told(found), told(after)),
        )
        return after

    def _is_due(self, connection: Connection) -> bool:
        due = (self._last(connection.id)).get("due_at", "")
        return not due or datetime.fromisoformat(due) <= self._ambient.now()

    def _last(self, connection: ConnectionId) -> Mapping[str, str]:
        live = self._parts.proofs.live(Purpose.SAML_METADATA, connection, now=self._ambient.now())
        return max(live, key=lambda each: each.issued_at).claims if live else {}

    def _keep(self, connection: ConnectionId, claims: Mapping[str, str]) -> None:
        now = self._ambient.now()
        self._parts.proofs.void(Purpose.SAML_METADATA, connection, now=now)
        digest = mint_token(random=self._ambient.random)[1]
        proof = Proof(
            purpose=Purpose.SAML_METADATA, digest=digest, subject=connection, issued_at=now, expires_at=now + _KEPT, claims=claims
        )
        self._parts.proofs.issue((proof,))

    def _note(self, name: EventName, actor: Principal, connection: Connection, details: Mapping[str, Detail]) -> None:
        target, organization = Target("sso_connection", connection.id), connection.organization_id
        self._audit.note(name, actor=actor, targets=(target,), organization=organization, details=details)


def _with(connection: Connection, saml: SamlSettings, offer: Offer) -> Connection | None:
    """Return a connection with what a document says; None where that is more than a connection keeps."""
    try:
        settings = replace(ConnectionSettings.read(connection.settings), saml=taken(saml, offer))
    except ValueError:
        return None
    return replace(connection, settings=settings.text(), version=connection.version + 1)


def _saml(connection: Connection) -> SamlSettings | None:
    return ConnectionSettings.read(connection.settings).saml


def _details(change: DocumentChange, *, links: tuple[str, ...] = ()) -> dict[str, Detail]:
    return {
        "added": tuple(key.fingerprint for key in change.added),
        "dropped": tuple(key.fingerprint for key in change.removed),
        "others": (*(name for name, _ in change.values), *links),
    }
