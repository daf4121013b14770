"""Which permission may be used through which way of authenticating: the table, closed by default.

    permission          session  second_factor  fresh_second_factor  api_key
    dashboards:view     yes      -              -                    yes
    sso:manage          -        -              yes                  -

Rules that this module keeps:

- a permission that the table does not name is for sessions: no API key, and no kind of credential that comes later, may use it;
- a stronger session may do what a weaker one may; a session that is too weak is told to step up, and only where that would help;
- a credential of another kind (none, internal, one that this table has no column for) may use nothing;
- the table is asked after the roles, and only takes away: it never turns a denial into an answer of its own;
- a permission can have a freshness of its own: it is for sessions whose second factor was proved at most so long ago, and for an API key
  only if its row says so; a weaker session in its row is an error;
- to let keys use everything is a choice with a name: `MethodTable.keys_unrestricted`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from ctsec.principal import FRESH, SESSIONS, Credential, CredentialKind
from ctsec.rbac.access import Access
from ctsec.rbac.decision import DecisionReason
from ctsec.rbac.matrix import MatrixError, parse_matrix
from ctsec.rbac.permission import PermissionIndex, shown


class Method(StrEnum):
    """A way of having authenticated, from the weakest session to the strongest, then those of programs."""

    SESSION = "session"
    SECOND_FACTOR = "second_factor"
    FRESH_SECOND_FACTOR = "fresh_second_factor"
    API_KEY = "api_key"


# What has a method, has those of its row too.
IMPLIED: Final[Mapping[Method, frozenset[Method]]] = {
    Method.SESSION: frozenset({Method.SESSION}),
    Method.SECOND_FACTOR: frozenset({Method.SESSION, Method.SECOND_FACTOR}),
    Method.FRESH_SECOND_FACTOR: frozenset({Method.SESSION, Method.SECOND_FACTOR, Method.FRESH_SECOND_FACTOR}),
    Method.API_KEY: frozenset({Method.API_KEY}),
}
STRONGER: Final = (Method.SECOND_FACTOR, Method.FRESH_SECOND_FACTOR)
_NONE: Final[frozenset[Method]] = frozenset()
_NO_TIMES: Final[Mapping[str, timedelta]] = MappingProxyType({})


def methods_of(credential: Credential, *, now: datetime, fresh: timedelta = FRESH) -> frozenset[Method]:
    """Return every method that `credential` counts as; a second factor is fresh if it was proved at most `fresh` ago."""
    if credential.kind is CredentialKind.API_KEY:
        return IMPLIED[Method.API_KEY]
    if credential.kind not in SESSIONS:
        return _NONE
    if credential.aal < 2:
        return IMPLIED[Method.SESSION]
    proved = credential.second_factor_fresh(now=now, within=fresh)
    return IMPLIED[Method.FRESH_SECOND_FACTOR if proved else Method.SECOND_FACTOR]


def refuse_methods(accepted: frozenset[Method], methods: frozenset[Method]) -> DecisionReason | None:
    """Return why a caller with `methods` may not do what takes one of `accepted`, or None."""
    if accepted & methods:
        return None
    able = Method.SESSION in methods and not accepted.isdisjoint(STRONGER)
    return DecisionReason.STEP_UP_REQUIRED if able else DecisionReason.CREDENTIAL_NOT_ACCEPTED


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodTable:
    """The methods that each permission of `index` accepts; made by `of`, `from_matrix` or `keys_unrestricted`.

    `rows` holds what the host named, `otherwise` the methods of everything else; `fresh` is how long the proof of a second factor is fresh,
    `within` for which permissions another time counts.
    """

    index: PermissionIndex
    rows: tuple[tuple[str, frozenset[Method]], ...] = ()
    otherwise: frozenset[Method] = IMPLIED[Method.SESSION]
    fresh: timedelta = FRESH
    within: tuple[tuple[str, timedelta], ...] = ()
    _accepted: dict[str, frozenset[Method]] = field(init=False, repr=False, compare=False)
    _masks: dict[Method, int] = field(init=False, repr=False, compare=False)
    _within: dict[str, timedelta] = field(init=False, repr=False, compare=False)
    _timed: dict[timedelta, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.fresh <= timedelta(0):
            raise ValueError("expected a positive time for which a second factor is fresh")
        accepted = dict.fromkeys(self.index.names, self.otherwise)
        for permission, methods in self.rows:
            self.index.bit(permission)
            if not methods:
                raise ValueError(f"expected at least one method for {permission}, or nobody could ever use it")
            accepted[permission] = frozenset(Method(each) for each in methods)
        if len({permission for permission, _ in self.rows}) != len(self.rows):
            raise ValueError("expected each permission once")
        timed: dict[timedelta, int] = {}
        for permission, within in self.within:
            timed[within] = timed.get(within, 0) | self.index.bit(permission)
            accepted[permission] = self._timed_methods(permission, within)
        masks = {method: self.index.mask(name for name, methods in accepted.items() if method in methods) for method in Method}
        object.__setattr__(self, "_accepted", accepted)
        object.__setattr__(self, "_masks", masks)
        object.__setattr__(self, "_within", dict(self.within))
        object.__setattr__(self, "_timed", timed)

    def _timed_methods(self, permission: str, within: timedelta) -> frozenset[Method]:
        """Return what a permission with a freshness of its own accepts: a fresh second factor, and keys if its row names them."""
        if within <= timedelta(0):
            raise ValueError(f"expected a positive time within which the second factor was proved for {permission}")
        named = dict(self.rows).get(permission, frozenset({Method.FRESH_SECOND_FACTOR}))
        if Method.FRESH_SECOND_FACTOR not in named or named & {Method.SESSION, Method.SECOND_FACTOR}:
            raise ValueError(f"expected fresh_second_factor and no weaker session in the row of {permission}, which has a freshness")
        return named

    @classmethod
    def of(
        cls,
        index: PermissionIndex,
        table: Mapping[str, Iterable[Method]],
        *,
        fresh: timedelta = FRESH,
        within: Mapping[str, timedelta] = _NO_TIMES,
    ) -> MethodTable:
        """Return the table in which each permission named by `table` accepts the methods given there, and every other one sessions only.

        `index` is the policy's. `within` says of a permission how old the proof of a second factor may be: it takes one then, in whatever
        table it is. Raises UnknownPermission for a name outside of the index, ValueError for no methods or an unknown one.
        """
        rows: list[tuple[str, frozenset[Method]]] = []
        for permission, methods in table.items():
            try:
                rows.append((permission, frozenset(Method(each) for each in methods)))
            except ValueError:
                known = ", ".join(Method)
                raise ValueError(f"expected the methods of {shown(permission)} to be among {known}") from None
        return cls(index=index, rows=tuple(rows), fresh=fresh, within=tuple(within.items()))

    @classmethod
    def from_matrix(
        cls, index: PermissionIndex, text: str, *, fresh: timedelta = FRESH, within: Mapping[str, timedelta] = _NO_TIMES
    ) -> MethodTable:
        """Return the table in `text`, whose columns are methods; raise MatrixError that names the place of a mistake."""
        matrix = parse_matrix(text, permissions=index.names)
        for column in matrix.columns:
            if column not in set(Method):
                raise MatrixError(f"expected one of {', '.join(Method)}", column=column)
        for row in matrix.rows:
            if not row.granted:
                raise MatrixError("expected at least one method, or nobody could ever use it", line=row.line, row=row.permission)
        rows = tuple((row.permission, frozenset(Method(each) for each in row.granted)) for row in matrix.rows)
        return cls(index=index, rows=rows, fresh=fresh, within=tuple(within.items()))

    @classmethod
    def keys_unrestricted(cls, index: PermissionIndex, *, within: Mapping[str, timedelta] = _NO_TIMES) -> MethodTable:
        """Return the table that takes nothing away but by `within`: an API key may use, within its scopes, every permission of its owner.

        This is the choice to go without a table; a stolen key then does all that its owner could do in a session. What has a freshness of
        its own is not for keys.
        """
        return cls(index=index, otherwise=frozenset({Method.SESSION, Method.API_KEY}), within=tuple(within.items()))

    def accepted(self, permission: str) -> frozenset[Method]:
        """Return the methods that `permission` accepts; raise UnknownPermission for a name outside of the index."""
        self.index.bit(permission)
        return self._accepted[permission]

    def fresh_for(self, permission: str) -> timedelta:
        """Return how old the proof of a second factor may be to count as fresh for `permission`."""
        return self._within.get(permission, self.fresh)

    def max_age(self, permission: str) -> timedelta | None:
        """Return how old the proof of a second factor may be in a session that uses `permission`, or None if its age does not matter."""
        accepted = self._accepted.get(permission, self.otherwise)
        weaker = accepted & {Method.SESSION, Method.SECOND_FACTOR}
        return self.fresh_for(permission) if Method.FRESH_SECOND_FACTOR in accepted and not weaker else None

    def refuse(self, permission: str, *, credential: Credential, now: datetime) -> DecisionReason | None:
        """Return why `permission` may not be used through `credential` (`step_up_required` or `credential_not_accepted`), or None.

        Raises UnknownPermission for a name outside of the index.
        """
        return refuse_methods(self.accepted(permission), methods_of(credential, now=now, fresh=self.fresh_for(permission)))

    def narrow(self, access: Access, *, credential: Credential, now: datetime) -> Access:
        """Return `access` without what may not be used through `credential`: the same answers as `refuse`, for all permissions at once."""
        if access.index != self.index:
            raise ValueError("expected an access of the policy that this table was made for")
        methods = methods_of(credential, now=now, fresh=self.fresh)
        usable = self._mask(methods)
        for within, timed in self._timed.items():
            usable = usable & ~timed | self._mask(methods_of(credential, now=now, fresh=within)) & timed
        strong = self._mask(STRONGER) if Method.SESSION in methods else 0
        after = access.narrow(usable | strong, reason=DecisionReason.CREDENTIAL_NOT_ACCEPTED)
        return after.narrow(usable, reason=DecisionReason.STEP_UP_REQUIRED)

    def _mask(self, methods: Iterable[Method]) -> int:
        mask = 0
        for method in methods:
            mask |= self._masks[method]
        return mask
