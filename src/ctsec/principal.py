"""The authenticated actor and the properties of the credential that it presented.

Roles, keys and audit all speak of a `Principal`. It says who acts, through which credential, and how that credential was proved; what
the principal may do is never in it, but asked of `ctsec.rbac` for each request.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final, TypeAlias

from ctsec.ids import OrganizationId, WorkspaceId

# Kind and id of an actor, of its credential, and how a body says them, see `ctsec.audit.frame`.
Told: TypeAlias = tuple[str, str, str, str, bytes | None]
_NO_FACTORS: Final[Mapping[str, datetime]] = MappingProxyType({})


class PrincipalKind(StrEnum):
    """What kind of actor a principal is."""

    USER = "user"
    SERVICE_ACCOUNT = "service_account"
    SYSTEM = "system"
    OPERATOR = "operator"
    ANONYMOUS = "anonymous"


class CredentialKind(StrEnum):
    """Through what the principal authenticated."""

    SESSION = "session"
    SSO_SESSION = "sso_session"  # through an organization's identity provider: it counts in that organization alone
    API_KEY = "api_key"
    INTERNAL = "internal"
    TICKET = "ticket"  # a sign-in that is not complete: it enrols a first second factor, or sets a password, and nothing else
    NONE = "none"


# Through what a person enrols second factors: nothing else takes a ticket.
ENROLLING: Final = frozenset({CredentialKind.SESSION, CredentialKind.TICKET})

# A person who is signed in, through the account or through a provider.
SESSIONS: Final = frozenset({CredentialKind.SESSION, CredentialKind.SSO_SESSION})

# What belongs to one organization: elsewhere it is nobody's.
LOCAL: Final = frozenset({CredentialKind.API_KEY, CredentialKind.SSO_SESSION})

# What does less than its person may: it founds and joins nothing, and ends no session but itself.
PARTIAL: Final = frozenset({CredentialKind.API_KEY, CredentialKind.TICKET, CredentialKind.SSO_SESSION})


class Factor(StrEnum):
    """An authentication factor that was proved; the names follow RFC 8176 (`amr`) where it has one."""

    PASSWORD = "pwd"
    TOTP = "otp"
    BACKUP_CODE = "backup"
    LINK = "link"  # a mailed link: RFC 8176 has no name for it, and NIST counts it for nothing more than a password
    PASSKEY = "passkey"  # neither "hwk" nor "swk": without attestation nobody knows where its key is
    SSO = "sso"  # an organization's identity provider said who it is
    SSO_MFA = "sso_mfa"  # and that it asked for more than one factor, where the connection trusts it with that
    TRUSTED_DEVICE = "trusted_device"  # no authenticator: it says why no second factor was asked for, and since when


SECOND_FACTORS: Final = frozenset({Factor.TOTP.value, Factor.BACKUP_CODE.value, Factor.PASSKEY.value})
# What counts as a second factor of a session once it is there; a provider's word is not proved here, so it is no factor of the account.
COUNTED_SECOND: Final = SECOND_FACTORS | {Factor.SSO_MFA.value}
# What signs for one site alone; a code that somebody types can be typed into any page (NIST SP 800-63B-4, 3.2.5).
PHISHING_RESISTANT: Final = frozenset({Factor.PASSKEY.value})
FRESH: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """The credential behind a request.

    `factors` maps each factor that was proved (`amr`) to the moment of its proof; `aal` is the assurance level (1 to 3) of
    NIST SP 800-63B. `scopes` narrows an API key to permissions and `workspaces` to workspaces; None means not narrowed. `enrolled` says of
    an API key that its owner has a confirmed second factor, where the key's organization requires one, or is no person. `derived` says that
    it was derived from another key: it makes and changes none. `glass` says of a session in which organization, and until when, a
    break-glass code lets it use the settings of single sign-on.
    """

    kind: CredentialKind
    id: str
    aal: int = 1
    factors: Mapping[str, datetime] = field(default_factory=lambda: _NO_FACTORS)
    scopes: frozenset[str] | None = None
    workspaces: frozenset[WorkspaceId] | None = None
    enrolled: bool = False
    derived: bool = False
    glass: tuple[OrganizationId, datetime] | None = None

    @property
    def multi_factor(self) -> bool:
        """Whether a session proved a second factor, at whatever time; of an API key, whether its owner has one."""
        return self.aal >= 2 if self.kind in SESSIONS else self.kind is CredentialKind.API_KEY and self.enrolled

    def second_factor_fresh(self, *, now: datetime, within: timedelta = FRESH) -> bool:
        """Say whether a second factor was proved at most `within` ago; a proof from the future, after a clock went back, is none."""
        return any(self.fresh(each, now=now, within=within) for each in COUNTED_SECOND)

    def fresh(self, factor: str, *, now: datetime, within: timedelta = FRESH) -> bool:
        """Say whether `factor` was proved at most `within` ago; a proof from the future is none."""
        proved = self.factors.get(factor)
        return proved is not None and timedelta(0) <= now - proved <= within


class _Told:
    """What the audit log tells of a principal, made with its first event and kept beside the fields: a copy has none."""

    __slots__ = ("told",)
    told: Told


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal(_Told):
    """The authenticated actor of a request.

    `organization` is the one that the session is active in, or that the API key belongs to; None before one is chosen.
    """

    id: str
    kind: PrincipalKind
    credential: Credential
    organization: OrganizationId | None = None


def anonymous() -> Principal:
    """Return the principal of somebody who has not authenticated (yet): it may do nothing, and stands as actor in the audit log."""
    return Principal(id="anonymous", kind=PrincipalKind.ANONYMOUS, credential=Credential(kind=CredentialKind.NONE, id="", aal=0))


def system(component: str) -> Principal:
    """Return the principal of ctsec's own work (jobs, bootstrap, the command line); `component` names it in the audit log."""
    return Principal(id=component, kind=PrincipalKind.SYSTEM, credential=Credential(kind=CredentialKind.INTERNAL, id=component, aal=3))
