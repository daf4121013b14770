# Generated from tests/services/test_async_leaks.py by tools/twin.py; edit that file.
"""Reports of leaked credentials: each kind that scanners find is ended, told and recorded (async source of the twin)."""

from __future__ import annotations

import re
from collections.abc import Generator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ctsec.audit.event import DEPLOYMENT_LOG
from ctsec.errors import DecryptionFailed, KeyNotFound, KmsUnavailable
from ctsec.keys._sync_leaks import Leaks
from ctsec.keys.attenuation import derive, parse_derived
from ctsec.keys.leak_reports import LeakedToken
from ctsec.keys.scanning import KINDS, rule_of
from ctsec.outcome import Reason, Refusal
from ctsec.principal import Principal
from ctsec.secret import SecretText
from ctsec.sso.scim.wish import ScimWish
from tests.services._sync_stage import Stage, on_stage, ready
from tests.services.probing import OTHER_PASSWORD, reason
from tests.unit.keys.test_scanning import letters, linked

TOLD = "was found in public"
PLACE = "https://example.com/paste"


@pytest.fixture
def stage() -> Generator[Stage, None, None]:
    with on_stage() as made:
        yield made


def api_key(stage: Stage) -> tuple[str, str]:
    """Ann's key."""
    return stage.minted.token.reveal(), "ann"


def derived(stage: Stage) -> tuple[str, str]:
    """A key derived from one of Ann's."""
    minted = stage.world.key(stage.ann, stage.acme.id, derivable=True)
    return derive(minted.token, expires_at=stage.world.clock.now() + timedelta(hours=1)).reveal(), "ann"


def scim(stage: Stage) -> tuple[str, str]:
    """A credential of Acme's directory."""
    org: dict[str, Any] = {"organization": stage.acme.id}
    with stage.world.security.begin() as unit:
        made: Any = unit.scim.connections.create(stage.world.sure(stage.ann), **org, wish=ScimWish(name="Directory"))
        issued: Any = unit.scim.connections.issue(stage.world.sure(stage.ann), made.id, **org)
    return issued.text.reveal(), "ann"


def session(stage: Stage) -> tuple[str, str]:
    """A session of Bob's."""
    return (stage.world.login("bob@acme.example")).token, "bob"


def device(stage: Stage) -> tuple[str, str]:
    """A device of Bob's."""
    step: Any = stage.world.step("bob@acme.example")
    return step.device.reveal(), "bob"


def verification(stage: Stage) -> tuple[str, str]:
    """The link that Zoe was mailed."""
    return f"verify-email#token={stage.tokens['verification']}", "zoe"


def reset(stage: Stage) -> tuple[str, str]:
    """The link that sets a new password for Ann."""
    return f"reset-password#token={stage.tokens['reset']}", "ann"


def change(stage: Stage) -> tuple[str, str]:
    """The link that gives Bob another address."""
    return f"confirm-email-change#token={stage.tokens['email']}", "bob"


def invitation(stage: Stage) -> tuple[str, str]:
    """Dan's invitation, of which Ann is told."""
    return f"accept-invitation#token={stage.tokens['invitation']}", "ann"


def cancellation(stage: Stage) -> tuple[str, str]:
    """The link with which Mia stops a reset of her second factors."""
    later = ready(stage, "recovery.cancel")
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


def opens(stage: Stage, kind: str, text: str) -> bool:
    """Say whether a text opens what it was made for."""
    world, (_, _, token) = stage.world, text.partition("#token=")
    if kind in {"ctsec-api-key", "ctsec-derived-api-key"}:
        return isinstance(world.gate.api_key(text, world.request), Principal)
    if kind == "ctsec-session":
        return isinstance(world.gate.session(text), Principal)
    if kind == "ctsec-device":
        known = world.call("devices.of", stage.bob.id)
        return text.partition(".")[0] in {each.id for each in known}
    if kind == "ctsec-scim-token":
        with world.security.begin() as unit:
            return reason(unit.scim.reads.authenticate(text)) is None
    answers = {
        "verify-email": ("accounts.verify_email", (), {}),
        "reset-password": ("accounts.reset_password", (), {"password": OTHER_PASSWORD}),
        "confirm-email-change": ("addresses.confirm_change", (), {}),
        "accept-invitation": ("members.accept", (stage.dan,), {}),
        "cancel-recovery": ("recovery.cancel", (), {}),
    }
    method, positional, named = answers[kind]
    return reason(world.call(method, *positional, **named, token=token)) is None


def leaked(*tokens: str) -> tuple[LeakedToken, ...]:
    """Return a report of texts."""
    return tuple(LeakedToken(SecretText(token), "ctsec", PLACE) for token in tokens)


