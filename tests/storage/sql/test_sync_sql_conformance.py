# Generated from tests/storage/sql/test_async_sql_conformance.py by tools/twin.py; edit that file.
"""The SQL store passes the conformance suite on every database (async source of the twin)."""

from __future__ import annotations

from collections.abc import Generator

import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from ctsec.guard.ports import AllowanceRecords
from ctsec.storage.sql import SqlRegionStorage, SqlStorage
from ctsec.testing import conformance
from tests.servers import Database
from tests.storage.sql.support import emptied, emptied_region, kept


@pytest.fixture
def storage(database: Database) -> Generator[SqlStorage, None, None]:
    made = kept(SqlStorage.from_url, emptied(database).sync_url)
    yield made
    made.close()


@pytest.fixture
def host_session(database: Database, storage: SqlStorage) -> Generator[Session, None, None]:
    engine = create_engine(database.sync_url)
    with Session(engine) as session:
        yield session
    engine.dispose()


@pytest.fixture
def allowances(storage: SqlStorage) -> AllowanceRecords:
    return storage.guard.allowances


@pytest.fixture
def region_storage(database: Database) -> Generator[SqlRegionStorage, None, None]:
    made = kept(SqlRegionStorage.from_url, emptied_region(database, region="eu").sync_url)
    yield made
    made.close()


class TestUsers(conformance.UserConformance):
    pass


class TestOrganizations(conformance.OrganizationConformance):
    pass


class TestWorkspaces(conformance.WorkspaceConformance):
    pass


class TestMemberships(conformance.MembershipConformance):
    pass


class TestRosters(conformance.RosterConformance):
    pass


class TestStandings(conformance.StandingConformance):
    pass


class TestAssignments(conformance.AssignmentConformance):
    pass


class TestCustomRoles(conformance.CustomRoleConformance):
    pass


class TestLists(conformance.ListConformance):
    pass


class TestElevations(conformance.ElevationConformance):
    pass


class TestBreakGlass(conformance.BreakGlassConformance):
    pass


class TestRolesVersions(conformance.RolesVersionConformance):
    pass


class TestInvitations(conformance.InvitationConformance):
    pass


class TestPasswords(conformance.PasswordConformance):
    pass


class TestSessions(conformance.SessionConformance):
    pass


class TestDevices(conformance.DeviceConformance):
    pass


class TestAllowances(conformance.AllowanceConformance):
    pass


class TestAuthenticators(conformance.AuthenticatorConformance):
    pass


class TestBackupCodes(conformance.BackupCodeConformance):
    pass


class TestPasskeys(conformance.PasskeyConformance):
    pass


class TestRecoveries(conformance.RecoveryConformance):
    pass


class TestTrails(conformance.TrailConformance):
    pass


class TestDomains(conformance.DomainConformance):
    pass


class TestConnections(conformance.ConnectionConformance):
    pass


class TestDomainClaims(conformance.DomainClaimConformance):
    pass


class TestLifecycle(conformance.LifecycleConformance):
    pass


class TestGrants(conformance.GrantConformance):
    pass


class TestApps(conformance.AppConformance):
    pass


class TestScim(conformance.ScimConformance):
    pass


class TestKeys(conformance.KeyConformance):
    pass


class TestDeks(conformance.DekConformance):
    pass


class TestSeals(conformance.SealConformance):
    pass


class TestSubjects(conformance.SubjectConformance):
    pass


class TestErasures(conformance.ErasureConformance):
    pass


class TestPositions(conformance.PositionConformance):
    pass


class TestAlerts(conformance.AlertConformance):
    pass


class TestCustomerKeys(conformance.CustomerKeyConformance):
    pass


class TestKeyOwners(conformance.KeyOwnerConformance):
    pass


class TestWorkloadRules(conformance.WorkloadRuleConformance):
    pass


class TestCredentials(conformance.CredentialConformance):
    pass


class TestIndexKeys(conformance.IndexKeyConformance):
    pass


class TestReencryptions(conformance.ReencryptionConformance):
    pass


class TestInbox(conformance.InboxConformance):
    pass


class TestLog(conformance.LogConformance):
    pass


class TestRetention(conformance.RetentionConformance):
    pass


class TestTree(conformance.TreeConformance):
    pass


class TestOutbox(conformance.OutboxConformance):
    pass


class TestJobs(conformance.JobConformance):
    pass


class TestEpochs(conformance.EpochConformance):
    pass


class TestTransactions(conformance.TransactionConformance):
    pass


class TestJoins(conformance.JoinConformance):
    pass


class TestProofs(conformance.ProofConformance):
    pass


class TestGuard(conformance.GuardConformance):
    pass


class TestIsolation(conformance.IsolationConformance):
    pass


class TestMoves(conformance.MoveConformance):
    pass


class TestRegionContent(conformance.RegionContentConformance):
    pass


class TestRegionLogs(conformance.RegionLogConformance):
    pass


class TestResidences(conformance.ResidenceConformance):
    pass
