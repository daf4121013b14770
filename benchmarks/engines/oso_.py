"""oso: a Polar policy over classes of the application, whose roles are in dicts; the library is no longer developed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from benchmarks.engines import workload
from benchmarks.engines.contract import Prepared
from benchmarks.engines.held import Held
from benchmarks.engines.workload import Question, Size


class User:
    """Somebody."""

    def __init__(self, id: str) -> None:  # noqa: A002
        self.id = id


class Org:
    """An organization, with what people are in it."""

    def __init__(self, id: str, held: Held) -> None:  # noqa: A002
        self.id = id
        self._held = held

    def role_of(self, user: User) -> str | None:
        """Return somebody's role."""
        return self._held.members[self.id].get(user.id)


class Ws:
    """A workspace, with what people are in it."""

    def __init__(self, id: str, org: Org, held: Held) -> None:  # noqa: A002
        self.id = id
        self.org = org
        self._held = held

    def role_of(self, user: User) -> str | None:
        """Return somebody's role."""
        return self._held.roles[user.id].get(self.id)


def policy() -> str:
    """Return the rules: facts for what each role holds, and two rules that join them."""
    facts = []
    for name, role in workload.ORGANIZATION_ROLES.items():
        facts += [f'in_organization("{name}", "{act}");' for act in sorted(role.organization)]
        facts += [f'base("{name}", "{act}");' for act in sorted(role.base)]
        facts += [f'ceiling("{name}", "{act}");' for act in sorted(role.ceiling)]
    for name, mask in workload.WORKSPACE_ROLES.items():
        facts += [f'holds("{name}", "{act}");' for act in sorted(mask)]
    rules = """
    allow(user: User, act, org: Org) if role = org.role_of(user) and role != nil and in_organization(role, act);
    allow(user: User, act, ws: Ws) if
        role = ws.org.role_of(user) and role != nil and ceiling(role, act) and
        (base(role, act) or granted(user, act, ws));
    granted(user: User, act, ws: Ws) if role = ws.role_of(user) and role != nil and holds(role, act);
    """
    return "\n".join([*facts, rules])


class OsoEngine:
    """See `benchmarks.engines.contract.Engine`."""

    roles_are_kept_in = "dicts of the application"

    def __init__(self) -> None:
        self._oso: Any = None
        self._held: Any = None

    def load(self, size: Size) -> None:
        import oso

        self._held = Held(size)
        self._oso = oso.Oso()
        for each in (User, Org, Ws):
            self._oso.register_class(each)
        self._oso.load_str(policy())

    def _place(self, question: Question, workspace: str | None) -> Org | Ws:
        org = Org(question.organization, self._held)
        return org if workspace is None else Ws(workspace, org, self._held)

    def prepared(self, question: Question) -> Prepared:
        names = {
            "ask": self._oso.is_allowed,
            "user": User(question.user),
            "act": question.permission,
            "place": self._place(question, question.workspace),
        }
        return Prepared("ask(user, act, place)", names)

    def batch(self, asked: Sequence[Question]) -> Iterator[Sequence[object]]:
        ask = self._oso.is_allowed
        for question in asked:
            yield (ask(User(question.user), question.permission, self._place(question, question.workspace)),)

    def assign(self, question: Question, role: str) -> None:
        self._held.assign(question, role)

    def revoke(self, question: Question, role: str) -> None:  # noqa: ARG002
        self._held.revoke(question)

    def workspaces(self, question: Question) -> list[str]:
        ask, user = self._oso.is_allowed, User(question.user)
        return [place for place in self._held.places(question) if ask(user, question.permission, self._place(question, place))]
