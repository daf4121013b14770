"""How one step is played on the services and on the reference, and the steps of sessions, keys and accounts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from ctsec.ids import KeyId, SessionId
from ctsec.keys.policy import KeyRequest
from ctsec.outcome import Refusal
from ctsec.principal import Principal
from ctsec.storage.memory import MemoryStorage
from ctsec.storage.ports import Storage
from ctsec.user import User
from tests.properties import reference
from tests.properties.reference import Actor, World
from tests.properties.stage import Held, Stage

INDEX = st.integers(0, 23)
ACTOR = st.sampled_from([0, 1, 3, 4]) | INDEX  # half the time an owner or admin of either, or little would be allowed
SIDE = st.integers(0, 1)
SCOPES = st.none() | st.frozensets(st.sampled_from(sorted({*reference.EVERY, *reference.ORGANIZATION["owner"]})), max_size=4)


class Played(RuleBasedStateMachine):
    """The services on the left, the reference on the right."""

    storage: Callable[[], Storage] = MemoryStorage

    def __init__(self) -> None:
        super().__init__()
        self.stage = Stage(type(self).storage())
        self.world = World()
        self.steps = 0
        self.users: list[User] = []
        self.people: list[str] = []
        self.organizations: list[str] = []
        self.credentials: list[Held] = []
        self.sent: list[tuple[str, str, str, str, str | None, str | None, str]] = []
        self.open: set[str] = set()
        self.known: dict[str, tuple[Any, ...]] = {}

    def pick(self, found: list[Any], n: int) -> Any:
        """Return one of several."""
        return found[n % len(found)]

    @property
    def workspaces(self) -> list[str]:
        return list(self.world.home)

    def opens(self, held: Held) -> bool:
        """Say whether a credential should prove its person at the next request."""
        return held.live and held.actor.person not in self.world.disabled

    def act(
        self, n: int, home: str, change: Callable[[Any, Principal], Any], predict: Callable[[Held, Actor], bool], *, joins: bool = False
    ) -> Any:
        """Make one change as somebody, compare the outcome, and see that nothing moved where it must not; None if it was refused."""
        held: Held = self.pick(self.credentials, n)
        principal = self.stage.enter(held)
        assert isinstance(principal, Principal) == self.opens(held), (held, principal)
        if not isinstance(principal, Principal):
            return None
        members = {o for o in self.organizations if (o, held.actor.person) in self.world.members}
        expected = predict(held, held.actor)
        outcome = self.stage.do(lambda unit: change(unit, principal))
        assert isinstance(outcome, Refusal) != expected, (held, outcome)
        self.unmoved({o for o in self.organizations if o != home or not (o in members or joins)})
        self.nothing_told(held.actor.person, members)
        return None if isinstance(outcome, Refusal) else outcome

    def unmoved(self, organizations: set[str]) -> None:
        """See that these are as they were, and remember how all are."""
        now = {o: self.stage.rows(o, self.people) for o in self.organizations}
        for o in organizations & self.known.keys():
            assert now[o] == self.known[o]
        self.known = now

    def nothing_told(self, person: str, members: set[str]) -> None:
        """See that what an outsider's refusal wrote into a log names nothing of the other organization."""
        for event in self.stage.refusals():
            assert event.actor_id == person
            if event.organization_id is not None and event.organization_id not in members:
                foreign = [o for o in self.organizations if o != event.organization_id]
                foreign += [w for w, o in self.world.home.items() if o != event.organization_id]
                foreign += [i[0] for i in self.sent if i[1] != event.organization_id]
                foreign += [c.id for c in self.credentials if c.kind == "key" and c.actor.organization != event.organization_id]
                assert not any(each.encode() in event.body for each in foreign)

    @rule(p=INDEX, on=st.booleans())
    def enable_or_disable(self, p: int, on: bool) -> None:
        """The system disables or enables an account, which changes nothing of any organization."""
        user = self.pick(self.people, p)
        self.stage.do(lambda unit: (unit.directory.enable_user if on else unit.directory.disable_user)(user, reason="test"))
        (self.world.disabled.discard if on else self.world.disabled.add)(user)
        self.unmoved(set(self.organizations))

    @rule(p=INDEX)
    def start_session(self, p: int) -> None:
        """Sign somebody in, as the end of the journey does for an active account."""
        user = self.pick(self.users, p)
        if user.id not in self.world.disabled:
            session, token = self.stage.do(lambda unit: unit.sessions.start(user, factors={"pwd": self.stage.clock.now()}))
            self.credentials.append(Held("session", session.id, token.reveal(), Actor(user.id)))

    @rule(n=ACTOR, c=INDEX)
    def revoke_session(self, n: int, c: int) -> None:
        """End a session; another person's is not found, and a key ends none."""
        session: Held = self.pick([each for each in self.credentials if each.kind == "session"], c)
        done = self.act(n, "", lambda unit, actor: unit.sessions.revoke(actor, SessionId(session.id)), lambda *_: True)
        if done is not None:
            held = self.pick(self.credentials, n)
            assert done == (session.live and held.kind == "session" and session.actor.person == held.actor.person)
            session.live = session.live and not done

    @rule(n=ACTOR, o=SIDE)
    def switch(self, n: int, o: int) -> None:
        """Make an organization the session's active one."""
        home = self.organizations[o]
        self.act(
            n,
            home,
            lambda unit, actor: unit.sessions.switch_organization(actor, home),
            lambda held, actor: held.kind == "session" and self.world.members.get((home, actor.person), ("", False))[1],
        )

    @rule(n=ACTOR, o=SIDE, scopes=SCOPES, places=st.none() | st.frozensets(INDEX, max_size=2))
    def mint(self, n: int, o: int, scopes: frozenset[str] | None, places: frozenset[int] | None) -> None:
        """Make a key, narrowed to scopes and to workspaces of either organization."""
        home = self.organizations[o]
        narrowed = None if places is None else frozenset(self.pick(self.workspaces, w) for w in places)
        request = KeyRequest(name="machine", scopes=scopes, workspaces=narrowed)
        made = self.act(
            n,
            home,
            lambda unit, actor: unit.api_keys.mint(actor, organization=home, request=request),
            lambda _, actor: self.world.may_mint(actor, home, scopes, narrowed),
        )
        if made is not None:
            actor = Actor(made.key.owner_id, home, scopes, narrowed)
            self.credentials.append(Held("key", made.key.id, made.token.reveal(), actor))

    def _own(self, held: Held, home: str, key: Held) -> bool:
        mine = key.actor.person == held.actor.person and key.actor.organization == home
        return mine and (held.kind == "session" or held.id == key.id)

    @rule(n=ACTOR, o=SIDE, c=INDEX, rotates=st.booleans())
    def end_key(self, n: int, o: int, c: int, rotates: bool) -> None:
        """Rotate a key without overlap, or revoke it."""
        keys = [each for each in self.credentials if each.kind == "key"]
        if not keys:
            return
        home, key = self.organizations[o], self.pick(keys, c)
        same = [each for each in keys if each.id == key.id]
        valid = any(each.live for each in same)
        actor = self.pick(self.credentials, n).actor
        member = self.world.members.get((home, actor.person), ("", False))[1]

        def change(unit: Any, actor: Principal) -> Any:
            if rotates:
                return unit.api_keys.rotate(actor, organization=home, key_id=KeyId(key.id), overlap=timedelta(0))
            return unit.api_keys.revoke(actor, organization=home, key_id=KeyId(key.id))

        done = self.act(n, home, change, lambda held, _: self._own(held, home, key) and ((valid and member) or not rotates))
        if done is None:
            return
        for each in same:
            each.live = False
        if rotates:
            self.credentials.append(Held("key", key.id, done.token.reveal(), key.actor))

    @rule(seconds=st.integers(1, 7))
    def wait(self, seconds: int) -> None:
        """Let time pass: cached records live for five seconds."""
        self.stage.wait(seconds)

    @rule(o=SIDE)
    def read_log(self, o: int) -> None:
        """A search of one log finds every event of it and none of the other."""
        home = self.organizations[o]
        found = self.stage.search(home)
        assert {event.organization_id for event in found} == {home}
        assert len({event.id for event in found}) == len(found)
        assert {event.id for event in found if event.outcome == "success"} == self.known[home][-1]
