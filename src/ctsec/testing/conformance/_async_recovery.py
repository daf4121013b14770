"""Conformance of resets of second factors, trails of accounts, terms and domains (async source)."""

from __future__ import annotations

from dataclasses import replace

from ctsec.directory.record import VerifiedDomain
from ctsec.ids import RecoveryId
from ctsec.recovery.record import Recovery, RecoveryState, RecoveryTerms, Trail
from ctsec.storage._async_ports import AsyncStorage
from ctsec.testing.conformance.expect import equal
from ctsec.testing.conformance.samples import HOUR, NOW, TICK, ignore, number, org_id, user_id


def recovery(n: int, *, of: int | None = 1, person: int = 1, state: RecoveryState = RecoveryState.REQUESTED) -> Recovery:
    """Return the n-th reset, of an organization or (None) a case of the support, for a person."""
    return Recovery(
        id=RecoveryId(number("rcv", n)),
        organization_id=org_id(of) if of is not None else None,
        user_id=user_id(person),
        state=state,
        sealed=b"\x01\x00\xff%d" % n,
        requested_by=user_id(90),
        requested_at=NOW,
        due_at=NOW + HOUR,
        expires_at=NOW + 2 * HOUR,
    )


def trail(n: int, *, version: int = 1) -> Trail:
    """Return the trail of the n-th user."""
    return Trail(
        user_id=user_id(n),
        password_reset_at=NOW,
        factors_reset_at=NOW + version * TICK,
        password_proved_at=NOW + 2 * HOUR,
        deciders=2,
        address_changed_at=NOW - TICK,
        former_address="Žofie@example.com",
        version=version,
    )


def terms(n: int, *, version: int = 1) -> RecoveryTerms:
    """Return the terms of the n-th organization."""
    return RecoveryTerms(
        organization_id=org_id(n), approvals=1, delay_seconds=3600 * version, changed_by=user_id(1), changed_at=NOW, version=version
    )


def domain(name: str, *, of: int) -> VerifiedDomain:
    """Return a domain of an organization."""
    return VerifiedDomain(name=name, organization_id=org_id(of), proof="seen in the DNS of Žofie", recorded_by="ops", recorded_at=NOW)


class AsyncRecoveryConformance:
    """Resets of second factors."""

    async def test_what_was_added_comes_back_equal(self, storage: AsyncStorage) -> None:
        """A reset is stored exactly, with an organization and without; pages are of one organization, or of the cases of none."""
        mine, case = [recovery(n) for n in (1, 2, 3)], recovery(4, of=None)
        async with storage.begin(after_commit=ignore) as store:
            for each in (*reversed(mine), case, recovery(5, of=2)):
                await store.recoveries.add(each)
        async with storage.begin(after_commit=ignore) as store:
            equal(await store.recoveries.get(case.id), case)
            equal(await store.recoveries.get(mine[0].id, fresh=True), mine[0])
            equal(await store.recoveries.get(RecoveryId(number("rcv", 9))), None)
            equal(await store.recoveries.page(org_id(1), after="", limit=2), tuple(mine[:2]))
            equal(await store.recoveries.page(org_id(1), after=mine[1].id, limit=9), (mine[2],))
            equal(await store.recoveries.page(None, after="", limit=9), (case,))
            equal(await store.recoveries.page(org_id(3), after="", limit=9), ())

    async def test_a_change_is_a_compare_and_set_on_the_state(self, storage: AsyncStorage) -> None:
        """Of two decisions on one state one is written; whom and what the reset is about never changes."""
        approved = replace(recovery(1), state=RecoveryState.APPROVED, approved_by=user_id(91), approved_at=NOW + TICK)
        done = replace(approved, state=RecoveryState.DONE, ended_by="recovery", ended_at=NOW + HOUR)
        async with storage.begin(after_commit=ignore) as store:
            await store.recoveries.add(recovery(1))
            equal(await store.recoveries.change(done, before=RecoveryState.APPROVED), False)
            foreign = replace(approved, user_id=user_id(5), sealed=b"x", requested_by="x", due_at=NOW, expires_at=NOW, organization_id=None)
            equal(await store.recoveries.change(foreign, before=RecoveryState.REQUESTED), True)
            equal(await store.recoveries.change(approved, before=RecoveryState.REQUESTED), False)
            equal(await store.recoveries.get(approved.id), approved)
        async with storage.begin(after_commit=ignore) as store:
            equal(await store.recoveries.change(done, before=RecoveryState.APPROVED), True)
            equal(await store.recoveries.change(replace(recovery(9), state=RecoveryState.DONE), before=RecoveryState.REQUESTED), False)
        async with storage.reading() as store:
            equal(await store.recoveries.get(done.id), done)

    async def test_what_is_pending_and_what_is_due(self, storage: AsyncStorage) -> None:
        """A reset is pending until it expires or ends; an approved one is due from its moment on, and what expired is due to end."""
        asked, ready = recovery(1), recovery(2, state=RecoveryState.APPROVED)
        over = [recovery(n, state=state) for n, state in ((3, RecoveryState.DONE), (4, RecoveryState.CANCELED))]
        other = replace(recovery(5, person=2, of=None, state=RecoveryState.APPROVED), due_at=NOW, expires_at=NOW + HOUR)
        async with storage.begin(after_commit=ignore) as store:
            for each in (asked, ready, *over, other):
                await store.recoveries.add(each)
        async with storage.reading() as store:
            equal(await store.recoveries.pending(user_id(1), now=NOW), (asked, ready))
            equal(await store.recoveries.pending(user_id(1), now=NOW + 2 * HOUR - TICK), (asked, ready))
            equal(await store.recoveries.pending(user_id(1), now=NOW + 2 * HOUR), ())
            equal(await store.recoveries.pending(user_id(2), now=NOW), (other,))
            equal(await store.recoveries.due(now=NOW - TICK, limit=9), ())
            equal(await store.recoveries.due(now=NOW, limit=9), (other.id,))
            equal(await store.recoveries.due(now=NOW + HOUR, limit=9), (ready.id, other.id))
            equal(await store.recoveries.due(now=NOW + 2 * HOUR, limit=9), (asked.id, ready.id, other.id))
            equal(await store.recoveries.due(now=NOW + 2 * HOUR, limit=2), (asked.id, ready.id))


