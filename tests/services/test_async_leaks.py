"""Reports of leaked credentials: each kind that scanners find is ended, told and recorded (async source of the twin)."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ctsec.audit.event import DEPLOYMENT_LOG
from ctsec.errors import DecryptionFailed, KeyNotFound, KmsUnavailable
from ctsec.keys._async_leaks import AsyncLeaks
from ctsec.keys.attenuation import derive, parse_derived
from ctsec.keys.leak_reports import LeakedToken
from ctsec.keys.scanning import KINDS, rule_of
from ctsec.outcome import Reason, Refusal
from ctsec.principal import Principal
from ctsec.secret import SecretText
from ctsec.sso.scim.wish import ScimWish
from tests.services._async_stage import AsyncStage, on_stage, ready
from tests.services.probing import OTHER_PASSWORD, reason
from tests.unit.keys.test_scanning import letters, linked

TOLD = "was found in public"
PLACE = "https://example.com/paste"


@pytest.fixture
async def stage() -> AsyncGenerator[AsyncStage, None]:
    async with on_stage() as made:
        yield made


async def api_key(stage: AsyncStage) -> tuple[str, str]:
    """Ann's key."""
    return stage.minted.token.reveal(), "ann"


async def derived(stage: AsyncStage) -> tuple[str, str]:
    """A key derived from one of Ann's."""
    minted = await stage.world.key(stage.ann, stage.acme.id, derivable=True)
    return derive(minted.token, expires_at=stage.world.clock.now() + timedelta(hours=1)).reveal(), "ann"


async def scim(stage: AsyncStage) -> tuple[str, str]:
    """A credential of Acme's directory."""
    org: dict[str, Any] = {"organization": stage.acme.id}
    async with stage.world.security.begin() as unit:
        made: Any = await unit.scim.connections.create(stage.world.sure(stage.ann), **org, wish=ScimWish(name="Directory"))
        issued: Any = await unit.scim.connections.issue(stage.world.sure(stage.ann), made.id, **org)
    return issued.text.reveal(), "ann"


async def session(stage: AsyncStage) -> tuple[str, str]:
    """A session of Bob's."""
    return (await stage.world.login("bob@acme.example")).token, "bob"


async def device(stage: AsyncStage) -> tuple[str, str]:
    """A device of Bob's."""
    step: Any = await stage.world.step("bob@acme.example")
    return step.device.reveal(), "bob"


async def verification(stage: AsyncStage) -> tuple[str, str]:
    """The link that Zoe was mailed."""
    return f"verify-email#token={stage.tokens['verification']}", "zoe"


async def reset(stage: AsyncStage) -> tuple[str, str]:
    """The link that sets a new password for Ann."""
    return f"reset-password#token={stage.tokens['reset']}", "ann"


async def change(stage: AsyncStage) -> tuple[str, str]:
    """The link that gives Bob another address."""
    return f"confirm-email-change#token={stage.tokens['email']}", "bob"


async def invitation(stage: AsyncStage) -> tuple[str, str]:
    """Dan's invitation, of which Ann is told."""
    return f"accept-invitation#token={stage.tokens['invitation']}", "ann"


async def cancellation(stage: AsyncStage) -> tuple[str, str]:
    """The link with which Mia stops a reset of her second factors."""
    later = await ready(stage, "recovery.cancel")
    return f"cancel-recovery#token={later.tokens['recovery']}", "mia"


# Each kind that scanners find, a mailed link by its page: who makes one and says whom a report is mailed to. Links to sign in have a test.
SAMPLES: dict[str, Any] = {
    "ctsec-api-key": api_key,
    "ctsec-derived-api-key": derived,
    "ctsec-scim-token": scim,
    "ctsec-session": session,
    "ctsec-device": device,
    "verify-email": verification,
    "reset-password": reset,
    "confirm-email-change": change,
    "accept-invitation": invitation,
    "cancel-recovery": cancellation,
}
LINKS = "ctsec-mailed-link"


async def opens(stage: AsyncStage, kind: str, text: str) -> bool:
    """Say whether a text opens what it was made for."""
    world, (_, _, token) = stage.world, text.partition("#token=")
    if kind in {"ctsec-api-key", "ctsec-derived-api-key"}:
        return isinstance(await world.gate.api_key(text, world.request), Principal)
    if kind == "ctsec-session":
        return isinstance(await world.gate.session(text), Principal)
    if kind == "ctsec-device":
        known = await world.call("devices.of", stage.bob.id)
        return text.partition(".")[0] in {each.id for each in known}
    if kind == "ctsec-scim-token":
        async with world.security.begin() as unit:
            return reason(await unit.scim.reads.authenticate(text)) is None
    answers = {
        "verify-email": ("accounts.verify_email", (), {}),
        "reset-password": ("accounts.reset_password", (), {"password": OTHER_PASSWORD}),
        "confirm-email-change": ("addresses.confirm_change", (), {}),
        "accept-invitation": ("members.accept", (stage.dan,), {}),
        "cancel-recovery": ("recovery.cancel", (), {}),
    }
    method, positional, named = answers[kind]
    return reason(await world.call(method, *positional, **named, token=token)) is None


