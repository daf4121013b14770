"""The chapter of provisioning: Globex's directory says who works there, and who does no more."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Final

import httpx

from ctsec.testing.directories import Answer, OktaDirectory, Sends
from ctsec.testing.directories import Person as Employee
from examples.walkthrough.organizations import Place
from examples.walkthrough.people import Person, Scene
from examples.walkthrough.transcript import answered, eventually, require

DOMAIN: Final = "globex.example"


def scim(scene: Scene, globex: Place, *, connection: str, nils: Person) -> None:
    """Let the directory push Rita and Nils; Nils came in by the connection before, and leaves."""
    scene.transcript.chapter("Globex's directory pushes its people (SCIM)")
    say, grace = scene.transcript.say, scene.cast.grace
    home = f"/auth/organizations/{globex.organization}"
    pushes = answered(grace.post(f"{home}/sso/scim", {"name": "Directory", "connection_id": connection}), 201)
    token = answered(grace.post(f"{home}/sso/scim/{pushes['id']}/tokens"), 201)["token"]
    say("Grace makes a SCIM connection beside the one for sign-in, and a token for it; a directory as Okta speaks gets both")
    directory = OktaDirectory(over_http(scene.url), root="/auth/scim/v2", token=token)
    directory.found("research")
    for name in ("rita", "nils"):
        directory.hire(Employee(key=name, email=f"{name}@{DOMAIN}", given=name.capitalize(), family="Sand"))
        directory.join("research", name)
    members = {each["email"]: each for each in answered(grace.get(f"{home}/members"), 200)["members"]}
    require(f"rita@{DOMAIN}" in members, "that Rita is a member before she ever came")
    require(members[f"nils@{DOMAIN}"]["user_id"] == nils.id, "that Nils is who he was")
    say("it pushes Rita, who is a member before she ever signed in, and Nils, who stays who he is")
    dashboards = f"/v1/workspaces/{globex.workspace}/dashboards"
    answered(nils.get(dashboards), 200)
    directory.leave("nils")
    eventually(partial(_out, nils, dashboards), what="Nils to be out")
    say("Nils leaves the company: the directory says so, and his session ends")
    left = {each["email"] for each in answered(grace.get(f"{home}/members"), 200)["members"]}
    require(f"nils@{DOMAIN}" not in left and f"rita@{DOMAIN}" in left, "that Nils is a member no more, and Rita is")
    drift = f"{home}/sso/scim/{pushes['id']}/drift"
    gaps, page = list[str](), answered(grace.get(drift), 200)
    while page["differences"] or page["next"]:
        gaps += [f"{each['gap']}: {each['email']}" for each in page["differences"]]
        page = answered(grace.get(f"{drift}?after={page['next']}"), 200) if page["next"] else {"differences": [], "next": None}
    say(f"directory and members compared: {', '.join(gaps)}")


def over_http(url: str) -> Sends:
    """Send to a host that listens at `url`."""

    def send(method: str, target: str, *, headers: Mapping[str, str], body: bytes) -> Answer:
        response = httpx.request(method, f"{url}{target}", headers=dict(headers), content=body, timeout=20)
        return Answer(status=response.status_code, headers=dict(response.headers), body=response.content)

    return send


def _out(person: Person, path: str) -> bool:
    return person.get(path).status_code == 401
