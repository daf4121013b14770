"""A stream into S3: an object for each batch (extra `aws`)."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from ctsec.audit.export.request import OcsfVersion
from ctsec.audit.streams.batch import StreamBatch, lines_of
from ctsec.errors import CtsecError, DeliveryFailed
from ctsec.transport.address import check_url
from ctsec.transport.boto import enforce_tls13
from ctsec.transport.report import ConnectionReport, report_https
from ctsec.transport.tls import TRANSPORT, Transport

if TYPE_CHECKING:
    from boto3.session import Session

T = TypeVar("T")
CONNECT: Final = 3.0
ANSWER: Final = 10.0
_PREFIX: Final = re.compile(r"[A-Za-z0-9._=/-]{0,200}")


class S3Bucket:
    """A bucket, through the host's boto3 session; TLS 1.3 only, one attempt within 3 seconds to connect and 10 to answer.

    `endpoint` is the address of another service that speaks S3. Raises ValueError for a prefix with other than letters, digits and
    `. _ = / -`, and ConfigurationError for a client that can not be held to TLS 1.3.
    """

    __slots__ = ("_client", "_transport", "bucket", "prefix")

    def __init__(
        self,
        session: Session,
        *,
        bucket: str,
        region: str,
        prefix: str = "ctsec",
        endpoint: str | None = None,
        transport: Transport = TRANSPORT,
        seconds: float = ANSWER,
    ) -> None:
        from botocore.config import Config

        if not _PREFIX.fullmatch(prefix):
            raise ValueError("expected a prefix of letters, digits and . _ = / -")
        style = {"addressing_style": "path"} if endpoint is not None else {}
        retries: Any = {"total_max_attempts": 1, "mode": "standard"}
        config = Config(connect_timeout=CONNECT, read_timeout=seconds, retries=retries, s3=cast("Any", style))
        made: Any = cast("Any", session).client("s3", region_name=region, endpoint_url=endpoint, config=config)
        self._client = enforce_tls13(made)
        self._transport = transport
        self.bucket = bucket
        self.prefix = prefix.strip("/")

    def __repr__(self) -> str:
        return f"S3Bucket({self.bucket!r})"

    def key(self, *parts: str) -> str:
        """Return the key of an object below the prefix."""
        return "/".join(part for part in (self.prefix, *parts) if part)

    def put(self, key: str, body: bytes, **members: object) -> None:
        """Store an object, checked by the service against its SHA-256; raise DeliveryFailed if it is not known to be stored."""
        digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
        # The algorithm is named besides: objects under a lock are refused without it.
        checked = {"ChecksumAlgorithm": "SHA256", "ChecksumSHA256": digest}
        self.ask(lambda client: client.put_object(Bucket=self.bucket, Key=key, Body=body, **checked, **members))

    def ask(self, call: Callable[[Any], T]) -> T:
        """Return what `call` makes of the client; raise DeliveryFailed for what boto3 raises, without addresses and keys."""
        from botocore.exceptions import ClientError

        try:
            return call(self._client)
        except CtsecError:
            raise
        except ClientError as error:
            told: Any = cast("Any", error).response
            code, status = told.get("Error", {}).get("Code", ""), told.get("ResponseMetadata", {}).get("HTTPStatusCode", "")
            raise DeliveryFailed(f"S3 answered {str(code)[:60]} ({status})") from None
        except Exception as error:  # noqa: BLE001 - what boto3's parsers raise on garbage is not documented
            raise DeliveryFailed(f"S3 did not answer ({type(error).__name__})") from None

    def report(self, what: str) -> ConnectionReport:
        """Connect, and return what is spoken."""
        return report_https(what, check_url(str(self._client.meta.endpoint_url)), transport=self._transport)


class S3Receiver:
    """Stores each batch as `<prefix>/<log>/<first>-<last>.jsonl`: a repeat is of the same indexes, and overwrites the same object.

    `ocsf` is a version of OCSF to write instead of the stored bytes.
    """

    __slots__ = ("_bucket", "_ocsf")

    def __init__(self, bucket: S3Bucket, *, ocsf: OcsfVersion | None = None) -> None:
        self._bucket = bucket
        self._ocsf = ocsf

    def deliver(self, batch: StreamBatch) -> None:
        """Store a batch; raise DeliveryFailed if it is not known to be stored."""
        key = self._bucket.key(batch.place, f"{batch.first}-{batch.end - 1}.jsonl")
        self._bucket.put(key, lines_of(batch, ocsf=self._ocsf), ContentType="application/x-ndjson")

    def connections(self) -> tuple[ConnectionReport, ...]:
        """Connect, and return what is spoken."""
        return (self._bucket.report("s3"),)
