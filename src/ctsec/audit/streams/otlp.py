"""A stream into OpenTelemetry: logs over OTLP/HTTP in JSON (OTLP 1.x, `POST …/v1/logs`)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, cast

from ctsec.audit.export.request import OcsfVersion
from ctsec.audit.streams.batch import StreamBatch, StreamItem, line_of
from ctsec.audit.streams.posting import SECONDS, Poster
from ctsec.errors import DeliveryFailed
from ctsec.secret import SecretText
from ctsec.transport.reach import Reach
from ctsec.transport.report import ConnectionReport
from ctsec.transport.tls import TRANSPORT, Transport

_INFO, _WARN = (9, "INFO"), (13, "WARN")
_NO_HEADERS: Final[Mapping[str, SecretText]] = {}


class OtlpReceiver:
    """Posts batches to `url`, the whole address such as `https://collector.example/v1/logs`; `headers` are the collector's, such as a key.

    A log record has the line of the event as its body, its key as the attribute `ctsec.key`, and the event's own time. A collector that
    rejects part of a batch has not taken it. `ocsf` is a version of OCSF to write instead of the stored bytes.
    """

    __slots__ = ("_headers", "_ocsf", "_poster")

    def __init__(
        self,
        url: str,
        *,
        headers: Mapping[str, SecretText] = _NO_HEADERS,
        ocsf: OcsfVersion | None = None,
        reach: Reach = Reach.PUBLIC,
        transport: Transport = TRANSPORT,
        seconds: float = SECONDS,
    ) -> None:
        self._poster = Poster(url, reach=reach, transport=transport, seconds=seconds)
        self._headers = dict(headers)
        self._ocsf = ocsf

    def deliver(self, batch: StreamBatch) -> None:
        """Post a batch; raise DeliveryFailed unless all of it was taken."""
        records = [_record(item, batch, line_of(item, batch=batch, ocsf=self._ocsf)) for item in batch.items()]
        resource = {"attributes": [_attribute("service.name", batch.origin.split("/")[0]), _attribute("ctsec.log", batch.place)]}
        made = {"resourceLogs": [{"resource": resource, "scopeLogs": [{"scope": {"name": "ctsec.audit"}, "logRecords": records}]}]}
        headers = {name: value.reveal() for name, value in self._headers.items()}
        body = json.dumps(made, ensure_ascii=False, separators=(",", ":")).encode()
        answer = self._poster.post(body, headers={**headers, "Content-Type": "application/json"})
        rejected = _rejected(answer.body)
        if rejected:
            raise DeliveryFailed(f"the collector rejected {rejected} of {len(records)} records")

    def connections(self) -> tuple[ConnectionReport, ...]:
        """Connect, and return what is spoken."""
        return (self._poster.report("otlp"),)


def _record(item: StreamItem, batch: StreamBatch, line: bytes) -> dict[str, Any]:
    said: Mapping[str, Any] = {} if item.raw is None else json.loads(item.raw[2])
    number, text = _INFO if said.get("outcome", "success") == "success" else _WARN
    name = str(said.get("name", "audit.purged"))
    attributes = [_attribute("ctsec.key", item.key), _attribute("ctsec.log", batch.place), _attribute("event.name", name)]
    return {
        "timeUnixNano": str(int(said.get("time", 0)) * 1000),
        "severityNumber": number,
        "severityText": text,
        "eventName": name,
        "body": {"stringValue": line.decode()},
        "attributes": attributes,
    }


def _attribute(key: str, value: str) -> dict[str, Any]:
    return {"key": key, "value": {"stringValue": value}}


def _rejected(body: bytes) -> int:
    """Return how many records a collector says that it rejected; an answer without a body is the whole success."""
    try:
        said: object = json.loads(body or b"{}")
    except ValueError:
        return 0
    partial = cast(dict[str, Any], said).get("partialSuccess") if isinstance(said, dict) else None
    count = cast(dict[str, Any], partial).get("rejectedLogRecords", 0) if isinstance(partial, dict) else 0
    return int(count) if str(count).isdecimal() else 0
