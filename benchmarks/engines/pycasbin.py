"""pycasbin: the roles written once, the organization and the workspace as domains of two links, the ceiling as rows that deny.

The model of its own page for this (`rbac_with_domains`, every role's permissions once per domain) took 130 ms for a check at size M and
is left out. An adapter appends ready lists: its own calls that add many rows look for each of them in those that are there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from benchmarks.engines import workload
from benchmarks.engines.contract import CanNotError, Prepared
from benchmarks.engines.workload import Question, Size

MODEL = """
[request_definition]
r = act, sub, org, ws
[policy_definition]
p = act, role, eft
[role_definition]
g = _, _, _
[policy_effect]
e = some(where (p.eft == allow)) && !some(where (p.eft == deny))
[matchers]
m = r.act == p.act && (g(r.sub, p.role, r.org) || g(r.sub, p.role, r.ws))
"""


def rules() -> Iterator[list[str]]:
    """Yield what each role allows and denies: 36 rows."""
    for name, role in workload.ORGANIZATION_ROLES.items():
        yield from ([act, name, "allow"] for act in sorted(role.organization | role.base))
        yield from ([act, name, "deny"] for act in sorted(workload.EVERYTHING - role.ceiling))
    for name, mask in workload.WORKSPACE_ROLES.items():
        yield from ([act, name, "allow"] for act in sorted(mask))


def fill(model: Any, size: Size) -> None:
    """Append everything to the lists of a model."""
    for rule in rules():
        model.model["p"]["p"].policy.append(rule)
    links = model.model["g"]["g"].policy
    for number in range(size.organizations):
        home, places = workload.organization_id(number), workload.workspaces(size, number)
        for user, (role, held) in workload.people(size, number):
            links.append([user, role, home])
            links.extend([user, each, place] for place, each in zip(places, held, strict=True))


class Pycasbin:
    """See `benchmarks.engines.contract.Engine`; `fast` takes FastEnforcer, which looks at the rows of the asked permission only."""

    roles_are_kept_in = "the engine"

    def __init__(self, *, fast: bool = False) -> None:
        self._fast = fast
        self._enforcer: Any = None
        self._size = workload.SIZES["S"]

    def load(self, size: Size) -> None:
        import casbin
        from casbin.model import FastModel, Model

        class Everybody(casbin.persist.Adapter):  # type: ignore[misc]
            def load_policy(self, model: Any) -> None:
                fill(model, size)

        # The permission stands first in rows and requests: FastEnforcer takes one place for both.
        model = FastModel([0]) if self._fast else Model()
        model.load_model_from_text(MODEL)
        options = {"cache_key_order": [0]} if self._fast else {}
        self._enforcer = (casbin.FastEnforcer if self._fast else casbin.Enforcer)(model, Everybody(), **options)
        self._size = size

    def prepared(self, question: Question) -> Prepared:
        user, organization, workspace, permission = question
        names = {"enforce": self._enforcer.enforce, "sub": user, "org": organization, "ws": workspace or organization, "act": permission}
        return Prepared("enforce(act, sub, org, ws)", names)

    def batch(self, asked: Sequence[Question]) -> Iterator[Sequence[object]]:
        enforce = self._enforcer.enforce
        for user, organization, workspace, permission in asked:
            yield (enforce(permission, user, organization, workspace or organization),)

    def assign(self, question: Question, role: str) -> None:
        self._enforcer.add_grouping_policy(question.user, role, question.workspace)

    def revoke(self, question: Question, role: str) -> None:
        if not self._enforcer.remove_grouping_policy(question.user, role, question.workspace):
            raise CanNotError("the row is not there")

    def workspaces(self, question: Question) -> list[str]:
        enforce, number = self._enforcer.enforce, int(question.organization[4:])
        user, organization, _, permission = question
        places = (workload.workspace_id(number, at) for at in range(self._size.workspaces))
        return [place for place in places if enforce(permission, user, organization, place)]
