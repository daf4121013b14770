"""What a dry run of a connection shows: who somebody would be, whether they would come in, and what of the provider's words is shown.

Rules that this module keeps:

- nothing of it is a sign-in: it holds no token, no nonce, no code;
- claims are shown bounded: texts, lists and depth are cut, and what could be a token is left out.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Final, TypeAlias, cast

from ctsec.ids import ConnectionId, UserId
from ctsec.sso.foreseen import Foreseen
from ctsec.sso.oidc.identity import ExternalIdentity
from ctsec.sso.record import Connection

TRIED_LIFE: Final = timedelta(days=90)
MAX_TOLD: Final = 16 * 1024
MAX_WORDS: Final = 500
MAX_MEMBERS: Final = 50
MAX_DEPTH: Final = 4
_SECRET: Final = frozenset(
    {"nonce", "at_hash", "c_hash", "s_hash", "access_token", "refresh_token", "id_token", "jwt", "client_secret", "code"}
)
_TOKEN: Final = re.compile(r"eyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]*\.")  # a JSON object in base64url, and two dots: RFC 7515, 3.1
LEFT_OUT: Final = "(left out)"
Told: TypeAlias = Mapping[str, object]


class Account(StrEnum):
    """Whose account an identity would get."""

    NEW = "new"
    ADDRESS = "address"
    LINKED = "linked"
    NONE = "none"


class SecondFactor(StrEnum):
    """What would stand for the second factor: the provider's word, the account's own, or nothing."""

    PROVIDER = "provider"
    OWN = "own"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """What a sign-in would come to. `why` is in one word why it would be refused, empty if it would not."""

    why: str
    account: Account
    second_factor: SecondFactor
    own_address: bool
    foreseen: Foreseen
    user: UserId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRun:
    """How a dry run ended. `problem` is in one word why a sign-in would be refused, empty if it passed.

    `claims` are those of the ID token and `userinfo` what userinfo added, both as `showable` shows them; None where there are none.
    """

    connection: ConnectionId
    problem: str
    claims: Told | None = field(default=None, repr=False)
    userinfo: Told | None = field(default=None, repr=False)
    identity: ExternalIdentity | None = field(default=None, repr=False)
    arrival: Arrival | None = None

    @property
    def passed(self) -> bool:
        """Whether the person would have been signed in."""
        return not self.problem


def tried_settings(connection: Connection) -> str:
    """Return a digest of everything that a dry run tries: another secret, setting or rule makes another."""
    parts = (
        *(connection.id, connection.provider.value, connection.client_id, connection.settings, connection.default_role),
        *(connection.provisioning or "", connection.sealed_secret.hex()),
    )
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def showable(told: Told | None) -> Told | None:
    """Return claims that may be shown: bounded, and without anything that could be used as a token."""
    if told is None:
        return None
    made = cast("dict[str, object]", _shown(told, depth=MAX_DEPTH))
    while len(json.dumps(made)) > MAX_TOLD:
        made.pop(max(made, key=lambda name: len(json.dumps(made[name]))))
    return made


def _shown(value: object, *, depth: int) -> object:
    if isinstance(value, str):
        text = value if len(value) <= MAX_WORDS else f"{value[:MAX_WORDS]}…"
        return LEFT_OUT if _TOKEN.search(value) else text
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if not depth:
        return LEFT_OUT
    if isinstance(value, Mapping):
        members = list(cast("Mapping[str, object]", value).items())[:MAX_MEMBERS]
        return {str(name)[:MAX_WORDS]: _member(name, each, depth=depth - 1) for name, each in members}
    return [_shown(each, depth=depth - 1) for each in cast("list[object]", value)[:MAX_MEMBERS]] if isinstance(value, list) else LEFT_OUT


def _member(name: str, value: object, *, depth: int) -> object:
    return LEFT_OUT if str(name).lower() in _SECRET else _shown(value, depth=depth)
