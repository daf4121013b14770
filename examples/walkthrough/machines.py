"""Chapters of a program with an API key, and of the audit log that saw it all."""

from __future__ import annotations

from typing import Any

import httpx

from examples.walkthrough.organizations import Place
from examples.walkthrough.people import Person, Scene
from examples.walkthrough.transcript import answered, eventually, require

LAST = 20


def api_key(scene: Scene, acme: Place, globex: Place) -> None:
    """Mint a key, use it, see it narrowed, rotate and revoke it."""
    say = scene.transcript.say
    scene.transcript.chapter("An API key")
    olga = scene.cast.olga
    keys = f"/auth/organizations/{acme.organization}/api-keys"
    made = answered(olga.post(keys, {"name": "nightly report", "scopes": ["dashboards:view", "agents:run"]}), 201)
    say("Olga, an owner, makes the key 'nightly report' for dashboards:view and agents:run; its text is shown once")
    listed = answered(olga.get(keys), 200)
    require(made["token"] not in str(listed), "that the list of keys holds no secret")
    dashboards = f"{scene.url}/v1/workspaces/{acme.workspace}/dashboards"
    answered(_bearer("GET", dashboards, made["token"]), 200)
    say("a program reads the dashboards with Authorization: Bearer: 200")
    recommend = f"{scene.url}/v1/workspaces/{acme.workspace}/recommendations"
    answered(_bearer("POST", recommend, made["token"], {"title": "no"}), 403)
    say("it creates a recommendation, which Olga may and the key may not: 403")
    foreign = _bearer("GET", f"{scene.url}/v1/workspaces/{globex.workspace}/dashboards", made["token"])
    require(foreign.status_code in {403, 404}, "that the key opens nothing of Globex")
    say("it asks for Globex's dashboards: refused")
    answered(_bearer("GET", dashboards, made["token"][:-1] + ("A" if made["token"][-1] != "A" else "B")), 401)
    say("a key with one character changed: 401")
    rotated = answered(olga.post(f"{keys}/{made['id']}/rotate"), 200)
    for token in (made["token"], rotated["token"]):
        answered(_bearer("GET", dashboards, token), 200)
    say("Olga rotates it: in the overlap the old secret and the new one both work")
    answered(olga.ask("DELETE", f"{keys}/{made['id']}"), 204)
    for token in (made["token"], rotated["token"]):
        answered(_bearer("GET", dashboards, token), 401)
    say("she revokes it: the next request with either is refused with 401")


def audit(scene: Scene, acme: Place) -> None:
    """Read the organization's log as its owner, with and without filters."""
    say = scene.transcript.say
    scene.transcript.chapter("The audit log of Acme")
    cast = scene.cast
    path = f"/auth/organizations/{acme.organization}/audit"
    answered(cast.vera.get(path), 403, reason="denied")
    say("Vera, a viewer, asks for it: 403")
    events = eventually(lambda: _settled(cast.olga, path), what="every event to be in the log", pause=0.5)
    say(f"Olga reads it: the events' indexes have no gap; the last {LAST}, in order of time, beside searches like this one:")
    names = {person.id: person.name for person in cast.everybody}
    for event in sorted(events, key=lambda each: each["time"])[-LAST:]:
        say(f"  {names[event['actor']['id']]:<6} {event['actor']['credential']['kind']:<9} {_told(event)}")
    started = answered(cast.olga.get(f"{path}?name=agent.conversation_started"), 200)["events"]
    who = sorted(names[event["actor"]["id"]] for event in started)
    say(f"by action, agent.conversation_started (an event of the application itself): {', '.join(who)}")
    by_vera = answered(cast.olga.get(f"{path}?actor={cast.vera.id}&limit=500"), 200)["events"]
    require({event["actor"]["id"] for event in by_vera} == {cast.vera.id}, "only what Vera did")
    refused = sum(event["outcome"] == "refused" for event in by_vera)
    say(f"by actor, Vera: {len(by_vera)} events, {refused} of them refusals")


def _settled(person: Person, path: str) -> list[dict[str, Any]] | None:
    page = answered(person.get(f"{path}?limit=500"), 200)
    if page["pending"]:
        return None
    events: list[dict[str, Any]] = page["events"]
    indexes = sorted(event["index"] for event in events)
    require(indexes == list(range(indexes[0], indexes[0] + len(indexes))), "indexes without a gap")
    # How often this was asked, and so how many events of searches there are, differs on each run.
    return [event for event in events if event["name"] != "audit.searched"]


def _told(event: dict[str, Any]) -> str:
    what = event["details"].get("permission") or event["details"].get("attempted") or ""
    return f"{event['name']:<26} {event['outcome']:<8} {event['reason'] or '':<7} {what}"


def _bearer(method: str, url: str, token: str, body: dict[str, Any] | None = None) -> httpx.Response:
    return httpx.request(method, url, json=body, headers={"Authorization": f"Bearer {token}"}, timeout=20)
