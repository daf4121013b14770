"""`ctsec matrix simulate`: a policy on the people of an organization, read from the database page by page.

The organization's own roles are joined to both policies as they are stored. What of them the policy afterwards breaks is told.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from ctsec.cli.policies import load_policy
from ctsec.cli.reaching import transport_of
from ctsec.cli.report import Table, write
from ctsec.errors import ConfigurationError
from ctsec.ids import OrganizationId, WorkspaceId
from ctsec.rbac.custom import with_stored_roles
from ctsec.rbac.permission import shown
from ctsec.rbac.policy import Policy
from ctsec.rbac.simulation import ELSEWHERE, PersonChange, simulate
from ctsec.rbac.standing import Standing

if TYPE_CHECKING:
    import argparse

    from ctsec.storage.sql import SqlStorage

PAGE: Final = 500


class _Count:
    """What was seen while the report was written; the names of roles are few, the people are not kept."""

    __slots__ = ("changed", "people", "strange")

    def __init__(self) -> None:
        self.people = 0
        self.changed = 0
        self.strange: set[str] = set()


@dataclass(frozen=True, slots=True)
class _Simulated:
    """A line for each person and place that changes."""

    title: str
    changes: Callable[[], Iterator[PersonChange]]

    def text(self) -> Iterator[str]:
        """Yield what each person gains and loses."""
        for each in self.changes():
            parts = [*(f"+{name}" for name in each.gains), *(f"-{name}" for name in each.losses)]
            parts += [f"({name} is no role any more)" for name in each.vanished]
            yield f"{each.user}  {_place(each.workspace)}  {' '.join(parts)}"

    def data(self) -> Iterator[Any]:
        """Yield an object for each."""
        for each in self.changes():
            yield {
                "user": each.user,
                "organization": each.organization,
                "place": _place(each.workspace),
                "gains": list(each.gains),
                "losses": list(each.losses),
                "vanished": list(each.vanished),
            }

    def tables(self) -> Iterator[Table]:
        """Yield one table, whose rows are read while it is written."""
        rows = (
            (each.user, _place(each.workspace), *(", ".join(names) or "-" for names in (each.gains, each.losses, each.vanished)))
            for each in self.changes()
        )
        yield Table("Who gains and loses what", ("user", "place", "gains", "loses", "roles that are gone"), rows)


def simulated(chosen: argparse.Namespace) -> int:
    """Run the command."""
    from ctsec.storage.sql import SqlStorage, Tables

    before, after = load_policy(chosen.before), load_policy(chosen.after)
    organization = OrganizationId(chosen.organization)
    count = _Count()
    storage = SqlStorage.from_url(chosen.url, tables=Tables(chosen.prefix, schema=chosen.schema), transport=transport_of(chosen))
    try:
        with storage.reading() as store:
            if store.organizations.get(organization) is None:
                raise ConfigurationError(f"there is no organization {shown(organization)}")
            own = [each.role for each in store.custom_roles.of_organization(organization)]
        joined = with_stored_roles(after, own)
        was = with_stored_roles(before, own)

        def changes() -> Iterator[PersonChange]:
            people = _counted(_standings(storage, organization), was.policy, joined.policy, count)
            last = ""
            for each in simulate(was.policy, joined.policy, people, now=datetime.now(UTC)):
                count.changed += each.user != last
                last = each.user
                yield each

        write(_Simulated(f"Policy {chosen.after} in place of {chosen.before}, in {organization}", changes), chosen.format)
    finally:
        storage.close()
    print(f"ctsec: {count.changed} of {count.people} people would gain or lose something", file=sys.stderr)
    for problem in joined.problems:
        if problem not in was.problems:
            print(f"ctsec: {problem}", file=sys.stderr)
    if count.strange:
        names = ", ".join(map(shown, sorted(count.strange)))
        print(f"ctsec: not looked at, because neither policy has them: the roles {names}", file=sys.stderr)
    return 1 if count.changed else 0


def _standings(storage: SqlStorage, organization: OrganizationId) -> Iterator[Standing]:
    """Yield the people of an organization; each page is a short read of its own."""
    after = ""
    while True:
        with storage.reading() as store:
            page = store.standings.of_organization(organization, after=after, limit=PAGE)
        yield from page
        if len(page) < PAGE:
            return
        after = page[-1].user


def _counted(standings: Iterator[Standing], before: Policy, after: Policy, count: _Count) -> Iterator[Standing]:
    for standing in standings:
        count.people += 1
        roles = {each.role for each in standing.workspaces.values()}
        roles |= {each.role for each in standing.elevations if each.workspace is not None}
        count.strange |= {each for each in roles if before.workspace_role(each) is None and after.workspace_role(each) is None}
        yield standing


def _place(workspace: WorkspaceId | None) -> str:
    if workspace is None:
        return "organization"
    return "every other workspace" if workspace == ELSEWHERE else workspace
