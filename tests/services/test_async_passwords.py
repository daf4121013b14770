"""Stored passwords over time: foreign hashes, peppers that come and go, and what an attacker can measure (async source of the twin)."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager
from dataclasses import fields, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from argon2.low_level import verify_secret

from ctsec.authn import ImportedAccount, PasswordLevel, Weakness, argon2, foreign_kdf
from ctsec.authn.argon2 import Argon2Parameters
from ctsec.authn.argon2_pool import Argon2Bounds, AsyncArgon2Hasher
from ctsec.authn.breaches import query_of
from ctsec.authn.journey import SignedIn
from ctsec.authn.password_policy import check_password
from ctsec.authn.pepper import open_hash, seal_hash
from ctsec.authn.record import PasswordRecord
from ctsec.encryption.kms.local import LocalKms
from ctsec.encryption.sealing import SealingRing
from ctsec.errors import BreachesUnavailable, CorruptRecord, DecryptionFailed, KeyNotFound
from ctsec.ids import UserId
from ctsec.lazy import kept
from ctsec.outcome import Reason, Refusal
from ctsec.principal import Principal
from ctsec.secret import SecretText
from ctsec.security._async_unit import AsyncUnit
from ctsec.security.parts import EmbeddedOptions, Settings
from ctsec.storage.sql.tables import Tables
from ctsec.testing import Written
from ctsec.user import User
from tests.services._async_world import KINDS, AsyncWorld
from tests.services.probing import BCRYPT, OTHER_PASSWORD, PASSWORD, WRONG_PASSWORD, reason

ANN, BEA = "ann@acme.example", "bea@acme.example"
TODAY = "argon2id-8-1-1"
PBKDF2 = "pbkdf2:sha256:1000$salt$" + hashlib.pbkdf2_hmac("sha256", PASSWORD.encode(), b"salt", 1000).hex()
DJANGO_ARGON2 = "argon2" + argon2.hash_password(PASSWORD.encode(), parameters=Argon2Parameters(memory_kib=64), salt=b"s" * 16)


@pytest.fixture(params=KINDS)
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[AsyncWorld, None]:
    async with AsyncWorld.open(request.param, folder=tmp_path) as made:
        yield made


async def bring(world: AsyncWorld, email: str, text: str | None, *, verified: bool = True) -> Any:
    """Import an account with a hash of PASSWORD."""
    given = SecretText(text) if text is not None else None
    account = ImportedAccount(email=email, name="Ann", password_hash=given, email_verified=verified)
    return await world.call("accounts.import_account", account=account)


async def stored(world: AsyncWorld, user: UserId | str) -> PasswordRecord:
    """Return the record of a person as committed."""
    async with world.storage.reading() as store:
        found = await store.passwords.get(UserId(user))
    assert found is not None
    return found


def with_peppers(world: AsyncWorld, *files: Path) -> AbstractAsyncContextManager[AsyncWorld]:
    """Open the same deployment in a process that has these pepper files."""
    options = EmbeddedOptions(pepper_files=tuple(str(file) for file in files))
    return AsyncWorld.over(world.storage, options=options, keys=world.keys)


@pytest.mark.parametrize(("text", "scheme"), [(BCRYPT, "bcrypt-4"), (PBKDF2, "pbkdf2sha256-1000"), (DJANGO_ARGON2, "argon2id-64-2-1")])
async def test_an_imported_person_signs_in_and_is_then_ours(world: AsyncWorld, text: str, scheme: str) -> None:
    """The old password works, a wrong one does not, and the first sign-in leaves a hash that is not weaker than today's."""
    user = await bring(world, ANN, text)
    assert isinstance(user, User)
    before = await stored(world, user.id)
    assert before.scheme == scheme
    assert reason(await world.step(ANN, WRONG_PASSWORD)) is Reason.INVALID_CREDENTIALS
    assert await stored(world, user.id) == before
    world.clock.advance(timedelta(hours=1))
    assert isinstance(await world.step(ANN), SignedIn)
    after = await stored(world, user.id)
    assert after.scheme == ("argon2id-64-2-1" if "argon2" in scheme else TODAY)
    assert after.changed_at == before.changed_at
    assert isinstance(await world.step(ANN), SignedIn)
    assert await stored(world, user.id) == after


