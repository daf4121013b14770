"""The error tree of ctsec: broken infrastructure, corrupt data and wrong wiring.

Rules that this module keeps:

- every class has a stable `code`, which hosts and logs may rely on;
- an expected failure (a wrong code, an expired key, a denied action) is no exception: see `ctsec.outcome`. `AccessDenied` is raised only
  where a host's own code asks for that, with `Access.require`, and the host adapters answer it as the refusal it stands for;
- a message is lower case, has no period and holds no secret; it says what was expected and what to do;
- foreign exceptions do not leave the package: adapters translate them into one of these.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import ClassVar


class CtsecError(Exception):
    """The root of every error that ctsec raises; never raised itself."""

    code: ClassVar[str] = "ctsec"
    retryable: ClassVar[bool] = False


class ConfigurationError(CtsecError):
    """A part is missing or wrong; found when the application starts, never at the first request."""

    code = "configuration"


class StoreError(CtsecError):
    """The store failed in a way that a retry does not mend."""

    code = "store"


class StoreBusy(StoreError):
    """The store could not serialise this call with others; nothing was consumed, and the same call may be tried again."""

    code = "store_busy"
    retryable = True


class StaleRead(StoreError):
    """The transaction sees an older state than was asked for; a newer transaction, or the primary database, may answer."""

    code = "stale_read"
    retryable = True


class StoreReadOnly(StoreError):
    """The store accepts no writes; nothing was written."""

    code = "store_read_only"


class SchemaMismatch(StoreError):
    """The tables are of another version than this package expects."""

    code = "schema_mismatch"


class CorruptRecord(StoreError):
    """A stored record does not decode; it was changed outside of ctsec or written by a newer version."""

    code = "corrupt_record"


class LogInconsistent(StoreError):
    """The audit log is not what its last checkpoint says, so no further checkpoint is signed; `ctsec audit verify` says where."""

    code = "log_inconsistent"


class LogStalled(StoreError):
    """Events of the audit log wait for their index for too long, so nothing that is anchored covers them."""

    code = "log_stalled"


class KmsError(CtsecError):
    """A key service refused or failed; see the subclasses for the small set of reasons.

    `definite` says that the service judged the key and said no: nothing that was unwrapped before may serve on. Otherwise it is not known
    what the service would have said, and the same call may be tried again.
    """

    code = "kms"
    definite: ClassVar[bool] = False


class KeyNotFound(KmsError):
    """The key that wrapped this data does not exist any more."""

    code = "key_not_found"
    definite = True


class KeyDisabled(KmsError):
    """The key is switched off at its service, until somebody switches it on again."""

    code = "key_disabled"
    definite = True


class KeyPendingDeletion(KmsError):
    """The key is about to be deleted at its service; until then its owner can still cancel that."""

    code = "key_pending_deletion"
    definite = True


class KeyDenied(KmsError):
    """The key service refuses the use of this key by policy: who asks has no right to this operation."""

    code = "key_denied"
    definite = True


class KmsThrottled(KmsError):
    """The key service was asked too often; the same call may be tried again, later."""

    code = "kms_throttled"
    retryable = True


class KmsUnavailable(KmsError):
    """The key service did not answer, or with something that is no answer; the same call may be tried again."""

    code = "kms_unavailable"
    retryable = True


class DecryptionFailed(CtsecError):
    """The ciphertext does not open under this key and this context: it was changed, moved or belongs to another record."""

    code = "decryption_failed"


class ResidencyError(CtsecError):
    """A workspace, a store and a key do not belong to the same region, or a move can not go on; nothing was written."""

    code = "residency"


class WorkspaceMoving(ResidencyError):
    """The workspace is on its way to another region, or has just arrived there; nothing was written, try again in a while."""

    code = "workspace_moving"
    retryable = True


class Overloaded(CtsecError):
    """A bounded worker is full; the call was not started and may be tried again."""

    code = "overloaded"
    retryable = True


class BreachesUnavailable(CtsecError):
    """The list of leaked passwords gave no answer in time, or none that can be read; the password was not set."""

    code = "breaches_unavailable"
    retryable = True


class FetchError(CtsecError):
    """Something was not fetched over https; see the two subclasses. `reason` is the value of a `ctsec.transport.FetchReason`."""

    code = "fetch"

    def __init__(self, message: str, *, reason: str) -> None:
        super().__init__(message)
        self.reason = reason

    def __reduce__(self) -> tuple[Callable[[], FetchError], tuple[()]]:
        return partial(type(self), str(self), reason=self.reason), ()


class FetchRefused(FetchError):
    """An address, or what answered there, is not what may be fetched; trying again changes nothing."""

    code = "fetch_refused"


class FetchFailed(FetchError):
    """The other side did not answer in time, or not to the end; the same request may be tried again."""

    code = "fetch_failed"
    retryable = True


class DeliveryFailed(CtsecError):
    """A stream's receiver, or an anchor, is not known to have taken what it was given; it is given the same again later."""

    code = "delivery_failed"
    retryable = True


class UnknownPermission(CtsecError):
    """The code asked for a permission that the policy does not name; this is a mistake in the host's code."""

    code = "unknown_permission"


class AccessDenied(CtsecError):
    """The host's code required a permission that the caller does not have; the host adapters answer it with 403 or 404.

    `permission` is what was required and `reason` why it is denied: the value of a `ctsec.rbac.DecisionReason`. `organization` and
    `workspace` are the ids of the place, if it is known.
    """

    code = "access_denied"

    def __init__(
        self, message: str, *, permission: str, reason: str, organization: str | None = None, workspace: str | None = None
    ) -> None:
        super().__init__(message)
        self.permission = permission
        self.reason = reason
        self.organization = organization
        self.workspace = workspace

    def __reduce__(self) -> tuple[Callable[[], AccessDenied], tuple[()]]:
        # Unpickling passes positional arguments only, and these are keywords.
        return partial(AccessDenied, str(self), **vars(self)), ()


class MailError(CtsecError):
    """A message could not be handed to the mail server."""

    code = "mail"
    retryable = True
