"""Nothing that is guessed is compared before the attempt was charged: every place that proves or consumes a secret is in a table."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import ctsec

SOURCE = Path(ctsec.__file__).parent
# Calls that compare a secret or look a token up: the last two names of what is called.
COMPARES = {
    "passwords.prove", "second_factors.prove", "hasher.verify", "hasher.verify_nothing", "verify", "match_digest", "proofs.peek",
    "proofs.consume", "invitations.by_digest", "prepared.check", "check_derived", "check_session", "proves", "prover.prove",
}  # fmt: skip
CHARGES = {"throttle.charge", "throttle.charge_address"}
# Places that charge before they compare.
CHARGED = {
    "authn._async.AsyncSignIn.password",
    "authn._async_accounts.AsyncAccounts.reset_password",
    "authn._async_addresses.AsyncAddresses._prove",
    "authn._async_addresses.AsyncAddresses.confirm_change",
    "authn._async_accounts.AsyncAccounts.change_password",
    "recovery._async_link.AsyncRecoveries.cancel",
    "mfa._async.AsyncMfa.identify",
    "sso._async_pending.AsyncPendingSignIns.resume",
    "sso._async_saml_messages.AsyncSamlMessages.recall",
}
# Parts whose callers have charged, each with those callers.
PARTS = {
    "authn._async_passwords.AsyncPasswordVault.prove": "sign_in.password, accounts.change_password, accounts.sign_up",
    "authn._async_links.AsyncLinks.redeem": "sign_in.link",
    "authn._async_accounts.AsyncAccounts._redeem": "accounts.verify_email, accounts.reset_password",
    "mfa._async.AsyncMfa._check_code": "mfa.prove",
    "mfa._async.AsyncMfa._check_totp": "mfa.prove, mfa.confirm_totp",
    "mfa._async_backup_codes.AsyncBackupCodeBook.redeem": "mfa.prove",
    "sso._async_glass.AsyncGlass._glass_slot": "sso_glass.redeem",
}
# Places that compare what is charged inside of what they call, or what nobody can guess; each with the reason.
OTHERS = {
    "authn._async.AsyncSignIn.second_factor": "the code is charged in mfa.prove; a ticket has 256 bits and is looked up by its digest",
    "authn._async.AsyncSignIn._holder": "a ticket has 256 bits and is looked up by its digest",
    "authn._async_owing.AsyncOwing.set_password": "a ticket has 256 bits; what was proved before it is charged in sign_in and mfa.prove",
    "mfa._async_prover.AsyncPasskeyProver.spend": "256 bits; what is signed with them is charged in mfa.prove and mfa.identify",
    "authn._async.AsyncSignIn.step_up": "the code is charged in mfa.prove",
    "authn._async_accounts.AsyncAccounts.sign_up": "a taken address costs as much as a new one; the answer tells nothing of the password",
    "authn._async_devices.AsyncDevices._presented": "256 bits that prove no person; they choose the counter that is charged next",
    "authn._async_sessions.AsyncSessions.authenticate": "256 bits",
    "keys._async_exchanges.AsyncExchanges.take": "the id of a token whose signature was judged; security.workload has charged the block",
    "connections._async_pending.AsyncPendingConsents.resume": "256 bits, found with the session of who is signed in alone",
    "authn._async_leaks.AsyncAccountLeaks.link": "256 bits, told by a scanner that signs; what is told lets nobody in",
    "directory._async_leaks.AsyncInvitationLeaks.link": "the same",
    "recovery._async_leaks.AsyncRecoveryLeaks.link": "the same",
    "recovery._async_leaks.AsyncRecoveryLeaks._first": "no secret: whether a report came before",
    "directory._async_members.AsyncMembers._invitation": "256 bits, for a signed-in person with the invited address only",
    "sso._async_notices.AsyncNotices.seen": "the id of a token whose signature was judged; security.sso.logouts has charged the block",
    "sso._async_notices.AsyncNotices.take": "the same",
    "sso._async_saml_messages.AsyncSamlMessages.take": "the id of an assertion whose signature was judged; recall has charged the block",
    "sso._async_saml_departures.AsyncSamlDepartures.recall": "256 bits that prove no person; saml.logouts has charged the block",
    "security._async_gate.AsyncGate.session": "256 bits",
    "security._async_replicas.AsyncReplicas.replicate": "compares copies of rows, no secret",
    "security._async_gate.AsyncGate.admit_key": "256 bits; what proves no key takes from the allowance of its address block afterwards",
    "security._async_gate.AsyncGate._derived": "the chain of a 256-bit root; what proves no key takes from the same allowance afterwards",
}


def called(node: ast.Call) -> str:
    """Return the last two names of what is called, without leading underscores."""
    names: list[str] = []
    target: ast.expr = node.func
    while isinstance(target, ast.Attribute):
        names.append(target.attr.lstrip("_"))
        target = target.value
    if isinstance(target, ast.Name) and target.id != "self":
        names.append(target.id)
    return ".".join(reversed(names[:2]))


def functions() -> Iterator[tuple[str, list[str]]]:
    """Yield every function of the async sources of features and composition, with what it calls in the order of the text."""
    for path in sorted(SOURCE.rglob("_async*.py")):
        module = ".".join(path.relative_to(SOURCE).with_suffix("").parts)
        if module.split(".")[0] in {"storage", "testing", "web"}:
            continue
        for top in ast.parse(path.read_text("utf-8")).body:
            for function in top.body if isinstance(top, ast.ClassDef) else [top]:
                if isinstance(function, (ast.AsyncFunctionDef, ast.FunctionDef)):
                    place = f"{module}.{top.name}.{function.name}" if isinstance(top, ast.ClassDef) else f"{module}.{function.name}"
                    calls = sorted((n for n in ast.walk(function) if isinstance(n, ast.Call)), key=lambda n: (n.lineno, n.col_offset))
                    yield place, [called(call) for call in calls]


@pytest.mark.proves("CVE-2026-123521", "NIST-3.2.2")
def test_every_comparison_is_in_a_table() -> None:
    """A function that proves a password, a code or a token fails here until it is said what was charged before."""
    found = {place for place, calls in functions() if COMPARES & set(calls)}
    assert found == CHARGED | PARTS.keys() | OTHERS.keys()


@pytest.mark.proves("CVE-2026-123521", "NIST-3.2.2", "NIST-4.2.1.2")
def test_what_charges_does_so_before_it_compares() -> None:
    """In the order of the text the charge stands before the first comparison; so it does where parts are called."""
    parts = {place.rpartition(".")[2].lstrip("_") for place in PARTS} - {"prove"}
    seen = set[str]()
    for place, calls in functions():
        first = [n for n, call in enumerate(calls) if call in COMPARES or call.rpartition(".")[2] in parts]
        if place in CHARGED or (first and place not in PARTS and place not in OTHERS):
            charges = [n for n, call in enumerate(calls) if call in CHARGES]
            assert charges, place
            assert charges[0] < first[0], place
            seen.add(place)
    assert seen >= CHARGED | {
        "mfa._async.AsyncMfa.prove",
        "mfa._async.AsyncMfa.confirm_totp",
        "authn._async_accounts.AsyncAccounts.verify_email",
        "authn._async.AsyncSignIn.link",
    }


@pytest.mark.proves("ASVS-7.2.1")
def test_hosts_verify_nothing_themselves() -> None:
    """Who somebody is is asked at the gate of the bundle: no module of a host or of the web layer reads a stored secret or compares one."""
    hosts = [SOURCE / "fastapi.py", SOURCE / "flask.py", *sorted((SOURCE / "web").glob("*.py"))]
    calls = {
        (path.stem, called(node))
        for path in hosts
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and not path.stem.startswith("_sync")
    }
    assert {name for stem, name in calls if name in COMPARES - {"verify"} or name.rpartition(".")[2] in STORED} == set()
    assert {(stem, name) for stem, name in calls if name in {"gate.session", "gate.api_key", "gate.admit_key"}} == {
        ("_async_entry", "gate.session"),
        ("_async_entry", "gate.admit_key"),
    }
    assert {(stem, name) for stem, name in calls if name.rpartition(".")[2] == "compare_digest"} == {("csrf", "hmac.compare_digest")}


# How a store and the core come by what proves somebody.
STORED = {"by_digest", "parse_session_token", "check_session", "parse_key", "token_digest", "match_digest", "peek", "consume"}
