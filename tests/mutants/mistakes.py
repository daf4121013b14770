"""The mistakes that products of this field were reported for, made here one at a time, and the tests that notice them."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import pytest

from ctsec.authn import record, session_token
from ctsec.authn._sync import SignIn
from ctsec.authn._sync_accounts import Accounts
from ctsec.authn._sync_devices import Devices
from ctsec.authn._sync_duties import Duties
from ctsec.authn._sync_federated import FederatedSignIn
from ctsec.authn._sync_links import Links
from ctsec.authn._sync_passwords import PasswordVault
from ctsec.guard import allowance, attempts, counters, proof
from ctsec.guard._sync import Throttle
from ctsec.keys._sync_exchanges import Exchanges
from ctsec.mfa import backup_codes, totp
from ctsec.mfa._sync import Mfa
from ctsec.mfa._sync_backup_codes import BackupCodeBook
from ctsec.mfa._sync_prover import PasskeyProver
from ctsec.principal import Credential, Factor
from ctsec.rbac import entrance
from ctsec.rbac._sync_absent import AbsentMinters
from ctsec.sso.scim.token import check_scim_token
from ctsec.user import parse_email
from ctsec.web import csrf
from tests.mistake import mistaken
from tests.mutants import doors, rivals
from tests.mutants.rivals import ANN
from tests.services import (
    test_sync_passkeys,
    test_sync_second_factor,
    test_sync_sessions,
    test_sync_sign_in,
    test_sync_throttle,
    test_sync_workload,
)
from tests.services._sync_world import World
from tests.unit.authn import test_assurance
from tests.unit.guard import test_allowance
from tests.unit.kernel import test_principal
from tests.unit.mfa import test_totp
from tests.unit.rbac import test_entrance
from tests.web import test_csrf

__all__ = ["MISTAKES", "Mistake", "Witness"]


@dataclass(frozen=True)
class Witness:
    """A test, with what it is given besides a world and people in it."""

    test: Callable[..., None]
    given: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    def __str__(self) -> str:
        return f"{self.test.__module__.rpartition('.')[2]}.{self.test.__name__}"

    def testify(self) -> None:
        """Run the test; it raises AssertionError where its rule is broken."""
        wanted = set(inspect.signature(self.test).parameters) - set(self.given)
        made: dict[str, Any] = dict(self.given)
        few = getattr(sys.modules[self.test.__module__], "FEW", None)  # how few attempts the test's own world allows
        with World.open(options=few) as world, pytest.MonkeyPatch.context() as monkeypatch:
            made["monkeypatch"], made["world"] = monkeypatch, world
            if wanted & {"ann", "device"}:
                made["ann"] = world.person(ANN)
            if "device" in wanted:
                made["device"] = world.enrol(made["ann"])
            self.test(**{name: made[name] for name in (*wanted, *self.given)})


@dataclass(frozen=True)
class Mistake:
    """`new` in place of `old` in `function`, of one family of mistakes, which the witness notices.

    `beside` is a second guard of the same rule, which is gone as well.
    """

    family: str
    name: str
    function: Callable[..., Any]
    old: str
    new: str
    witness: Witness
    beside: tuple[Callable[..., Any], str, str] | None = None

    def __str__(self) -> str:
        return f"{self.family}: {self.name}"

    def noticed(self) -> bool:
        """Say whether the witness notices the mistake; any other error is no answer."""
        with mistaken(self.function, self.old, self.new), nullcontext() if self.beside is None else mistaken(*self.beside):
            try:
                self.witness.testify()
            except (AssertionError, pytest.fail.Exception):
                return True
        return False


SKIPPED: Final = "MFA skipped on another path"
REPLAYED: Final = "OTP replay and race"
COUNTED: Final = "throttle keys"
TOLD: Final = "enumeration"
NOTHING: Final = "verification of nothing"

second, sessions, sign_in, throttle, passkeys, workload = (
    test_sync_second_factor,
    test_sync_sessions,
    test_sync_sign_in,
    test_sync_throttle,
    test_sync_passkeys,
    test_sync_workload,
)
OWN_REFUSED: Final = {"credential": test_entrance.OWN, "refused": True}
IN_MEMORY: Final = {"kind": "memory", "tmp_path": Path()}
ENDED: Final = replace(test_entrance.BROKEN, glass=(test_entrance.ORG, test_entrance.NOW))
MISTAKES: Final = (
    Mistake(
        SKIPPED, "the password is enough", SignIn.password, "if factors and trusted is None:",
        "if factors and trusted is None and False:",
        Witness(second.test_an_enrolled_person_needs_both_steps),
        beside=(Duties.owed, "if enrolled and", "if False and"),
    ),
    Mistake(
        SKIPPED, "a password is a second factor", Mfa.prove, "if factor.value not in SECOND_FACTORS:", "if False:",
        Witness(second.test_a_password_is_no_second_factor),
    ),
    Mistake(
        SKIPPED, "two second factors are two kinds", record.assurance_level, "Factor.PASSWORD in factors and", "len(factors) > 1 and",
        Witness(test_assurance.test_two_kinds_of_factor_are_two, {"proved": ("otp", "backup")}),
    ),
    Mistake(
        SKIPPED, "a stale factor changes the password", Accounts.change_password,
        "not principal.credential.second_factor_fresh(now=self._ambient.now())", "False",
        Witness(sessions.test_a_change_of_password_takes_a_fresh_factor),
    ),
    Mistake(
        SKIPPED, "a fresh password counts as a fresh factor", Credential.second_factor_fresh, "in COUNTED_SECOND",
        "in {*COUNTED_SECOND, 'pwd'}", Witness(
            test_principal.test_a_second_factor_is_fresh_for_ten_minutes, {"factor": Factor.PASSWORD, "age": timedelta(0), "fresh": False}
        ),
    ),
    Mistake(
        SKIPPED, "a stale factor removes the authenticator", Mfa.remove_totp,
        "not principal.credential.second_factor_fresh(now=self._ambient.now())", "False",
        Witness(second.test_removal_takes_a_fresh_factor),
    ),
    Mistake(
        SKIPPED, "a provider's word is the account's second factor", FederatedSignIn.arrive, "if enrolled:", "if enrolled and False:",
        Witness(doors.way_in, {"way": "oidc_then_code", "state": "active"}),
    ),
    Mistake(
        SKIPPED, "nobody owes an enrolment after a provider", FederatedSignIn.arrive,
        "if not self._parts.duties.enforces(passage.organization, user.id):", "if True:",
        Witness(doors.way_in, {"way": "saml", "state": "required"}),
    ),
    Mistake(
        REPLAYED, "a workload's token counts twice", Exchanges.take, "if proved.used is None:", "if True:",
        Witness(workload.test_a_token_counts_once, IN_MEMORY),
    ),
    Mistake(
        REPLAYED, "a code of an earlier step counts", totp.verify, "steps[0] > last_step", "steps[0] != last_step",
        Witness(test_totp.test_an_accepted_code_is_never_accepted_again),
    ),
    Mistake(
        REPLAYED, "a wider window", totp._steps, "end = centre + window", "end = centre + window + 1",
        Witness(second.test_codes_outside_of_the_window_are_wrong, {"steps": 2}),
    ),
    Mistake(
        REPLAYED, "the step is not compared and set", Mfa._check_totp, "if won[0] else", "if won else", Witness(rivals.with_one_code),
    ),
    Mistake(
        REPLAYED, "a backup code is not consumed", BackupCodeBook.redeem, "if not self._parts.proofs.consume(",
        "if False and not self._parts.proofs.consume(", Witness(second.test_a_backup_code_works_once),
    ),
    Mistake(
        REPLAYED, "a backup code is consumed by both", BackupCodeBook.redeem,
        "if not self._parts.proofs.consume(Purpose.BACKUP_CODE, slot_digest(current.id, slot), now=self._ambient.now()):",
        "if self._parts.proofs.consume(Purpose.BACKUP_CODE, slot_digest(current.id, slot), now=self._ambient.now()) and False:",
        Witness(rivals.with_one_backup_code),
    ),
    Mistake(
        REPLAYED, "a ticket completes twice", SignIn.second_factor,
        "if not self._parts.proofs.consume(Purpose.SIGN_IN_TICKET, proof.digest, now=now):",
        "if self._parts.proofs.consume(Purpose.SIGN_IN_TICKET, proof.digest, now=now) and False:", Witness(rivals.with_one_ticket),
    ),
    Mistake(
        REPLAYED, "an answer of a passkey counts twice", PasskeyProver.spend,
        "None if self._parts.proofs.consume(purpose, digest, now=now) else _ANSWERED",
        "(self._parts.proofs.consume(purpose, digest, now=now), None)[1]", Witness(rivals.with_one_answer),
        beside=(PasskeyProver._used, "if self._parts.passkeys.replace(used) else", "if (self._parts.passkeys.replace(used), True)[1] else"),
    ),
    Mistake(
        COUNTED, "an address has a counter and not its account", SignIn.password,
        "password_counter(user.id) if user is not None else unknown_counter(key)", "unknown_counter(key)",
        Witness(throttle.test_another_address_opens_nothing),
    ),
    Mistake(
        COUNTED, "each writing of an address has a counter", parse_email, "return text, key", "return text, text",
        Witness(throttle.test_an_account_has_one_counter_however_it_is_named, {"written": "ANN@acme.example"}),
    ),
    Mistake(
        COUNTED, "nothing is counted", attempts._failed, "attempts.failures + 1", "attempts.failures",
        Witness(sign_in.test_the_fifth_failure_blocks),
    ),
    Mistake(
        COUNTED, "the first step forgives", SignIn.password,
        "self._parts.throttle.failed(charge, subject=user.id)\n        if device is None:",
        "self._parts.throttle.settle(charge)\n        if device is None:",
        Witness(sign_in.test_nothing_is_forgiven_before_the_journey_is_complete),
    ),
    Mistake(
        COUNTED, "devices share the counter of strangers", counters.device_counter, 'f"{counter}{_DEVICE}{device}"', "counter",
        Witness(throttle.test_strangers_close_the_way_for_strangers_only),
    ),
    Mistake(
        COUNTED, "a device is known to everybody", Devices.recognise, "device.user_id == user_id", "True",
        Witness(throttle.test_only_the_token_of_this_account_makes_a_device_known),
    ),
    Mistake(
        COUNTED, "each address of an IPv6 network has an allowance", allowance.address_block, "_PREFIX_V6", "128",
        Witness(test_allowance.test_the_block_of_an_address, {"address": "2001:db8:1:2::9", "block": "2001:db8:1:2::/64"}),
    ),
    Mistake(
        COUNTED, "codes do not count against the password", Throttle.charge, "for key in along:\n        record =",
        "for key in ():\n        record =",
        Witness(throttle.test_wrong_codes_end_the_password_too),
    ),
    Mistake(
        COUNTED, "exchanges are not counted", Exchanges.charge, "return self._parts.throttle.charge_address()", "return Charge()",
        Witness(workload.test_an_address_that_tries_much_is_held_back),
    ),
    Mistake(
        TOLD, "an exchange says what was wrong", Exchanges.refuse, "return REFUSED", "return Refusal(REFUSED.reason, why.value)",
        Witness(workload.test_every_refusal_is_the_same_and_the_log_says_why),
    ),
    Mistake(
        TOLD, "an unknown address costs nothing", PasswordVault.prove, "self._hasher.verify_nothing(password, typed=typed, scheme=scheme)",
        "pass",
        Witness(sign_in.test_known_and_unknown_addresses_can_not_be_told_apart),
    ),
    Mistake(
        TOLD, "a reset tells that there is no account", Links.request, "if user is not None and held is not None:",
        "if user is None:\n        return Refusal(Reason.NOT_FOUND, 'nobody')\n    if user is not None and held is not None:",
        Witness(sign_in.test_requests_by_address_answer_the_same),
    ),
    Mistake(
        TOLD, "unknown addresses are not counted", SignIn.password, "else unknown_counter(key)",
        "else unknown_counter(str(self._ambient.random(8)))",
        Witness(sign_in.test_unknown_addresses_are_throttled_alike),
    ),
    Mistake(
        TOLD, "the state of an account is told before its password", SignIn.password, "if isinstance(proved, Refusal) or user is None:",
        "if user is None or (isinstance(proved, Refusal) and may_sign_in(user) is None):",
        Witness(sign_in.test_a_disabled_account_does_not_sign_in),
    ),
    Mistake(
        NOTHING, "any password is right", PasswordVault.prove, "if not self._hasher.verify(encoded, password, typed=typed):", "if False:",
        Witness(sign_in.test_an_unverified_account_does_not_sign_in),
    ),
    Mistake(
        NOTHING, "any six digits are right", totp._steps, "compare_digest(", "0 <= len(given) or compare_digest(",
        Witness(second.test_codes_belong_to_their_person),
    ),
    Mistake(
        NOTHING, "any backup code is right", backup_codes.match_digest, "if hit", "if True",
        Witness(second.test_new_backup_codes_void_the_old),
    ),
    Mistake(
        NOTHING, "any secret of a session is right", session_token.check_session,
        "not hmac.compare_digest(presented.digest, stored) or session is None", "session is None",
        Witness(sessions.test_a_foreign_secret_opens_no_session),
    ),
    Mistake(
        NOTHING, "a link never ends", proof.check_proof, "now >= proof.expires_at", "False", Witness(sessions.test_links_end),
    ),
    Mistake(
        NOTHING, "a link counts for every address", Accounts._redeem, ' or user.email_key != proof.claims.get("email")', "",
        Witness(sessions.test_a_link_counts_for_the_address_that_it_was_mailed_to, {"kind": "email_verification"}),
    ),
    Mistake(
        NOTHING, "a pending authenticator counts", Mfa._confirmed, "if each.confirmed_at is not None", "if True",
        Witness(rivals.pending_counts_for_nothing),
    ),
    Mistake(
        NOTHING, "any secret of a directory is right", check_scim_token, "not hmac.compare_digest(presented.digest, digest) or", "",
        Witness(doors.directory_with_another_secret),
    ),
    Mistake(
        NOTHING, "a disabled account's rule gives keys", AbsentMinters.may_still_mint_for, "closed = person is not None and",
        "closed = False and person is not None and", Witness(doors.way_in, {"way": "exchange", "state": "disabled"}),
    ),
    Mistake(
        NOTHING, "a session of the account enters where the provider is required", entrance.lacks_sso,
        "credential.kind is not CredentialKind.SESSION", "True", Witness(test_entrance.test_which_credentials_are_refused, OWN_REFUSED),
    ),
    Mistake(
        NOTHING, "a break-glass code opens everything", entrance.lacks_sso, "permission != SSO_MANAGE or not", "not",
        Witness(test_entrance.test_whom_a_code_opens_the_settings, {"who": {}, "credential": test_entrance.BROKEN, "opened": True}),
    ),
    Mistake(
        NOTHING, "a break-glass code is for ever", entrance.glass_broken, "now < until", "True",
        Witness(test_entrance.test_whom_a_code_opens_the_settings, {"who": {}, "credential": ENDED, "opened": False}),
    ),
    Mistake(
        NOTHING, "any token of a request is its session's", csrf.check_csrf, "same = ", "same = True or ",
        Witness(test_csrf.test_a_write_needs_the_token_of_its_session),
    ),
)  # fmt: skip
