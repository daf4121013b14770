"""The rules that ctsec ships, each with the reason why it is worth an alert; docs/how-to/be-alerted.md shows them."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from ctsec.audit.alerts.rule import By, FirstTime, Match, Occurrence, Rule, Sequence, Severity, Signal, Threshold, Travel, checked

_QUARTER: Final = timedelta(minutes=15)
_HOUR: Final = timedelta(hours=1)
_SEASON: Final = timedelta(days=90)
_SIGN_IN: Final = Match(names=("user.signed_in",))
_REFUSED: Final = Match(names=("user.sign_in_refused",))
_TWO_DAYS: Final = timedelta(days=2)
_FACTORS_RESET: Final = Match(names=("mfa.reset",), outcome="success")
_PASSWORD_RESET: Final = Match(names=("password.reset",), outcome="success")
_SECOND_STEP: Final = Match(names=("mfa.code_refused",))
_GRANTS: Final = ("role.assigned", "role.changed")
_LOGS: Final = Match(names=("log.told",))
TAMPERED: Final = "log_tampered"
STALLED: Final = "log_stalled"
STREAM_FAILED: Final = "stream_failed"
ANCHOR_FAILED: Final = "anchor_failed"

DEFAULT_RULES: Final = checked(
    (
        Rule(
            name="many_refused_sign_ins",
            reason="somebody guesses the password of one account, as fast as the throttle lets them",
            severity=Severity.MEDIUM,
            looks_at=_REFUSED,
            kind=Threshold(count=8, within=_HOUR),
            by=By.PERSON,
        ),
        Rule(
            name="password_spraying",
            reason="one address block tries a few passwords on many accounts, which no account by itself shows",
            severity=Severity.HIGH,
            # What the throttle turned away names no account, and would count as one of its own each time.
            looks_at=Match(names=("user.sign_in_refused",), reasons=("invalid_credentials",)),
            kind=Threshold(count=20, within=_QUARTER, distinct=By.PERSON),
            by=By.NETWORK,
        ),
        Rule(
            name="second_factor_guessed",
            reason="a second factor was refused again and again, and then somebody was in: it may have been guessed or a person worn down",
            severity=Severity.HIGH,
            looks_at=_SIGN_IN,
            kind=Sequence(first=_SECOND_STEP, count=5, within=_QUARTER),
            by=By.PERSON,
            across=True,
        ),
        Rule(
            name="reset_then_new_device",
            reason="second factors were reset and a device signs in that was never seen: the usual end of a talked-over support",
            severity=Severity.HIGH,
            looks_at=Match(names=("user.signed_in",), fields={"new_device": ("true",)}),
            kind=Sequence(first=_FACTORS_RESET, within=_TWO_DAYS),
            by=By.PERSON,
            across=True,
        ),
        Rule(
            name="password_reset_after_factors",
            reason="second factors were reset and then the password: whoever has the mailbox and talked to support has the account",
            severity=Severity.HIGH,
            looks_at=_PASSWORD_RESET,
            kind=Sequence(first=_FACTORS_RESET, within=_TWO_DAYS),
            by=By.PERSON,
            across=True,
        ),
        Rule(
            name="factors_reset_after_password",
            reason="the password was reset and then the second factors: whoever has the mailbox has the account",
            severity=Severity.HIGH,
            looks_at=_FACTORS_RESET,
            kind=Sequence(first=_PASSWORD_RESET, within=_TWO_DAYS),
            by=By.PERSON,
            across=True,
        ),
        Rule(
            name="privileged_role_granted",
            reason="an administrator was made; grants are how an intruder stays",
            severity=Severity.MEDIUM,
            looks_at=Match(names=_GRANTS, outcome="success", fields={"role.after": ("admin",)}),
            kind=Occurrence(),
            by=By.PERSON,
        ),
        Rule(
            name="owner_added",
            reason="an owner can do everything, removing the other owners too",
            severity=Severity.HIGH,
            looks_at=Match(names=_GRANTS, outcome="success", fields={"role.after": ("owner",)}),
            kind=Occurrence(),
            by=By.PERSON,
        ),
        Rule(
            name="ownerless",
            reason="the last owner was removed, and nobody can manage the organization",
            severity=Severity.HIGH,
            looks_at=Match(names=("organization.orphaned",), outcome="success"),
            kind=Occurrence(),
            by=By.PERSON,
        ),
        Rule(
            name="owner_joined",
            reason="an owner came by invitation",
            severity=Severity.HIGH,
            looks_at=Match(names=("invitation.accepted",), outcome="success", fields={"role": ("owner",)}),
            kind=Occurrence(),
            by=By.PERSON,
        ),
        Rule(
            name="break_glass_used",
            reason="a role, or the settings of sign-in, were taken in an emergency; each use is to be reviewed",
            severity=Severity.HIGH,
            looks_at=Match(names=("break_glass.used", "sso.break_glass_used"), outcome="success"),
            kind=Occurrence(),
            by=By.ACTOR,
        ),
        Rule(
            name="break_glass_refused",
            reason="a break-glass code was tried and refused; few people have some, and they are seldom needed",
            severity=Severity.HIGH,
            looks_at=Match(names=("sso.break_glass_refused",)),
            kind=Occurrence(),
            by=By.ACTOR,
        ),
        Rule(
            name="mass_export",
            reason="a large part of the log leaves the deployment",
            severity=Severity.HIGH,
            looks_at=Match(names=("audit.exported",), outcome="success", least={"events": 10_000}),
            kind=Occurrence(),
            by=By.ACTOR,
        ),
        Rule(
            name="many_audit_searches",
            reason="somebody reads the log at a pace that is no review: it says who does what and when",
            severity=Severity.MEDIUM,
            looks_at=Match(names=("audit.searched",), outcome="success"),
            kind=Threshold(count=60, within=_HOUR),
            by=By.ACTOR,
        ),
        Rule(
            name="many_disclosures",
            reason="somebody takes many credentials out of the vault",
            severity=Severity.HIGH,
            looks_at=Match(names=("credential.disclosed",), outcome="success"),
            kind=Threshold(count=10, within=_HOUR, distinct=By.TARGET),
            by=By.ACTOR,
        ),
        Rule(
            name="key_from_new_network",
            reason="an API key works from where it never did: it may have leaked",
            severity=Severity.HIGH,
            looks_at=Match(names=("*",), credential="api_key"),
            kind=FirstTime(value=By.NETWORK, within=_SEASON),
            by=By.CREDENTIAL,
        ),
        Rule(
            name="new_country",
            reason="a person signs in from a country for the first time in three months",
            severity=Severity.LOW,
            looks_at=_SIGN_IN,
            kind=FirstTime(value=By.COUNTRY, within=_SEASON),
            by=By.PERSON,
        ),
        Rule(
            name="impossible_travel",
            reason="a person signed in at two places that nobody gets to in that time: one of the two was somebody else",
            severity=Severity.HIGH,
            looks_at=_SIGN_IN,
            kind=Travel(),
            by=By.PERSON,
        ),
        Rule(
            name="key_leaked",
            reason="a scanner found a credential in the open: somebody else may have used it",
            severity=Severity.CRITICAL,
            looks_at=Match(names=("api_key.leak_reported", "credential.leak_reported"), outcome="success"),
            kind=Occurrence(),
            by=By.TARGET,
        ),
        Rule(
            name="many_members_ended",
            reason="many people lost their access at once: a mistake at the provider, or somebody who locks everybody out",
            severity=Severity.HIGH,
            looks_at=Match(names=("member.removed", "member.suspended"), outcome="success"),
            kind=Threshold(count=10, within=_HOUR, distinct=By.TARGET),
            by=By.LOG,
        ),
        Rule(
            name="sso_trust_changed",
            reason="sign-in believes other certificates of a provider: whoever has their keys signs in as anybody",
            severity=Severity.MEDIUM,
            looks_at=Match(names=("sso_connection.metadata_trusted",), outcome="success"),
            kind=Occurrence(),
            by=By.TARGET,
        ),
        Rule(
            name="customer_key_failed",
            reason="an organization's own key does not serve: its data will not be readable for long",
            severity=Severity.HIGH,
            looks_at=Match(names=("customer_key.failed",)),
            kind=Occurrence(),
            by=By.TARGET,
        ),
        Rule(
            name="support_case_opened",
            reason="an operator started to reset somebody's second factors; the person or somebody else should know that it is right",
            severity=Severity.MEDIUM,
            looks_at=Match(names=("support_case.opened",), outcome="success"),
            kind=Occurrence(),
            by=By.PERSON,
        ),
        Rule(
            name="recovery_disowned",
            reason="the person canceled a reset of the second factors by the mailed link: somebody else had it started",
            severity=Severity.CRITICAL,
            looks_at=Match(names=("mfa.reset_canceled", "support_case.canceled"), fields={"why": ("link",)}),
            kind=Occurrence(),
            by=By.PERSON,
        ),
        Rule(
            name="passkey_cloned",
            reason="a passkey signed with a count that it had passed: there may be two of it",
            severity=Severity.HIGH,
            looks_at=Match(names=("passkey.clone_suspected",)),
            kind=Occurrence(),
            by=By.PERSON,
        ),
        Rule(
            name="many_denials",
            reason="somebody tries what the roles do not allow, again and again",
            severity=Severity.LOW,
            looks_at=Match(names=("access.denied",)),
            kind=Threshold(count=30, within=_HOUR),
            by=By.ACTOR,
        ),
        Rule(
            name=TAMPERED,
            reason="the log is not what was signed: it was changed in the database",
            severity=Severity.CRITICAL,
            looks_at=_LOGS,
            kind=Signal(),
            by=By.LOG,
        ),
        Rule(
            name=STALLED,
            reason="events wait for their place or their signature: nothing covers them yet",
            severity=Severity.HIGH,
            looks_at=_LOGS,
            kind=Signal(),
            by=By.LOG,
        ),
        Rule(
            name=STREAM_FAILED,
            reason="a system that is to get the events does not take them: who watches there sees nothing of what happens now",
            severity=Severity.HIGH,
            looks_at=_LOGS,
            kind=Signal(),
            by=By.LOG,
        ),
        Rule(
            name=ANCHOR_FAILED,
            reason="an anchor does not take checkpoints: what is written now can be rewritten by whoever has the log's key",
            severity=Severity.HIGH,
            looks_at=_LOGS,
            kind=Signal(),
            by=By.LOG,
        ),
    )
)
