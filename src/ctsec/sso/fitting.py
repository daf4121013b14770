"""A connection made ready: the client or the peer that its protocol's steps take, and what a new or changed one proves itself by.

Rules that this module keeps:

- a connection is judged by the very client that would sign people in;
- a connection speaks one protocol for ever: who somebody is there must not be read in another way;
- a connection that speaks SAML has keys of its own, made here, and no secret.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from ctsec.ids import Random
from ctsec.jose.signing import new_private_key
from ctsec.secret import SecretText
from ctsec.sso.client_key import new_key
from ctsec.sso.provisioning import ProvisioningSettings
from ctsec.sso.record import Connection, ConnectionState
from ctsec.sso.saml.keys import ServiceKey
from ctsec.sso.saml.own_key import new_service_key, service_keys
from ctsec.sso.saml.peer import SamlPeer
from ctsec.sso.saml.presets import SAML_PRESETS
from ctsec.sso.saml.trust import Trust
from ctsec.sso.settings import ConnectionSettings, ConnectionWish, Surroundings, client_of


def peer_of(connection: Connection, secret: SecretText | None, around: Surroundings) -> SamlPeer:
    """Return the peer of a connection, with its keys if their secret is given; raise ValueError for what fits no provider."""
    settings = ConnectionSettings.read(connection.settings)
    made = settings.saml
    if made is None or connection.client_id:
        raise ValueError("expected the provider's entity id, address and certificates, and no client id")
    keys: tuple[ServiceKey, ...] = service_keys(secret, connection.public_keys) if secret is not None else ()
    trust = Trust(
        connection=connection.id,
        issuer=made.issuer,
        audience=made.entity_id or f"{around.saml_url}/metadata",
        acs_url=f"{around.saml_url}/acs",
        slo_url=f"{around.saml_url}/slo" if made.takes_logouts else "",
        keys=made.trusted_keys(),
        openers=tuple(each for each in keys if each.opens),
        unsafe_sha1=made.unsafe_sha1,
    )
    return SamlPeer(
        trust=trust,
        settings=made,
        preset=SAML_PRESETS[connection.provider],
        keys=keys,
        domains=around.domains,
        groups_attribute=settings.groups_claim,
        mapping=ProvisioningSettings.read(connection.provisioning).claims,
        reach=around.reach,
    )


def check_fit(connection: Connection, secret: SecretText, around: Surroundings) -> None:
    """Raise ValueError for a connection that fits no provider."""
    if connection.provider.saml:
        peer_of(connection, None, around)
    elif ConnectionSettings.read(connection.settings).saml is not None:
        raise ValueError("expected a provider that speaks SAML")
    else:
        client_of(connection, secret, around)


def proving(
    draft: Connection, wish: ConnectionWish, secret: SecretText | None, *, kept: bool, now: datetime, random: Random
) -> tuple[Connection, SecretText | None]:
    """Return a draft with what it proves itself by: what it has (`kept`), a new key, or the secret, which is none where a key is wanted."""
    if kept:
        return draft, None
    if not wish.has_key:
        return replace(draft, public_keys=None), secret
    if secret is not None:
        return draft, None
    pem, published = another_key(replace(draft, public_keys=None), None, now=now, random=random)
    return replace(draft, public_keys=published), pem


def another_key(connection: Connection, before: SecretText | None, *, now: datetime, random: Random) -> tuple[SecretText, str]:
    """Return a new key of a connection, as it is sealed, and the public keys with it; it is named after the connection's version."""
    kid = f"k{connection.version}"
    if not connection.provider.saml:
        return new_key(name=kid, published=connection.public_keys)
    return new_service_key(name=connection.id, kid=kid, now=now, random=random, before=before, published=connection.public_keys)


def stand_in(wish: ConnectionWish) -> SecretText:
    """Return what a client is judged with whose own proof stays as it is, and sealed."""
    return new_private_key() if wish.settings.private_key else SecretText("unchanged")


def drafted(before: Connection, wish: ConnectionWish) -> Connection:
    """Return a connection as a wish says, to be tested."""
    return replace(
        before,
        name=wish.name.strip(),
        provider=wish.provider,
        client_id=wish.client_id,
        settings=wish.settings.text(),
        default_role=wish.default_role,
        provisioning=wish.provisioning.text(),
        state=ConnectionState.DRAFT,
        tested_at=None,
        enabled_at=None,
        version=before.version + 1,
    )


def told(connection: Connection) -> dict[str, object]:
    """Return what an event says of a connection: the roles that it gives, and for SAML whom it believes."""
    saml = ConnectionSettings.read(connection.settings).saml
    own = saml.told() if saml is not None else {}
    return {"role": connection.default_role, **ProvisioningSettings.read(connection.provisioning).told(), **own}
