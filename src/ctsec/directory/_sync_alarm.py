# Generated from src/ctsec/directory/_async_alarm.py by tools/twin.py; edit that file.
"""Whom ctsec tells what an organization has to know: its owners, by mail (async source)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final, TypedDict, Unpack

from ctsec.directory._sync_ports import Post, RosterRecords, UserRecords
from ctsec.directory.record import MembershipStatus
from ctsec.ids import OrganizationId, UserId, WorkspaceId
from ctsec.mail.lifecycle_letters import credentials_letter, ownerless_letter
from ctsec.mail.message import Letters
from ctsec.mail.owner_letters import alert_letter, domain_letter, glass_letter, relaxed_letter
from ctsec.mail.saml_letters import saml_letter

MAX_OWNERS: Final = 50
LOOKED_AT: Final = 500
NAMED: Final = 20
ADMIN: Final = "admin"


class Alerted(TypedDict):
    """What a letter says of an alert."""

    rule: str
    severity: str
    reason: str
    where: str
    when: datetime


class OwnerAlarm:
    """Writes to every owner, in the transaction of what they are told; the first fifty of them, if there are more."""

    __slots__ = ("_letters", "_post", "_roster", "_users")

    def __init__(self, *, users: UserRecords, roster: RosterRecords, post: Post, letters: Letters) -> None:
        self._users = users
        self._roster = roster
        self._post = post
        self._letters = letters

    def glass_broken(
        self, organization: OrganizationId, *, user: UserId, role: str, workspace: WorkspaceId | None, minutes: int, reason: str
    ) -> None:
        """Tell every owner who took which role, where, for how long and why."""
        person = self._users.get(user)
        name = person.email if person is not None else user
        place = f"the workspace {workspace}" if workspace is not None else "the organization"
        what = f"{name} broke the glass and is {role} of {place} for {minutes} minutes"
        for owner in self._roster.owners(organization, limit=MAX_OWNERS):
            account = self._users.get(owner)
            if account is not None:
                self._post.post(self._letters.alarm(account.email, what=what, reason=reason))

    def code_presented(self, organization: OrganizationId, *, user: UserId, until: datetime | None) -> None:
        """Tell every owner who used a break-glass code of the organization's sign-in, until when it counts; None: it was refused."""
        person = self._users.get(user)
        name = person.email if person is not None else user
        for owner in self._roster.owners(organization, limit=MAX_OWNERS):
            account = self._users.get(owner)
            if account is not None:
                self._post.post(self._letters.recovery.set(recipient=account.email, **glass_letter(who=name, until=until)))

    def requirement_relaxed(self, organization: OrganizationId, *, reason: str) -> None:
        """Tell every owner that an operator let sessions of accounts in again, and why."""
        for owner in self._roster.owners(organization, limit=MAX_OWNERS):
            account = self._users.get(owner)
            if account is not None:
                self._post.post(self._letters.recovery.set(recipient=account.email, **relaxed_letter(reason=reason)))

    def rotation_due(self, organization: OrganizationId, *, name: str) -> None:
        """Tell every owner that a credential of the vault is to be rotated."""
        for owner in self._roster.owners(organization, limit=MAX_OWNERS):
            account = self._users.get(owner)
            if account is not None:
                self._post.post(self._letters.rotation_due(account.email, name=name))

    def alerted(self, organization: OrganizationId, **said: Unpack[Alerted]) -> None:
        """Tell every owner that a rule fired over the organization's log."""
        for owner in self._roster.owners(organization, limit=MAX_OWNERS):
            account = self._users.get(owner)
            if account is not None:
                self._post.post(self._letters.recovery.set(recipient=account.email, **alert_letter(**said)))

    def credentials_ended(self, organization: OrganizationId, *, names: Sequence[str]) -> None:
        """Tell every owner and the administrators that secrets ended which somebody who left had seen, and of what, the first twenty."""
        whom = set(self._roster.owners(organization, limit=MAX_OWNERS))
        for each in self._roster.of_organization(organization, after="", limit=LOOKED_AT):
            if each.membership.role == ADMIN and each.membership.status is MembershipStatus.ACTIVE:
                whom.add(each.membership.user_id)
        for person in sorted(whom):
            account = self._users.get(person)
            if account is not None:
                said = credentials_letter(organization="your organization", names=names[:NAMED], more=len(names[NAMED:]))
                self._post.post(self._letters.recovery.set(recipient=account.email, **said))

    def ownerless(self, organization: OrganizationId) -> None:
        """Tell the administrators that are left, the first of them, that the organization has no owner any more."""
        for each in self._roster.of_organization(organization, after="", limit=LOOKED_AT):
            if each.membership.role == ADMIN and each.membership.status is MembershipStatus.ACTIVE:
                said = ownerless_letter(organization="your organization")
                self._post.post(self._letters.recovery.set(recipient=each.email, **said))

    def domain_missed(self, organization: OrganizationId, *, domain: str, withdrawn: bool, person: str) -> None:
        """Tell every owner, and the person who proved it if they still belong there, that the record of a domain is missing."""
        whom = set(self._roster.owners(organization, limit=MAX_OWNERS))
        for membership in self._roster.of_user(UserId(person)):
            if membership.organization_id == organization and membership.status is MembershipStatus.ACTIVE:
                whom.add(membership.user_id)
        for each in sorted(whom):
            account = self._users.get(each)
            if account is not None:
                self._post.post(self._letters.recovery.set(recipient=account.email, **domain_letter(domain=domain, withdrawn=withdrawn)))

    def saml_noticed(self, organization: OrganizationId, *, connection: str, what: str, until: datetime | None = None) -> None:
        """Tell every owner what was noticed of the certificates of a connection."""
        for owner in self._roster.owners(organization, limit=MAX_OWNERS):
            account = self._users.get(owner)
            if account is not None:
                said = saml_letter(connection=connection, what=what, until=until)
                self._post.post(self._letters.recovery.set(recipient=account.email, **said))

    def credential_leaked(self, organization: OrganizationId, *, what: str) -> None:
        """Tell every owner that a credential of the organization was found in public."""
        for owner in self._roster.owners(organization, limit=MAX_OWNERS):
            account = self._users.get(owner)
            if account is not None:
                self._post.post(self._letters.notice(account.email, what=what))
