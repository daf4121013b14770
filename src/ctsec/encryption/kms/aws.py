"""AWS KMS through boto3 (extra `aws`).

Rules that this module keeps:

- a key is named by its full ARN in every call, unwrapping included: nothing is found out from a ciphertext;
- the context is one entry of the encryption context, `ctsec`, in URL-safe base64: it stays injective whatever is done with the pairs;
- re-wrapping happens inside the service, under the same key: the data key does not leave it;
- a call has time-outs and a total (`CallBounds`); boto3's own retries are off, so that nothing is tried again twice over;
- requests go over TLS 1.3; plain http is for a stand-in on loopback only, whoever sets the address;
- connections are not shared with a forked child; no exception of boto3 leaves this module, and no data key its log.
"""

from __future__ import annotations

import base64
import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar, cast

from ctsec.encryption.kek import MAX_WRAPPED, KekDescription, check_context, check_data_key
from ctsec.encryption.kms import aws_answers
from ctsec.encryption.kms.arn import KeyArn
from ctsec.encryption.kms.attempts import Attempts, CallBounds
from ctsec.encryption.kms.endpoint import safe_endpoint
from ctsec.errors import ConfigurationError, CtsecError, DecryptionFailed, KmsUnavailable
from ctsec.secret import Secret
from ctsec.transport import ConnectionReport, Transport, check_url, report_https
from ctsec.transport.boto import enforce_tls13
from ctsec.transport.forks import start_anew_after_fork
from ctsec.transport.tls import TRANSPORT

if TYPE_CHECKING:
    from boto3.session import Session

T = TypeVar("T")
_NAME: Final = "ctsec"
_MAX_CLIENTS: Final = 64
_ASKING: Final[ContextVar[bool]] = ContextVar("_ASKING", default=False)


def _is_ours_to_tell(record: logging.LogRecord) -> bool:  # noqa: ARG001 - the signature of a filter
    return not _ASKING.get()


# At DEBUG botocore writes the bodies of requests and answers to these, data keys among them. What others ask through boto3 is told on.
for _name in ("botocore.endpoint", "botocore.parsers"):
    logging.getLogger(_name).addFilter(_is_ours_to_tell)


class _Client(Protocol):
    """What is used of boto3's client."""

    meta: Any

    def describe_key(self, *, KeyId: str) -> Mapping[str, object]: ...  # noqa: N803 - the names are the service's
    def generate_data_key(self, *, KeyId: str, KeySpec: str, EncryptionContext: Mapping[str, str]) -> Mapping[str, object]: ...  # noqa: N803
    def encrypt(self, *, KeyId: str, Plaintext: bytes, EncryptionContext: Mapping[str, str]) -> Mapping[str, object]: ...  # noqa: N803
    def decrypt(self, *, KeyId: str, CiphertextBlob: bytes, EncryptionContext: Mapping[str, str]) -> Mapping[str, object]: ...  # noqa: N803
    def re_encrypt(self, **members: object) -> Mapping[str, object]: ...
    def close(self) -> None: ...


class AwsKeyServices:
    """AWS KMS keys by their ARNs, with the host's boto3 session and one client for each region.

    `regions` are the only ones that keys may be in (None: any), `bounds` the bounds of a call, `transport` what the doctor trusts;
    `endpoint` is the address of a stand-in for tests (https, or http on loopback). Raises ConfigurationError without boto3 and for another
    endpoint.
    """

    __slots__ = ("__weakref__", "_attempts", "_bounds", "_clients", "_endpoint", "_lock", "_opened", "_regions", "_session", "_transport")

    def __init__(
        self,
        session: Session | None = None,
        *,
        regions: Iterable[str] | None = None,
        bounds: CallBounds | None = None,
        endpoint: str | None = None,
        attempts: Attempts | None = None,
        transport: Transport = TRANSPORT,
    ) -> None:
        try:
            from boto3.session import Session
        except ImportError:
            raise ConfigurationError("keys of AWS KMS need boto3; install ctsec[aws]") from None
        self._bounds = bounds or CallBounds()
        self._attempts = attempts or Attempts(self._bounds)
        self._transport = transport
        self._regions = None if regions is None else frozenset(regions)
        self._endpoint = None if endpoint is None else safe_endpoint(endpoint)
        self._session = session or Session()
        self._opened: set[str] = set()
        start_anew_after_fork(self)
        self.after_fork()

    def after_fork(self) -> None:
        """Start without connections and with a lock of its own."""
        self._lock = threading.Lock()
        self._clients: dict[str, _Client] = {}

    def open(self, ref: str) -> AwsKms:
        """Return the service with the key of this ARN; raise ConfigurationError for what is none, an alias, or a key of another region."""
        try:
            arn = KeyArn.parse(ref)
        except ValueError as error:
            raise ConfigurationError(f"no key of AWS KMS has this reference; {error}") from None
        if self._regions is not None and arn.region not in self._regions:
            raise ConfigurationError(f"expected a key in one of the regions {', '.join(sorted(self._regions))}")
        if len(self._opened) < _MAX_CLIENTS:
            self._opened.add(arn.region)
        return AwsKms(arn, services=self)

    def close(self) -> None:
        """Close the connections; a later call makes new ones."""
        with self._lock:
            clients, self._clients = self._clients, {}
        for client in clients.values():
            client.close()

    def connections(self) -> tuple[ConnectionReport, ...]:
        """Connect to the service in each region that was named, or (where none was) that a key was opened of; return what is spoken."""
        return tuple(self.report(region) for region in sorted(self._opened if self._regions is None else self._regions))

    def report(self, region: str) -> ConnectionReport:
        """Connect to the service in a region, and return what is spoken."""
        address = str(self._client(region).meta.endpoint_url)
        return report_https(f"aws kms {region}", check_url(address), transport=self._transport)

    def ask(self, arn: KeyArn, call: Callable[[_Client], T]) -> T:
        """Return what `call` makes of an answer, within the bounds; raise the small set of errors."""
        return self._attempts.run(lambda: self._once(arn, call))

    def _once(self, arn: KeyArn, call: Callable[[_Client], T]) -> T:
        from botocore.exceptions import BotoCoreError, ClientError

        asking = _ASKING.set(True)
        try:
            return call(self._client(arn.region))
        except CtsecError:
            raise
        except ClientError as error:
            told: Mapping[str, object] = cast("Any", error).response.get("Error", {})
            raise aws_answers.refusal(arn, name=str(told.get("Code")), message=str(told.get("Message"))) from None
        except BotoCoreError as error:
            raise KmsUnavailable(f"AWS KMS did not answer ({type(error).__name__})") from None
        except Exception as error:  # noqa: BLE001 - what boto3's parsers raise on garbage is not documented
            raise KmsUnavailable(f"AWS KMS answered something that is no answer ({type(error).__name__})") from None
        finally:
            _ASKING.reset(asking)

    def _client(self, region: str) -> _Client:
        with self._lock:
            found = self._clients.get(region)
            if found is None:
                if len(self._clients) >= _MAX_CLIENTS:
                    raise ConfigurationError(f"more than {_MAX_CLIENTS} regions are in use; name the allowed ones with regions=")
                found = self._clients[region] = self._connect(region)
            return found

    def _connect(self, region: str) -> _Client:
        from botocore.config import Config

        bounds = self._bounds
        config = Config(connect_timeout=bounds.connect, read_timeout=bounds.read, retries={"total_max_attempts": 1, "mode": "standard"})
        made = cast("Any", self._session).client("kms", region_name=region, endpoint_url=self._endpoint, config=config)
        safe_endpoint(str(made.meta.endpoint_url))
        return enforce_tls13(cast("_Client", made))


