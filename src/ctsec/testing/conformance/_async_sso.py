"""Conformance of connections to identity providers, of identities there, and of entrances (async source)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta, timezone

from ctsec.directory.record import Departure
from ctsec.ids import ConnectionId
from ctsec.rbac.standing import Standing
from ctsec.sso.oidc.presets import Provider
from ctsec.sso.record import ConnectionState, LinkedBy
from ctsec.storage._async_ports import AsyncStorage
from ctsec.testing.conformance.expect import equal
from ctsec.testing.conformance.samples import (
    HOUR,
    NOW,
    TICK,
    assignment,
    ignore,
    membership,
    org_id,
    organization,
    session,
    user_id,
)
from ctsec.testing.conformance.sso_samples import claim, connection, glass_codes, identity, saml_connection


class AsyncConnectionConformance:
    """Connections, identities, from when on organizations are entered through them only, and break-glass codes."""

    async def test_a_connection_is_compared_and_set(self, storage: AsyncStorage) -> None:
        """Connections are read back field by field, listed by organization, and written over the version that was read only."""
        first, second, other = connection(1, of=1), saml_connection(2, of=1), connection(3, of=2)
        after = replace(
            first,
            name="ünï",
            sealed_secret=b"\x00\xff",
            state=ConnectionState.ENABLED,
            tested_at=NOW,
            enabled_at=NOW,
            version=2,
            provisioning='{"rules": []}',
        )
        after = replace(after, public_keys='[{"kid": "ü"}]')
        async with storage.begin(after_commit=ignore) as store:
            for each in (second, first, other):
                await store.connections.add(each)
        async with storage.begin(after_commit=ignore) as store:
            equal(await store.connections.get(first.id), first)
            equal(await store.connections.of_organization(org_id(1)), (first, second))
            every, in_order = frozenset({first.provider, second.provider}), sorted((first, second, other), key=lambda each: each.id)
            equal(await store.connections.of_providers(every, after="", limit=2), tuple(in_order[:2]))
            equal(await store.connections.of_providers(every, after=in_order[1].id, limit=2), tuple(in_order[2:]))
            equal(await store.connections.of_providers(frozenset({Provider.OKTA}), after="", limit=9), (first, other))
            equal(await store.connections.replace(after), True)
            equal(await store.connections.replace(after), False)
            equal(await store.connections.replace(replace(connection(9, of=1), version=2)), False)
        async with storage.reading() as store:
            equal(await store.connections.get(first.id), after)
            equal(await store.connections.get(second.id), second)

    async def test_an_identity_has_one_account(self, storage: AsyncStorage) -> None:
        """An identity is taken once, whoever asks; a subject is compared byte by byte, and the same one elsewhere is another identity."""
        one = identity(1, of=1, subject="Alice")
        async with storage.begin(after_commit=ignore) as store:
            equal(await store.identities.add(one), True)
            equal(await store.identities.add(replace(one, user_id=user_id(7), linked_by=LinkedBy.PERSON)), False)
            equal(await store.identities.add(identity(2, of=1, subject="alice")), True)
            equal(await store.identities.add(identity(1, of=2, subject="Alice")), True)
        async with storage.begin(after_commit=ignore) as store:
            equal(await store.identities.get(one.digest), one)
            equal(await store.identities.get(bytes(32)), None)
            both = sorted((one, identity(1, of=2, subject="Alice")), key=lambda each: each.digest)
            equal(await store.identities.of_user(user_id(1)), tuple(both))
            await store.identities.describe(one.digest, '{"department": "Ünï"}')
            await store.identities.describe(bytes(32), "{}")
            equal(await store.identities.get(one.digest), replace(one, attributes='{"department": "Ünï"}'))
            equal(await store.identities.get(identity(1, of=2, subject="Alice").digest), identity(1, of=2, subject="Alice"))
            equal(await store.identities.remove(user_id(2), one.digest), False)
            equal(await store.identities.remove(user_id(1), one.digest), True)
            equal(await store.identities.remove(user_id(1), one.digest), False)
            equal(await store.identities.add(one), True)

    async def test_links_of_people_are_demoted_by_connection(self, storage: AsyncStorage) -> None:
        """What people linked from inside counts as found by its address, at one connection; how others came to their account stays."""
        mine = replace(identity(1, of=1, subject="a"), linked_by=LinkedBy.PERSON)
        made, elsewhere = (
            replace(mine, digest=b"b" * 32, linked_by=LinkedBy.CREATED),
            replace(identity(1, of=2, subject="a"), linked_by=LinkedBy.PERSON),
        )
        async with storage.begin(after_commit=ignore) as store:
            for each in (mine, made, elsewhere):
                equal(await store.identities.add(each), True)
        async with storage.begin(after_commit=ignore) as store:
            equal(await store.identities.demote(mine.connection_id), 1)
            equal(await store.identities.demote(mine.connection_id), 0)
        async with storage.reading() as store:
            equal(await store.identities.get(mine.digest), replace(mine, linked_by=LinkedBy.ADDRESS))
            equal(await store.identities.get(made.digest), made)
            equal(await store.identities.get(elsewhere.digest), elsewhere)

    async def test_a_connection_takes_its_identities_along(self, storage: AsyncStorage) -> None:
        """Only its own organization removes a connection; its identities go, those of another stay."""
        async with storage.begin(after_commit=ignore) as store:
            for n in (1, 2):
                await store.connections.add(connection(n, of=n))
                equal(await store.identities.add(identity(1, of=n, subject="s")), True)
        async with storage.begin(after_commit=ignore) as store:
            equal(await store.connections.remove(org_id(2), connection(1, of=1).id), False)
            equal(await store.connections.remove(org_id(1), connection(1, of=1).id), True)
            equal(await store.connections.remove(org_id(1), connection(1, of=1).id), False)
        async with storage.reading() as store:
            equal(await store.connections.of_organization(org_id(1)), ())
            equal(await store.identities.of_user(user_id(1)), (identity(1, of=2, subject="s"),))

    async def test_a_departure_is_written_over_and_lifted(self, storage: AsyncStorage) -> None:
        """There is one departure of a person and an organization, the last one; it is lifted once."""
        first = Departure(organization_id=org_id(1), user_id=user_id(1), left_at=NOW, removed_by="sso_1")
        later = replace(first, left_at=NOW + HOUR, removed_by=user_id(2))
        async with storage.begin(after_commit=ignore) as store:
            for each in (first, replace(first, organization_id=org_id(2)), later):
                await store.memberships.depart(each)
        async with storage.begin(after_commit=ignore) as store:
            equal(await store.memberships.departure(org_id(1), user_id(1)), later)
            equal(await store.memberships.departure(org_id(1), user_id(2)), None)
            equal(await store.memberships.lift(org_id(1), user_id(2)), False)
            equal(await store.memberships.lift(org_id(1), user_id(1)), True)
            equal(await store.memberships.lift(org_id(1), user_id(1)), False)
            equal(await store.memberships.departure(org_id(2), user_id(1)), replace(first, organization_id=org_id(2)))

    async def test_who_gave_a_role_is_kept_until_another_one_is_given(self, storage: AsyncStorage) -> None:
        """A connection's membership and role are read back; another period leaves the giver, another role takes it away."""
        place = connection(1, of=1).id
        given = replace(membership(1, of=1, role="member"), provisioned_by=place, role_given_by=place)
        async with storage.begin(after_commit=ignore) as store:
            equal(await store.memberships.add(given), True)
        async with storage.begin(after_commit=ignore) as store:
            equal(await store.memberships.get(org_id(1), user_id(1)), given)
            before = Standing(user=user_id(1), organization=org_id(1), role="member", starts_at=given.starts_at)
            longer = replace(before, expires_at=NOW + HOUR)
            equal(await store.standings.change_membership(before=before, after=longer), True)
            after = replace(given, expires_at=NOW + HOUR, version=2)
            equal(await store.memberships.get(org_id(1), user_id(1), fresh=True), after)
            equal(await store.standings.change_membership(before=longer, after=replace(longer, role="viewer")), True)
            after = replace(after, role="viewer", role_given_by=None, version=3)
            equal(await store.memberships.get(org_id(1), user_id(1), fresh=True), after)

    async def test_the_roles_of_a_person_are_of_one_organization(self, storage: AsyncStorage) -> None:
        """They come in the order of workspaces; those of others and elsewhere do not."""
        mine = [assignment(1, of=1, workspace=n) for n in (3, 1)]
        async with storage.begin(after_commit=ignore) as store:
            for each in (*mine, assignment(2, of=1, workspace=1), assignment(1, of=2, workspace=2)):
                await store.assignments.put(each)
        async with storage.begin(after_commit=ignore) as store:
            equal(await store.assignments.of_user(org_id(1), user_id(1)), (mine[1], mine[0]))
            equal(await store.assignments.of_user(org_id(1), user_id(3)), ())

    async def test_an_entrance_comes_with_every_standing(self, storage: AsyncStorage) -> None:
        """The date is kept beside an organization, not changed by `replace`, told with each standing, and listed for each person."""
        due = NOW + HOUR
        async with storage.begin(after_commit=ignore) as store:
            for n in (1, 2):
                await store.organizations.add(organization(n))
                await store.memberships.add(membership(1, of=n))
            await store.memberships.add(membership(2, of=1))
            await store.entrances.require(org_id(1), due.astimezone(timezone(timedelta(hours=-9))))
            await store.entrances.require(org_id(9), due)
        async with storage.begin(after_commit=ignore) as store:
            equal(await store.organizations.replace(replace(organization(1), version=2)), True)
        async with storage.begin(after_commit=ignore) as store:
            for fresh in (False, True):
                equal([await store.entrances.required_from(org_id(n), fresh=fresh) for n in (1, 2, 9)], [due, None, None])
                for n in (1, 2):
                    found = await store.standings.standing(org_id(n), user_id(1), fresh=fresh)
                    equal(found.sso_required_from if found is not None else "no standing", due if n == 1 else None)
            (listed,) = await store.standings.of_organization(org_id(1), after=user_id(1), limit=9)
            equal(listed.sso_required_from, due)
            equal([await store.entrances.of_user(user_id(n)) for n in (1, 2, 3)], [((org_id(1), due),), ((org_id(1), due),), ()])
            await store.entrances.require(org_id(1), None)
        async with storage.reading() as store:
            equal(await store.organizations.get(org_id(1)), replace(organization(1), version=2))
            equal(await store.entrances.of_user(user_id(1)), ())

    async def test_the_enabled_connections_of_an_organization(self, storage: AsyncStorage) -> None:
        """They are those of this organization that sign people in."""
        states = (ConnectionState.ENABLED, ConnectionState.DISABLED, ConnectionState.DRAFT, ConnectionState.ENABLED)
        async with storage.begin(after_commit=ignore) as store:
            for n, state in enumerate(states, start=1):
                await store.connections.add(replace(connection(n, of=1), state=state))
            await store.connections.add(replace(connection(9, of=2), state=ConnectionState.ENABLED))
        async with storage.begin(after_commit=ignore) as store:
            equal(await store.entrances.enabled(org_id(1)), frozenset(connection(n, of=1).id for n in (1, 4)))
            equal(await store.entrances.enabled(org_id(3)), frozenset[ConnectionId]())

    async def test_an_owner_has_one_set_of_codes_in_an_organization(self, storage: AsyncStorage) -> None:
        """Another set replaces the person's in that organization, and no other; a session keeps in which one it broke the glass."""
        first, second, other, elsewhere = (
            glass_codes(n, of=of, owner=owner) for n, of, owner in ((1, 1, 1), (2, 1, 1), (3, 1, 2), (4, 2, 1))
        )
        broken = replace(session(1, of=1), glass_organization_id=org_id(2), glass_until=NOW + HOUR)
        async with storage.begin(after_commit=ignore) as store:
            for each in (first, elsewhere, other, second):
                await store.glass_codes.put(each)
            await store.sessions.add(broken)
        async with storage.begin(after_commit=ignore) as store:
            equal(await store.glass_codes.get(org_id(1), user_id(1)), second)
            equal(await store.glass_codes.get(org_id(2), user_id(2)), None)
            equal(await store.glass_codes.of_organization(org_id(1)), (second, other))
            equal(await store.sessions.get(broken.id), broken)
            equal(await store.glass_codes.remove(org_id(1), user_id(1)), True)
            equal(await store.glass_codes.remove(org_id(1), user_id(1)), False)
        async with storage.reading() as store:
            equal(await store.glass_codes.of_organization(org_id(1)), (other,))
            equal(await store.glass_codes.get(org_id(2), user_id(1)), elsewhere)


