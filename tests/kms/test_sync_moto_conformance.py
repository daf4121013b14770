# Generated from tests/kms/test_async_moto_conformance.py by tools/twin.py; edit that file.
"""The adapter of AWS KMS on moto, an independent second opinion (async source of the twin).

moto does right what these classes ask: data keys, contexts, re-wrapping, descriptions, sizes. Left to the strict stand-in is what moto
does otherwise than the service: it uses disabled keys and those about to be deleted, answers a foreign key with AccessDeniedException,
ignores the region and account of an ARN, can not decrypt with multi-region keys,
and describes a key without the usage that it was not given.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ctsec.encryption.kms import AwsKms, CallBounds, KmsThreads
from ctsec.encryption.ports import Kms
from ctsec.testing import conformance
from tests.kms.support import in_threads, services, session
from tests.servers import server

pytestmark = pytest.mark.server("moto")


@pytest.fixture
def blocking_kms() -> Iterator[AwsKms]:
    url = f"http://127.0.0.1:{server('moto').port}"
    client = session().client("kms", endpoint_url=url)
    arn = str(client.create_key(KeyUsage="ENCRYPT_DECRYPT")["KeyMetadata"]["Arn"])
    client.close()
    with services(url, bounds=CallBounds(read=20.0, total=60.0)) as made:
        yield made.open(arn)


@pytest.fixture
def kms(blocking_kms: AwsKms, threads: KmsThreads) -> Kms:
    return blocking_kms


class TestKms(conformance.KmsConformance):
    pass


class TestThreads(conformance.KmsThreadConformance):
    pass
