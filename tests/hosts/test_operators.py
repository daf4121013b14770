"""Routes of those who run the deployment, in both hosts: there for whom the host names, for nobody else."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ctsec.audit.record import StoredEvent
from ctsec.encryption.ed25519 import Signer
from ctsec.encryption.kms import LocalKms
from ctsec.ids import DekId, new_id
from ctsec.rbac.policy import Policy
from ctsec.storage.backup import SIGNING_LABEL, BackupFolder, restore_backup
from ctsec.testing import FixedClock
from ctsec.web import ROUTES, Needs
from tests.hosts.apps import STAFF
from tests.hosts.harness import HOSTS, Browser, Host
from tests.hosts.test_sessions import IDS

OPERATED = [route for route in ROUTES if route.needs is Needs.OPERATOR]
SAM, TESS = ({"x-staff": f"{STAFF} {name}"} for name in ("sam", "tess"))


@pytest.fixture(scope="module")
def kms(tmp_path_factory: pytest.TempPathFactory) -> LocalKms:
    """The key of backups, in a file apart from the store's."""
    return LocalKms.create(tmp_path_factory.mktemp("keys") / "backup.key")


@pytest.fixture(params=sorted(HOSTS))
def kept(request: pytest.FixtureRequest, tmp_path: Path, kms: LocalKms) -> Iterator[Host]:
    """A host application of each framework on a SQLite file, with a folder for backups."""
    (tmp_path / "backups").mkdir()
    folder = BackupFolder(path=tmp_path / "backups", kms=kms, signer=Signer(kms.derive(SIGNING_LABEL)))
    made = HOSTS[request.param](Policy.preset(), kept=(str(tmp_path / "app.db"), folder), shared=True)
    yield made
    made.close()


@pytest.mark.proves("ASVS-8.2.1", "ASVS-13.4.5")
def test_only_the_hosts_operators_find_the_routes(host: Host) -> None:
    """Whoever the host does not name, an owner with a fresh second factor too, is answered as if there were no such route."""
    owner = Browser(host).sign_up("olga@acme.example").enrol()
    owner.found("Acme")
    assert len(OPERATED) > 8
    for route in OPERATED:
        path = route.path.format(**IDS)
        for headers in ({}, {"x-staff": "guessed sam"}, {"authorization": f"Session {owner.cookie}"}):
            reply = owner.auth(f"{route.method} {path}", {}, headers=headers)
            assert (reply.status, reply.json["reason"]) == (404, "not_found"), (route.method, path, headers)
        if route.method != "GET":
            forged = Browser(host).auth(f"{route.method} {path}", {}, headers={**SAM, "sec-fetch-site": "cross-site"})
            assert (forged.status, forged.json["reason"]) == (403, "csrf"), path


