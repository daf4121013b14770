"""The chapter of SAML: Globex connects a provider by its metadata, tries it, and goes along when the provider changes its certificate."""

from __future__ import annotations

from typing import Any, Final

import httpx

from ctsec.testing.saml import SamlKey
from ctsec.testing.saml_provider import LocalSamlProvider, SamlPerson
from examples.walkthrough.operations import Operations
from examples.walkthrough.organizations import Place
from examples.walkthrough.people import Person, Scene
from examples.walkthrough.transcript import answered, require

DOMAIN: Final = "globex.example"


def saml(scene: Scene, globex: Place, operations: Operations) -> tuple[str, Person]:
    """Connect Globex's provider, and let Nils in by it before and after its certificate changes; return the connection's id, and Nils."""
    scene.transcript.chapter("Sign in through Globex's provider, which speaks SAML")
    say, grace = scene.transcript.say, scene.cast.grace
    with LocalSamlProvider(clock=operations.clock, key=SamlKey.generate(curve=True)) as provider:
        provider.people["nils"] = SamlPerson(name_id="00unils", attributes={"email": [f"nils@{DOMAIN}"], "groups": ["research"]})
        operations.vouch(globex.organization, DOMAIN)
        one = _connected(scene, globex, provider)
        nils = Person("Nils", organization="Globex", url=scene.url)
        step = answered(_through(nils, provider, f"/auth/sso/{one.rpartition('/')[2]}/begin", who="nils"), 200)
        require(step["status"] == "signed_in", "that Nils is signed in")
        nils.enter()
        answered(nils.get(f"/v1/workspaces/{globex.workspace}/dashboards"), 200)
        say("Nils, who has no account here, signs in there, and reads Research's dashboards: 200")
        provider.key = SamlKey.generate(curve=True)
        answered(_through(nils, provider, f"/auth/sso/{one.rpartition('/')[2]}/begin", who="nils"), 401)
        seen = answered(grace.post(f"{one}/metadata"), 200)
        say(f"the provider signs with another key: 401; its metadata has {len(seen['added'])} key more and {len(seen['removed'])} fewer")
        answered(grace.post(f"{one}/metadata/trust", {"seen": seen["seen"]}), 200)
        answered(_through(nils, provider, f"/auth/sso/{one.rpartition('/')[2]}/begin", who="nils"), 200)
        nils.enter()
        say("Grace trusts what she saw, and Nils is in again")
        return one.rpartition("/")[2], nils


def _connected(scene: Scene, globex: Place, provider: LocalSamlProvider) -> str:
    """Draft a connection from metadata, try it, test and enable it; return its path."""
    say, grace = scene.transcript.say, scene.cast.grace
    home = f"/auth/organizations/{globex.organization}/sso"
    seen = answered(grace.post(f"{home}/metadata", {"metadata_url": provider.metadata_url}), 200)
    rule = {"group": "research", "role": "viewer", "workspace_id": globex.workspace}
    body = {"name": "Globex login", "provider": "saml", "saml": seen["saml"], "provisioning": {"rules": [rule]}}
    connection = answered(grace.post(f"{home}/connections", body), 201)["id"]
    say(f"Grace drafts a connection from the provider's metadata: {len(seen['keys'])} certificate; research are Viewers of Research")
    provider.register(grace.get(f"/auth/sso/{connection}/saml/metadata").content)
    one = f"{home}/connections/{connection}"
    tried = answered(_through(grace, provider, f"{one}/dry-run", who="nils"), 200)
    require(tried["status"] == "dry_run" and tried["passed"], "that the dry run passes")
    say(f"a dry run as Nils: {tried['account']} account, {tried['workspace_roles'][0]['role']} of Research; nothing was written")
    answered(grace.post(f"{one}/test"), 200)
    answered(grace.post(f"{one}/enable"), 200)
    return one


def _through(person: Person, provider: LocalSamlProvider, path: str, *, who: str) -> httpx.Response:
    """Go to the provider, sign in there as somebody, and bring its form back."""
    begun = person.post(path)
    away: Any = answered(begun, 200)
    form = provider.visit(away["url"], person=who)
    return person.bring(form.url, form.fields, kept=begun.headers["set-cookie"].partition(";")[0], origin=provider.at)
