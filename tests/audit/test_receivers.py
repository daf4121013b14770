"""Streams into real receivers that fail: nothing is missing, and a repeat has the same key and the same bytes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, Final, cast

import boto3
import pytest

from ctsec.audit.event import LogId
from ctsec.audit.export.request import OcsfVersion
from ctsec.audit.streams import Stream, StreamBatch
from ctsec.audit.streams.framing import frames_of
from ctsec.audit.streams.otlp import OtlpReceiver
from ctsec.audit.streams.ports import Receiver
from ctsec.audit.streams.position import LONGEST
from ctsec.audit.streams.s3 import S3Bucket, S3Receiver
from ctsec.audit.streams.signing import verify_webhook, webhook_secret
from ctsec.audit.streams.syslog import SyslogReceiver
from ctsec.audit.streams.webhook import WebhookReceiver
from ctsec.errors import DeliveryFailed
from ctsec.secret import SecretText
from ctsec.testing import FixedClock
from ctsec.testing.conformance.samples import ignore
from ctsec.transport.reach import Reach
from ctsec.transport.tls import Transport, server_context
from tests.audit.kept import ONE, TWO, events
from tests.audit.peers import MODES, Said, Script, frames, http_peer, syslog_peer
from tests.certificates import Authority
from tests.servers import server
from tests.services._sync_world import World

SECRET: Final = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SECONDS: Final = 0.5  # only how long a peer that hangs is waited for


def session() -> Any:
    """Return a boto3 session with credentials of no account."""
    return cast(Any, boto3.session.Session)(aws_access_key_id="a", aws_secret_access_key="s", region_name="eu-west-1")


def lines(said: Said) -> list[bytes]:
    return said.body.splitlines()


def records(said: Said) -> list[bytes]:
    """Return the bodies of log records."""
    made = json.loads(said.body)["resourceLogs"][0]["scopeLogs"][0]["logRecords"]
    return [cast(bytes, record["body"]["stringValue"].encode()) for record in made]


def messages(said: Said) -> list[bytes]:
    return [frame[frame.index(b"{") :] for frame in frames(said.body)]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of receiver: its peer, how it is made for the peer's port, and how the lines come out of what the peer took."""

    peer: Callable[..., AbstractContextManager[int]]
    make: Callable[[int], Receiver]
    lines: Callable[[Said], list[bytes]]


@pytest.fixture(scope="module")
def kinds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Kind]:
    authority = Authority.make(tmp_path_factory.mktemp("ca"))
    pair = authority.issue("syslog")
    context = server_context(certificate=pair.certificate, key=pair.key)
    trusted = Transport(ca_file=authority.file)
    near: Any = {"reach": Reach.LOOPBACK, "seconds": SECONDS}

    def s3(port: int) -> Receiver:
        return S3Receiver(
            S3Bucket(session(), bucket="logs", region="eu-west-1", endpoint=f"http://127.0.0.1:{port}", prefix="acme", seconds=SECONDS)
        )

    return {
        "webhook": Kind(http_peer, lambda port: WebhookReceiver(f"http://127.0.0.1:{port}/in", secret=SECRET, **near), lines),
        "otlp": Kind(http_peer, lambda port: OtlpReceiver(f"http://127.0.0.1:{port}/v1/logs", **near), records),
        "s3": Kind(http_peer, s3, lines),
        "syslog": Kind(syslog_peer, lambda port: SyslogReceiver(f"syslog://127.0.0.1:{port}", seconds=SECONDS), messages),
        "syslog+tls": Kind(
            partial(syslog_peer, context=context),
            lambda port: SyslogReceiver(f"syslog+tls://127.0.0.1:{port}", transport=trusted, seconds=SECONDS),
            messages,
        ),
    }


@contextmanager
def streaming(receiver: Receiver) -> Iterator[tuple[World, list[Any]]]:
    """Run a world with one stream, and events of two organizations to come."""
    with World.open() as world:
        world.security.streams.all = (Stream(name="siem", receiver=receiver),)
        yield world, [*events(ONE, count=40, seed=1), *events(TWO, count=40, seed=2)]


def lag(world: World) -> int:
    return sum(each.lag for each in world.security.streams.status())


