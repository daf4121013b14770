"""What of a provider's metadata is news to a connection, what a policy takes, and when it is looked at again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ctsec.sso.saml.provider import Endpoint, ProviderDocument
from ctsec.sso.saml.settings import SamlSettings
from ctsec.sso.saml.watching import EVERY, ending, followed, metadata_request, next_look, offered, read_metadata, taken
from ctsec.testing.saml_provider import LocalSamlProvider
from ctsec.transport.request import HttpAnswer
from tests.services.saml_samples import AFTER, ANNOUNCED, BEFORE, SAML

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ELSEWHERE = Endpoint(redirect="https://idp.example/other")
FOLLOWS = replace(SAML, follows_metadata=True)


def test_what_a_connection_says_beside_the_document_is_no_news() -> None:
    """The same keys and addresses are the same, whoever signs requests beyond what is asked for; what is taken changes nothing else."""
    assert offered(SAML, BEFORE).change.nothing
    assert offered(replace(SAML, signs_requests=True), BEFORE).change.nothing
    assert offered(SAML, replace(BEFORE, sign_in=replace(BEFORE.sign_in, answers="https://idp.example/answers"))).change.nothing
    own = replace(SAML, signs_requests=True, unsafe_sha1=True, entity_id="https://us.example")
    after = taken(own, offered(own, replace(AFTER, sign_in=ELSEWHERE)))
    assert after == replace(own, certificates=(*SAML.certificates, ANNOUNCED.certificate), sso_redirect=ELSEWHERE.redirect)


@pytest.mark.parametrize(
    ("settings", "document", "takes"),
    [
        (FOLLOWS, AFTER, True),
        (FOLLOWS, replace(AFTER, keys=AFTER.keys[1:]), True),
        (SAML, AFTER, False),
        (FOLLOWS, BEFORE, False),
        (FOLLOWS, replace(AFTER, sign_in=ELSEWHERE), False),
        (FOLLOWS, replace(AFTER, wants_signed_requests=True), False),
    ],
)
def test_a_policy_takes_keys_alone(settings: SamlSettings, document: ProviderDocument, takes: bool) -> None:
    """It is off unless it is said, and whatever else is different waits for somebody."""
    assert followed(settings, offered(settings, document)) is takes


def test_the_name_of_an_offer_stands_for_all_that_is_taken() -> None:
    """Another key, address or demand is another name; the order of keys is none."""
    others = (AFTER, replace(BEFORE, sign_in=ELSEWHERE), replace(BEFORE, sign_out=ELSEWHERE), replace(BEFORE, wants_signed_requests=True))
    assert len({offered(SAML, each).name for each in (BEFORE, *others)}) == 5
    assert offered(SAML, replace(AFTER, keys=AFTER.keys[::-1])).name == offered(SAML, AFTER).name


def test_what_is_no_metadata_of_the_provider_is_one_word() -> None:
    """No answer, another status, another provider and a document that is over are not taken."""
    with LocalSamlProvider() as provider:
        document = provider.metadata(valid_until="2026-02-01T00:00:00Z")
        name, answer = provider.entity_id, HttpAnswer(status=200, body=document)
    found = read_metadata(answer, entity_id=name, now=NOW)
    assert isinstance(found, ProviderDocument)
    assert found.entity_id == name
    cases = (("too_slow", name, NOW), (replace(answer, status=404), name, NOW), (answer, "https://other.example", NOW))
    words = [read_metadata(each, entity_id=wanted, now=at) for each, wanted, at in (*cases, (answer, name, NOW + timedelta(days=31)))]
    assert words == ["too_slow", "wrong_status", "saml_metadata_wrong_entity", "saml_metadata_expired"]
    assert metadata_request("https://idp.example/m").method == "GET"


def test_a_look_that_failed_is_made_again_sooner_and_ever_later() -> None:
    """Six hours after a look that went well; after failures a quarter of an hour, twice as long each time, six hours at most."""
    pauses = [next_look(now=NOW, failures=each, random=bytes) - NOW for each in range(9)]
    assert pauses[0] == pauses[6] == pauses[8] == EVERY
    assert pauses[1:4] == [timedelta(minutes=15), timedelta(minutes=30), timedelta(minutes=60)]
    assert EVERY < next_look(now=NOW, failures=0, random=b"\xff".__mul__) - NOW <= EVERY * 1.2


def test_the_last_certificate_counts() -> None:
    """Thirty days before it ends it is told; before that, and while another one is good for longer, it is not."""
    end = datetime(2040, 1, 1, tzinfo=UTC)
    assert ending(SAML, now=end - timedelta(days=31)) is None
    assert ending(SAML, now=end - timedelta(days=29)) == ending(SAML, now=end + timedelta(days=1)) == end