class AsyncTrailConformance:
    """Trails of accounts, and terms of organizations: one record each, written version after version."""

    async def test_each_version_follows_the_one_before(self, storage: AsyncStorage) -> None:
        """Version 1 is inserted once; a later one replaces exactly the version before it."""
        async with storage.begin(after_commit=ignore) as store:
            equal(await store.trails.get(user_id(1)), None)
            equal(await store.trails.put(trail(1, version=2)), False)
            equal(await store.trails.put(trail(1)), True)
            equal(await store.trails.put(replace(trail(1), deciders=1)), False)
            equal(await store.trails.put(Trail(user_id=user_id(2))), True)
            equal(await store.recovery_terms.get(org_id(1)), None)
            equal(await store.recovery_terms.put(terms(1)), True)
            equal(await store.recovery_terms.put(replace(terms(1), approvals=0)), False)
        async with storage.begin(after_commit=ignore) as store:
            equal(await store.trails.put(trail(1, version=3)), False)
            equal(await store.trails.put(trail(1, version=2)), True)
            equal(await store.recovery_terms.put(terms(1, version=3)), False)
            equal(await store.recovery_terms.put(terms(1, version=2)), True)
        async with storage.reading() as store:
            equal(await store.trails.get(user_id(1)), trail(1, version=2))
            equal(await store.trails.get(user_id(2)), Trail(user_id=user_id(2)))
            equal(await store.recovery_terms.get(org_id(1)), terms(1, version=2))


class AsyncDomainConformance:
    """Verified domains."""

    async def test_a_domain_is_of_one_organization(self, storage: AsyncStorage) -> None:
        """A domain is taken once, is found byte by byte, and is free again when its own organization's was removed."""
        async with storage.begin(after_commit=ignore) as store:
            for name in ("b.example", "a.example"):
                equal(await store.domains.add(domain(name, of=1)), True)
            equal(await store.domains.add(domain("a.example", of=2)), False)
            equal(await store.domains.add(domain("a.example", of=1)), False)
            equal(await store.domains.add(domain("A.example", of=2)), True)
        async with storage.begin(after_commit=ignore) as store:
            equal(await store.domains.get("a.example"), domain("a.example", of=1))
            equal(await store.domains.get("c.example"), None)
            equal(await store.domains.of_organization(org_id(1)), (domain("a.example", of=1), domain("b.example", of=1)))
            equal(await store.domains.remove(org_id(2), "a.example"), False)
            equal(await store.domains.remove(org_id(1), "a.example"), True)
            equal(await store.domains.remove(org_id(1), "a.example"), False)
            equal(await store.domains.add(domain("a.example", of=2)), True)
        async with storage.reading() as store:
            equal(await store.domains.of_organization(org_id(2)), (domain("A.example", of=2), domain("a.example", of=2)))
