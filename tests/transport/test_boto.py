"""A boto3 client is held to TLS 1.3: against https services on loopback of either version."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from boto3.session import Session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, SSLError

from ctsec.encryption.kms import AwsKeyServices, CallBounds, CompositeKeyServices
from ctsec.errors import ConfigurationError, KmsUnavailable
from ctsec.transport import Transport, enforce_tls13
from tests.certificates import Authority, Pair
from tests.transport.peers import listening, service


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A CA of this module's own."""
    return Authority.make(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def pair(authority: Authority) -> Pair:
    """The service's certificate, for 127.0.0.1."""
    return authority.issue("kms")


def client(port: int, *, verify: str | bool, scheme: str = "https", host: str = "127.0.0.1", proxies: dict[str, str] | None = None) -> Any:
    """Return a client of a key service at a port of loopback."""
    session = Session(aws_access_key_id="AKIDEXAMPLE", aws_secret_access_key="s3cret-word", region_name="eu-west-1")
    config = Config(retries={"total_max_attempts": 1, "mode": "standard"}, connect_timeout=5, read_timeout=5, proxies=proxies)
    return session.client("kms", endpoint_url=f"{scheme}://{host}:{port}", verify=verify, config=config)


@pytest.mark.proves("SEED-E1", "ASVS-12.1.1", "ASVS-12.3.1")
def test_tls12_is_refused_and_tls13_is_spoken(authority: Authority, pair: Pair) -> None:
    """An enforced client does not speak to a TLS 1.2-only service, to which a client that is not enforced speaks; TLS 1.3 works."""
    with service(listening(pair, "TLSv1.2")) as old:
        client(old.port, verify=authority.file).describe_key(KeyId="k")
        with pytest.raises(SSLError):
            enforce_tls13(client(old.port, verify=authority.file)).describe_key(KeyId="k")
    assert old.versions == ["TLSv1.2", "refused"]
    with service(listening(pair, "TLSv1.3")) as new:
        answer = enforce_tls13(client(new.port, verify=authority.file)).describe_key(KeyId="k")
    assert answer["KeyMetadata"]["KeyId"] == "k"
    assert new.versions == ["TLSv1.3"]


@pytest.mark.proves("SEED-E1", "ASVS-12.3.1")
def test_the_key_service_of_ctsec_is_held_to_it(authority: Authority, pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client of AWS KMS that ctsec makes does not speak to a service below TLS 1.3, and tells the doctor what it speaks."""
    monkeypatch.setenv("AWS_CA_BUNDLE", str(authority.file))
    session = Session(aws_access_key_id="AKIDEXAMPLE", aws_secret_access_key="s3cret-word", region_name="eu-west-1")
    bounds = CallBounds(attempts=1, read=5.0, total=9.0)
    arn = "arn:aws:kms:eu-west-1:111122223333:key/0b7bcb2d-3b9e-4b7e-8d4d-111122223333"
    for version, spoken in (("TLSv1.2", "refused"), ("TLSv1.3", "TLSv1.3")):
        with service(listening(pair, version)) as peer:
            endpoint = f"https://127.0.0.1:{peer.port}"
            trusted = Transport(ca_file=str(authority.file))
            aws = AwsKeyServices(session, regions=["eu-west-1"], bounds=bounds, endpoint=endpoint, transport=trusted)
            with pytest.raises(KmsUnavailable):  # the second answers for another key
                aws.open(arn).describe()
            assert peer.versions == [spoken]
            (report,) = CompositeKeyServices({"arn": aws}).connections()
            assert (report.what, report.protocol, report.sound) == ("aws kms eu-west-1", spoken.replace("refused", ""), spoken == "TLSv1.3")
            aws.close()


def test_connections_from_before_are_not_used_again(authority: Authority, pair: Pair) -> None:
    """A connection that was open before the client was enforced is closed, so no request goes over its TLS 1.2."""
    with service(listening(pair, "TLSv1.2")) as old:
        made = client(old.port, verify=authority.file)
        made.describe_key(KeyId="k")
        enforce_tls13(made)
        with pytest.raises(SSLError):
            made.describe_key(KeyId="k")
    assert old.versions == ["TLSv1.2", "refused"]


@pytest.mark.proves("ASVS-12.3.2", "ASVS-12.3.4")
def test_certificates_are_still_checked(authority: Authority, pair: Pair, tmp_path: Path) -> None:
    """A wrong name and an unknown CA are refused, and a client that was made without checking is not accepted at all."""
    with service(listening(pair, "TLSv1.3")) as running:
        other = Authority.make(tmp_path).file
        for made in (client(running.port, verify=authority.file, host="localhost"), client(running.port, verify=other)):
            with pytest.raises(SSLError):
                enforce_tls13(made).describe_key(KeyId="k")
        with pytest.raises(ConfigurationError, match="checks certificates"):
            enforce_tls13(client(running.port, verify=False))
    assert (len(running.versions), running.answered) == (2, 0)


@pytest.mark.proves("ASVS-12.3.1")
def test_plain_http_is_for_loopback(authority: Authority) -> None:
    """A client of a plain http service elsewhere is refused; on loopback it may be a stand-in."""
    with service(None) as stand_in:
        enforce_tls13(client(stand_in.port, verify=True, scheme="http")).describe_key(KeyId="k")
    with pytest.raises(ConfigurationError, match="plain http is for loopback"):
        enforce_tls13(client(80, verify=True, scheme="http", host="kms.example.test"))


def test_enforcing_twice_is_enforcing_once(authority: Authority, pair: Pair) -> None:
    """A second call changes nothing."""
    with service(listening(pair, "TLSv1.3")) as running:
        made = client(running.port, verify=authority.file)
        assert enforce_tls13(enforce_tls13(made)) is made
        made.describe_key(KeyId="k")
    assert running.versions == ["TLSv1.3"]


def test_contexts_for_proxies_are_raised_too(authority: Authority) -> None:
    """The context of a tunnel through a proxy, which botocore makes at the first request, is TLS 1.3 only."""
    made = client(443, verify=authority.file, host="kms.example.test", proxies={"https": "http://127.0.0.1:1"})
    session = enforce_tls13(made)._endpoint.http_session
    with pytest.raises(BotoCoreError):
        made.describe_key(KeyId="k")
    contexts = [manager.connection_pool_kw["ssl_context"] for manager in session._proxy_managers.values()]
    assert [context.minimum_version for context in contexts] == [ssl.TLSVersion.TLSv1_3]
    forwarding = client(443, verify=authority.file, host="kms.example.test")
    forwarding._endpoint.http_session._proxy_config.settings["proxy_use_forwarding_for_https"] = True
    with pytest.raises(ConfigurationError, match="does not see the requests"):
        enforce_tls13(forwarding)


def _without_endpoint(made: Any) -> None:
    del made._endpoint


def _other_session(made: Any) -> None:
    made._endpoint.http_session = object()


def _no_context(made: Any) -> None:
    made._endpoint.http_session._manager.connection_pool_kw["ssl_context"] = None


def _no_factory(made: Any) -> None:
    made._endpoint.http_session._get_ssl_context = None


def _unused_factory(made: Any) -> None:
    made._endpoint.http_session._get_pool_manager_kwargs = lambda: {"ssl_context": ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)}


@pytest.mark.parametrize("change", [_without_endpoint, _other_session, _no_context, _no_factory, _unused_factory])
def test_another_layout_is_refused(change: Callable[[Any], None], authority: Authority) -> None:
    """A botocore that is not built as expected makes the call fail, instead of a client that speaks TLS 1.2."""
    made = client(443, verify=authority.file)
    change(made)
    with pytest.raises(ConfigurationError, match="not built as expected"):
        enforce_tls13(made)
    with pytest.raises(ConfigurationError, match="not built as expected"):
        enforce_tls13(object())


def _lower(made: Any) -> None:
    made._endpoint.http_session._manager.connection_pool_kw["ssl_context"].minimum_version = ssl.TLSVersion.TLSv1_2


def _replace(made: Any) -> None:
    made._endpoint.http_session = type(made._endpoint.http_session)()


def _stop_checking(made: Any) -> None:
    made._endpoint.http_session._verify = False


@pytest.mark.parametrize("undo", [_lower, _replace, _stop_checking])
def test_what_was_undone_is_seen_before_a_request(undo: Callable[[Any], None], authority: Authority, pair: Pair) -> None:
    """Somebody who lowers the context, puts another session in or switches the checks off gets no request through."""
    with service(listening(pair, "TLSv1.2")) as old:
        made = enforce_tls13(client(old.port, verify=authority.file))
        undo(made)
        with pytest.raises(ConfigurationError, match="not built as expected"):
            made.describe_key(KeyId="k")
    assert old.versions == []


def test_each_request_address_is_looked_at(authority: Authority, pair: Pair) -> None:
    """A handler that points a request at plain http elsewhere gets no request through."""

    def redirect(request: Any, **_: object) -> None:
        request.url = "http://kms.example.test/"

    made = enforce_tls13(client(443, verify=authority.file))
    made.meta.events.register("request-created", redirect)
    with pytest.raises(ConfigurationError, match="plain http is for loopback"):
        made.describe_key(KeyId="k")
