"""What a provider says of how it went (SAML Core, 3.2.2.2).

Rules that this module keeps:

- only the one status Success, at the top, is success; a status inside of another is a detail of a failure;
- a message of the provider is not read: it is for people, and could be from anybody.
"""

from __future__ import annotations

from typing import Final

from ctsec.jose.rejection import Unacceptable, refuse_if
from ctsec.sso.saml.names import SAMLP, STATUS, SUCCESS
from ctsec.sso.saml.reason import SamlReason
from ctsec.sso.saml.xml import Element, children, only

_DETAILS: Final = {
    f"{STATUS}AuthnFailed": SamlReason.STATUS_DENIED,
    f"{STATUS}RequestDenied": SamlReason.STATUS_DENIED,
    f"{STATUS}UnknownPrincipal": SamlReason.STATUS_DENIED,
    f"{STATUS}NoPassive": SamlReason.STATUS_PERSON_NEEDED,
    f"{STATUS}NoAuthnContext": SamlReason.STATUS_NO_SUCH_CLASS,
}


def check_status(node: Element) -> None:
    """Raise Unacceptable unless a Status is success; the reason tells the failures apart that somebody can do something about."""
    inside = children(node)
    allowed = (f"{SAMLP}StatusCode", f"{SAMLP}StatusMessage", f"{SAMLP}StatusDetail")
    names = [each.tag for each in inside]
    refuse_if(names[:1] != [allowed[0]] or any(name not in allowed[1:] for name in names[1:]), SamlReason.BAD_SHAPE)
    value = only(inside[0], frozenset({"Value"})).get("Value", "")
    details = children(inside[0])
    if value == SUCCESS:
        refuse_if(details, SamlReason.BAD_SHAPE)
        return
    detail = details[0].get("Value", "") if len(details) == 1 else ""
    raise Unacceptable(_DETAILS.get(detail, SamlReason.STATUS_FAILED))
