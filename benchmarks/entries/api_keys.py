"""What verifying an API key costs once its record is cached, against one SHA-256 of 48 bytes and a comparison.

The first contestant is the path of `Gate.api_key` behind the look-up: the claimed id, the record, the proof, expiry and address. The whole
`Gate.api_key`, which also reads the clock, checks the record's age and makes a principal, is reported beside it without a target.
So are other libraries, each in a process that has it, with its key and record in memory.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Iterable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

from benchmarks.bundle import settled
from benchmarks.key_peers import PEERS
from benchmarks.measure import Race, code
from benchmarks.peer_process import peer
from ctsec.ambient import Request
from ctsec.ids import KeyId, OrganizationId, new_id
from ctsec.keys.mac import PepperRing
from ctsec.keys.policy import KeyPolicy
from ctsec.keys.record import ApiKey, KeySecret
from ctsec.keys.token import claimed_id, mint, parse
from ctsec.keys.verify import VerifiableKey, prepare
from ctsec.outcome import Refusal
from ctsec.presets import in_memory
from ctsec.principal import Principal, PrincipalKind
from ctsec.rbac import Policy
from ctsec.secret import Secret
from ctsec.security.parts import EmbeddedOptions

ADDRESS = "192.0.2.7"


def _key(ring: PepperRing, now: datetime) -> tuple[str, VerifiableKey]:
    key_id = new_id(KeyId, now=now, random=os.urandom)
    token = mint(key_id, random=os.urandom).reveal()
    pepper, mac = ring.mac(token.encode("ascii"))
    key = ApiKey(
        id=key_id,
        organization_id=OrganizationId("org_1"),
        owner_id="usr_1",
        owner_kind=PrincipalKind.USER,
        name="benchmark",
        environment="live",
        created_at=now,
        expires_at=now + timedelta(days=90),
    )
    return token, prepare(key, secrets=[KeySecret(key_id=key_id, generation=1, mac=mac, pepper_id=pepper, created_at=now)])


def entry(peers: str) -> Iterable[Race]:
    """Return the race; raise RuntimeError if a contestant does not answer what it is meant to."""
    now = datetime.now(UTC)
    ring = PepperRing(current="1", peppers={"1": Secret(os.urandom(32))})
    token, prepared = _key(ring, now)
    security = in_memory(policy=Policy.preset(), options=EmbeddedOptions(keys=KeyPolicy(rate=None)))
    people = settled(security)
    malformed = token[:-1] + ("0" if token[-1] != "0" else "1")
    proved = isinstance(prepared.check(token.encode(), ring=ring, now=now, address=ADDRESS), ApiKey)
    admitted = isinstance(security.gate.api_key(people.key, Request(address=ADDRESS)), Principal)
    if not proved or not admitted or not isinstance(parse(malformed), Refusal):
        raise RuntimeError("expected a key to be proved and admitted, and a malformed one to be refused")
    names: dict[str, object] = {
        "sha256": hashlib.sha256,
        "compare": hmac.compare_digest,
        "message": os.urandom(48),
        "digest": os.urandom(32),
        "claimed_id": claimed_id,
        "records": {prepared.key.id: prepared},
        "token": token,
        "ring": ring,
        "now": now,
        "address": ADDRESS,
        "parse": parse,
        "malformed": malformed,
        "gate": security.gate,
        "key": people.key,
        "request": Request(address=ADDRESS),
    }
    check = "records[claimed_id(token)].check(token.encode(), ring=ring, now=now, address=address)"
    with ExitStack() as running:
        others = [running.enter_context(peer(peers, "benchmarks.key_peers", name)) for name in PEERS]
        yield Race(
            title="verifying an API key whose record is cached",
            floor=code("one sha256 of 48 bytes and compare_digest", "compare(sha256(message).digest(), digest)", names),
            contestants=(
                code("claimed_id, look-up, check", check, names, target=4.0),
                code("a wrong checksum, refused offline", "parse(malformed)", names, target=2.5),
                code("the whole Gate.api_key", "gate.api_key(key, request)", names),
                *(each for each in others if each is not None),
            ),
        )
