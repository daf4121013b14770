"""What the design of roles says, as naively as possible: plain dicts and sets, and no code of ctsec."""

from __future__ import annotations

from dataclasses import dataclass, field

VIEW, RUN, CREATE, APPROVE = "dashboards:view", "agents:run", "recommendations:create", "operations:approve"
CONNECT, WORKSPACE_MEMBERS = "connections:manage", "workspace_members:manage"
MEMBERS, SETTINGS, BILLING = "members:manage", "organization:manage", "billing:manage"
EVERY = {VIEW, RUN, CREATE, APPROVE, CONNECT, WORKSPACE_MEMBERS}
ORGANIZATION = {"owner": {MEMBERS, SETTINGS, BILLING}, "admin": {MEMBERS, SETTINGS}, "member": set[str](), "viewer": set[str]()}
BASE = {"owner": EVERY, "admin": EVERY, "member": set[str](), "viewer": set[str]()}
CEILING = {"owner": EVERY, "admin": EVERY, "member": EVERY, "viewer": {VIEW}}
WORKSPACE = {"admin": EVERY, "editor": EVERY - {WORKSPACE_MEMBERS}, "operator": {VIEW, RUN}, "viewer": {VIEW}}
ANY = "any workspace"


@dataclass(slots=True)
class Actor:
    """Somebody with a credential; a key is bound to `organization` and narrowed to `scopes` and `workspaces` (None: not narrowed)."""

    person: str
    organization: str | None = None
    scopes: frozenset[str] | None = None
    workspaces: frozenset[str] | None = None

    @property
    def whole(self) -> bool:
        """Whether nothing narrows the credential: a narrowed one changes nothing of its owner's own."""
        return self.scopes is None and self.workspaces is None


