"""The error tree: codes that hosts and logs may rely on."""

from __future__ import annotations

import pickle

import pytest

from ctsec import errors
from ctsec.errors import AccessDenied, CtsecError, KmsError, StoreBusy, StoreError

CLASSES = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, CtsecError)]
CODES = {
    "CtsecError": "ctsec", "ConfigurationError": "configuration", "StoreError": "store", "StoreBusy": "store_busy",
    "StoreReadOnly": "store_read_only", "SchemaMismatch": "schema_mismatch", "CorruptRecord": "corrupt_record", "KmsError": "kms",
    "KeyNotFound": "key_not_found", "KeyDenied": "key_denied", "KmsUnavailable": "kms_unavailable", "DecryptionFailed": "decryption_failed",
    "KeyDisabled": "key_disabled", "KeyPendingDeletion": "key_pending_deletion", "KmsThrottled": "kms_throttled",
    "Overloaded": "overloaded", "UnknownPermission": "unknown_permission", "MailError": "mail",
    "AccessDenied": "access_denied",
}  # fmt: skip


def test_codes_are_stable() -> None:
    """No code that was ever released changes; a new class adds a line here."""
    assert CODES.items() <= {each.__name__: each.code for each in CLASSES}.items()


def test_codes_are_one_class_each() -> None:
    """A code names one class, and every class has one of its own."""
    assert len({each.code for each in CLASSES}) == len(CLASSES)
    assert all("code" in vars(each) for each in CLASSES)


def test_the_tree_is_at_most_three_deep() -> None:
    """An error is a CtsecError, of a group, of a kind; nothing is deeper."""
    assert max(len(each.__mro__) for each in CLASSES) - len(CtsecError.__mro__) <= 2


@pytest.mark.parametrize("error", CLASSES)
def test_only_what_consumed_nothing_may_be_tried_again(error: type[CtsecError]) -> None:
    """Exactly the errors of a busy, lagging, overloaded or unreachable other side are retryable."""
    others = {"kms_throttled", "kms_unavailable", "overloaded", "mail", "workspace_moving", "breaches_unavailable", "fetch_failed"}
    others.add("delivery_failed")
    assert error.retryable == (error.code in {"store_busy", "stale_read"} | others)


def test_a_key_service_said_no_or_may_be_asked_again() -> None:
    """Each reason of a key service is either definite or retryable, never both, never neither."""
    reasons = [each for each in CLASSES if issubclass(each, KmsError) and each is not KmsError]
    assert {each.code for each in reasons if each.definite} == {"key_not_found", "key_disabled", "key_pending_deletion", "key_denied"}
    assert all(each.definite != each.retryable for each in reasons)
    assert not KmsError.definite


def test_a_denial_goes_between_processes() -> None:
    """AccessDenied survives a pickle with its permission, reason and place, as an error of a worker process must."""
    sent = AccessDenied("agents:run is refused", permission="agents:run", reason="expired", organization="org_x", workspace="wsp_x")
    came: AccessDenied = pickle.loads(pickle.dumps(sent))
    assert (str(came), vars(came)) == (str(sent), vars(sent))


def test_a_busy_store_is_a_store_error() -> None:
    """Who handles StoreError handles the busy one too."""
    assert issubclass(StoreBusy, StoreError)
