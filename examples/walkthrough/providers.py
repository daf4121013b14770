"""The chapter of single sign-on: a connection is looked at, tried, enabled and required, and whoever leaves the company is out."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any, Final
from urllib.parse import urlsplit

from ctsec.testing import LocalIdentityProvider
from ctsec.testing.identity_provider import CLIENT_ID, CLIENT_SECRET
from examples.walkthrough.operations import Operations
from examples.walkthrough.organizations import Place
from examples.walkthrough.people import Person, Scene
from examples.walkthrough.transcript import answered, eventually, require

DOMAIN: Final = "acme.example"


def single_sign_on(scene: Scene, acme: Place, operations: Operations) -> None:
    """Connect Acme's provider, and let its people in and out by it."""
    scene.transcript.chapter("Sign in through Acme's own provider")
    with LocalIdentityProvider(clock=operations.clock) as provider:
        provider.people["nia"] = {"email": f"nia@{DOMAIN}", "email_verified": True, "name": "Nia", "groups": ["engineering"]}
        provider.people["olga"] = {"email": f"olga@{DOMAIN}", "email_verified": True}
        operations.vouch(acme.organization, DOMAIN)
        scene.transcript.say(f"an operator records that {DOMAIN} is Acme's")
        one = _connected(scene, acme, provider)
        nia = _newcomer(scene, acme, provider, one)
        _required(scene, acme, provider, one)
        provider.leave("nia")
        operations.clock.by = timedelta(minutes=61)
        require(operations.ask_providers() >= 1, "that a session is due")
        eventually(lambda: nia.get("/auth/session").status_code == 401, what="Nia's session to end")
        scene.transcript.say("Acme removes Nia at its provider; within the hour it is asked about her session, and she is out: 401")
        nia.close()


def _connected(scene: Scene, acme: Place, provider: LocalIdentityProvider) -> str:
    """Draft a connection, look at it, try it, test and enable it; return its id."""
    say, olga = scene.transcript.say, scene.cast.olga
    home = f"/auth/organizations/{acme.organization}/sso/connections"
    rule = {"group": "engineering", "role": "editor", "workspace_id": acme.workspace}
    body = {"name": "Acme login", "provider": "oidc", "client_id": CLIENT_ID, "secret": CLIENT_SECRET, "issuer": provider.issuer}
    connection = answered(olga.post(home, {**body, "provisioning": {"rules": [rule]}}), 201)["id"]
    say("Olga drafts a connection to Acme's provider, with a rule: engineering are Editors of Production")
    report = answered(olga.post(f"{home}/{connection}/doctor"), 200)
    by_verdict = {verdict: [each["name"] for each in report["checks"] if each["verdict"] == verdict] for verdict in ("ok", "warn", "fail")}
    say(f"its doctor: {len(by_verdict['ok'])} checks in order, {len(by_verdict['fail'])} failed; warnings: {', '.join(by_verdict['warn'])}")
    answered(olga.post(f"{home}/{connection}/enable"), 409, reason="conflict")
    say("she enables it before it was tested: refused (conflict)")
    members = answered(olga.get(f"/auth/organizations/{acme.organization}/members"), 200)
    begun = answered(olga.post(f"{home}/{connection}/dry-run"), 200)
    seen = answered(_back(olga, provider.visit(begun["url"], person="nia")), 200)
    require(seen["status"] == "dry_run" and seen["passed"], "that the dry run passes")
    require(members == answered(olga.get(f"/auth/organizations/{acme.organization}/members"), 200), "that a dry run makes nobody a member")
    (given,) = seen["workspace_roles"]
    say(f"a dry run as Nia: {seen['account']} account, {seen['role']} of Acme, {given['role']} of Production; nothing was written")
    answered(olga.post(f"{home}/{connection}/test"), 200)
    answered(olga.post(f"{home}/{connection}/enable"), 200)
    say("the provider's document is tested, and people may sign in through the connection")
    return str(connection)


def _newcomer(scene: Scene, acme: Place, provider: LocalIdentityProvider, connection: str) -> Person:
    """Let somebody in who has no account, and see her role."""
    nia = Person("Nia", organization="Acme", url=scene.url)
    way = answered(nia.post("/auth/sign-in/ways", {"email": nia.email}), 200)["ways"]
    require([each["connection_id"] for each in way] == [connection], "that Nia's address leads to the connection")
    begun = answered(nia.post(f"/auth/sso/{connection}/begin", {"email": nia.email}), 200)
    step = answered(_back(nia, provider.visit(begun["url"], person="nia")), 200)
    require(step["status"] == "signed_in", "that Nia is signed in")
    nia.enter()
    answered(nia.post(f"/v1/workspaces/{acme.workspace}/recommendations", {"title": "Turn off what idles"}), 201)
    scene.transcript.say("Nia, who has no account here, signs in there, and creates a recommendation in Production: 201")
    answered(nia.get("/auth/sessions"), 403)
    scene.transcript.say("her session is Acme's: account settings are closed to it")
    return nia


def _required(scene: Scene, acme: Place, provider: LocalIdentityProvider, connection: str) -> None:
    """Require the provider, and open its settings with a code."""
    say, olga = scene.transcript.say, scene.cast.olga
    home = f"/auth/organizations/{acme.organization}/sso"
    dashboards = f"/v1/workspaces/{acme.workspace}/dashboards"
    begun = answered(olga.post(f"/auth/sso/{connection}/link"), 200)
    answered(_back(olga, provider.visit(begun["url"], person="olga")), 200)
    codes = answered(olga.post(f"{home}/break-glass-codes"), 200)["codes"]
    answered(olga.ask("PUT", f"{home}/requirement", {}), 200)
    say(f"Olga links her identity there, makes {len(codes)} break-glass codes, and requires the provider")
    for person in (scene.cast.ed, olga):
        eventually(partial(_shut, person, dashboards), what="the requirement to count")
    say("Ed and Olga in their own sessions: refused (sso_required)")
    answered(olga.get(f"{home}/requirement"), 403, reason="sso_required")
    answered(olga.post("/auth/sso/break-glass", {"organization_id": acme.organization, "code": codes[0]}), 200)
    answered(olga.get(f"{home}/requirement"), 200)
    answered(olga.get(dashboards), 403, reason="sso_required")
    say("with one of the codes the settings of single sign-on are open to her for an hour, and the dashboards are not")


def _shut(person: Person, path: str) -> bool:
    response = person.get(path)
    return response.status_code == 403 and response.json()["reason"] == "sso_required"


def _back(person: Person, callback: str) -> Any:
    """Take what the provider answered to where the page takes it, in the person's browser."""
    split = urlsplit(callback)
    return person.get(f"/auth{split.path}/callback?{split.query}")