@dataclass(slots=True)
class World:
    """Who is what: members by (organization, person) as [role, active], workspace roles by (workspace, person)."""

    disabled: set[str] = field(default_factory=set)
    home: dict[str, str] = field(default_factory=dict)
    members: dict[tuple[str, str], tuple[str, bool]] = field(default_factory=dict)
    roles: dict[tuple[str, str], str] = field(default_factory=dict)

    def acts(self, a: Actor, o: str) -> bool:
        """A member, suspended or not, through a credential that counts in this organization."""
        return (o, a.person) in self.members and a.organization in {None, o}

    def effective(self, a: Actor, o: str, w: str | None = None) -> set[str]:
        """What somebody may do: (base | mask) & ceiling in a workspace, nothing without an active membership in its organization."""
        role, active = self.members.get((o, a.person), ("", False))
        if not active or a.organization not in {None, o} or (a.workspaces is not None and w not in a.workspaces):
            return set()
        here = w == ANY or self.home.get(w or "") == o
        mask = (BASE[role] | WORKSPACE.get(self.roles.get((w or "", a.person), ""), set())) & CEILING[role]
        held = ORGANIZATION[role] if w is None else mask if here else set[str]()
        return held if a.scopes is None else held & a.scopes

    def _manages(self, a: Actor, o: str, *roles: str) -> bool:
        mine, active = self.members.get((o, a.person), ("", False))
        return MEMBERS in self.effective(a, o) and ("owner" not in roles or (mine == "owner" and active))

    def _covers(self, a: Actor, o: str, role: str) -> bool:
        return ORGANIZATION[role] <= self.effective(a, o) and BASE[role] <= self.effective(a, o, ANY)

    def _woken(self, a: Actor, o: str, p: str, role: str) -> bool:
        """Whether the actor holds, in each workspace of the person, what `role` lets through there beyond what the person has now."""
        mine = [w for w, who in self.roles if who == p and self.home[w] == o]
        after = {w: (BASE[role] | WORKSPACE[self.roles[w, p]]) & CEILING[role] for w in mine}
        return all(after[w] - self.effective(Actor(p), o, w) <= self.effective(a, o, w) for w in mine)

    def owners(self, o: str) -> int:
        """How many active owners there are."""
        return sum(where == o and standing == ("owner", True) for (where, _), standing in self.members.items())

    def may_admit(self, a: Actor, o: str, role: str, w: str | None, workspace_role: str | None) -> bool:
        """Invite, and again when the invitation is accepted."""
        admits = self.acts(a, o) and self._manages(a, o, role) and self._covers(a, o, role)
        if not admits or w is None or workspace_role is None:
            return admits
        here, mask = self.effective(a, o, w), WORKSPACE[workspace_role]
        return self.home.get(w) == o and WORKSPACE_MEMBERS in here and mask <= CEILING[role] and mask | BASE[role] <= here

    def may_set_role(self, a: Actor, o: str, p: str, role: str, *, wakes: bool = False) -> bool:
        """Change an organization role, or (`wakes`) end a suspension: which is granting the role anew."""
        if not self.acts(a, o) or (o, p) not in self.members:
            return False
        before, active = self.members[o, p]
        if p == a.person:
            lower = all(table[role] <= table[before] for table in (ORGANIZATION, BASE, CEILING))
            return a.whole and active and lower and not self._last(o, p, role)
        held = ORGANIZATION[before] <= self.effective(a, o) and BASE[before] <= self.effective(a, o, ANY)
        judged = self._manages(a, o, before, role) and self._covers(a, o, role) and (held or not active)
        return judged and self._woken(a, o, p, role) and (wakes or not self._last(o, p, role))

    def _last(self, o: str, p: str, role: str = "") -> bool:
        return self.members[o, p] == ("owner", True) and role != "owner" and self.owners(o) == 1

    def may_end(self, a: Actor, o: str, p: str, *, leaves: bool) -> bool:
        """Remove (`leaves`: everybody may remove themselves) or suspend."""
        if not self.acts(a, o) or (o, p) not in self.members or self._last(o, p):
            return False
        role, active = self.members[o, p]
        return leaves and a.whole if p == a.person else self._manages(a, o, role) and (not active or self._covers(a, o, role))

    def may_assign(self, a: Actor, o: str, w: str, p: str, role: str) -> bool:
        """Give a workspace role to an active member, below the ceiling, holding it oneself and all that the person has there."""
        if not self.acts(a, o) or (o, p) not in self.members or self.home.get(w) != o:
            return False
        mine, active = self.members[o, p]
        if p == a.person:
            return a.whole and active and WORKSPACE[role] <= WORKSPACE.get(self.roles.get((w, p), ""), set())
        here = self.effective(a, o, w)
        above = WORKSPACE[role] | self.effective(Actor(p), o, w)
        return active and WORKSPACE_MEMBERS in here and WORKSPACE[role] <= CEILING[mine] and above <= here

    def may_unassign(self, a: Actor, o: str, w: str, p: str) -> bool:
        """Take a workspace role back; everybody may lay down their own."""
        if not self.acts(a, o) or (o, p) not in self.members or self.home.get(w) != o:
            return False
        here = self.effective(a, o, w)
        return a.whole if p == a.person else (WORKSPACE_MEMBERS in here and self.effective(Actor(p), o, w) <= here)

    def leads(self, a: Actor, o: str) -> bool:
        """An active owner or admin with a credential that is not narrowed."""
        role, active = self.members.get((o, a.person), ("", False))
        return self.acts(a, o) and active and role in {"owner", "admin"} and a.whole

    def may_mint(self, a: Actor, o: str, scopes: frozenset[str] | None, workspaces: frozenset[str] | None) -> bool:
        """An active member makes keys; a key makes none that reaches further than itself."""
        inside = [held is None or (asked is not None and asked <= held) for held, asked in ((a.scopes, scopes), (a.workspaces, workspaces))]
        return self.acts(a, o) and self.members[o, a.person][1] and all(inside)

    def leave(self, o: str, p: str) -> None:
        """End a membership, with the roles in its workspaces."""
        del self.members[o, p]
        self.roles = {(w, who): role for (w, who), role in self.roles.items() if who != p or self.home[w] != o}
