"""`ctsec doctor` tells what every connection of a bundle speaks, and exits with 1 where it is neither TLS 1.3 nor on this machine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from ctsec.encryption import Reencryption
from ctsec.storage.sql import SqlStorage
from ctsec.testing.conformance.samples import HOUR, NOW, event, ignore
from tests.certificates import Authority
from tests.cli.test_command_line import HOST, ctsec
from tests.servers import server, tls_server
from tests.transport.peers import listening, mail_server, service

DAY = 24 * HOUR
LATER = NOW + 366000 * HOUR  # no job is due before

BUNDLE = """
import os
from ctsec.authn.argon2_pool import Argon2Hasher
from ctsec.authn.argon2 import Argon2Parameters
from ctsec.encryption.kms.local import LocalKms
from ctsec.mail.smtp import SmtpMailer
from ctsec.presets import parts_of, settings_of
from ctsec.rbac import Policy
from ctsec.secret import Secret
from ctsec.security import EmbeddedOptions, Security
from ctsec.storage.redis import RedisFeed
from ctsec.storage.sql import SqlStorage
from ctsec.transport import ConnectionReport, Location, Transport, UnsafeTransport, report_https


class Kms(LocalKms):
    def connections(self) -> tuple[ConnectionReport, ...]:
        return {kms}

