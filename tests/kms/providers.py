"""The providers over plain HTTPS, each with its stand-in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ctsec.encryption.kms import AzureKeyServices, GoogleKeyServices, VaultKeyServices
from ctsec.encryption.kms.attempts import Attempts
from ctsec.encryption.ports import KeyServices
from ctsec.secret import SecretText
from tests.kms.fakes import TOKEN, AzureFake, GoogleFake, JsonFake, VaultFake
from tests.kms.support import QUICK

NAMES = ("vault", "google", "azure")


@dataclass(frozen=True)
class Provider:
    """A stand-in, the services on it, and the reference of a key."""

    name: str
    fake: JsonFake
    services: KeyServices
    ref: str


def provider(name: str, *, token: Callable[[], SecretText] = lambda: SecretText(TOKEN)) -> Provider:
    """Return a provider on a new stand-in."""
    attempts = Attempts(QUICK, sleep=lambda _: None)
    fake: JsonFake = {"vault": VaultFake, "google": GoogleFake, "azure": AzureFake}[name]()
    services: dict[str, Callable[[], KeyServices]] = {
        "vault": lambda: VaultKeyServices(fake.url, token=token, bounds=QUICK, attempts=attempts),
        "google": lambda: GoogleKeyServices(address=fake.url, token=token, bounds=QUICK, attempts=attempts),
        "azure": lambda: AzureKeyServices(address=fake.url, token=token, bounds=QUICK, attempts=attempts),
    }
    return Provider(name, fake, services[name](), fake.create())


class Owner:
    """The owner of the key of a provider (a `KekOwner`)."""

    def __init__(self, found: Provider) -> None:
        self._found = found

    def _set(self, state: str) -> None:
        self._found.fake.state(self._found.ref, state)

    def disable(self) -> None:
        self._set("disabled")

    def enable(self) -> None:
        self._set("enabled")

    def schedule_deletion(self) -> None:
        self._set("pending")

    def cancel_deletion(self) -> None:
        self._set("disabled")

    def delete(self) -> None:
        self._set("deleted")