@pytest.mark.parametrize("name", ["webhook", "otlp", "s3", "syslog", "syslog+tls"])
def test_nothing_is_missing_whatever_a_real_receiver_does(name: str, kinds: dict[str, Kind]) -> None:
    """It takes, fails, resets, hangs and dies in any order: each key comes, in the order of its log, and repeats have the same bytes."""
    kind, random, script = kinds[name], Random(name), Script()
    script.modes = [*random.sample(MODES, len(MODES)), *random.choices([mode for mode in MODES if mode != "hang"], k=8)]
    script.answer = b"" if name == "s3" else b"{}"
    with kind.peer(script) as port:
        pass
    with streaming(kind.make(port)) as (world, made):
        coming = random.sample(made, len(made))
        # Dead at first: nothing listens at the port.
        for each in coming[:10]:
            with world.storage.begin(after_commit=ignore) as store:
                store.inbox.append(each)
        world.security.logs.place()
        assert world.security.streams.run_due() == 0
        assert any(each.position.problem for each in world.security.streams.status())
        del coming[:10]
        with kind.peer(script, port=port):
            for _ in range(40):
                batch = coming[:7]
                del coming[:7]
                with world.storage.begin(after_commit=ignore) as store:
                    for each in batch:
                        store.inbox.append(each)
                world.security.logs.place()
                world.clock.advance(LONGEST)
                world.security.streams.run_due()
                if not coming and not lag(world):
                    break
        assert lag(world) == 0, {each.position.problem for each in world.security.streams.status()}
        assert script.modes == []
        stored = {log: [bytes(row[2]) for row in _raw(world, log)] for log in (ONE, TWO)}
        origin = world.security.logs.identity.origin
    told: dict[str, bytes] = {}
    order: list[str] = []
    for said in script.taken:
        for line in kind.lines(said):
            key = json.loads(line)["key"]
            order += [] if key in told else [key]
            assert told.setdefault(key, line) == line
    for log, bodies in stored.items():
        assert [key for key in order if key.startswith(origin(log) + "/")] == [f"{origin(log)}/{n}" for n in range(len(bodies))]
        assert all(told[f"{origin(log)}/{n}"].endswith(b'"event":' + body + b"}") for n, body in enumerate(bodies))
    assert len(told) == len(made)


def _raw(world: World, log: LogId) -> tuple[Any, ...]:
    from ctsec.audit.query import AuditQuery

    with world.storage.reading() as store:
        return store.log.raw(AuditQuery(log=log), first=0, end=10_000, limit=10_000)


def a_batch(count: int = 3) -> StreamBatch:
    """Return a batch of which the index 5 was purged."""
    rows = [(index, each.leaf, each.body, b"") for index, each in zip((4, 6, 7), events(ONE, count=count), strict=False)]
    return StreamBatch(stream="siem", log=ONE, origin=f"acme.example/default/{ONE}", first=4, end=8, events=rows)


def test_a_webhook_is_signed_and_a_repeat_has_the_same_id(kinds: dict[str, Kind]) -> None:
    """The receiver's side verifies the exact bytes; a repeat an hour later is signed anew under the same id."""
    script, clock = Script(), FixedClock()
    with http_peer(script) as port:
        receiver = WebhookReceiver(f"http://127.0.0.1:{port}/in?x=1", secret=SECRET, reach=Reach.LOOPBACK, clock=clock)
        receiver.deliver(a_batch())
        clock.advance(timedelta(hours=1))
        receiver.deliver(a_batch())
    first, second = script.taken
    secrets = [webhook_secret(SECRET)]
    ids = [
        verify_webhook(each.headers, each.body, secrets=secrets, now=now)
        for each, now in zip((first, second), (clock.now() - timedelta(hours=1), clock.now()), strict=True)
    ]
    assert ids[0] == ids[1]
    assert isinstance(ids[0], str)
    assert first.headers["webhook-signature"] != second.headers["webhook-signature"]
    assert (first.path, first.headers["content-type"]) == ("/in?x=1", "application/x-ndjson")
    assert [json.loads(line).get("purged") for line in lines(first)] == [None, [5, 6], None, None]


@pytest.mark.parametrize(("status", "taken"), [("200", True), ("404", False), ("400", False), ("429", False), ("503", False)])
def test_only_an_answer_of_success_counts(status: str, taken: bool) -> None:
    """Whatever a webhook answers besides 200 to 299, the batch comes again; what it says with it does not matter."""
    script = Script(always=status, media="text/html", answer=b"<p>thanks")
    with http_peer(script) as port:
        receiver = WebhookReceiver(f"http://127.0.0.1:{port}/", secret=SECRET, reach=Reach.LOOPBACK)
        if taken:
            receiver.deliver(a_batch())
        else:
            with pytest.raises(DeliveryFailed, match=r"answered \d+$"):
                receiver.deliver(a_batch())


def test_a_collector_that_rejects_a_part_has_not_taken_the_batch() -> None:
    """Partial success is a failure that is told with its number; headers of the collector are sent."""
    script = Script(answer=b'{"partialSuccess":{"rejectedLogRecords":"2","errorMessage":"no"}}')
    with http_peer(script) as port:
        receiver = OtlpReceiver(f"http://127.0.0.1:{port}/v1/logs", reach=Reach.LOOPBACK, headers={"x-key": SecretText("k")})
        with pytest.raises(DeliveryFailed, match="rejected 2 of 4 records"):
            receiver.deliver(a_batch())
        script.answer = b'{"partialSuccess":{}}'
        receiver.deliver(a_batch())
    sent = json.loads(script.taken[-1].body)["resourceLogs"][0]["scopeLogs"][0]["logRecords"]
    assert script.taken[-1].headers["x-key"] == "k"
    assert [record["eventName"] for record in sent] == ["role.assigned", "audit.purged", "user.signed_in", "role.assigned"]
    assert {each["key"]: each["value"]["stringValue"] for each in sent[0]["attributes"]}["ctsec.key"] == f"acme.example/default/{ONE}/4"
    assert sent[0]["timeUnixNano"] == str(json.loads(a_batch().events[0][2])["time"] * 1000)


