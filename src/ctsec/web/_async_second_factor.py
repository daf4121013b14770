"""Operations of second factors (async source)."""

from __future__ import annotations

from ctsec.ids import AuthenticatorId, UserId
from ctsec.mfa.backup_codes import as_text
from ctsec.mfa.enrolment import BackupCodes
from ctsec.outcome import Refusal
from ctsec.web import models, views
from ctsec.web._async_call import Answer, AsyncCall, no_content
from ctsec.web.csrf import csrf_token
from ctsec.web.http import WebResponse

_FILE = ("content-disposition", 'attachment; filename="backup-codes.txt"')


async def mfa(call: AsyncCall) -> Answer:
    """Say which second factors the caller has."""
    status = await call.unit.mfa.status(UserId(call.principal.id))
    return WebResponse(
        json={
            "enrolled": status.enrolled,
            "backup_codes_left": status.backup_codes_left,
            "passkeys": status.passkeys,
            "authenticators": status.authenticators,
        }
    )


async def begin_totp(call: AsyncCall) -> Answer:
    """Begin to enrol an authenticator app; what its app needs is shown once."""
    done = await call.unit.mfa.begin_totp(call.principal, name=call.read(models.NewAuthenticator).name)
    if isinstance(done, Refusal):
        return done
    return WebResponse(status=201, json=views.enrolment(done.authenticator_id, uri=done.uri, seed=done.seed))


async def confirm_totp(call: AsyncCall) -> Answer:
    """Confirm the enrolment with its first code; backup codes that come with it are shown once, and are none where there is a set."""
    done = await call.unit.mfa.confirm_totp(call.principal, code=call.read(models.TotpCode).code.get_secret_value())
    return done if isinstance(done, Refusal) else _codes(call, done)


async def remove_totp(call: AsyncCall) -> Answer:
    """Remove every authenticator app, and with the last second factor the backup codes."""
    done = await call.unit.mfa.remove_totp(call.principal)
    return done if isinstance(done, Refusal) else no_content()


async def authenticators(call: AsyncCall) -> Answer:
    """List the caller's authenticator apps."""
    found = await call.unit.authenticators.of(UserId(call.principal.id))
    return WebResponse(json={"authenticators": [views.authenticator(each) for each in found]})


async def rename_authenticator(call: AsyncCall) -> Answer:
    """Give one of the caller's authenticator apps another name; another person's is answered like none."""
    named = AuthenticatorId(call.request.params["authenticator_id"])
    done = await call.unit.authenticators.rename(call.principal, named, name=call.read(models.FactorName).name)
    return done if isinstance(done, Refusal) else WebResponse(json=views.authenticator(done))


async def remove_authenticator(call: AsyncCall) -> Answer:
    """Remove one of the caller's authenticator apps; another person's is answered like none."""
    done = await call.unit.authenticators.remove(call.principal, AuthenticatorId(call.request.params["authenticator_id"]))
    return done if isinstance(done, Refusal) else no_content()


async def new_backup_codes(call: AsyncCall) -> Answer:
    """Make new backup codes, as JSON or as a file to keep."""
    done = await call.unit.mfa.regenerate_backup_codes(call.principal)
    return done if isinstance(done, Refusal) else _codes(call, done)


def _codes(call: AsyncCall, codes: BackupCodes) -> WebResponse:
    issuer = call.security.parts.settings.issuer
    text = as_text(codes.codes, issuer=issuer, account=codes.account, when=call.now).reveal()
    if (call.request.header("accept") or "").partition(";")[0].strip() == "text/plain":
        return WebResponse(text=text, media_type="text/plain; charset=utf-8", headers=(_FILE,))
    body: dict[str, object] = {"codes": [code.reveal() for code in codes.codes], "text": text, "remaining": len(codes.codes)}
    if codes.session_token is None:
        return WebResponse(json=body)
    token = codes.session_token.reveal()
    life, _ = call.security.parts.settings.sessions.life(aal=2)
    cookie = call.site.set_cookie(token, expires_at=call.now + life, now=call.now)
    return WebResponse(json={**body, "csrf_token": csrf_token(token)}, cookies=(cookie,))
