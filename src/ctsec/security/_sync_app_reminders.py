# Generated from src/ctsec/security/_async_app_reminders.py by tools/twin.py; edit that file.
"""The job that tells who has consented to a connected app that another consent will be asked for (async source).

Rules that this module keeps:

- each end of a consent is one event and one mail to each who has to do with it, fourteen days before, or once a rule made it too old;
- of a person's connection that person is told, of an organization's its owners and admins;
- what was told stands at the connection, in the transaction of the mail: of two workers one tells.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from ctsec.audit._sync import AuditLog
from ctsec.audit.event import EventName, Target
from ctsec.connections.health import to_remind
from ctsec.connections.record import AppConnection
from ctsec.directory.record import MembershipStatus
from ctsec.ids import UserId
from ctsec.keys.organization_policy import OrganizationKeyPolicy
from ctsec.mail._sync import Outbox
from ctsec.mail.lifecycle_letters import app_letter
from ctsec.principal import system
from ctsec.rbac.role import ADMIN
from ctsec.security._sync_app_work import AppBeside
from ctsec.storage._sync_ports import Store
from ctsec.user import UserStatus
from ctsec.worker._sync import Job

_RARELY: Final = timedelta(minutes=10)
_PAGE: Final = 100
_MAX_OWNERS: Final = 50
_LOOKED_AT: Final = 500


def _nothing(scopes: frozenset[str]) -> None:
    """A reminder changes nothing that a cache decides by."""


class AppReminders:
    """Reminds of consents that fall due for their age; what fell due otherwise is seen where it is used."""

    __slots__ = ("_beside",)

    def __init__(self, beside: AppBeside) -> None:
        self._beside = beside

    def job(self) -> Job:
        """Return what the worker runs."""
        return Job(name="consent-reminders", every=_RARELY, work=self.remind)

    def remind(self) -> int:
        """Tell of what is due in the organizations that ask how old consents are; return of how many."""
        told, after = 0, ""
        while True:
            with self._beside.storage.reading() as store:
                page = store.key_policies.page(after=after, limit=_PAGE)
            for policy in page:
                if policy.longest_grant is not None:
                    with self._beside.storage.reading() as store:
                        every = store.apps.of_organization(policy.organization_id)
                    told += sum([self._remind(policy, app) for app in every])
            if len(page) < _PAGE:
                return told
            after = page[-1].organization_id

    def _remind(self, policy: OrganizationKeyPolicy, app: AppConnection) -> bool:
        beside = self._beside
        end = to_remind(app, longest=policy.longest_grant, now=beside.ambient.now())
        if end is None:
            return False
        with beside.storage.begin(after_commit=_nothing) as store:
            if not store.apps.replace(app.reminded(end=end)):
                return False
            whom = _concerned(store, app)
            organization = store.organizations.get(app.organization_id)
            name = organization.name if organization is not None else "your organization"
            said = app_letter(app=app.provider, organization=name, own=app.user_id is not None, by=end)
            post = Outbox(store.outbox, sealer=beside.ring, ambient=beside.ambient)
            for address in whom:
                post.post(beside.parts.letters.recovery.set(recipient=address, **said))
            aside = beside.storage.guard.events
            log = AuditLog(inbox=store.inbox, log=store.log, aside=aside, sealer=beside.ring, ambient=beside.ambient)
            log.note(
                EventName.CONNECTED_APP_REMINDED,
                actor=system("connected apps"),
                targets=(Target("connected_app", app.id),),
                subject=app.user_id,
                organization=app.organization_id,
                details={"provider": app.provider, "ends_at": end.isoformat(), "told": len(whom)},
            )
        return True


def _concerned(store: Store, app: AppConnection) -> tuple[str, ...]:
    """Return the addresses of the people who have to do with a connection, in the order of their ids."""
    people: set[UserId] = {app.user_id} if app.user_id is not None else set()
    if app.user_id is None:
        people.update(store.roster.owners(app.organization_id, limit=_MAX_OWNERS))
        for each in store.roster.of_organization(app.organization_id, after="", limit=_LOOKED_AT):
            if each.membership.role == ADMIN and each.membership.status is MembershipStatus.ACTIVE:
                people.add(each.membership.user_id)
    accounts = [store.users.get(each) for each in sorted(people)]
    return tuple(each.email for each in accounts if each is not None and each.status is UserStatus.ACTIVE)
