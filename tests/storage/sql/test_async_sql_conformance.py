"""The SQL store passes the conformance suite on every database (async source of the twin)."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest_asyncio  # sync: import pytest
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from ctsec.guard.ports import AsyncAllowanceRecords
from ctsec.storage.sql import AsyncSqlRegionStorage, AsyncSqlStorage
from ctsec.testing import conformance
from tests.servers import Database
from tests.storage.sql.support import emptied, emptied_region, kept


@pytest_asyncio.fixture  # sync: @pytest.fixture
async def storage(database: Database) -> AsyncGenerator[AsyncSqlStorage, None]:
    made = kept(AsyncSqlStorage.from_url, emptied(database).async_url)
    yield made
    await made.aclose()


@pytest_asyncio.fixture  # sync: @pytest.fixture
async def host_session(database: Database, storage: AsyncSqlStorage) -> AsyncGenerator[AsyncSession, None]:
    engine = create_async_engine(database.async_url)
    async with AsyncSession(engine) as session:
        yield session
    await engine.dispose()


@pytest_asyncio.fixture  # sync: @pytest.fixture
async def allowances(storage: AsyncSqlStorage) -> AsyncAllowanceRecords:
    return storage.guard.allowances


@pytest_asyncio.fixture  # sync: @pytest.fixture
async def region_storage(database: Database) -> AsyncGenerator[AsyncSqlRegionStorage, None]:
    made = kept(AsyncSqlRegionStorage.from_url, emptied_region(database, region="eu").async_url)
    yield made
    await made.aclose()


class TestUsers(conformance.AsyncUserConformance):
    pass


class TestOrganizations(conformance.AsyncOrganizationConformance):
    pass


class TestWorkspaces(conformance.AsyncWorkspaceConformance):
    pass


class TestMemberships(conformance.AsyncMembershipConformance):
    pass


class TestRosters(conformance.AsyncRosterConformance):
    pass


class TestStandings(conformance.AsyncStandingConformance):
    pass


class TestAssignments(conformance.AsyncAssignmentConformance):
    pass


class TestCustomRoles(conformance.AsyncCustomRoleConformance):
    pass


class TestLists(conformance.AsyncListConformance):
    pass


class TestElevations(conformance.AsyncElevationConformance):
    pass


class TestBreakGlass(conformance.AsyncBreakGlassConformance):
    pass


class TestRolesVersions(conformance.AsyncRolesVersionConformance):
    pass


class TestInvitations(conformance.AsyncInvitationConformance):
    pass


class TestPasswords(conformance.AsyncPasswordConformance):
    pass


class TestSessions(conformance.AsyncSessionConformance):
    pass


class TestDevices(conformance.AsyncDeviceConformance):
    pass


class TestAllowances(conformance.AsyncAllowanceConformance):
    pass


class TestAuthenticators(conformance.AsyncAuthenticatorConformance):
    pass


class TestBackupCodes(conformance.AsyncBackupCodeConformance):
    pass


class TestPasskeys(conformance.AsyncPasskeyConformance):
    pass


class TestRecoveries(conformance.AsyncRecoveryConformance):
    pass


class TestTrails(conformance.AsyncTrailConformance):
    pass


class TestDomains(conformance.AsyncDomainConformance):
    pass


class TestConnections(conformance.AsyncConnectionConformance):
    pass


class TestDomainClaims(conformance.AsyncDomainClaimConformance):
    pass


class TestLifecycle(conformance.AsyncLifecycleConformance):
    pass


class TestGrants(conformance.AsyncGrantConformance):
    pass


class TestApps(conformance.AsyncAppConformance):
    pass


class TestScim(conformance.AsyncScimConformance):
    pass


class TestKeys(conformance.AsyncKeyConformance):
    pass


class TestDeks(conformance.AsyncDekConformance):
    pass


class TestSeals(conformance.AsyncSealConformance):
    pass


class TestSubjects(conformance.AsyncSubjectConformance):
    pass


class TestErasures(conformance.AsyncErasureConformance):
    pass


class TestPositions(conformance.AsyncPositionConformance):
    pass


class TestAlerts(conformance.AsyncAlertConformance):
    pass


class TestCustomerKeys(conformance.AsyncCustomerKeyConformance):
    pass


class TestKeyOwners(conformance.AsyncKeyOwnerConformance):
    pass


class TestWorkloadRules(conformance.AsyncWorkloadRuleConformance):
    pass


class TestCredentials(conformance.AsyncCredentialConformance):
    pass


class TestIndexKeys(conformance.AsyncIndexKeyConformance):
    pass


class TestReencryptions(conformance.AsyncReencryptionConformance):
    pass


class TestInbox(conformance.AsyncInboxConformance):
    pass


class TestLog(conformance.AsyncLogConformance):
    pass


class TestRetention(conformance.AsyncRetentionConformance):
    pass


class TestTree(conformance.AsyncTreeConformance):
    pass


class TestOutbox(conformance.AsyncOutboxConformance):
    pass


class TestJobs(conformance.AsyncJobConformance):
    pass


class TestEpochs(conformance.AsyncEpochConformance):
    pass


class TestTransactions(conformance.AsyncTransactionConformance):
    pass


class TestJoins(conformance.AsyncJoinConformance):
    pass


class TestProofs(conformance.AsyncProofConformance):
    pass


class TestGuard(conformance.AsyncGuardConformance):
    pass


class TestIsolation(conformance.AsyncIsolationConformance):
    pass


class TestMoves(conformance.AsyncMoveConformance):
    pass


class TestRegionContent(conformance.AsyncRegionContentConformance):
    pass


class TestRegionLogs(conformance.AsyncRegionLogConformance):
    pass


class TestResidences(conformance.AsyncResidenceConformance):
    pass
