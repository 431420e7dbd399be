"""Certificates for `smtpd.SmtpServer`, made on the spot: an authority of our own, and what it signs."""

import ssl
import warnings
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme

LOOPBACK = ("localhost", "127.0.0.1")


def server_context(folder: Path, misbehaviour: str) -> tuple[ssl.SSLContext, Path]:
    """(context of the server, file with the authority that a client should trust), as `misbehaviour` wants them."""
    authority = trustme.CA()
    ca_file = folder / "authority.pem"
    authority.cert_pem.write_to_path(ca_file)
    signer = trustme.CA() if misbehaviour == "certificate-untrusted" else authority
    names = ("mail.example.net",) if misbehaviour == "certificate-for-another-name" else LOOPBACK
    ends = datetime.now(UTC) - timedelta(days=1) if misbehaviour == "certificate-expired" else None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    signer.issue_cert(*names, not_after=ends).configure_cert(context)
    if misbehaviour == "old-tls":
        _let_it_be_old(context)
    return context, ca_file


def _let_it_be_old(context: ssl.SSLContext) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # which is the point
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
