"""Who judges which kind of leaked credential, put together (async source).

A kind that scanners have an expression for, or a page that a mailed link leads to, stands here, or a test fails.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Final

from ctsec.ambient import Ambient
from ctsec.audit._async_ports import AsyncRecorder
from ctsec.audit.event import Detail
from ctsec.authn._async_leaks import AsyncAccountLeakParts, AsyncAccountLeaks
from ctsec.directory._async_alarm import AsyncOwnerAlarm
from ctsec.directory._async_leaks import AsyncInvitationLeakParts, AsyncInvitationLeaks
from ctsec.directory._async_ports import AsyncPost
from ctsec.encryption._async_ports import AsyncSealer
from ctsec.guard._async_ports import AsyncGuardStore
from ctsec.guard.proof import Purpose
from ctsec.keys._async_key_leaks import AsyncKeyLeakParts, AsyncKeyLeaks
from ctsec.keys._async_leaks import AsyncLeakJudge, AsyncLeaks
from ctsec.recovery._async_cases import AsyncRecoveryParts
from ctsec.recovery._async_leaks import AsyncRecoveryLeaks
from ctsec.security._async_key_leak_notice import AsyncKeyLeakNotice
from ctsec.security.parts import Parts
from ctsec.sso.scim._async_leaks import AsyncScimLeaks
from ctsec.storage._async_ports import AsyncStore

# The pages of mailed links whose proof is of an account; those of the other two have judges of their own.
ACCOUNT_PAGES: Final[Mapping[str, Purpose]] = MappingProxyType(
    {
        "verify-email": Purpose.EMAIL_VERIFICATION,
        "reset-password": Purpose.PASSWORD_RESET,
        "sign-in-link": Purpose.SIGN_IN_LINK,
        "confirm-email-change": Purpose.EMAIL_CHANGE,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AsyncLeakWork:
    """What the judges are made of."""

    store: AsyncStore
    guard: AsyncGuardStore
    sealer: AsyncSealer
    recovery: AsyncRecoveryParts
    alarm: AsyncOwnerAlarm
    post: AsyncPost
    parts: Parts


def leaks_of(work: AsyncLeakWork, *, audit: AsyncRecorder, ambient: Ambient) -> AsyncLeaks:
    """Return the judging of every kind, over one transaction."""
    store, letters = work.store, work.parts.letters
    keys = AsyncKeyLeaks(
        AsyncKeyLeakParts(
            records=store.api_keys,
            epochs=store.epochs,
            ring=work.parts.key_peppers,
            sealer=work.sealer,
            notice=AsyncKeyLeakNotice(users=store.users, roster=store.roster, post=work.post, letters=letters),
        ),
        audit=audit,
        ambient=ambient,
    )
    accounts = AsyncAccountLeaks(
        AsyncAccountLeakParts(
            accounts=store.users,
            sessions=store.sessions,
            devices=store.devices,
            epochs=store.epochs,
            proofs=work.guard.proofs,
            post=work.post,
            letters=letters,
        ),
        audit=audit,
        ambient=ambient,
    )
    invited = AsyncInvitationLeakParts(invitations=store.invitations, users=store.users, post=work.post, letters=letters)
    pages: dict[str, AsyncLeakJudge] = {
        **{page: partial(accounts.link, purpose) for page, purpose in ACCOUNT_PAGES.items()},
        "accept-invitation": AsyncInvitationLeaks(invited, audit=audit, ambient=ambient).link,
        "cancel-recovery": AsyncRecoveryLeaks(work.recovery, audit=audit, ambient=ambient).link,
    }
    return AsyncLeaks(
        {
            "ctsec-api-key": keys.key,
            "ctsec-derived-api-key": keys.derived,
            "ctsec-scim-token": AsyncScimLeaks(store.scim_connections, alarm=work.alarm, audit=audit, ambient=ambient).token,
            "ctsec-session": accounts.session,
            "ctsec-device": accounts.device,
            "ctsec-mailed-link": AsyncLinkLeaks(pages),
        }
    )


class AsyncLinkLeaks:
    """The judge of mailed links: asks that of the page which a link leads to."""

    __slots__ = ("pages",)

    def __init__(self, pages: Mapping[str, AsyncLeakJudge]) -> None:
        self.pages = pages

    async def __call__(self, text: str, *, told: Mapping[str, Detail]) -> bool | None:
        """Judge `page#token=…`; False for a page that ctsec mails no link to."""
        page, _, token = text.partition("#token=")
        judge = self.pages.get(page)
        return False if judge is None else await judge(token, told=told)