def test_syslog_messages_have_the_header_of_the_rfc() -> None:
    """RFC 5424: priority, version, time, host, application, process, message id and no structured data; frames count octets."""
    found = frames(frames_of(a_batch()))
    assert found[0].startswith(b"<110>1 2026-01-01T00:00:00.001000Z acme.example ctsec - role.assigned - {")
    assert found[1] == b'<110>1 - acme.example ctsec - purged - {"key":"acme.example/default/%s/5-5","purged":[5,6]}' % ONE.encode()
    assert len(found) == 4


def test_a_receiver_may_be_given_ocsf() -> None:
    """The lines are objects of OCSF of the version, with the key beside what has no place of its own."""
    script = Script()
    with http_peer(script) as port:
        WebhookReceiver(f"http://127.0.0.1:{port}/", secret=SECRET, reach=Reach.LOOPBACK, ocsf=OcsfVersion("1.8.0")).deliver(a_batch())
    said = [json.loads(line) for line in lines(script.taken[0])]
    assert [each["class_uid"] for each in said if "class_uid" in each] == [3005, 3002, 3005]
    assert said[0]["unmapped"]["key"] == f"acme.example/default/{ONE}/4"
    assert said[0]["metadata"]["sequence"] == 4


@pytest.mark.server("moto")
def test_a_repeat_overwrites_the_same_object_of_s3() -> None:
    """Against an implementation of S3: the key says store, log and indexes, and twice the same batch is one object with the same bytes."""
    url = f"http://127.0.0.1:{server('moto').port}"
    client = session().client("s3", endpoint_url=url)
    client.create_bucket(Bucket="streams", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    receiver = S3Receiver(S3Bucket(session(), bucket="streams", region="eu-west-1", prefix="acme/siem", endpoint=url))
    receiver.deliver(a_batch())
    receiver.deliver(a_batch())
    (found,) = client.list_objects_v2(Bucket="streams")["Contents"]
    assert found["Key"] == f"acme/siem/{ONE}/4-7.jsonl"
    body = client.get_object(Bucket="streams", Key=found["Key"])["Body"].read()
    assert [json.loads(line)["key"].rpartition("/")[2] for line in body.splitlines()] == ["4", "5-5", "6", "7"]
    receiver.deliver(replace(a_batch(), store="eu"))
    assert len(client.list_objects_v2(Bucket="streams", Prefix=f"acme/siem/eu/{ONE}/")["Contents"]) == 1
    with pytest.raises(DeliveryFailed, match="NoSuchBucket"):
        S3Receiver(S3Bucket(session(), bucket="nowhere", region="eu-west-1", endpoint=url)).deliver(a_batch())


@pytest.mark.proves("ASVS-12.3.1")
@pytest.mark.parametrize(
    "make",
    [
        lambda: SyslogReceiver("syslog://192.0.2.1"),
        lambda: SyslogReceiver("syslog+udp://localhost"),
        lambda: SyslogReceiver("syslog+tls://u:p@localhost"),
        lambda: WebhookReceiver("http://192.0.2.1/", secret=SECRET),
        lambda: WebhookReceiver("https://siem.example/", secret="whsec_c2hvcnQ="),
        lambda: WebhookReceiver("https://siem.example/", secret=SECRET.removeprefix("whsec_")),
        lambda: OtlpReceiver("http://192.0.2.1/"),
        lambda: S3Bucket(session(), bucket="b", region="eu-west-1", prefix="a b"),
    ],
)
def test_what_would_go_in_the_open_is_refused_when_it_is_built(make: Callable[[], object]) -> None:
    """Plain connections are for this machine only, secrets have their length, and prefixes are plain."""
    with pytest.raises(ValueError, match="expected"):
        make()


def test_a_receiver_reaches_no_inner_address_unless_it_may() -> None:
    """The webhook of a stream is fetched as any address is: public ones only, where nothing else is said."""
    with http_peer(Script()) as port, pytest.raises(DeliveryFailed, match="bad_address"):
        WebhookReceiver(f"http://127.0.0.1:{port}/", secret=SECRET).deliver(a_batch())


NOW: Final = datetime.fromtimestamp(1614265330, tz=UTC)


def test_silent_ends_of_tls_count_only_where_that_is_said(tmp_path: Path) -> None:
    """A syslog server that ends TLS without close_notify has taken nothing, unless the deployment knows that it is like that."""
    authority = Authority.make(tmp_path)
    pair = authority.issue("syslog")
    script = Script(always="silent")
    with syslog_peer(script, context=server_context(certificate=pair.certificate, key=pair.key)) as port:
        for silent in (False, True):
            receiver = SyslogReceiver(f"syslog+tls://127.0.0.1:{port}", transport=Transport(ca_file=authority.file), ends_silently=silent)
            if silent:
                receiver.deliver(a_batch())
            else:
                with pytest.raises(DeliveryFailed, match="not known to have taken"):
                    receiver.deliver(a_batch())
    assert len(script.taken) == 2