class AsyncDomainClaimConformance:
    """Claims of domains."""

    async def test_a_claim_is_of_one_organization_and_name(self, storage: AsyncStorage) -> None:
        """Several organizations claim one domain, each once; a claim is compared and set, and its removal touches nobody else's."""
        first, other = claim("a.example", of=1), claim("a.example", of=2)
        after = replace(
            first, proved_at=NOW + TICK, due_at=NOW + HOUR, missing_since=NOW - HOUR, misses=3, version=2, claimed_by="ops@Žofie"
        )
        async with storage.begin(after_commit=ignore) as store:
            for each in (claim("b.example", of=1), first, other):
                equal(await store.domain_claims.add(each), True)
            equal(await store.domain_claims.add(replace(first, token="another")), False)
        async with storage.begin(after_commit=ignore) as store:
            equal(await store.domain_claims.get(org_id(1), "a.example"), first)
            equal(await store.domain_claims.get(org_id(1), "A.example"), None)
            equal(await store.domain_claims.replace(after), True)
            equal(await store.domain_claims.replace(after), False)
            equal(await store.domain_claims.replace(replace(claim("c.example", of=1), version=2)), False)
        async with storage.begin(after_commit=ignore) as store:
            equal(await store.domain_claims.of_organization(org_id(1)), (after, claim("b.example", of=1)))
            equal(await store.domain_claims.remove(org_id(1), "a.example"), True)
            equal(await store.domain_claims.remove(org_id(1), "a.example"), False)
        async with storage.reading() as store:
            equal(await store.domain_claims.of_organization(org_id(1)), (claim("b.example", of=1),))
            equal(await store.domain_claims.of_organization(org_id(2)), (other,))

    async def test_due_looks_come_in_their_order(self, storage: AsyncStorage) -> None:
        """Claims are looked at from their moment on, the longest due first, and never while they have none."""
        late, early, same, never = (claim(f"{name}.example", of=of) for name, of in (("a", 1), ("b", 1), ("b", 2), ("c", 1)))
        late, early, same = replace(late, due_at=NOW + TICK), replace(early, due_at=NOW), replace(same, due_at=NOW)
        async with storage.begin(after_commit=ignore) as store:
            for each in (late, same, early, never):
                await store.domain_claims.add(each)
        async with storage.reading() as store:
            equal(await store.domain_claims.due(now=NOW - TICK, limit=9), ())
            equal(await store.domain_claims.due(now=NOW, limit=9), (early, same))
            equal(await store.domain_claims.due(now=NOW + HOUR, limit=9), (early, same, late))
            equal(await store.domain_claims.due(now=NOW + HOUR, limit=1), (early,))