def reported(stage: Stage, *tokens: str) -> Any:
    """Report texts as a scanner does."""
    return stage.world.call("leaks.report", leaked(*tokens), reporter="github")


def told(stage: Stage) -> list[Any]:
    """Return the events of leaks in both logs."""
    found = [each for log in (stage.acme.id, DEPLOYMENT_LOG) for each in stage.world.events(log)]
    return [each for each in found if each.name in {"api_key.leak_reported", "credential.leak_reported"}]


def mailed(stage: Stage, who: str) -> int:
    """Return how many mails told somebody of a leak."""
    stage.world.mail()
    return sum(TOLD in each.text.reveal() for each in stage.world.mailer.to(f"{who}@acme.example"))


def wrong(text: str) -> str:
    """Return a text of the same form with another secret."""
    at = len(text) - 10
    return text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]


@pytest.mark.proves("SEED-K7")
@pytest.mark.parametrize("kind", SAMPLES)
def test_whatever_is_found_ends_and_is_told(stage: Stage, kind: str) -> None:
    """Of each kind the whole text ends what it opens, by one event and one mail; another secret does nothing, a second report as little."""
    text, whom = SAMPLES[kind](stage)
    assert rule_of(text) == (kind if kind.startswith("ctsec") else LINKS)
    assert reported(stage, wrong(text), text[:-1], f"x{text}") == (False, False, False)
    assert told(stage) == []
    assert reported(stage, text) == (True,)
    (event,) = told(stage)
    assert event.outcome == "success"
    details = event.details()["details"]
    assert (details["reporter"], details["was"]) == ("github", "valid")
    assert event.name == "api_key.leak_reported" or details["ended"] is (kind != "cancel-recovery")
    assert text.encode() not in event.body
    assert mailed(stage, whom) == 1
    reported(stage, text)
    assert mailed(stage, whom) == 1
    assert opens(stage, kind, text) is (kind == "cancel-recovery")


@pytest.mark.proves("SEED-K7")
def test_no_kind_and_no_page_is_forgotten(stage: Stage) -> None:
    """Each kind that scanners find, and each page that a letter links to, has a judge and a row above: another one fails here."""
    with stage.world.security.begin() as unit:
        judges = unit.leaks._judges
    pages = {linked(each.text.reveal()).partition("#")[0] for each in letters()}
    assert judges.keys() == {each.rule for each in KINDS}
    assert set(judges[LINKS].pages) == pages  # type: ignore[attr-defined]
    assert set(SAMPLES) | {"sign-in-link"} == ({each.rule for each in KINDS} - {LINKS}) | pages
    with pytest.raises(ValueError, match="a judge for each kind"):
        Leaks({rule: judge for rule, judge in judges.items() if rule != "ctsec-session"})


def test_every_letter_with_a_link_is_among_the_samples() -> None:
    """The letters of the test above lead to every page that the source of the letters names."""
    from tests.architecture.source import ROOT

    source = "".join(each.read_text("utf-8") for each in sorted((ROOT / "src" / "ctsec" / "mail").glob("*.py")))
    named = set(re.findall(r"link\(\"([a-z-]+)\"", source))
    assert named == {linked(each.text.reveal()).partition("#")[0] for each in letters()}


@pytest.mark.proves("SEED-K7")
def test_what_had_ended_is_recorded_and_mails_nobody(stage: Stage) -> None:
    """Texts that ended by time, or were used or revoked, are ours: nothing ends by them, and nobody is mailed."""
    texts = {kind: (SAMPLES[kind](stage))[0] for kind in ("ctsec-scim-token", "ctsec-session", "ctsec-device", "accept-invitation")}
    bob = stage.world.known(texts["ctsec-session"])
    stage.world.call("sessions.sign_out", bob.principal)
    stage.world.call("members.accept", stage.dan, token=stage.tokens["invitation"])
    stage.world.call("accounts.verify_email", token=stage.tokens["verification"])
    used = f"verify-email#token={stage.tokens['verification']}"
    assert reported(stage, texts["ctsec-session"], texts["accept-invitation"], used) == (True, True, True)
    assert [(each.details()["details"]["was"], each.details()["details"]["ended"]) for each in told(stage)] == [("used", False)]
    stage.world.clock.advance(timedelta(days=401))
    other = f"reset-password#token={stage.tokens['reset']}"
    assert reported(stage, texts["ctsec-scim-token"], texts["ctsec-device"], other) == (True, True, True)
    assert [(each.details()["details"]["was"], each.details()["details"]["ended"]) for each in told(stage)] == [
        ("expired", False),
        ("used", False),
        ("expired", False),
        ("expired", False),
    ]
    assert sum([mailed(stage, who) for who in ("ann", "bob", "zoe", "dan")]) == 0
    assert reason(stage.world.call("members.accept", stage.dan, token="x" * 43)) is Reason.INVALID_TOKEN
    assert {each.membership.user_id for each in stage.world.call("members.members", organization=stage.acme.id)} >= {stage.dan.id}


