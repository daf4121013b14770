"""What the how-to pages begin with: a bundle of each colour, a signed-in owner, an organization and a workspace."""

from __future__ import annotations

from ctsec import AsyncSecurity, Principal, Security
from ctsec.authn.journey import SignedIn
from ctsec.directory.record import Organization, Workspace
from ctsec.presets import async_embedded, sync_embedded
from ctsec.rbac import Policy
from ctsec.security.parts import EmbeddedOptions
from examples.walkthrough.mailbox import Mailbox

EMAIL, PASSWORD = "olga@acme.example", "nine quiet rivers run north"


def prepared(mailbox: Mailbox) -> tuple[Security, AsyncSecurity]:
    """Return both colours of one bundle in this folder, without a worker thread."""
    policy, options = Policy.preset(), EmbeddedOptions(worker=False)
    return (
        sync_embedded("acme.db", policy=policy, issuer="Acme", mail=mailbox.url, options=options),
        async_embedded("acme.db", policy=policy, issuer="Acme", mail=mailbox.url, options=options),
    )


def owner(security: Security, mailbox: Mailbox) -> Principal:
    """Return the principal of a person who signed up, confirmed the address and signed in."""
    with security.begin() as unit:
        unit.accounts.sign_up(email=EMAIL, password=PASSWORD, name="Olga")
    security.worker("preface").run_due()
    with security.begin() as unit:
        unit.accounts.verify_email(token=mailbox.take(EMAIL, about="confirm").token)
    with security.begin() as unit:
        step = unit.sign_in.password(email=EMAIL, password=PASSWORD)
    assert isinstance(step, SignedIn)
    principal = security.gate.session(step.token.reveal())
    assert isinstance(principal, Principal)
    return principal


def home(security: Security, person: Principal) -> tuple[Organization, Workspace]:
    """Return an organization that the person owns, and a workspace of it."""
    with security.begin() as unit:
        organization = unit.directory.create_organization(person, name="Acme")
        assert isinstance(organization, Organization)
        workspace = unit.directory.create_workspace(person, organization=organization.id, name="Production")
        assert isinstance(workspace, Workspace)
    return organization, workspace


_mailbox = Mailbox()
_mailbox.start()
security, async_security = prepared(_mailbox)
olga = owner(security, _mailbox)
organization, workspace = (each.id for each in home(security, olga))
_mailbox.stop()