kms = Kms(bytes(16), key=Secret(bytes(32)))
options = EmbeddedOptions(changes="-", password_hash=Argon2Parameters.for_tests())
security = Security(
    storage=SqlStorage.from_url({database!r}, transport={transport}),
    kms=kms,
    slow_hash=Argon2Hasher(options.password_hash),
    parts=parts_of(kms, policy=Policy.preset(), settings=settings_of("Acme", options), options=options),
    random=os.urandom,
    mailer=SmtpMailer({mail!r}, sender="a@b.example", transport={mail_transport}),
    feed=RedisFeed.from_url({redis!r}, transport={redis_transport}),
)
"""


def held(ca_file: str, more: str = "") -> str:
    """Return the code of a transport that trusts one CA and holds loopback to it too."""
    return f"Transport(ca_file={ca_file!r}, on_loopback=True{more})"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A CA of this module's own."""
    return Authority.make(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def mail(authority: Authority) -> Iterator[int]:
    """The port of a mail server that speaks TLS 1.3."""
    with mail_server(listening(authority.issue("mail"), "TLSv1.3"), implicit=True) as (port, _):
        yield port


@pytest.mark.proves("ASVS-12.1.1", "ASVS-12.3.1", "CVE-2026-40091")
@pytest.mark.server("postgresql", "redis", "redis-tls")
def test_a_sound_bundle(tmp_path: Path, authority: Authority, mail: int) -> None:
    """Database, guard store, mail and changes are each told with version and cipher, without any password, and the exit code is 0."""
    database, changes = tls_server("postgresql", "TLSv1.3"), tls_server("redis", "TLSv1.3")
    code = BUNDLE.format(
        kms="(report_https('keys', Location(scheme='http', host='127.0.0.1', port=1)),)",
        database=f"postgresql://ctsec:s3cret-word@127.0.0.1:{database.port}/postgres",
        transport=held(database.ca_file),
        mail=f"smtps://someone:s3cret-word@127.0.0.1:{mail}",
        mail_transport=held(authority.file),
        redis=f"rediss://127.0.0.1:{changes.port}/0",
        redis_transport=held(changes.ca_file, f", certificate={changes.certificate!r}, key={changes.key!r}"),
    )
    (tmp_path / "host.py").write_text(code, "utf-8")
    ran = ctsec("doctor", "host:security", folder=tmp_path)
    assert (ran.returncode, ran.stderr) == (0, "")
    lines = ran.stdout.splitlines()
    assert [line[:16].split() for line in lines] == [
        ["ok", "database"],
        ["ok", "guard", "store"],
        ["ok", "keys"],
        ["ok", "mail"],
        ["ok", "changes"],
    ]
    assert f"postgresql://127.0.0.1:{database.port}/postgres  TLSv1.3 TLS_" in lines[0]
    assert lines[2].endswith("http://127.0.0.1:1  plain (loopback)")
    assert f"smtps://127.0.0.1:{mail}  TLSv1.3 TLS_" in lines[3]
    assert f"rediss://127.0.0.1:{changes.port}  TLSv1.3 TLS_" in lines[4]
    told = ctsec("doctor", "host:security", "--json", folder=tmp_path)
    assert told.returncode == 0
    found = [json.loads(line) for line in told.stdout.splitlines()]
    assert [(each["what"], each["protocol"], each["local"], each["sound"]) for each in found] == [
        ("database", "TLSv1.3", True, True),
        ("guard store", "TLSv1.3", True, True),
        ("keys", "", True, True),
        ("mail", "TLSv1.3", True, True),
        ("changes", "TLSv1.3", True, True),
    ]
    assert "s3cret" not in ran.stdout + ran.stderr + told.stdout + told.stderr


@pytest.mark.proves("ASVS-12.3.1")
@pytest.mark.server("postgresql", "redis", "redis-tls")
def test_an_unsound_bundle(tmp_path: Path, authority: Authority, mail: int) -> None:
    """TLS 1.2 with its reason, an unknown CA and a server below TLS 1.3 are told, and the exit code is 1."""
    plain, changes = server("postgresql"), tls_server("redis", "TLSv1.2")
    code = BUNDLE.format(
        kms="(ConnectionReport(what='keys', address='https://kms.example.test:443', protocol='TLSv1.2', cipher='x', excuse='an old HSM'),)",
        database=f"postgresql://ctsec:s3cret-word@db.example.test:{plain.port}/postgres?hostaddr=127.0.0.1",
        transport="UnsafeTransport(reason='a lab', plain=True)",
        mail=f"smtps://someone:s3cret-word@127.0.0.1:{mail}",
        mail_transport="Transport()",
        redis=f"rediss://:s3cret-word@127.0.0.1:{changes.port}/0",
        redis_transport=held(changes.ca_file, f", certificate={changes.certificate!r}, key={changes.key!r}"),
    )
    (tmp_path / "host.py").write_text(code, "utf-8")
    ran = ctsec("doctor", "host:security", folder=tmp_path)
    assert ran.returncode == 1
    lines = ran.stdout.splitlines()
    assert lines[2] == "BAD keys         https://kms.example.test:443  TLSv1.2 x; allowed because: an old HSM"
    assert lines[3].startswith("BAD mail")
    assert "the certificate is not accepted" in lines[3]
    assert lines[4].startswith("BAD changes")
    assert "no TLS connection" in lines[4]
    assert "s3cret" not in ran.stdout + ran.stderr


def test_an_embedded_bundle_stays_here(tmp_path: Path) -> None:
    """An embedded bundle speaks to its files only."""
    (tmp_path / "host.py").write_text(HOST, "utf-8")
    ran = ctsec("doctor", "host:security", folder=tmp_path)
    assert (ran.returncode, ran.stderr) == (0, "")
    *lines, log = ran.stdout.splitlines()
    assert lines == ["ok  database     sqlite:///app.db  a file", "ok  guard store  sqlite:///app.db-guard  a file"]
    assert log.startswith("ok  audit log    0 events wait; 0 logs to be signed")


def test_a_log_that_is_not_signed_any_more_is_told(tmp_path: Path) -> None:
    """What waits is counted with its age; where the signer refused, the line says so and the exit code is 1."""
    (tmp_path / "host.py").write_text(HOST, "utf-8")
    ctsec("worker", "host:security", "--once", folder=tmp_path)
    with closing(SqlStorage.from_url(f"sqlite:///{tmp_path / 'app.db'}")) as storage, storage.begin(after_commit=ignore) as store:
        store.inbox.append(event(1))
        assert store.jobs.claim("checkpoints", owner="w", now=LATER, until=LATER)
        assert store.jobs.finish("checkpoints", owner="w", now=LATER, due_at=LATER + DAY, error="log_inconsistent")
        assert store.jobs.claim("audit", owner="w", now=LATER, until=LATER + DAY)
    ran = ctsec("doctor", "host:security", "--json", folder=tmp_path)
    told = json.loads(ran.stdout.splitlines()[-1])
    assert (ran.returncode, told["what"], told["sound"], told["waiting"]) == (1, "audit log", False, 1)
    assert (told["problem"], told["leader"], told["oldest"]) == ("log_inconsistent", "w", str(NOW))
    line = ctsec("doctor", "host:security", folder=tmp_path).stdout.splitlines()[-1]
    assert line.startswith("BAD audit log    1 events wait, the oldest since 2026-")
    assert line.endswith("(log_inconsistent)")


def test_what_waits_for_another_data_key_is_told(tmp_path: Path) -> None:
    """Rows that are not sealed anew yet are counted, one line a table, and change neither the other lines nor the exit code."""
    (tmp_path / "host.py").write_text(HOST, "utf-8")
    before = ctsec("doctor", "host:security", folder=tmp_path).stdout.splitlines()[:-1]
    waiting = Reencryption(scope="org_1", place="vault", started_at=NOW, remaining=40, written=100, problem="key_disabled")
    with closing(SqlStorage.from_url(f"sqlite:///{tmp_path / 'app.db'}")) as storage, storage.begin(after_commit=ignore) as store:
        assert store.reencryptions.put(waiting)
        assert store.reencryptions.put(replace(waiting, place="done", remaining=0, ended_at=NOW))
    ran = ctsec("doctor", "host:security", folder=tmp_path)
    assert ran.returncode == 0
    assert ran.stdout.splitlines()[:-1] == [*before, "... re-encryption vault of org_1: 40 rows left, 100 written (key_disabled)"]
    told = json.loads(ctsec("doctor", "host:security", "--json", folder=tmp_path).stdout.splitlines()[-2])
    assert told == {
        "what": "re-encryption",
        "scope": "org_1",
        "place": "vault",
        "remaining": 40,
        "written": 100,
        "problem": "key_disabled",
        "sound": True,
    }


@pytest.mark.proves("ASVS-12.3.1")
@pytest.mark.server("postgresql")
def test_commands_with_a_url_are_held_too(tmp_path: Path) -> None:
    """`ctsec db` and `ctsec residency prepare` refuse a database elsewhere below TLS 1.3, unless told otherwise with a reason."""
    old = tls_server("postgresql", "TLSv1.2")
    url = f"postgresql://ctsec:s3cret-word@db.example.test:{old.port}/postgres?hostaddr=127.0.0.1"
    refused = ctsec("db", "check", "--url", url, "--ca-file", old.ca_file, folder=tmp_path)
    assert (refused.returncode, "s3cret" in refused.stderr) == (2, False)
    refused = ctsec("residency", "prepare", "--url", url, "--region", "eu", "--ca-file", old.ca_file, folder=tmp_path)
    assert (refused.returncode, "s3cret" in refused.stderr) == (2, False)
    assert ctsec("db", "check", "--url", url, "--unsafe-transport", "a lab", folder=tmp_path).returncode == 1
    assert ctsec("db", "check", "--url", url, "--unsafe-transport", " ", folder=tmp_path).returncode == 2
    new = tls_server("postgresql", "TLSv1.3")
    there = url.replace(str(old.port), str(new.port))
    assert ctsec("db", "check", "--url", there, "--ca-file", new.ca_file, folder=tmp_path).returncode == 1


REGIONS = """
from ctsec.encryption.kms import CompositeKeyServices, LocalKeyServices, LocalKms, VaultKeyServices
from ctsec.presets import parts_of, settings_of
from ctsec.authn.argon2_pool import Argon2Hasher
from ctsec.authn.argon2 import Argon2Parameters
from ctsec.rbac import Policy
from ctsec.residency import DEPLOYMENTS_KEY, Region, Regions
from ctsec.secret import Secret, SecretText
from ctsec.security import EmbeddedOptions, Security
from ctsec.storage.sql import SqlRegionStorage, SqlStorage
from ctsec.transport import Transport
import os

local = LocalKms(bytes(16), key=Secret(bytes(32)))
vault = VaultKeyServices({vault!r}, token=lambda: SecretText("s3cret-word"), transport=Transport(ca_file={ca!r}))
kms = vault.open("vault:transit/acme")
regions = Regions(
    regions=(
        Region(name="eu", store={eu!r}, key=DEPLOYMENTS_KEY),
        Region(name="us", store={us!r}, key=local.ref),
        Region(name="mars", store="sqlite:///mars.db", key="local:" + "f" * 32),
    ),
    default="eu",
)
options = EmbeddedOptions(password_hash=Argon2Parameters.for_tests(), regions=regions)
security = Security(
    storage=SqlStorage.from_url("sqlite:///app.db"),
    kms=kms,
    key_services=CompositeKeyServices({{"vault": vault, "local": LocalKeyServices(local)}}),
    slow_hash=Argon2Hasher(options.password_hash),
    parts=parts_of(local, policy=Policy.preset(), settings=settings_of("Acme", options), options=options),
    random=os.urandom,
    region_stores={{
        "eu": SqlRegionStorage.from_url({eu!r}, transport=Transport(ca_file={old!r}, on_loopback=True)),
        "us": SqlRegionStorage.from_url({us!r}, transport=Transport(ca_file={new!r}, on_loopback=True)),
        "mars": SqlRegionStorage.from_url("sqlite:///mars.db"),
    }},
)
"""


@pytest.mark.proves("ASVS-12.1.1", "ASVS-12.3.1")
@pytest.mark.server("postgresql")
def test_stores_and_keys_of_regions_are_told(tmp_path: Path, authority: Authority) -> None:
    """A region's database and a key service over https are told once each, BAD below TLS 1.3; so is the key of a region that nobody has."""
    new, old = tls_server("postgresql", "TLSv1.3"), tls_server("postgresql", "TLSv1.2")
    eu, us = (f"postgresql://ctsec:s3cret-word@127.0.0.1:{running.port}/postgres" for running in (old, new))
    with service(listening(authority.issue("vault"), "TLSv1.3")) as peer:
        address = f"https://127.0.0.1:{peer.port}"
        code = REGIONS.format(vault=address, ca=authority.file, eu=eu, us=us, old=old.ca_file, new=new.ca_file)
        (tmp_path / "host.py").write_text(code, "utf-8")
        ran = ctsec("doctor", "host:security", folder=tmp_path)
    assert (ran.returncode, ran.stderr, "s3cret" in ran.stdout) == (1, "", False)
    lines = ran.stdout.splitlines()
    told = ["ok  database", "ok  guard store", "ok  vault", "BAD region eu", "ok  region us", "ok  region mars", "BAD key of mars"]
    assert [line[:17].rstrip() for line in lines] == told
    assert (address in lines[2], "TLSv1.3 TLS_" in lines[2], "no TLS connection" in lines[3]) == (True, True, True)
    assert f"postgresql://127.0.0.1:{new.port}/postgres  TLSv1.3" in lines[4]


def test_what_is_no_bundle_is_an_error(tmp_path: Path) -> None:
    """A name without a bundle is exit code 2, as for every command."""
    assert ctsec("doctor", "host:security", folder=tmp_path).returncode == 2


def test_a_job_that_failed_is_told(tmp_path: Path) -> None:
    """A job whose last run failed has a line with its error, one that went well has none, and the exit code is that of the connections."""
    (tmp_path / "host.py").write_text(HOST, "utf-8")
    assert "job" not in ctsec("doctor", "host:security", folder=tmp_path).stdout
    far = NOW + timedelta(days=100_000)
    with closing(SqlStorage.from_url(f"sqlite:///{tmp_path / 'app.db'}")) as storage, storage.begin(after_commit=ignore) as store:
        for name, error in (("stale", "store_busy"), ("elevations", "")):
            store.jobs.claim(name, owner="w", now=far, until=far)
            store.jobs.finish(name, owner="w", now=NOW, due_at=far, error=error)
    ran = ctsec("doctor", "host:security", folder=tmp_path)
    assert ran.returncode == 0
    when = NOW.isoformat(timespec="seconds")
    assert [line for line in ran.stdout.splitlines() if "job" in line] == [
        f"... job          stale: failed at {when} (store_busy), and is tried again"
    ]
    told = map(json.loads, ctsec("doctor", "host:security", "--json", folder=tmp_path).stdout.splitlines())
    assert [each for each in told if each["what"] == "job"] == [
        {"what": "job", "name": "stale", "last_run_at": when, "problem": "store_busy", "sound": True}
    ]