@pytest.mark.proves("SEED-E4")
def test_a_backup_is_written_listed_verified_and_restores(kept: Host, kms: LocalKms, tmp_path: Path) -> None:
    """Each step over HTTP with its event; the file restores into an empty store, and an edited or renamed one is refused and told."""
    staff = Browser(kept)
    assert staff.ok("GET /operator/backups", headers=SAM) == {"backups": []}
    made = staff.ok("POST /operator/backups", headers=SAM)
    assert staff.ok(f"POST /operator/backups/{made['id']}/verify", headers=TESS) == made
    (listed,) = staff.ok("GET /operator/backups", headers=SAM)["backups"]
    assert (listed["id"], listed["size"], listed["created_at"], listed["rows"]) == (made["id"], made["size"], made["created_at"], None)
    file = tmp_path / "backups" / f"{made['id']}.bak"
    assert file.stat().st_size == made["size"]
    restored = restore_backup(f"sqlite:///{tmp_path / 'again.db'}", source=file, kms=kms, signed_by=made["signed_by"])
    assert restored.manifest.rows == made["rows"] > 0
    whole = file.read_bytes()
    edited = bytearray(whole)
    edited[len(edited) // 2] ^= 1
    file.write_bytes(edited)
    assert staff.auth(f"POST /operator/backups/{made['id']}/verify", headers=SAM).status == 500
    newer = new_id(DekId, now=FixedClock().now() + timedelta(days=1), random=os.urandom)
    file.write_bytes(whole)
    file.with_name(f"{newer}.bak").write_bytes(whole)
    assert staff.auth(f"POST /operator/backups/{newer}/verify", headers=SAM).status == 500
    absent = new_id(DekId, now=FixedClock().now(), random=os.urandom)
    assert staff.auth(f"POST /operator/backups/{absent}/verify", headers=SAM).status == 404
    told = [(event.name, event.actor_id, event.target_id) for event in kept.events() if event.name.startswith("backup.")]
    expected = [
        ("backup.saved", "sam", made["id"]),
        ("backup.verified", "tess", made["id"]),
        ("backup.failed", "sam", made["id"]),
        ("backup.failed", "sam", newer),
    ]
    assert sorted(told) == sorted(expected)


def test_what_can_not_be_written_is_an_event(kept: Host, tmp_path: Path) -> None:
    """Without its folder no backup is written: an error, its event, and none listed; while another process writes one, a conflict."""
    staff, folder = Browser(kept), tmp_path / "backups"
    held = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(held, fcntl.LOCK_EX)
    busy = staff.auth("POST /operator/backups", headers=SAM)
    assert (busy.status, busy.json["reason"]) == (409, "conflict")
    os.close(held)
    folder.rename(tmp_path / "elsewhere")
    assert staff.auth("POST /operator/backups", headers=SAM).status == 500
    assert staff.auth("GET /operator/backups", headers=SAM).status == 500
    (event,) = [event for event in kept.events() if event.name.startswith("backup.")]
    assert (event.name, event.details()["details"]["error"]) == ("backup.failed", "backup_file_failed")


def test_a_bundle_without_a_place_for_backups_says_so(host: Host) -> None:
    """Listing, writing and verifying are refused with what is missing."""
    named = new_id(DekId, now=FixedClock().now(), random=os.urandom)
    for line in ("GET /operator/backups", "POST /operator/backups", f"POST /operator/backups/{named}/verify"):
        reply = Browser(host).auth(line, headers=SAM)
        assert (reply.status, "folder" in reply.json["detail"]) == (409, True)


@pytest.mark.proves("SEED-M8", "ASVS-6.4.4")
def test_two_operators_reset_second_factors(host: Host) -> None:
    """A case is opened with evidence, seen by who approves it, approved by another; each call without its body or its case is refused."""
    bob = Browser(host).sign_up("bob@acme.example").enrol()
    wish = {"email": bob.email, "evidence": "called_back", "reference": "ticket 2", "note": "called the number of the contract"}
    staff = Browser(host)
    case = staff.ok("POST /operator/support-cases", wish, headers=SAM)
    path = f"/operator/support-cases/{case['id']}"
    assert staff.auth(f"POST {path}/approve", headers=SAM).json["reason"] == "self_change"
    seen = staff.ok(f"POST {path}/view", headers=TESS)
    assert seen["evidence"] == {"kind": "called_back", "reference": "ticket 2", "note": "called the number of the contract"}
    assert staff.ok(f"POST {path}/approve", headers=TESS)["approved_by"] == "tess"
    (listed,) = staff.ok("GET /operator/support-cases", headers=SAM)["support_cases"]
    assert (listed["id"], listed["state"]) == (case["id"], "approved")
    assert staff.ok(f"POST {path}/cancel", headers=SAM)["state"] == "canceled"
    assert staff.auth("POST /operator/support-cases", {**wish, "evidence": "believed"}, headers=SAM).status == 422
    assert staff.auth("POST /operator/support-cases", {**wish, "reference": " "}, headers=SAM).status == 422
    assert staff.auth("GET /operator/support-cases?limit=0", headers=SAM).status == 422
    for verb in ("view", "approve", "cancel"):
        assert staff.auth(f"POST /operator/support-cases/{IDS['recovery_id']}/{verb}", headers=SAM).status == 404
    actors = {event.name: event.actor_id for event in host.events() if event.name.startswith("support_case.")}
    assert actors == {
        "support_case.opened": "sam", "support_case.viewed": "tess", "support_case.approved": "tess", "support_case.canceled": "sam"
    }  # fmt: skip


def test_operators_record_and_withdraw_domains(host: Host) -> None:
    """A domain is an organization's after an operator recorded how that was verified, until it is withdrawn."""
    acme = Browser(host).sign_up("olga@acme.example").found("Acme")
    staff, path = Browser(host), f"/operator/organizations/{acme}/domains/acme.example"
    assert staff.ok(f"PUT {path}", {"proof": "seen in its DNS"}, headers=SAM) == {"domain": "acme.example"}
    assert staff.auth(f"PUT {path}", {"proof": "seen in its DNS"}, headers=SAM).json["reason"] == "already_exists"
    assert staff.auth(f"PUT {path}", {"proof": ""}, headers=SAM).status == 422
    assert staff.auth(f"DELETE {path}", headers=SAM).status == 204
    assert staff.auth(f"DELETE {path}", headers=SAM).status == 404
    names = [event.name for event in host.events(acme) if event.name.startswith("domain.") and event.outcome == "success"]
    assert sorted(names) == ["domain.verified", "domain.withdrawn"]


def told(host: Host, event: StoredEvent) -> Any:
    """Return what an event still says of persons."""
    return host.do(lambda unit: unit.audit.personal(event))


def test_an_operator_erases_a_person(host: Host) -> None:
    """Asked for over HTTP, listed, and done by the worker: what the log said of the person's requests is unreadable in either host."""
    bob = Browser(host).sign_up("bob@acme.example")
    staff = Browser(host)
    asked = staff.ok(f"POST /operator/people/{bob.id}/erase", headers=SAM)
    assert (asked["state"], asked["user_id"], asked["requested_by"]) == ("requested", bob.id, "sam")
    assert staff.auth(f"POST /operator/people/{bob.id}/erase", headers=TESS).json["reason"] == "conflict"
    theirs = [event for event in host.events() if event.actor_id == bob.id]
    host.clock.advance(timedelta(minutes=2))
    host.mails("nobody@example.com")
    (done,) = staff.ok("GET /operator/erasures", headers=SAM)["erasures"]
    assert (done["state"], done["keys"]) == ("done", 1)
    assert theirs
    assert [told(host, event) for event in theirs] == [{}] * len(theirs)
    assert staff.auth("GET /operator/erasures?limit=0", headers=SAM).status == 422


@pytest.mark.proves("ASVS-7.4.5")
def test_operators_end_the_sessions_of_a_person(host: Host, browser: Browser) -> None:
    """Every session of the person ends at once, and begun sign-ins with them; others' stay; the log tells who did it."""
    browser.sign_up("ada@example.com").enrol()
    second, begun = Browser(host, email=browser.email), Browser(host, email=browser.email)
    host.clock.advance(timedelta(seconds=30))
    second.ok("POST /sign-in/code", {"ticket": second.sign_in()["ticket"], "code": browser.code()})
    ticket = begun.sign_in()["ticket"]
    other, staff = Browser(host).sign_up("bob@example.com"), Browser(host)
    path = f"POST /operator/people/{browser.id}/end-sessions"
    assert other.auth(path, headers={"x-staff": "sam"}).status == 404
    assert staff.ok(path, headers=SAM) == {"ended": 2}
    assert [each.auth("GET /session").status for each in (browser, second, other)] == [401, 401, 200]
    host.clock.advance(timedelta(seconds=30))
    assert begun.auth("POST /sign-in/code", {"ticket": ticket, "code": browser.code()}).json["reason"] == "invalid_token"
    assert staff.ok(path, headers=TESS) == {"ended": 0}
    assert staff.auth(f"POST /operator/people/{IDS['user_id']}/end-sessions", headers=SAM).status == 404
    told = [event for event in host.events() if event.name == "session.revoked"]
    assert [(event.actor_kind, event.actor_id, event.subject_id) for event in told] == [
        ("operator", "sam", browser.id),
        ("operator", "tess", browser.id),
    ]