def leaked(*tokens: str) -> tuple[LeakedToken, ...]:
    """Return a report of texts."""
    return tuple(LeakedToken(SecretText(token), "ctsec", PLACE) for token in tokens)


async def reported(stage: AsyncStage, *tokens: str) -> Any:
    """Report texts as a scanner does."""
    return await stage.world.call("leaks.report", leaked(*tokens), reporter="github")


async def told(stage: AsyncStage) -> list[Any]:
    """Return the events of leaks in both logs."""
    found = [each for log in (stage.acme.id, DEPLOYMENT_LOG) for each in await stage.world.events(log)]
    return [each for each in found if each.name in {"api_key.leak_reported", "credential.leak_reported"}]


async def mailed(stage: AsyncStage, who: str) -> int:
    """Return how many mails told somebody of a leak."""
    await stage.world.mail()
    return sum(TOLD in each.text.reveal() for each in stage.world.mailer.to(f"{who}@acme.example"))


def wrong(text: str) -> str:
    """Return a text of the same form with another secret."""
    at = len(text) - 10
    return text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]


@pytest.mark.proves("SEED-K7")
@pytest.mark.parametrize("kind", SAMPLES)
async def test_whatever_is_found_ends_and_is_told(stage: AsyncStage, kind: str) -> None:
    """Of each kind the whole text ends what it opens, by one event and one mail; another secret does nothing, a second report as little."""
    text, whom = await SAMPLES[kind](stage)
    assert rule_of(text) == (kind if kind.startswith("ctsec") else LINKS)
    assert await reported(stage, wrong(text), text[:-1], f"x{text}") == (False, False, False)
    assert await told(stage) == []
    assert await reported(stage, text) == (True,)
    (event,) = await told(stage)
    assert event.outcome == "success"
    details = event.details()["details"]
    assert (details["reporter"], details["was"]) == ("github", "valid")
    assert event.name == "api_key.leak_reported" or details["ended"] is (kind != "cancel-recovery")
    assert text.encode() not in event.body
    assert await mailed(stage, whom) == 1
    await reported(stage, text)
    assert await mailed(stage, whom) == 1
    assert await opens(stage, kind, text) is (kind == "cancel-recovery")


@pytest.mark.proves("SEED-K7")
async def test_no_kind_and_no_page_is_forgotten(stage: AsyncStage) -> None:
    """Each kind that scanners find, and each page that a letter links to, has a judge and a row above: another one fails here."""
    async with stage.world.security.begin() as unit:
        judges = unit.leaks._judges
    pages = {linked(each.text.reveal()).partition("#")[0] for each in letters()}
    assert judges.keys() == {each.rule for each in KINDS}
    assert set(judges[LINKS].pages) == pages  # type: ignore[attr-defined]
    assert set(SAMPLES) | {"sign-in-link"} == ({each.rule for each in KINDS} - {LINKS}) | pages
    with pytest.raises(ValueError, match="a judge for each kind"):
        AsyncLeaks({rule: judge for rule, judge in judges.items() if rule != "ctsec-session"})


async def test_every_letter_with_a_link_is_among_the_samples() -> None:
    """The letters of the test above lead to every page that the source of the letters names."""
    from tests.architecture.source import ROOT

    source = "".join(each.read_text("utf-8") for each in sorted((ROOT / "src" / "ctsec" / "mail").glob("*.py")))
    named = set(re.findall(r"link\(\"([a-z-]+)\"", source))
    assert named == {linked(each.text.reveal()).partition("#")[0] for each in letters()}


@pytest.mark.proves("SEED-K7")
async def test_what_had_ended_is_recorded_and_mails_nobody(stage: AsyncStage) -> None:
    """Texts that ended by time, or were used or revoked, are ours: nothing ends by them, and nobody is mailed."""
    texts = {kind: (await SAMPLES[kind](stage))[0] for kind in ("ctsec-scim-token", "ctsec-session", "ctsec-device", "accept-invitation")}
    bob = await stage.world.known(texts["ctsec-session"])
    await stage.world.call("sessions.sign_out", bob.principal)
    await stage.world.call("members.accept", stage.dan, token=stage.tokens["invitation"])
    await stage.world.call("accounts.verify_email", token=stage.tokens["verification"])
    used = f"verify-email#token={stage.tokens['verification']}"
    assert await reported(stage, texts["ctsec-session"], texts["accept-invitation"], used) == (True, True, True)
    assert [(each.details()["details"]["was"], each.details()["details"]["ended"]) for each in await told(stage)] == [("used", False)]
    stage.world.clock.advance(timedelta(days=401))
    other = f"reset-password#token={stage.tokens['reset']}"
    assert await reported(stage, texts["ctsec-scim-token"], texts["ctsec-device"], other) == (True, True, True)
    assert [(each.details()["details"]["was"], each.details()["details"]["ended"]) for each in await told(stage)] == [
        ("expired", False),
        ("used", False),
        ("expired", False),
        ("expired", False),
    ]
    assert sum([await mailed(stage, who) for who in ("ann", "bob", "zoe", "dan")]) == 0
    assert reason(await stage.world.call("members.accept", stage.dan, token="x" * 43)) is Reason.INVALID_TOKEN
    assert {each.membership.user_id for each in await stage.world.call("members.members", organization=stage.acme.id)} >= {stage.dan.id}