class AwsKms:
    """One key of AWS KMS, named by its ARN; made by `AwsKeyServices.open`."""

    __slots__ = ("_arn", "_services", "ref")

    def __init__(self, arn: KeyArn, *, services: AwsKeyServices) -> None:
        self._arn = arn
        self._services = services
        self.ref = str(arn)

    def __repr__(self) -> str:
        return f"AwsKms({self.ref!r})"

    def connections(self) -> tuple[ConnectionReport, ...]:
        """Connect to the service in the key's region, and return what is spoken."""
        return (self._services.report(self._arn.region),)

    def describe(self) -> KekDescription:
        """Return what the service says of the key (kms:DescribeKey)."""
        return self._services.ask(self._arn, lambda client: aws_answers.description(self._arn, client.describe_key(KeyId=self.ref)))

    def generate_data_key(self, context: bytes) -> tuple[Secret, bytes]:
        """Return a fresh data key of 32 bytes and its wrapped form (kms:GenerateDataKey)."""
        bound = _bound(context)

        def call(client: _Client) -> tuple[Secret, bytes]:
            answer = client.generate_data_key(KeyId=self.ref, KeySpec="AES_256", EncryptionContext=bound)
            aws_answers.about(self._arn, answer, "KeyId")
            return aws_answers.generated(answer), aws_answers.wrapped_of(answer)

        return self._services.ask(self._arn, call)

    def wrap(self, key: Secret, context: bytes) -> bytes:
        """Return the wrapped form of a data key of 32 bytes (kms:Encrypt); raise ValueError for another length."""
        bound = _bound(context)
        check_data_key(key)

        def call(client: _Client) -> bytes:
            answer = client.encrypt(KeyId=self.ref, Plaintext=key.reveal(), EncryptionContext=bound)
            return aws_answers.wrapped_of(aws_answers.about(self._arn, answer, "KeyId"))

        return self._services.ask(self._arn, call)

    def unwrap(self, wrapped: bytes, context: bytes) -> Secret:
        """Return the data key (kms:Decrypt); raise DecryptionFailed for another context, changed bytes or another key."""
        bound = _bound(context)
        _sized(wrapped)

        def call(client: _Client) -> Secret:
            answer = client.decrypt(KeyId=self.ref, CiphertextBlob=wrapped, EncryptionContext=bound)
            return aws_answers.unwrapped(aws_answers.about(self._arn, answer, "KeyId"))

        return self._services.ask(self._arn, call)

    def rewrap(self, wrapped: bytes, old_context: bytes, new_context: bytes) -> bytes:
        """Return the same data key wrapped anew (kms:ReEncryptFrom and kms:ReEncryptTo); raises as `unwrap` does."""
        old, new = _bound(old_context), _bound(new_context)
        _sized(wrapped)

        def call(client: _Client) -> bytes:
            answer = client.re_encrypt(
                CiphertextBlob=wrapped,
                SourceKeyId=self.ref,
                DestinationKeyId=self.ref,
                SourceEncryptionContext=old,
                DestinationEncryptionContext=new,
            )
            return aws_answers.wrapped_of(aws_answers.about(self._arn, answer, "SourceKeyId", "KeyId"))

        return self._services.ask(self._arn, call)


def _bound(context: bytes) -> dict[str, str]:
    return {_NAME: base64.urlsafe_b64encode(check_context(context)).decode("ascii")}


def _sized(wrapped: bytes) -> None:
    if not 1 <= len(wrapped) <= MAX_WRAPPED:
        raise DecryptionFailed(f"expected a wrapped data key of 1 to {MAX_WRAPPED} bytes")
