"""What request bodies hold, as pydantic models.

Rules that this module keeps:

- unknown fields are refused, types are not coerced, and every text has a limit;
- texts are taken as received: a password is neither stripped nor normalised here;
- what is secret is a `SecretStr`, so that no repr, log line or error shows it.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from ctsec.ids import ID_LENGTH
from ctsec.user import MAX_EMAIL, MAX_NAME
from ctsec.vault.record import AccessMode, VaultKind
from ctsec.web.moments import Moment

Email = Annotated[str, Field(max_length=MAX_EMAIL)]
Name = Annotated[str, Field(max_length=MAX_NAME)]
Word = Annotated[str, Field(max_length=32)]
Id = Annotated[str, Field(max_length=ID_LENGTH)]
Password = Annotated[SecretStr, Field(max_length=4096)]
Token = Annotated[SecretStr, Field(max_length=128)]
Code = Annotated[SecretStr, Field(max_length=64)]


class Body(BaseModel):
    """A request body: nothing unknown, nothing coerced, not changed after it was read."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


class SignUp(Body):
    """A new account."""

    email: Email
    password: Password
    name: Name


class MailedToken(Body):
    """The token of a mail."""

    token: Token


class Address(Body):
    """An e-mail address."""

    email: Email


class SignIn(Body):
    """The first step of a sign-in."""

    email: Email
    password: Password


class SignInCode(Body):
    """The second step of a sign-in."""

    ticket: Token
    factor: Literal["otp", "backup"] = "otp"
    code: Code
    trust: bool = False


class Ticket(Body):
    """The ticket of a sign-in that is not complete."""

    ticket: Token


class TicketCode(Body):
    """The first code of an authenticator app, with the ticket of a sign-in."""

    ticket: Token
    code: Code


class TicketPassword(Body):
    """A password in place of one that is too short now, with the ticket of a sign-in."""

    ticket: Token
    password: Password


class MfaRequirement(Body):
    """Of whom a second factor is required (no roles: of everybody), from when on, and from when on it is refused to go without."""

    organization_roles: Annotated[list[Word], Field(max_length=64)] | None = None
    workspace_roles: Annotated[list[Word], Field(max_length=64)] = []
    starts_at: Moment | None = None
    grace_until: Moment | None = None


class StepUp(Body):
    """A second factor, proved again."""

    factor: Literal["otp", "backup"] = "otp"
    code: Code


class SignOutEverywhere(Body):
    """Whether this session stays."""

    keep_this: bool = False


class EmailChange(Body):
    """The new address, and the current password."""

    email: Email
    password: Password


class PasswordChange(Body):
    """The current password and the new one."""

    current: Password
    new: Password


class PasswordReset(Body):
    """The token of the reset mail and the new password."""

    token: Token
    password: Password


class ActiveOrganization(Body):
    """The organization that the session becomes active in."""

    organization_id: Id


class TotpCode(Body):
    """The first code of a new authenticator."""

    code: Code


class PasskeyQuestion(Body):
    """The ticket of a sign-in whose second step a passkey takes; without one it takes the only step."""

    ticket: Token | None = None


class PasskeyAnswer(Body):
    """What the browser's credential is as JSON (`PublicKeyCredential.toJSON()`); its fields are judged by the feature."""

    response: dict[str, object]


class PasskeySignIn(Body):
    """The answer of a passkey, with the ticket that it was asked for."""

    response: dict[str, object]
    ticket: Token | None = None
    trust: bool = False


class NewPasskey(Body):
    """A passkey that the browser made, and its name."""

    name: Name
    response: dict[str, object]


class NewAuthenticator(Body):
    """The name of a new authenticator app, which tells it from others."""

    name: Name = "authenticator app"


class TicketPasskey(Body):
    """A passkey that the browser made for the ticket of a sign-in, and its name."""

    ticket: Token
    name: Name
    response: dict[str, object]


class FactorName(Body):
    """The name of a passkey or an authenticator app."""

    name: Name


class NamedOrganization(Body):
    """An organization's name."""

    name: Name


class NewWorkspace(Body):
    """A workspace's name and region; the region stays until the workspace is moved."""

    name: Name
    region: Word | None = None


class RegionName(Body):
    """The name of a region."""

    region: Word


