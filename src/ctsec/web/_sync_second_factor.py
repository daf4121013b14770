# Generated from src/ctsec/web/_async_second_factor.py by tools/twin.py; edit that file.
"""Operations of second factors (async source)."""

from __future__ import annotations

from ctsec.ids import AuthenticatorId, UserId
from ctsec.mfa.backup_codes import as_text
from ctsec.mfa.enrolment import BackupCodes
from ctsec.outcome import Refusal
from ctsec.web import models, views
from ctsec.web._sync_call import Answer, Call, no_content
from ctsec.web.csrf import csrf_token
from ctsec.web.http import WebResponse

_FILE = ("content-disposition", 'attachment; filename="backup-codes.txt"')


def mfa(call: Call) -> Answer:
    """Say which second factors the caller has."""
    status = call.unit.mfa.status(UserId(call.principal.id))
    return WebResponse(
        json={
            "enrolled": status.enrolled,
            "backup_codes_left": status.backup_codes_left,
            "passkeys": status.passkeys,
            "authenticators": status.authenticators,
        }
    )


def begin_totp(call: Call) -> Answer:
    """Begin to enrol an authenticator app; what its app needs is shown once."""
    done = call.unit.mfa.begin_totp(call.principal, name=call.read(models.NewAuthenticator).name)
    if isinstance(done, Refusal):
        return done
    return WebResponse(status=201, json=views.enrolment(done.authenticator_id, uri=done.uri, seed=done.seed))


def confirm_totp(call: Call) -> Answer:
    """Confirm the enrolment with its first code; backup codes that come with it are shown once, and are none where there is a set."""
    done = call.unit.mfa.confirm_totp(call.principal, code=call.read(models.TotpCode).code.get_secret_value())
    return done if isinstance(done, Refusal) else _codes(call, done)


def remove_totp(call: Call) -> Answer:
    """Remove every authenticator app, and with the last second factor the backup codes."""
    done = call.unit.mfa.remove_totp(call.principal)
    return done if isinstance(done, Refusal) else no_content()


def authenticators(call: Call) -> Answer:
    """List the caller's authenticator apps."""
    found = call.unit.authenticators.of(UserId(call.principal.id))
    return WebResponse(json={"authenticators": [views.authenticator(each) for each in found]})


def rename_authenticator(call: Call) -> Answer:
    """Give one of the caller's authenticator apps another name; another person's is answered like none."""
    named = AuthenticatorId(call.request.params["authenticator_id"])
    done = call.unit.authenticators.rename(call.principal, named, name=call.read(models.FactorName).name)
    return done if isinstance(done, Refusal) else WebResponse(json=views.authenticator(done))


def remove_authenticator(call: Call) -> Answer:
    """Remove one of the caller's authenticator apps; another person's is answered like none."""
    done = call.unit.authenticators.remove(call.principal, AuthenticatorId(call.request.params["authenticator_id"]))
    return done if isinstance(done, Refusal) else no_content()


def new_backup_codes(call: Call) -> Answer:
    """Make new backup codes, as JSON or as a file to keep."""
    done = call.unit.mfa.regenerate_backup_codes(call.principal)
    return done if isinstance(done, Refusal) else _codes(call, done)


def _codes(call: Call, codes: BackupCodes) -> WebResponse:
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
