"""What a session through a provider rests on, as long as it lives.

Rules that this module keeps:

- every such session has one grant: with a token to ask the provider with, or without; a session without a grant counts for nothing;
- a session counts until a moment that is read from what is stored: asking late, or not at all, lets it end and never go on;
- a token is stored sealed, bound to its organization and its session, with what the next answer is held against, and shows itself nowhere;
- whom the provider means by a subject or a session is looked up by digest, in one connection and of one issuer alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from ctsec.encryption.context import Context
from ctsec.ids import ConnectionId, OrganizationId, Random, SessionId, UserId
from ctsec.secret import SecretText
from ctsec.sso.oidc.client import OidcClient
from ctsec.sso.oidc.flow import ProvedSignIn
from ctsec.sso.oidc.id_token import IdToken
from ctsec.sso.oidc.metadata import ProviderMetadata
from ctsec.sso.policy import SsoPolicy
from ctsec.sso.record import identity_digest

CLAIM_LIFE: Final = timedelta(minutes=5)
FIRST_RETRY: Final = timedelta(minutes=2)
LAST_RETRY: Final = timedelta(minutes=30)
MAX_HINT: Final = 255
NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)  # before any connection was enabled
_EARLIEST: Final = 0.75
_SPREAD: Final = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """What the provider is asked with: a refresh token (`refreshes`), or an access token of GitHub. `before` is the sign-in's ID token."""

    secret: SecretText
    refreshes: bool
    before: IdToken | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What a sign-in left behind: whom the provider means, where a browser signs out there, and a token if it gave one.

    `until` is when the provider wants the session to end, if it said so.
    """

    subject: bytes
    provider_session: bytes | None = None
    end_session: str = ""
    sign_out_name: str = ""
    token: Token | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """The grant of one session.

    `identity`, `provider_subject` and `provider_session` are digests (`identity_digest`) of who it is here, and of `sub` and `sid` there.
    `sealed` is the token, empty where there is none. `checked_at` is when the provider said yes last, `due_at` when it is to be asked next.
    `claimed_until` says that a worker is about to use the token; `failures` is how often it could not be asked since it said yes.
    """

    session_id: SessionId
    connection_id: ConnectionId
    organization_id: OrganizationId
    user_id: UserId
    identity: bytes
    provider_subject: bytes
    provider_session: bytes | None
    end_session: str
    sign_out_name: str
    sealed: bytes = field(repr=False)
    began_at: datetime
    checked_at: datetime
    due_at: datetime
    claimed_until: datetime | None = None
    failures: int = 0
    version: int = 1

    def counts_until(self, policy: SsoPolicy) -> datetime:
        """Return when the session ends for want of the provider's word."""
        return self.checked_at + policy.unchecked if self.sealed else self.began_at + policy.unasked

    def claimed(self, *, now: datetime) -> Grant:
        """Return the grant as a worker claims it before it asks."""
        return replace(self, claimed_until=now + CLAIM_LIFE, version=self.version + 1)

    def checked(self, *, now: datetime, policy: SsoPolicy, random: Random, sealed: bytes) -> Grant:
        """Return the grant after the provider's yes; the next question is spread over the last part of the interval."""
        due = next_due(now=now, policy=policy, random=random)
        return replace(self, sealed=sealed, checked_at=now, due_at=due, claimed_until=None, failures=0, version=self.version + 1)

    def void(self) -> Grant:
        """Return the grant of a session that counts for nothing any more, whether it began or not; the worker gives its token back."""
        return replace(self, began_at=NEVER, claimed_until=None, version=self.version + 1)

    def unheard(self, *, now: datetime) -> Grant:
        """Return the grant after a question without an answer: it is asked again after a wait that doubles, from two minutes to thirty."""
        wait = min(LAST_RETRY, FIRST_RETRY * 2 ** min(self.failures, 10))
        return replace(self, due_at=now + wait, claimed_until=None, failures=self.failures + 1, version=self.version + 1)


def next_due(*, now: datetime, policy: SsoPolicy, random: Random) -> datetime:
    """Return when a session is asked about next: after 75 to 95 % of the interval, so that sign-ins of one hour do not stay one crowd."""
    share = _EARLIEST + _SPREAD * int.from_bytes(random(2), "big") / 65_535
    return now + policy.revalidate_every * share


def held_from(proved: ProvedSignIn, *, client: OidcClient, metadata: ProviderMetadata) -> Held:
    """Return what is kept of a sign-in. Of the ID token stay the claims that a refreshed one is held against."""
    token = proved.id_token
    if token is None:
        secret = proved.tokens.refresh_token or proved.tokens.access_token
        kept = Token(secret=secret, refreshes=proved.tokens.refresh_token is not None)
        return Held(subject=identity_digest(*proved.identity.key), token=kept)
    issuer, refresh = token.issuer, proved.tokens.refresh_token
    hint = token.claims.get("login_hint", token.session)
    names = {"sub", "nonce", *client.preset.subject, client.preset.domain_claim, client.preset.tenant_claim}
    before = replace(token, claims={name: value for name, value in token.claims.items() if name in names})
    return Held(
        subject=identity_digest(client.connection, issuer, token.subject),
        provider_session=identity_digest(client.connection, issuer, token.session) if token.session is not None else None,
        end_session=metadata.end_session_endpoint,
        sign_out_name=hint if isinstance(hint, str) and len(hint) <= MAX_HINT else "",
        token=Token(secret=refresh, refreshes=True, before=before) if refresh is not None else None,
    )


def pack(token: Token) -> bytes:
    """Return a token as it is sealed."""
    before = token.before
    told: dict[str, Any] = {"secret": token.secret.reveal(), "refreshes": token.refreshes}
    if before is not None:
        at = before.signed_in_at
        told |= {"issuer": before.issuer, "subject": before.subject, "claims": dict(before.claims)}
        told |= {"signed_in_at": at.isoformat()} if at is not None else {}
    return json.dumps(told).encode()


def unpack(blob: bytes) -> Token:
    """Return the token in an opened blob."""
    told: Mapping[str, Any] = json.loads(blob)
    before = None
    if "issuer" in told:
        at = told.get("signed_in_at")
        before = IdToken(
            issuer=told["issuer"],
            subject=told["subject"],
            claims=told["claims"],
            signed_in_at=datetime.fromisoformat(at) if at is not None else None,
        )
    return Token(secret=SecretText(told["secret"]), refreshes=told["refreshes"], before=before)


def grant_context(organization: OrganizationId, session: SessionId) -> Context:
    """Return what a sealed token is bound to."""
    return Context(organization=organization, table="sso_grant", row=session, field="sealed", purpose="sso")