async def test_the_worker_wraps_what_nobody_signs_in_with(world: AsyncWorld) -> None:
    """Without anybody's password every foreign hash gets Argon2id over it; people notice nothing, and a sign-in makes it plain ours."""
    users = [await bring(world, f"u{n}@acme.example", text) for n, text in enumerate((BCRYPT, PBKDF2, DJANGO_ARGON2))]
    run = await world.security.jobs.passwords.wrap(limit=1)
    assert (run.written, run.failed) == (1, 0)
    assert await world.security.jobs.passwords.run_due() == 1
    assert await world.security.jobs.passwords.run_due() == 0
    schemes = [(await stored(world, user.id)).scheme for user in users]
    assert schemes == [f"bcrypt-4+{TODAY}", f"pbkdf2sha256-1000+{TODAY}", "argon2id-64-2-1"]
    for n, user in enumerate(users[:2]):
        assert reason(await world.step(f"u{n}@acme.example", WRONG_PASSWORD)) is Reason.INVALID_CREDENTIALS
        assert isinstance(await world.step(f"u{n}@acme.example"), SignedIn)
        assert (await stored(world, user.id)).scheme == TODAY


async def test_a_wrapping_waits_where_sign_ins_need_the_workers(world: AsyncWorld) -> None:
    """A run that gets no place ends without an error, and leaves everything to the next one."""
    await bring(world, ANN, PBKDF2)
    full = AsyncArgon2Hasher(Argon2Parameters.for_tests(), bounds=Argon2Bounds(running=1, waiting=0))
    assert full._admitted.acquire(blocking=False)
    jobs = world.security.jobs.passwords
    jobs._hasher = full
    assert (await jobs.wrap()).written == 0
    full._admitted.release()
    assert (await jobs.wrap()).written == 1
    await full.aclose()  # sync: pass


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"email": ANN}, Reason.ALREADY_EXISTS),
        ({"email": "Ann@ACME.example"}, Reason.ALREADY_EXISTS),
        ({"email": "no address"}, Reason.INVALID_INPUT),
        ({"name": ""}, Reason.INVALID_INPUT),
        ({"password_hash": SecretText("5f4dcc3b5aa765d61d8327deb882cf99")}, Reason.INVALID_INPUT),
        ({"password_hash": SecretText("")}, Reason.INVALID_INPUT),
        ({"password_hash": SecretText(BCRYPT.replace("$04$", "$31$"))}, Reason.INVALID_INPUT),
    ],
)
async def test_an_import_that_can_not_be_is_refused_and_writes_nothing(world: AsyncWorld, change: dict[str, Any], why: Reason) -> None:
    """A taken address, an address or a name that is none, and a hash that is unknown, empty or too costly are refusals."""
    await bring(world, ANN, PBKDF2)
    account = replace(ImportedAccount(email=BEA, name="Bea", password_hash=SecretText(PBKDF2)), **change)
    with world.tap.to(Written()) as probe:
        answer = await world.call("accounts.import_account", account=account)
    assert reason(answer) is why
    assert isinstance(answer, Refusal)
    assert "5f4d" not in answer.detail
    assert [call for call in probe.writes if not call.startswith("users.add")] == []


async def test_an_import_says_where_it_comes_from_and_sends_no_mail(world: AsyncWorld) -> None:
    """The event names the scheme and no hash; an unconfirmed address confirms itself later; without hash nobody signs in."""
    await bring(world, ANN, PBKDF2)
    world.clock.advance(timedelta(seconds=1))
    await bring(world, BEA, None, verified=False)
    assert world.mailer.to(ANN) == world.mailer.to(BEA) == ()
    first, second = await world.events(name="user.imported")
    assert first.actor_kind == "system"
    assert b"pbkdf2sha256-1000" in first.body
    assert PBKDF2.encode() not in first.body
    assert reason(await world.step(BEA)) is Reason.INVALID_CREDENTIALS
    assert second.actor_id == "import"


