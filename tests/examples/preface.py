"""What the how-to pages begin with: a bundle of each colour, a signed-in owner and a member, an organization and a workspace."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from ctsec import AsyncSecurity, Principal, Security
from ctsec.audit import EventSchema
from ctsec.authn.argon2 import Argon2Parameters
from ctsec.authn.journey import SignedIn
from ctsec.directory.record import Organization, Workspace
from ctsec.presets import async_embedded, sync_embedded
from ctsec.principal import Factor
from ctsec.rbac import Policy
from ctsec.security.parts import EmbeddedOptions
from examples.walkthrough.mailbox import Mailbox

PASSWORD = "nine quiet rivers run north"


def prepared(mailbox: Mailbox) -> tuple[Security, AsyncSecurity]:
    """Return both colours of one bundle in this folder, without a worker thread."""
    cheap = Argon2Parameters.for_tests()
    policy, options = Policy.preset(), EmbeddedOptions(worker=False, password_hash=cheap, events=(EventSchema("invoice.paid"),))
    return (
        sync_embedded("acme.db", policy=policy, issuer="Acme", mail=mailbox.url, options=options),
        async_embedded("acme.db", policy=policy, issuer="Acme", mail=mailbox.url, options=options),
    )


def person(security: Security, mailbox: Mailbox, email: str) -> Principal:
    """Return the principal of a person who signed up, confirmed the address and signed in."""
    with security.begin() as unit:
        unit.accounts.sign_up(email=email, password=PASSWORD, name=email.partition("@")[0].title())
    security.jobs.send_mail()
    with security.begin() as unit:
        unit.accounts.verify_email(token=mailbox.take(email, about="confirm").token)
    with security.begin() as unit:
        step = unit.sign_in.password(email=email, password=PASSWORD)
    assert isinstance(step, SignedIn)
    principal = security.gate.session(step.token.reveal())
    assert isinstance(principal, Principal)
    return principal


def home(security: Security, owner: Principal) -> tuple[Organization, Workspace]:
    """Return an organization of this owner, and a workspace of it."""
    with security.begin() as unit:
        organization = unit.directory.create_organization(owner, name="Acme")
        assert isinstance(organization, Organization)
        workspace = unit.directory.create_workspace(owner, organization=organization.id, name="Production")
        assert isinstance(workspace, Workspace)
    return organization, workspace


def join(security: Security, mailbox: Mailbox, email: str) -> Principal:
    """Return the principal of a new member of the organization, a viewer in its workspace."""
    with security.begin() as unit:
        unit.members.invite(olga, organization=organization, email=email, role="member", workspace=workspace, workspace_role="viewer")
    joining = person(security, mailbox, email)
    with security.begin() as unit:
        unit.members.accept(joining, token=mailbox.take(email, about="invitation").token)
    return joining


def sure(principal: Principal) -> Principal:
    """Return the principal right after a proof of a second factor."""
    return replace(principal, credential=replace(principal.credential, aal=2, factors={Factor.TOTP: datetime.now(UTC)}))


_mailbox = Mailbox()
_mailbox.start()
security, async_security = prepared(_mailbox)
olga = person(security, _mailbox, "olga@acme.example")
_acme, _production = home(security, olga)
organization, workspace = _acme.id, _production.id
bob = join(security, _mailbox, "bob@acme.example")
_mailbox.stop()
