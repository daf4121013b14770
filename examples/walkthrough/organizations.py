"""Chapters of two organizations: members by invitation, the permission matrix, and nothing of the other one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from examples.walkthrough.people import Person, Scene
from examples.walkthrough.transcript import answered, require

# The product page's table, by role: which of the eight actions may each do?
MATRIX: Final = {
    "View dashboards": "Owner Admin Editor Operator Viewer",
    "Run agent conversations": "Owner Admin Editor Operator",
    "Create recommendations": "Owner Admin Editor",
    "Approve operations": "Owner Admin Editor",
    "Manage connections": "Owner Admin Editor",
    "Manage members": "Owner Admin",
    "Organization settings": "Owner Admin",
    "Billing": "Owner",
}


@dataclass(frozen=True, slots=True)
class Place:
    """An organization with a workspace of it."""

    name: str
    organization: str
    workspace: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request that stands for an action of the matrix."""

    method: str
    path: str
    body: dict[str, Any] | None = field(default=None)

    def by(self, person: Person) -> bool:
        """Say whether it was allowed; everything but 2xx and 403 is unexpected."""
        response = person.ask(self.method, self.path, self.body)
        if response.status_code == 403:
            answered(response, 403, reason="denied")
            return False
        require(response.is_success, f"2xx or 403 from {self.method} {self.path}, got {response.status_code}: {response.text[:300]}")
        return True


def founding(scene: Scene) -> tuple[Place, Place]:
    """Create the two organizations."""
    scene.transcript.chapter("Two organizations")
    acme = _found(scene.cast.olga, "Acme", "Production")
    globex = _found(scene.cast.grace, "Globex", "Research")
    scene.transcript.say("Olga creates Acme with the workspace Production, Grace creates Globex with Research")
    titles = [row["title"] for row in answered(scene.cast.olga.get(f"/v1/workspaces/{acme.workspace}/dashboards"), 200)["dashboards"]]
    scene.transcript.say(f"a workspace begins with its dashboards, written in the same transaction: {', '.join(titles)}")
    return acme, globex


def invitations(scene: Scene, acme: Place) -> None:
    """Invite the members of Acme; each accepts with the token of a mail."""
    say = scene.transcript.say
    scene.transcript.chapter("Invitations")
    cast = scene.cast
    answered(cast.oscar.get(f"/v1/workspaces/{acme.workspace}/dashboards"), 404)
    say("Oscar asks for Production's dashboards: 404, he is nobody there")
    for person, role, workspace_role in (
        (cast.oscar, "member", "operator"),
        (cast.adam, "admin", None),
        (cast.ed, "member", "editor"),
        (cast.vera, "member", "viewer"),
    ):
        body = {"email": person.email, "role": role}
        if workspace_role is not None:
            body |= {"workspace_id": acme.workspace, "workspace_role": workspace_role}
        answered(cast.olga.post(f"/auth/organizations/{acme.organization}/invitations", body), 201)
        token = scene.mailbox.take(person.email, about="invitation to Acme").token
        if person is cast.oscar:
            say("Olga invites Oscar as Operator of Production; the mail arrives")
            answered(cast.vera.post("/auth/invitations/accept", {"token": token}), 400, reason="invalid_token")
            say("Vera tries Oscar's invitation: refused (invalid_token)")
        answered(person.post("/auth/invitations/accept", {"token": token}), 200)
        if person is cast.oscar:
            answered(person.post("/auth/invitations/accept", {"token": token}), 400, reason="invalid_token")
            say("Oscar accepts; the same token again: refused (invalid_token)")
    say("Adam becomes admin of Acme, Ed editor and Vera viewer of Production in the same way")
    found = answered(cast.oscar.get("/v1/workspaces"), 200)["workspaces"]
    say(f"Oscar's workspaces: {', '.join(workspace['name'] for workspace in found)}")


