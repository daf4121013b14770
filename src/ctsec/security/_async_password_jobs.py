"""The jobs that renew stored passwords without their people: under the current pepper, and Argon2id over foreign hashes (async source).

A page is read, computed outside of any transaction, and written in a short one, each record compared and set: killed in between, a run has
done whole records or nothing, and the next one finds what is left by its pepper and its scheme. There is no cursor to lose.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Final

from ctsec.ambient import Ambient
from ctsec.authn._async_ports import AsyncPasswordHasher
from ctsec.authn.pepper import open_hash, renewed
from ctsec.authn.record import PasswordGroup, PasswordRecord
from ctsec.authn.schemes import is_ours
from ctsec.errors import CtsecError, Overloaded
from ctsec.security.parts import Parts
from ctsec.storage._async_ports import AsyncStorage

_LOG: Final = logging.getLogger("ctsec.passwords")
_PAGE: Final = 100
_FEW: Final = 10
RESEALED_A_RUN: Final = 5000
WRAPPED_A_RUN: Final = 500


def _nothing(scopes: frozenset[str]) -> None:
    """A renewed record is the same password: nothing that a cache holds changes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordCensus:
    """How many passwords there are of each pepper and scheme, how many API keys' secrets that still work are under each pepper, and which
    peppers the ring holds, the current one first.
    """

    passwords: tuple[PasswordGroup, ...]
    api_keys: tuple[tuple[str, int], ...]
    peppers: tuple[str, ...]

    def under(self, pepper: str) -> int:
        """Return how many passwords and API keys need this pepper: at zero it may be taken out of the ring."""
        passwords = sum(group.count for group in self.passwords if group.pepper == pepper)
        return passwords + sum(count for name, count in self.api_keys if name == pepper)

    @property
    def lost(self) -> tuple[str, ...]:
        """The peppers that are needed and that the ring does not hold: what is under them can not be verified."""
        needed = {group.pepper for group in self.passwords} | {name for name, _ in self.api_keys}
        return tuple(sorted(needed - set(self.peppers)))


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordsRenewed:
    """How many passwords a run renewed, and how many it could not open."""

    written: int = 0
    failed: int = 0


class AsyncPasswordJobs:
    """Census, re-sealing and wrapping of stored passwords."""

    __slots__ = ("_ambient", "_hasher", "_peppers", "_sealing", "_storage")

    def __init__(self, storage: AsyncStorage, *, hasher: AsyncPasswordHasher, parts: Parts, ambient: Ambient) -> None:
        self._storage = storage
        self._hasher = hasher
        self._sealing = parts.password_sealing
        self._peppers = parts.key_peppers.names
        self._ambient = ambient

    async def census(self) -> PasswordCensus:
        """Count the stored passwords and the working API keys by pepper."""
        async with self._storage.reading() as store:
            passwords = await store.passwords.census()
            keys = await store.api_keys.peppers(now=self._ambient.now())
        return PasswordCensus(passwords=passwords, api_keys=keys, peppers=tuple(dict.fromkeys((*self._sealing.names, *self._peppers))))

    async def reseal(self, *, limit: int = RESEALED_A_RUN) -> PasswordsRenewed:
        """Put up to `limit` passwords under the current pepper; those under a pepper that the ring has not count as failed."""
        current, *_ = names = self._sealing.names
        run = PasswordsRenewed()
        for group in await self._groups():
            if group.pepper not in names and group.pepper:
                run = PasswordsRenewed(written=run.written, failed=run.failed + group.count)
            elif (group.pepper != current or not group.scheme) and run.written < limit:
                run = await self._renew(group, run, limit=limit, page=_PAGE, wrap=False)
        return run

    async def wrap(self, *, limit: int = WRAPPED_A_RUN) -> PasswordsRenewed:
        """Put Argon2id over up to `limit` hashes of other systems; a run ends early where sign-ins need the workers."""
        run = PasswordsRenewed()
        try:
            for group in await self._groups():
                if group.scheme and not is_ours(group.scheme) and group.pepper in self._sealing.names and run.written < limit:
                    run = await self._renew(group, run, limit=limit, page=_FEW, wrap=True)
        except Overloaded:
            _LOG.info("wrapping passwords waits: sign-ins need the workers")
        return run

    async def run_due(self) -> int:
        """Re-seal and wrap what is due; return how many passwords were renewed."""
        resealed, wrapped = await self.reseal(), await self.wrap()
        if resealed.failed or wrapped.failed:
            _LOG.warning("%d stored passwords can not be opened", resealed.failed + wrapped.failed)
        return resealed.written + wrapped.written

    async def _groups(self) -> tuple[PasswordGroup, ...]:
        async with self._storage.reading() as store:
            return await store.passwords.census()

    async def _renew(self, group: PasswordGroup, run: PasswordsRenewed, *, limit: int, page: int, wrap: bool) -> PasswordsRenewed:
        written, failed, after = run.written, run.failed, ""
        while written < limit:
            size = min(page, limit - written)
            async with self._storage.reading() as store:
                found = await store.passwords.page(group.pepper, group.scheme, after=after, limit=size)
            made = [each for record in found if (each := await self._made(record, wrap=wrap)) is not None]
            failed += len(found) - len(made)
            async with self._storage.begin(after_commit=_nothing) as store:
                # A record that its person changed meanwhile is newer, and stays.
                written += sum([await store.passwords.put(each) for each in made])
            if len(found) < size:
                break
            after = found[-1].user_id
        return PasswordsRenewed(written=written, failed=failed)

    async def _made(self, record: PasswordRecord, *, wrap: bool) -> PasswordRecord | None:
        try:
            encoded = open_hash(record.sealed, user=record.user_id, sealing=self._sealing)
            if wrap:
                encoded = await self._hasher.wrap(encoded)
            return renewed(record, encoded, sealing=self._sealing, random=self._ambient.random)
        except CtsecError as error:
            if error.retryable:
                raise
            return None
