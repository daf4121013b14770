"""What the doctor makes of a connection's own side: settings, secret, domains, what was tested, and whether it is required."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from ctsec.sso.doctor import Check, CheckName, fail, listed, ok, shown, warn
from ctsec.sso.oidc.client import TENANT, OidcClient
from ctsec.sso.oidc.presets import Provider
from ctsec.sso.record import Connection, ConnectionState
from ctsec.sso.saml.peer import SamlPeer
from ctsec.transport.address import check_url


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnSide:
    """What stands here of a connection: its client, or its peer where it speaks SAML, and what hangs on it.

    Without either `problem` says what of the settings does not fit, or `unopened` in one word why its secret could not be opened.
    `only_way` says that no other connection of the organization is enabled; `tried_at` is when a dry run of these settings passed.
    """

    connection: Connection
    client: OidcClient | None
    redirect_uri: str
    domains: frozenset[str]
    problem: str = ""
    unopened: str = ""
    tried_at: datetime | None = None
    required_from: datetime | None = None
    codes_left: int = 0
    only_way: bool = False
    peer: SamlPeer | None = None


def own_checks(own: OwnSide) -> Iterator[Check]:
    """Yield what is to be said of this side."""
    if own.problem:
        yield fail(CheckName.SETTINGS, shown(own.problem), "correct the settings of the connection")
    else:
        named = f"client {shown(own.connection.client_id)}" if own.peer is None else shown(own.peer.trust.issuer)
        yield ok(CheckName.SETTINGS, f"{own.connection.provider.value}, {named}")
    if own.unopened:
        yield fail(
            CheckName.SECRET, f"it can not be opened: {own.unopened}", "see to the key of the organization, or give the secret again"
        )
    else:
        yield ok(CheckName.SECRET, "a private key of ours" if own.connection.public_keys else "a client secret, sealed")
    yield _redirect(own.redirect_uri)
    if own.domains:
        yield ok(CheckName.DOMAINS, listed(sorted(own.domains)))
    else:
        yield warn(
            CheckName.DOMAINS, "no verified domain", "prove a domain: without one nobody new comes in, and no address finds an account"
        )
    if own.client is not None:
        yield _preset(own.connection, own.client)
    yield from _standing(own)


def _redirect(uri: str) -> Check:
    location = check_url(uri)
    if location.scheme == "https":
        return ok(CheckName.REDIRECT_URI, f"register exactly {uri}")
    return warn(CheckName.REDIRECT_URI, f"register exactly {uri}", "serve the site over https: many providers take nothing else")


def _preset(connection: Connection, client: OidcClient) -> Check:
    match connection.provider:
        case Provider.GOOGLE:
            return ok(CheckName.PRESET, f"hd has to be one of {listed(sorted(client.domains))}")
        case Provider.ENTRA:
            which = f"tid has to be one of {len(client.directories)} directories"
            return ok(CheckName.PRESET, which if TENANT in client.issuer else f"{which}, by one issuer")
        case Provider.GITHUB if client.github is not None:
            return ok(CheckName.PRESET, f"an active membership of the organization {client.github.id} is needed")
        case Provider.GITHUB:
            advice = "name the organization at GitHub: without it everybody there with an address of your domains comes in"
            return warn(CheckName.PRESET, "no organization at GitHub", advice)
        case _:
            return ok(CheckName.PRESET, "nothing particular")


def _standing(own: OwnSide) -> Iterator[Check]:
    connection = own.connection
    tested = f"{connection.state.value}, tested {connection.tested_at:%Y-%m-%d %H:%M} UTC" if connection.tested_at is not None else ""
    yield (
        ok(CheckName.TESTED, tested)
        if tested
        else warn(CheckName.TESTED, f"{connection.state.value}, not tested", "test it: then it can be enabled")
    )
    if own.tried_at is not None:
        yield ok(CheckName.DRY_RUN, f"passed {own.tried_at:%Y-%m-%d %H:%M} UTC")
    else:
        yield warn(
            CheckName.DRY_RUN,
            "none passed with these settings",
            "sign in for a dry run: it shows what a sign-in would do, and does nothing",
        )
    required = own.required_from
    if required is None:
        yield ok(CheckName.REQUIREMENT, "sign-in through a provider is not required")
        return
    seen = f"required from {required:%Y-%m-%d %H:%M} UTC on"
    if connection.state is ConnectionState.ENABLED and own.only_way:
        yield warn(CheckName.REQUIREMENT, f"{seen}, and this is the only way", "enable a second connection, or see that codes are at hand")
    else:
        yield ok(CheckName.REQUIREMENT, seen)
    if own.codes_left:
        yield ok(CheckName.BREAK_GLASS, f"{own.codes_left} codes are left")
    else:
        yield warn(
            CheckName.BREAK_GLASS, "no code is left", "have an owner make break-glass codes: a broken connection locks everybody out"
        )