async def test_half_of_a_link_to_sign_in_is_nothing(stage: AsyncStage) -> None:
    """A link of which a browser holds a half is known by both halves only: found alone it is nobody's, and still signs in there."""
    token, browser = stage.link
    assert await reported(stage, f"sign-in-link#token={token}", f"other-page-here#token={token}") == (False, False)
    assert reason(await stage.world.call("sign_in.link", token=token, browser=browser)) is None


async def test_the_newer_credential_of_a_directory_goes_on(stage: AsyncStage) -> None:
    """A SCIM credential in the overlap of a newer one ends, and the newer one does not."""
    text, _ = await scim(stage)
    org: dict[str, Any] = {"organization": stage.acme.id}
    async with stage.world.security.begin() as unit:
        (made,) = await unit.scim.connections.of_organization(**org)
        newer: Any = await unit.scim.connections.issue(stage.world.sure(stage.ann), made.id, **org)
    assert await reported(stage, text) == (True,)
    assert not await opens(stage, "ctsec-scim-token", text)
    assert await opens(stage, "ctsec-scim-token", newer.text.reveal())


async def test_a_report_of_many_kinds_is_one(stage: AsyncStage) -> None:
    """Kinds of one report, in the order of its tokens, are judged in one transaction, over both stores."""
    texts = [(await SAMPLES[kind](stage))[0] for kind in SAMPLES]
    assert await reported(stage, *texts, "rubbish") == (*(True for _ in texts), False)
    assert len(await told(stage)) == len(texts)


async def test_a_session_of_another_secret_is_nobodys(stage: AsyncStage) -> None:
    """The token that a session had before its assurance rose is not known any more."""
    before = await stage.world.login("bob@acme.example")
    await stage.world.enrol(before.principal)
    assert await reported(stage, before.token) == (False,)


class Shut:
    """The sealer of a deployment, whose key service does not open what is bound to one context, or fails for another reason."""

    def __init__(self, inner: Any, *, error: Exception, closed: bytes) -> None:
        self._inner, self._error, self._closed = inner, error, closed

    async def open(self, blob: bytes, *, context: Any) -> bytes:
        """Open, or fail for the one blob."""
        if blob == self._closed:
            raise self._error
        opened: bytes = await self._inner.open(blob, context=context)
        return opened


@pytest.mark.proves("SEED-K7")
@pytest.mark.parametrize("error", [KmsUnavailable("away"), DecryptionFailed("changed")])
async def test_a_root_that_does_not_open_stops_no_other_report(stage: AsyncStage, error: Exception) -> None:
    """The one derived key is left open by itself, with its key as it was, and the rest of the report is judged; later it is judged, too."""
    text, _ = await derived(stage)
    other, _ = await session(stage)
    parsed = parse_derived(text)
    assert not isinstance(parsed, Refusal)
    async with stage.world.security.begin() as unit:
        judge: Any = unit.leaks._judges["ctsec-derived-api-key"]
        _, secrets = await unit._store.api_keys.get(parsed.key_id) or (None, ())
        parts = judge.__self__._parts
        judge.__self__._parts = replace(parts, sealer=Shut(parts.sealer, error=error, closed=secrets[0].sealed_root or b""))
        assert await unit.leaks.report(leaked(text, other, "rubbish"), reporter="github") == (None, True, False)
    assert [each.name for each in await told(stage)] == ["credential.leak_reported"]
    assert await opens(stage, "ctsec-derived-api-key", text)
    assert not await opens(stage, "ctsec-session", other)
    assert await reported(stage, text) == (True,)


@pytest.mark.parametrize("error", [KmsUnavailable("away"), KeyNotFound("destroyed"), DecryptionFailed("changed")])
async def test_a_key_works_without_the_roots_of_others(stage: AsyncStage, error: Exception) -> None:
    """A key whose root does not open is let in itself; one that is derived from it waits for the service, or is refused if it is lost."""
    world = stage.world
    minted = await world.key(stage.ann, stage.acme.id, derivable=True)
    short = derive(minted.token, expires_at=world.clock.now() + timedelta(hours=1)).reveal()
    async with world.storage.reading() as store:
        _, secrets = await store.api_keys.get(minted.key.id) or (None, ())
    gate: Any = world.gate
    gate._sealer = Shut(gate._sealer, error=error, closed=secrets[0].sealed_root or b"")
    assert await opens(stage, "ctsec-api-key", minted.token.reveal())
    if isinstance(error, KmsUnavailable):
        with pytest.raises(KmsUnavailable):
            await world.gate.api_key(short, world.request)
    else:
        assert reason(await world.gate.api_key(short, world.request)) is Reason.INVALID_TOKEN
