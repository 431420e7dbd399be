"""Private keys that sign mail, RSA and Ed25519: the one file that knows the cryptography library.

Nothing raised here repeats any part of a key.
"""

from collections.abc import Callable
from hashlib import sha256

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.hashes import SHA256

from mailer.edition.dkim import Algorithm
from mailer.errors import SettingsError

#: RFC 8301 §3.2: signers use at least 1,024 bits, and should use at least 2,048.
SHORTEST_RSA, ADVISED_RSA = 1024, 2048


class DkimKey:
    """A private key that signs. Threads may share it."""

    def __init__(self, private: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey) -> None:
        self._private = private
        self.algorithm = Algorithm.RSA if isinstance(private, rsa.RSAPrivateKey) else Algorithm.ED25519
        self.bits = private.key_size if isinstance(private, rsa.RSAPrivateKey) else 256
        #: The signature of some bytes.
        self.sign: Callable[[bytes], bytes] = _signing(private)

    @property
    def weak(self) -> bool:
        """Whether it is shorter than is advised today."""
        return self.algorithm is Algorithm.RSA and self.bits < ADVISED_RSA

    @property
    def public(self) -> bytes:
        """The public key as DNS carries it: SubjectPublicKeyInfo for RSA (RFC 6376 §3.6.1), 32 bytes for Ed25519 (RFC 8463 §4)."""
        public = self._private.public_key()
        if self.algorithm is Algorithm.RSA:
            return public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        return public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)

    def pem(self) -> bytes:
        """The key itself, unencrypted, as other programs read it too (PKCS #8)."""
        return self._private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )


def _signing(private: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey) -> Callable[[bytes], bytes]:
    if isinstance(private, rsa.RSAPrivateKey):
        scheme, digest = padding.PKCS1v15(), SHA256()
        return lambda data: private.sign(data, scheme, digest)
    return lambda data: private.sign(sha256(data).digest())  # RFC 8463 §3: what is signed is the hash


def new_key(algorithm: Algorithm) -> DkimKey:
    if algorithm is Algorithm.RSA:
        return DkimKey(rsa.generate_private_key(public_exponent=65537, key_size=ADVISED_RSA))
    return DkimKey(ed25519.Ed25519PrivateKey.generate())


def read_pem(pem: bytes, algorithm: Algorithm | None = None, *, where: str) -> DkimKey:
    """The key in `pem`, which must be of that kind, if one is named. where: what an error names. Raises SettingsError."""
    private = _load(pem, where)
    if not isinstance(private, rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey):
        raise SettingsError(f"The DKIM key in {where} is of a kind that signs no mail.", hint=_MAKE_ONE)
    key = DkimKey(private)
    if algorithm is not None and key.algorithm is not algorithm:
        raise SettingsError(
            f"The DKIM key in {where} is for {key.algorithm.word}, and one for {algorithm.word} belongs there.",
            hint="RSA keys belong to dkim.key_file, Ed25519 keys to dkim.ed25519_key_file: they may have been exchanged.",
        )
    if key.bits < SHORTEST_RSA and key.algorithm is Algorithm.RSA:
        raise SettingsError(
            f"The DKIM key in {where} has {key.bits} bits, and receivers ignore keys under {SHORTEST_RSA:,} (RFC 8301).",
            hint=f"{_MAKE_ONE} New ones have {ADVISED_RSA:,}.",
        )
    return key


_MAKE_ONE = "Make a new one with another selector: `mailer dkim new --selector NAME`."


def _load(pem: bytes, where: str) -> PrivateKeyTypes:
    try:
        return serialization.load_pem_private_key(pem, password=None)
    except TypeError:
        why, hint = "is protected by a password", "Write it out without one: `openssl pkey -in KEY -out KEY.pem`."
    except UnsupportedAlgorithm:
        why, hint = "is of a kind that signs no mail", _MAKE_ONE
    except ValueError:
        if b"PUBLIC KEY" in pem:
            why, hint = (
                "is a public key",
                "Name the file with the private one: it begins with -----BEGIN PRIVATE KEY-----.",
            )
        else:
            why, hint = (
                "cannot be read as one",
                "A key in PEM begins with -----BEGIN PRIVATE KEY----- on a line of its own.",
            )
    # Not from the error: its text may hold a piece of the key.
    raise SettingsError(f"The DKIM key in {where} {why}.", hint=hint)
