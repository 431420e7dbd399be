"""Why a relay's TLS or its certificate is not good enough for us, and what a person can do about it: in words."""

import ssl

from mailer.backends.smtp_options import SmtpOptions
from mailer.errors import BackendMisconfigured

#: OpenSSL's x509_vfy.h: what is wrong with a certificate (`verify_code`).
NOT_YET_VALID, EXPIRED, OTHER_NAME, OTHER_ADDRESS = 9, 10, 62, 64
#: How OpenSSL says that the two sides know no version of TLS in common, and that something else than TLS came.
TOO_OLD = frozenset({"UNSUPPORTED_PROTOCOL", "TLSV1_ALERT_PROTOCOL_VERSION", "WRONG_SSL_VERSION"})
NO_TLS = frozenset({"WRONG_VERSION_NUMBER", "UNKNOWN_PROTOCOL", "PACKET_LENGTH_TOO_LONG", "RECORD_LAYER_FAILURE"})


def untrusted(error: ssl.SSLError, options: SmtpOptions) -> BackendMisconfigured:
    """The error for a TLS that did not come about."""
    where, port_hint = f"{options.host} port {options.port}", usual_security(options)
    if isinstance(error, ssl.SSLCertVerificationError):
        said = error.verify_message.rstrip(".")
        return BackendMisconfigured(
            f"The certificate of {options.host} cannot be trusted: {said}.", hint=_certificate_hint(error.verify_code)
        )
    if error.reason in TOO_OLD:  # RFC 8996: 1.0 and 1.1 must not be used
        return BackendMisconfigured(
            f"The relay {where} knows no TLS that is safe: {error.reason}.",
            hint="Ask who runs it for TLS 1.2 or 1.3; mail and passwords do not go over less.",
        )
    if error.reason in NO_TLS:
        wanted = "587 with" if options.security == "tls" else "465 with"
        other = "starttls" if options.security == "tls" else "tls"
        return BackendMisconfigured(
            f"The relay {where} answers with something that is no TLS.",
            hint=port_hint
            or f'See which port and which security the relay wants: usual is {wanted} security = "{other}".',
        )
    return BackendMisconfigured(
        f"TLS with {where} failed: {error.reason or error}.",
        hint=port_hint or "See which port and which security the relay wants.",
    )


def _certificate_hint(code: int) -> str:
    if code in {OTHER_NAME, OTHER_ADDRESS}:
        return "It is made for another name: let host be the name that is in it."
    if code in {EXPIRED, NOT_YET_VALID}:
        return "Whoever runs the relay must renew it, unless this machine's clock is wrong."
    return "If the relay has an authority of its own, name its certificate in ca_file."


def usual_security(options: SmtpOptions) -> str:
    """The usual mistake: 465 speaks TLS from the first byte, the others do not (RFC 8314 §3). "" if it is not that."""
    if options.port == 465 and options.security != "tls":
        return 'Port 465 is usually security = "tls".'
    if options.port in {25, 587} and options.security == "tls":
        return f'Port {options.port} is usually security = "starttls".'
    return ""
