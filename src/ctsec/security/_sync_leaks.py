# Generated from src/ctsec/security/_async_leaks.py by tools/twin.py; edit that file.
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
from ctsec.audit._sync_ports import Recorder
from ctsec.audit.event import Detail
from ctsec.authn._sync_leaks import AccountLeakParts, AccountLeaks
from ctsec.directory._sync_alarm import OwnerAlarm
from ctsec.directory._sync_leaks import InvitationLeakParts, InvitationLeaks
from ctsec.directory._sync_ports import Post
from ctsec.encryption._sync_ports import Sealer
from ctsec.guard._sync_ports import GuardStore
from ctsec.guard.proof import Purpose
from ctsec.keys._sync_key_leaks import KeyLeakParts, KeyLeaks
from ctsec.keys._sync_leaks import LeakJudge, Leaks
from ctsec.recovery._sync_cases import RecoveryParts
from ctsec.recovery._sync_leaks import RecoveryLeaks
from ctsec.security._sync_key_leak_notice import KeyLeakNotice
from ctsec.security.parts import Parts
from ctsec.sso.scim._sync_leaks import ScimLeaks
from ctsec.storage._sync_ports import Store

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
class LeakWork:
    """What the judges are made of."""

    store: Store
    guard: GuardStore
    sealer: Sealer
    recovery: RecoveryParts
    alarm: OwnerAlarm
    post: Post
    parts: Parts


def leaks_of(work: LeakWork, *, audit: Recorder, ambient: Ambient) -> Leaks:
    """Return the judging of every kind, over one transaction."""
    store, letters = work.store, work.parts.letters
    keys = KeyLeaks(
        KeyLeakParts(
            records=store.api_keys,
            epochs=store.epochs,
            ring=work.parts.key_peppers,
            sealer=work.sealer,
            notice=KeyLeakNotice(users=store.users, roster=store.roster, post=work.post, letters=letters),
        ),
        audit=audit,
        ambient=ambient,
    )
    accounts = AccountLeaks(
        AccountLeakParts(
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
    invited = InvitationLeakParts(invitations=store.invitations, users=store.users, post=work.post, letters=letters)
    pages: dict[str, LeakJudge] = {
        **{page: partial(accounts.link, purpose) for page, purpose in ACCOUNT_PAGES.items()},
        "accept-invitation": InvitationLeaks(invited, audit=audit, ambient=ambient).link,
        "cancel-recovery": RecoveryLeaks(work.recovery, audit=audit, ambient=ambient).link,
    }
    return Leaks(
        {
            "ctsec-api-key": keys.key,
            "ctsec-derived-api-key": keys.derived,
            "ctsec-scim-token": ScimLeaks(store.scim_connections, alarm=work.alarm, audit=audit, ambient=ambient).token,
            "ctsec-session": accounts.session,
            "ctsec-device": accounts.device,
            "ctsec-mailed-link": LinkLeaks(pages),
        }
    )


class LinkLeaks:
    """The judge of mailed links: asks that of the page which a link leads to."""

    __slots__ = ("pages",)

    def __init__(self, pages: Mapping[str, LeakJudge]) -> None:
        self.pages = pages

    def __call__(self, text: str, *, told: Mapping[str, Detail]) -> bool | None:
        """Judge `page#token=…`; False for a page that ctsec mails no link to."""
        page, _, token = text.partition("#token=")
        judge = self.pages.get(page)
        return False if judge is None else judge(token, told=told)