class RoleName(Body):
    """The name of a role."""

    role: Word


class RoleGrant(Body):
    """A workspace role, on [`starts_at`, `expires_at`) where they are given."""

    role: Word
    starts_at: Moment | None = None
    expires_at: Moment | None = None


class RoleDefinition(Body):
    """What a role of the organization's own holds, beside everything of the role that it extends."""

    permissions: Annotated[list[Annotated[str, Field(max_length=64)]], Field(max_length=256)]
    extends: Word | None = None


class KeyReference(Body):
    """The reference of a key at its service, such as the ARN of an AWS KMS key."""

    ref: Annotated[str, Field(min_length=1, max_length=512)]


class Destruction(Body):
    """The id of the organization whose data keys are to be destroyed, said once more."""

    organization_id: Id


class ElevationWish(Body):
    """Which role, where (without a workspace: in the organization), for how many minutes, and why."""

    role: Word
    workspace_id: Id | None = None
    minutes: Annotated[int, Field(ge=1, le=10_080)]
    reason: Annotated[str, Field(max_length=1000)]


class ResetWish(Body):
    """Why a member's second factors are to be reset."""

    reason: Annotated[str, Field(max_length=500)]


class RecoveryTerms(Body):
    """How many further administrators approve a reset (0 or 1), and how many minutes lie between the request and the reset."""

    approvals: Annotated[int, Field(ge=0, le=1)]
    delay_minutes: Annotated[int, Field(ge=0, le=20_160)]


class NewInvitation(Body):
    """Whom to invite, as what, and optionally to which workspace as what."""

    email: Email
    role: Word = "member"
    workspace_id: Id | None = None
    workspace_role: Word | None = None


class NewApiKey(Body):
    """What a new key is to be; a missing list does not narrow, `life_days` null never ends (if allowed), `rate` 0 is the default."""

    name: Name
    scopes: Annotated[list[Annotated[str, Field(max_length=64)]], Field(max_length=200)] | None = None
    workspaces: Annotated[list[Id], Field(max_length=200)] | None = None
    networks: Annotated[list[Annotated[str, Field(max_length=64)]], Field(max_length=64)] = []
    life_days: Annotated[int, Field(ge=1, le=36_500)] | None = 90
    environment: Word = "live"
    rate: Annotated[int, Field(ge=0, le=60_000)] = 0
    derivable: bool = False


class KeyRotation(Body):
    """How long the old secret works on, in hours."""

    overlap_hours: Annotated[int, Field(ge=0, le=720)] = 24


Narrowing = Annotated[list[Annotated[str, Field(max_length=64)]], Field(min_length=1, max_length=200)] | None
Version = Annotated[int, Field(ge=0, le=2_147_483_647)] | None
VaultSecret = Annotated[SecretStr, Field(min_length=1, max_length=60_000)]


class NewCredential(Body):
    """A credential to keep, of the organization or of a workspace.

    `services` and `regions` have to be said: null is all of them; `users` null narrows nothing.
    """

    name: Name
    kind: Annotated[VaultKind, Field(strict=False)]
    label: Name = ""
    access: Annotated[AccessMode, Field(strict=False)] = AccessMode.READ_ONLY
    services: Narrowing
    regions: Narrowing
    users: Narrowing = None
    rotate_days: Annotated[int, Field(ge=1, le=3650)] | None = None
    workspace_id: Id | None = None
    secret: VaultSecret


class CredentialChange(Body):
    """What a credential is to be from now on, all of it; `version` is the one that was read."""

    name: Name
    kind: Annotated[VaultKind, Field(strict=False)]
    label: Name = ""
    access: Annotated[AccessMode, Field(strict=False)] = AccessMode.READ_ONLY
    services: Narrowing
    regions: Narrowing
    users: Narrowing = None
    rotate_days: Annotated[int, Field(ge=1, le=3650)] | None = None
    version: Version = None


class CredentialRotation(Body):
    """The new secret."""

    secret: VaultSecret
    version: Version = None


class CredentialUse(Body):
    """What the secret is used for."""

    access: Annotated[AccessMode, Field(strict=False)] = AccessMode.READ_ONLY
    service: Annotated[str, Field(max_length=64)] | None = None
    region: Annotated[str, Field(max_length=64)] | None = None
