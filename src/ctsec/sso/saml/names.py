"""The names that SAML 2.0, XML Signature and XML Encryption give things; in Clark's notation where they are names of elements."""

from __future__ import annotations

from typing import Final

SAML_NS: Final = "urn:oasis:names:tc:SAML:2.0:assertion"
SAMLP_NS: Final = "urn:oasis:names:tc:SAML:2.0:protocol"
METADATA_NS: Final = "urn:oasis:names:tc:SAML:2.0:metadata"
DS_NS: Final = "http://www.w3.org/2000/09/xmldsig#"
XENC_NS: Final = "http://www.w3.org/2001/04/xmlenc#"
XENC11_NS: Final = "http://www.w3.org/2009/xmlenc11#"
XSI_NS: Final = "http://www.w3.org/2001/XMLSchema-instance"
XS_NS: Final = "http://www.w3.org/2001/XMLSchema"
XML_NS: Final = "http://www.w3.org/XML/1998/namespace"
EXCLUSIVE_NS: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"

SAML: Final = f"{{{SAML_NS}}}"
SAMLP: Final = f"{{{SAMLP_NS}}}"
MD: Final = f"{{{METADATA_NS}}}"
DS: Final = f"{{{DS_NS}}}"
XENC: Final = f"{{{XENC_NS}}}"
XENC11: Final = f"{{{XENC11_NS}}}"
XSI: Final = f"{{{XSI_NS}}}"
PREFIXES: Final = {
    "saml": SAML_NS,
    "samlp": SAMLP_NS,
    "md": METADATA_NS,
    "ds": DS_NS,
    "xenc": XENC_NS,
    "xenc11": XENC11_NS,
    "xs": XS_NS,
    "xsi": XSI_NS,
    "ec": EXCLUSIVE_NS,
}

EXCLUSIVE_C14N: Final = EXCLUSIVE_NS
ENVELOPED: Final = f"{DS_NS}enveloped-signature"

PROTOCOL: Final = SAMLP_NS
BEARER: Final = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
ENTITY: Final = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity"
PERSISTENT: Final = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
TRANSIENT: Final = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
EMAIL_ADDRESS: Final = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
UNSPECIFIED: Final = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
HTTP_POST: Final = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
HTTP_REDIRECT: Final = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
BASIC_NAMES: Final = "urn:oasis:names:tc:SAML:2.0:attrname-format:basic"
PASSWORD_TRANSPORT: Final = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"

STATUS: Final = "urn:oasis:names:tc:SAML:2.0:status:"
SUCCESS: Final = f"{STATUS}Success"