def matrix(scene: Scene, acme: Place) -> None:
    """Let each role try each of the eight actions, and print what was decided."""
    scene.transcript.chapter("The permission matrix, decided over HTTP")
    columns = scene.cast.columns
    operations = _operations(scene.cast.olga, acme, len(columns))
    header = f"{'Action':<25}" + "".join(f"{role:<10}" for role in columns)
    scene.transcript.say(header, "-" * len(header.rstrip()))
    decided: dict[str, dict[str, bool]] = {action: {} for action in MATRIX}
    for (role, person), operation in zip(columns.items(), operations, strict=True):
        for action, attempts in _attempts(acme, operation).items():
            answers = {attempt.by(person) for attempt in attempts}
            require(len(answers) == 1, f"one answer to {action} for {role}")
            decided[action][role] = answers.pop()
    for action, by_role in decided.items():
        allowed = [role for role in columns if by_role[role]]
        scene.transcript.say(f"{action:<25}" + "".join(f"{'Yes' if role in allowed else '-':<10}" for role in columns))
        require(allowed == MATRIX[action].split(), f"{MATRIX[action]} to be allowed to {action}, got {allowed}")
    talks = answered(scene.cast.olga.get(f"/v1/workspaces/{acme.workspace}/agents/alex/conversations"), 200)["conversations"]
    links = answered(scene.cast.olga.get(f"/v1/workspaces/{acme.workspace}/connections"), 200)["connections"]
    require((len(talks), len(links)) == (4, 3), "that what was refused wrote nothing")
    scene.transcript.say("what was refused wrote nothing: 4 conversations and 3 connections are stored")


def isolation(scene: Scene, acme: Place, globex: Place) -> None:
    """Let the owner of one organization, who may do everything there, try the same in the other."""
    scene.transcript.chapter("Nothing of the other organization")
    count = 0
    for person, theirs in ((scene.cast.olga, globex), (scene.cast.grace, acme)):
        for attempt in (*_everything(theirs), *_administration(theirs)):
            response = person.ask(attempt.method, attempt.path, attempt.body)
            require(response.status_code in {403, 404}, f"a refusal of {attempt.path}, got {response.status_code}: {response.text[:200]}")
            for word in (theirs.name, "Production", "Research", "Cloud spend"):
                require(word not in response.text, f"that the answer to {attempt.path} does not say {word}")
            count += 1
        unknown = theirs.workspace[:-4] + "0000"
        answers = [person.get(f"/v1/workspaces/{workspace}/dashboards") for workspace in (theirs.workspace, unknown)]
        bodies = [{k: v for k, v in answer.json().items() if k not in {"instance", "request_id"}} for answer in answers]
        require(answers[0].status_code == answers[1].status_code and bodies[0] == bodies[1], "the same answer as for what does not exist")
    scene.transcript.say(f"Olga in Globex and Grace in Acme: {count} requests, each refused; no answer names anything of the other")
    scene.transcript.say("the answer for a foreign workspace is the answer for one that does not exist")


def _found(owner: Person, name: str, workspace: str) -> Place:
    organization = answered(owner.post("/auth/organizations", {"name": name}), 201)["id"]
    made = answered(owner.post(f"/v1/organizations/{organization}/workspaces", {"name": workspace}), 201)
    return Place(name, organization, made["id"])


def _operations(person: Person, place: Place, count: int) -> list[str]:
    path = f"/v1/workspaces/{place.workspace}/recommendations"
    made = [answered(person.post(path, {"title": f"stop idle machine {number}"}), 201) for number in range(1, count + 1)]
    return [each["operation_id"] for each in made]


def _attempts(place: Place, operation: str) -> dict[str, tuple[Attempt, ...]]:
    workspace, organization = f"/v1/workspaces/{place.workspace}", f"/v1/organizations/{place.organization}"
    return {
        "View dashboards": (Attempt("GET", f"{workspace}/dashboards"),),
        "Run agent conversations": (Attempt("POST", f"{workspace}/agents/alex/conversations", {"question": "what is idle?"}),),
        "Create recommendations": (Attempt("POST", f"{workspace}/recommendations", {"title": "use smaller machines"}),),
        "Approve operations": (Attempt("POST", f"{workspace}/operations/{operation}/approve"),),
        "Manage connections": (Attempt("POST", f"{workspace}/connections", {"provider": "aws"}),),
        "Manage members": (Attempt("GET", f"{workspace}/members"), Attempt("GET", f"{organization}/members")),
        "Organization settings": (Attempt("PUT", f"{organization}/settings", {"weekly_report": True}),),
        "Billing": (Attempt("PUT", f"{organization}/billing", {"plan": "team"}),),
    }


def _everything(place: Place) -> Iterator[Attempt]:
    for attempts in _attempts(place, "0" * 32).values():
        yield from attempts


def _administration(place: Place) -> Iterator[Attempt]:
    organization = f"/auth/organizations/{place.organization}"
    yield Attempt("POST", f"{organization}/workspaces", {"name": "Mine"})
    yield Attempt("POST", f"{organization}/invitations", {"email": "mallory@evil.example", "role": "owner"})
    yield Attempt("POST", f"{organization}/api-keys", {"name": "mine"})
    yield Attempt("GET", f"{organization}/audit")
