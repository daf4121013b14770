"""How the stand-in refuses: with the names of errors that AWS KMS has."""

from __future__ import annotations


class KmsRefusal(Exception):
    """An error answer: the name of the exception in the service's model, and the HTTP status."""

    def __init__(self, name: str, message: str, *, status: int = 400) -> None:
        super().__init__(message)
        self.name = name
        self.status = status