@pytest.mark.proves("ASVS-6.3.8", "CVE-2025-54999", "CHANGELOG-django-allauth-65-3-0")
async def test_an_address_without_account_costs_what_an_account_costs(world: AsyncWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where half of the accounts are foreign, about half of the addresses without account do foreign work, each the same every time."""
    for n in range(4):
        await bring(world, f"old{n}@acme.example", PBKDF2)
        await bring(world, f"new{n}@acme.example", DJANGO_ARGON2)
    rounds: list[int] = []
    real = hashlib.pbkdf2_hmac

    def counted(name: str, typed: bytes, salt: bytes, iterations: int) -> bytes:
        rounds.append(iterations)
        return real(name, typed, salt, iterations)

    monkeypatch.setattr(foreign_kdf, "pbkdf2_hmac", counted)
    costs = []
    for _ in range(2):
        for n in range(32):
            rounds.clear()
            assert reason(await world.step(f"nobody{n}@acme.example", WRONG_PASSWORD)) is Reason.INVALID_CREDENTIALS
            costs.append(tuple(rounds))
        world.clock.advance(timedelta(hours=1))
    assert costs[:32] == costs[32:]
    assert set(costs) == {(), (1000,)}
    rounds.clear()
    await world.step("old0@acme.example", WRONG_PASSWORD)
    assert rounds == [1000]


async def test_a_new_account_and_a_taken_address_do_the_work_of_today(world: AsyncWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """At sign-up the work for a taken address is that of a new hash, whatever accounts there are: the answer's time tells nothing."""
    await bring(world, ANN, PBKDF2)
    monkeypatch.setattr(foreign_kdf, "pbkdf2_hmac", lambda *_: pytest.fail("foreign work"))
    costs: list[Argon2Parameters] = []
    real_hash, real_verify = argon2.hash_password, verify_secret

    def hashed(password: bytes, *, parameters: Argon2Parameters, salt: bytes) -> str:
        costs.append(parameters)
        return real_hash(password, parameters=parameters, salt=salt)

    def verified(encoded: bytes, password: bytes, kind: Any) -> bool:
        costs.append(argon2.parameters_of(encoded.decode()))
        return real_verify(encoded, password, kind)

    monkeypatch.setattr(argon2, "hash_password", hashed)
    monkeypatch.setattr(argon2, "verify_secret", verified)
    for email in (ANN, BEA):
        await world.call("accounts.sign_up", email=email, password=OTHER_PASSWORD, name="A")
    assert costs == [Argon2Parameters.for_tests()] * 2


async def test_a_pepper_is_taken_over_and_retired(world: AsyncWorld, tmp_path: Path) -> None:
    """Another file's pepper opens beside the old one, then seals, and when the census says that nothing needs the old one it goes."""
    old, new = tmp_path / "old-pepper", tmp_path / "new-pepper"
    first, second = LocalKms.create(old), LocalKms.create(new)
    async with with_peppers(world, old) as before:
        await before.person(ANN)
        people = [await before.person(f"p{n}@acme.example") for n in range(3)]
        assert (await before.security.jobs.passwords.census()).under(first.ref) == 4
    async with with_peppers(world, new, old) as during:
        jobs = during.security.jobs.passwords
        await during.login(ANN)
        census = await jobs.census()
        assert (census.under(first.ref), census.under(second.ref), census.lost) == (3, 1, ())
        moment = (await stored(world, people[0].id)).changed_at
        assert (await jobs.reseal(limit=2)).written == 2
        assert await jobs.run_due() == 1
        assert await jobs.run_due() == 0
        assert (await jobs.census()).under(first.ref) == 0
        assert (await stored(world, people[0].id)).changed_at == moment
    async with with_peppers(world, new) as after:
        for email in (ANN, "p0@acme.example", "p1@acme.example", "p2@acme.example"):
            assert isinstance(await after.step(email), SignedIn)


async def test_a_pepper_that_is_gone_too_early_is_told_and_nothing_is_lost(world: AsyncWorld, tmp_path: Path) -> None:
    """The census names the missing pepper and the run counts what it can not open; with the file back everything works again."""
    old, new = tmp_path / "old-pepper", tmp_path / "new-pepper"
    first, _ = LocalKms.create(old), LocalKms.create(new)
    async with with_peppers(world, old) as before:
        await before.person(ANN)
    async with with_peppers(world, new) as early:
        census = await early.security.jobs.passwords.census()
        assert census.lost == (first.ref,)
        with early.tap.to(Written()) as probe:
            run = await early.security.jobs.passwords.reseal()
        assert (run.written, run.failed) == (0, 1)
        assert "passwords.census" in probe.calls
        assert "passwords.page" not in probe.calls
        with pytest.raises(KeyNotFound):
            await early.step(ANN)
    async with with_peppers(world, new, old) as mended:
        assert isinstance(await mended.step(ANN), SignedIn)


async def test_records_of_the_first_pepper_are_opened_and_named(world: AsyncWorld, tmp_path: Path) -> None:
    """A record from before peppers had names opens with the last file, and the worker writes the name of its pepper and its scheme."""
    old, new = LocalKms.create(tmp_path / "old-pepper"), LocalKms.create(tmp_path / "new-pepper")
    first = SealingRing(current="1", keys={"1": old.derive(b"password-pepper/1")})
    ann = await world.person(ANN)
    record = await stored(world, ann.id)
    encoded = open_hash(record.sealed, user=UserId(ann.id), sealing=world.parts.password_sealing)
    sealed = seal_hash(encoded, user=UserId(ann.id), sealing=first, random=bytes)
    async with world.storage.begin(after_commit=lambda _: None) as store:
        assert await store.passwords.put(replace(record, sealed=sealed, pepper="1", scheme="", version=record.version + 1))
    for files, name in (((tmp_path / "old-pepper",), old.ref), ((tmp_path / "new-pepper", tmp_path / "old-pepper"), new.ref)):
        async with with_peppers(world, *files) as process:
            assert isinstance(await process.step(ANN), SignedIn)
            assert (await stored(world, ann.id)).scheme in {"", TODAY}
            await process.security.jobs.passwords.run_due()
            renewed = await stored(world, ann.id)
            assert (renewed.pepper, renewed.scheme) == (name, TODAY)
        async with world.storage.begin(after_commit=lambda _: None) as store:
            await store.passwords.put(replace(renewed, sealed=sealed, pepper="1", scheme="", version=renewed.version + 1))


async def test_a_record_that_does_not_open_keeps_nobody_else_from_being_renewed(world: AsyncWorld, tmp_path: Path) -> None:
    """A row that was put under another person's is counted, left as it is, and passed over; its sign-in is an error, not a sign-in."""
    old, new = tmp_path / "old-pepper", tmp_path / "new-pepper"
    LocalKms.create(old), LocalKms.create(new)
    async with with_peppers(world, old) as before:
        people = [await before.person(email) for email in (ANN, BEA)]
        rows = [await stored(world, person.id) for person in people]
        async with world.storage.begin(after_commit=lambda _: None) as store:
            await store.passwords.put(replace(rows[0], sealed=rows[1].sealed, version=rows[0].version + 1))
    async with with_peppers(world, new, old) as during:
        run = await during.security.jobs.passwords.reseal()
        assert (run.written, run.failed) == (1, 1)
        assert (await stored(world, people[0].id)).sealed == rows[1].sealed
        with pytest.raises((DecryptionFailed, CorruptRecord)):
            await during.step(ANN)
        assert isinstance(await during.step(BEA), SignedIn)


async def test_a_password_that_is_changed_meanwhile_stays_changed(world: AsyncWorld, tmp_path: Path) -> None:
    """What a person sets between the page's reading and its writing is newer than what the job computed, and is not overwritten."""
    old, new = tmp_path / "old-pepper", tmp_path / "new-pepper"
    LocalKms.create(old), LocalKms.create(new)
    async with with_peppers(world, old) as before:
        ann = await before.person(ANN)
    async with with_peppers(world, new, old) as during:
        jobs = during.security.jobs.passwords
        read = await stored(world, ann.id)
        made = await jobs._made(read, wrap=False)
        assert made is not None
        await during.call("accounts.change_password", (await during.login(ANN)).principal, current=PASSWORD, new=OTHER_PASSWORD)
        async with world.storage.begin(after_commit=lambda _: None) as store:
            assert not await store.passwords.put(made)
        assert isinstance(await during.step(ANN, OTHER_PASSWORD), SignedIn)


async def test_a_key_that_is_used_comes_under_the_current_pepper(world: AsyncWorld, tmp_path: Path) -> None:
    """With its text in hand the MAC of a key is made anew; a key that nobody uses needs the old pepper, and the census says so."""
    old, new = tmp_path / "old-pepper", tmp_path / "new-pepper"
    first, second = LocalKms.create(old), LocalKms.create(new)
    async with with_peppers(world, old) as before:
        ann = await before.person(ANN)
        acme = await before.organization(ann)
        used, unused = await before.key(ann, acme.id), await before.key(ann, acme.id)
    async with with_peppers(world, new, old) as during:
        for _ in range(2):
            assert isinstance(await during.gate.api_key(used.token.reveal(), during.request), Principal)
        await during.security.jobs.write_uses()
        assert await during.security.jobs.passwords.run_due() == 1
        census = await during.security.jobs.passwords.census()
        assert (census.under(first.ref), census.under(second.ref)) == (1, 2)
    async with with_peppers(world, new) as after:
        assert isinstance(await after.gate.api_key(used.token.reveal(), after.request), Principal)
        assert reason(await after.gate.api_key(unused.token.reveal(), after.request)) is Reason.INVALID_TOKEN
        assert (await after.security.jobs.passwords.census()).lost == (first.ref,)


@pytest.mark.proves("NIST-3.1.1.2(6)", "ASVS-6.2.10", "NIST-4.3")
async def test_a_password_lasts_until_it_is_withdrawn(world: AsyncWorld) -> None:
    """After ten years the password works; withdrawn, it does not, sessions have ended, and only a reset lets the person in again."""
    ann = await world.person(ANN)
    world.clock.advance(timedelta(days=3653))
    await world.security.jobs.keys.rotate_due()
    principal = (await world.login(ANN)).principal
    assert reason(await world.call("accounts.withdraw_password", UserId(ann.id), reason="a leak")) is None
    assert reason(await world.step(ANN)) is Reason.INVALID_CREDENTIALS
    assert reason(await world.gate.session(world._tokens[principal.credential.id])) is Reason.NOT_AUTHENTICATED
    await world.mail()
    assert ["others may know" in message.text.reveal() for message in world.mailer.to(ANN)].count(True) == 1
    await world.call("accounts.request_password_reset", email=ANN)
    token = await world.token(ANN, "password_reset")
    assert reason(await world.call("accounts.reset_password", token=token, password=OTHER_PASSWORD)) is None
    assert isinstance(await world.step(ANN, OTHER_PASSWORD), SignedIn)
    assert reason(await world.call("accounts.withdraw_password", UserId("usr_" + "0" * 26), reason="a leak")) is Reason.NOT_FOUND


class Leaks:
    """A list of leaked passwords that holds some, or does not answer."""

    def __init__(self, *leaked: str, answers: bool = True) -> None:
        self.asked: list[str] = []
        self._entries = [query_of(password.encode()) for password in leaked]
        self._answers = answers

    def answer(self, prefix: str) -> bytes:
        self.asked.append(prefix)
        if not self._answers:
            raise BreachesUnavailable("nobody there")
        return "".join(f"{rest}:{3 if start == prefix else 0}\r\n" for start, rest in self._entries).encode()


@pytest.mark.proves("ASVS-6.2.12", "NIST-3.1.1.1", "ASVS-16.5.2")
async def test_a_leaked_password_is_not_set_anywhere(tmp_path: Path) -> None:
    """Sign-up, reset and change ask the list, refuse with the reason, and leave what is stored as it is; an unknown password is set."""
    leaks = Leaks(OTHER_PASSWORD)
    async with AsyncWorld.open(options=EmbeddedOptions(breaches=leaks)) as world:
        answer = await world.call("accounts.sign_up", email=BEA, password=OTHER_PASSWORD, name="Bea")
        assert isinstance(answer, Refusal)
        assert (answer.reason, "leak" in answer.detail) == (Reason.PASSWORD_COMMON, True)
        ann = await world.person(ANN)
        before = await stored(world, ann.id)
        await world.call("accounts.request_password_reset", email=ANN)
        token = await world.token(ANN, "password_reset")
        assert reason(await world.call("accounts.reset_password", token=token, password=OTHER_PASSWORD)) is Reason.PASSWORD_COMMON
        changed = await world.call("accounts.change_password", ann, current=PASSWORD, new=OTHER_PASSWORD)
        assert reason(changed) is Reason.PASSWORD_COMMON
        assert await stored(world, ann.id) == before
        leaked, fine = query_of(OTHER_PASSWORD.encode())[0], query_of(PASSWORD.encode())[0]
        assert leaks.asked == [leaked, fine, leaked, leaked]


async def test_without_an_answer_nothing_is_set_unless_the_host_wrote_why(tmp_path: Path) -> None:
    """By default the caller is told to try again; with a written reason the password is set, and an event aside says that and why."""
    async with AsyncWorld.open(options=EmbeddedOptions(breaches=Leaks(answers=False))) as world:
        with pytest.raises(BreachesUnavailable):
            await world.sign_up(ANN)
        assert reason(await world.step(ANN)) is Reason.INVALID_CREDENTIALS
        assert await world.events(name="password.check_skipped") == ()
    why = "sign-up goes on while the list is away"
    async with AsyncWorld.open(options=EmbeddedOptions(breaches=Leaks(answers=False), breaches_optional=why)) as world:
        await world.person(ANN)
        (event,) = await world.events(name="password.check_skipped")
        assert why.encode() in event.body


async def test_a_hint_knows_the_person_and_asks_nobody(tmp_path: Path) -> None:
    """While typing, address, name and product are context, and neither the list of leaks nor a store is asked."""
    leaks = Leaks(OTHER_PASSWORD)
    async with AsyncWorld.open(options=EmbeddedOptions(breaches=leaks)) as world:
        with world.tap.to(Written()) as probe:
            hint = await world.call("accounts.rate_password", "annette-acme-2026", email="annette@x.example", name="Annette")
            good = await world.call("accounts.rate_password", OTHER_PASSWORD)
        assert (hint.level, hint.weaknesses) == (PasswordLevel.REFUSED, (Weakness.CONTEXT,))
        assert good.level is PasswordLevel.GOOD
        assert (leaks.asked, probe.writes) == ([], [])


@pytest.mark.proves("CHANGELOG-django-allauth-65-11-1")
@pytest.mark.parametrize("text", ["", " ", "\0", "None"])
async def test_an_account_without_password_has_no_password(world: AsyncWorld, text: str) -> None:
    """Nothing is a password of an account that came without one, the empty text neither; nor is the empty text one of anybody."""
    await bring(world, ANN, None)
    await bring(world, BEA, PBKDF2)
    for email in (ANN, BEA):
        assert reason(await world.step(email, text)) is Reason.INVALID_CREDENTIALS
    async with world.storage.reading() as store:
        assert [group.count for group in await store.passwords.census()] == [1]


@pytest.mark.proves("NIST-3.1.1.1", "ASVS-6.4.6")
def test_nobody_sets_the_password_of_somebody_else() -> None:
    """Passwords go into the person's own sign-up, reset, changes, sign-in and hint. No method takes somebody else and a password."""
    found = set()
    for service, value in inspect.getmembers(AsyncUnit):
        if isinstance(value, kept) and not service.startswith("_"):
            for name, method in inspect.getmembers(get_type_hints(value.fget)["return"], inspect.isfunction):
                taken = set(inspect.signature(method).parameters)
                if not name.startswith("_") and taken & {"password", "new", "current", "secret_text"}:
                    found.add((f"{service}.{name}", *sorted(taken - {"self"})))
    assert found == {
        ("accounts.sign_up", "email", "name", "password"),
        ("accounts.reset_password", "password", "token"),
        ("accounts.change_password", "current", "new", "principal"),
        ("accounts.rate_password", "email", "name", "password"),
        ("addresses.request_change", "email", "password", "principal"),
        ("sign_in.password", "email", "password"),
        ("owing.set_password", "password", "ticket"),
    }


@pytest.mark.proves("NIST-3.1.1.2(7)", "NIST-3.1.1.2(8)", "NIST-3.1.1.1", "ASVS-6.4.2")
def test_there_is_no_place_for_reminders_questions_and_rules_of_composition() -> None:
    """No column holds a reminder or an answer, and no setting asks for kinds of characters or an age of passwords."""
    tables = Tables()
    names = {column.name for metadata in (tables.main, tables.guard) for table in metadata.tables.values() for column in table.columns}
    names |= {field.name for kind in (Settings, EmbeddedOptions) for field in fields(kind)} | set(
        inspect.signature(check_password).parameters
    )
    words = {word for name in names for word in name.split("_")}
    assert {"sealed", "scheme", "blocked", "breaches"} <= words
    assert (
        words & {"hint", "reminder", "question", "answer", "pet", "upper", "lower", "digits", "symbols", "special", "age", "history"}
        == set()
    )