def test_half_of_a_link_to_sign_in_is_nothing(stage: Stage) -> None:
    """A link of which a browser holds a half is known by both halves only: found alone it is nobody's, and still signs in there."""
    token, browser = stage.link
    assert reported(stage, f"sign-in-link#token={token}", f"other-page-here#token={token}") == (False, False)
    assert reason(stage.world.call("sign_in.link", token=token, browser=browser)) is None


def test_the_newer_credential_of_a_directory_goes_on(stage: Stage) -> None:
    """A SCIM credential in the overlap of a newer one ends, and the newer one does not."""
    text, _ = scim(stage)
    org: dict[str, Any] = {"organization": stage.acme.id}
    with stage.world.security.begin() as unit:
        (made,) = unit.scim.connections.of_organization(**org)
        newer: Any = unit.scim.connections.issue(stage.world.sure(stage.ann), made.id, **org)
    assert reported(stage, text) == (True,)
    assert not opens(stage, "ctsec-scim-token", text)
    assert opens(stage, "ctsec-scim-token", newer.text.reveal())


def test_a_report_of_many_kinds_is_one(stage: Stage) -> None:
    """Kinds of one report, in the order of its tokens, are judged in one transaction, over both stores."""
    texts = [(SAMPLES[kind](stage))[0] for kind in SAMPLES]
    assert reported(stage, *texts, "rubbish") == (*(True for _ in texts), False)
    assert len(told(stage)) == len(texts)


def test_a_session_of_another_secret_is_nobodys(stage: Stage) -> None:
    """The token that a session had before its assurance rose is not known any more."""
    before = stage.world.login("bob@acme.example")
    stage.world.enrol(before.principal)
    assert reported(stage, before.token) == (False,)


class Shut:
    """The sealer of a deployment, whose key service does not open what is bound to one context, or fails for another reason."""

    def __init__(self, inner: Any, *, error: Exception, closed: bytes) -> None:
        self._inner, self._error, self._closed = inner, error, closed

    def open(self, blob: bytes, *, context: Any) -> bytes:
        """Open, or fail for the one blob."""
        if blob == self._closed:
            raise self._error
        opened: bytes = self._inner.open(blob, context=context)
        return opened


@pytest.mark.proves("SEED-K7")
@pytest.mark.parametrize("error", [KmsUnavailable("away"), DecryptionFailed("changed")])
def test_a_root_that_does_not_open_stops_no_other_report(stage: Stage, error: Exception) -> None:
    """The one derived key is left open by itself, with its key as it was, and the rest of the report is judged; later it is judged, too."""
    text, _ = derived(stage)
    other, _ = session(stage)
    parsed = parse_derived(text)
    assert not isinstance(parsed, Refusal)
    with stage.world.security.begin() as unit:
        judge: Any = unit.leaks._judges["ctsec-derived-api-key"]
        _, secrets = unit._store.api_keys.get(parsed.key_id) or (None, ())
        parts = judge.__self__._parts
        judge.__self__._parts = replace(parts, sealer=Shut(parts.sealer, error=error, closed=secrets[0].sealed_root or b""))
        assert unit.leaks.report(leaked(text, other, "rubbish"), reporter="github") == (None, True, False)
    assert [each.name for each in told(stage)] == ["credential.leak_reported"]
    assert opens(stage, "ctsec-derived-api-key", text)
    assert not opens(stage, "ctsec-session", other)
    assert reported(stage, text) == (True,)


@pytest.mark.parametrize("error", [KmsUnavailable("away"), KeyNotFound("destroyed"), DecryptionFailed("changed")])
def test_a_key_works_without_the_roots_of_others(stage: Stage, error: Exception) -> None:
    """A key whose root does not open is let in itself; one that is derived from it waits for the service, or is refused if it is lost."""
    world = stage.world
    minted = world.key(stage.ann, stage.acme.id, derivable=True)
    short = derive(minted.token, expires_at=world.clock.now() + timedelta(hours=1)).reveal()
    with world.storage.reading() as store:
        _, secrets = store.api_keys.get(minted.key.id) or (None, ())
    gate: Any = world.gate
    gate._sealer = Shut(gate._sealer, error=error, closed=secrets[0].sealed_root or b"")
    assert opens(stage, "ctsec-api-key", minted.token.reveal())
    if isinstance(error, KmsUnavailable):
        with pytest.raises(KmsUnavailable):
            world.gate.api_key(short, world.request)
    else:
        assert reason(world.gate.api_key(short, world.request)) is Reason.INVALID_TOKEN
