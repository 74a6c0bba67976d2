"""Secrets and tokens at rest: an AES-256-GCM envelope that is bound to one row and one destination.

The envelope is ``v1.<kid>.<base64url(nonce ‖ ciphertext ‖ tag)>``. Its associated data names table, column,
account, row and destination, so that a ciphertext moved to another row, or a row re-pointed at another server,
does not open. Each purpose has a data key of its own (HKDF-SHA256 of the master key, RFC 5869).

An unknown version or key id is an error: nothing that is not an envelope is ever taken for plaintext.
"""

import base64
import hashlib
import json
import secrets as random
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import count
from json.encoder import encode_basestring_ascii
from typing import Any, NamedTuple, NoReturn
from urllib.parse import quote

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from kbadmin.envelopes import VERSION, Unreadable, key_id, unwrap, wrap
from kbadmin.key_settings import MasterKey

__all__ = [
    "KeyRing", "Place", "Secret", "Unreadable", "fingerprint", "hide_revealed", "json_default", "key_id", "new_token"
]  # fmt: skip

NONCE_BYTES = 12
MASK = "•••"
REMEMBERED = 512
REMEMBERED_FROM = 6  # Masking shorter values would blot out ordinary words.
REMEMBERED_TO = 8192  # Longer values are messages, which are never logged.

_URL_SAFE = str.maketrans("+/", "-_")

_revealed: dict[str, None] = {}


class Secret:
    """A value that must not be shown: it prints as dots and refuses to be pickled or put into JSON.

    Only the edges that talk to a server call :meth:`reveal`; a lint rule keeps the list.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself, for the one line that hands it to a server. The logs mask it from then on."""
        if REMEMBERED_FROM <= len(self._value) <= REMEMBERED_TO:
            _revealed.pop(self._value, None)  # What is used again is remembered longest.
            _revealed[self._value] = None
            while len(_revealed) > REMEMBERED:
                _revealed.pop(next(iter(_revealed)), None)
        return self._value

    def __repr__(self) -> str:
        return MASK

    __str__ = __repr__

    def __format__(self, _spec: str) -> str:
        return MASK

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and random.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not pickled")


class Place(NamedTuple):
    """Where a sealed value lives and whom it is for; becomes the associated data of its envelope."""

    table: str
    column: str
    account: str
    row: str
    destination: str

    def associated_data(self, kid: str) -> bytes:
        """The bytes that GCM authenticates beside the ciphertext; JSON, so that no two places can collide."""
        beginning = _beginning(kid, self.table, self.column, self.account)
        return _associated_data(beginning, self.row, self.destination)


def _associated_data(beginning: str, row: str, destination: str) -> bytes:
    digest = hashlib.sha256(destination.encode()).hexdigest()
    return f'{beginning}, {encode_basestring_ascii(row)}, "{digest}"]'.encode()  # As json.dumps() writes it.


@lru_cache(maxsize=1024)
def _beginning(*parts: str) -> str:
    """The JSON list of what many values have in common, as far as that."""
    return json.dumps([VERSION, *parts]).removesuffix("]")


#: A text of one row, clear or sealed; the row; its destination.
InColumn = tuple[str, str, str]


class KeyRing:
    """The keys at rest: the first seals, all of them open."""

    def __init__(self, keys: Iterable[MasterKey]) -> None:
        self._keys = {key.kid: key for key in keys}
        self.current = next(iter(self._keys))

    @property
    def kids(self) -> tuple[str, ...]:
        """Key ids, current first."""
        return tuple(self._keys)

    def seal(self, secret: Secret, *, purpose: str, place: Place) -> str:
        """Encrypt under the current key. A random 96-bit nonce will not repeat at our volumes (NIST SP 800-38D)."""
        return self.seal_text(secret.reveal(), purpose=purpose, place=place)

    def seal_text(self, text: str, *, purpose: str, place: Place) -> str:
        """The same for what is confidential but no credential: the logs need not learn to mask it."""
        nonce = random.token_bytes(NONCE_BYTES)
        cipher = _cipher(self._keys[self.current], purpose)
        return wrap(self.current, nonce + cipher.encrypt(nonce, text.encode(), place.associated_data(self.current)))

    def seal_column(
        self, texts: Sequence[InColumn], *, purpose: str, table: str, column: str, account: str
    ) -> Iterator[str]:
        """:meth:`seal_text` for many rows of one column: what their places have in common is made ready once."""
        kid, encrypt = self.current, _cipher(self._keys[self.current], purpose).encrypt
        beginning = _beginning(kid, table, column, account)
        nonces = random.token_bytes(NONCE_BYTES * len(texts))
        for start, (text, row, destination) in zip(count(0, NONCE_BYTES), texts, strict=False):
            nonce = nonces[start : start + NONCE_BYTES]
            yield wrap(kid, nonce + encrypt(nonce, text.encode(), _associated_data(beginning, row, destination)))

    def open(self, envelope: str, *, purpose: str, place: Place) -> Secret:
        """Decrypt; raises :class:`Unreadable` with a reason that holds no secret."""
        return Secret(self.open_text(envelope, purpose=purpose, place=place))

    def open_text(self, envelope: str, *, purpose: str, place: Place) -> str:
        """The same for what :meth:`seal_text` sealed, or a whole message on its way to the wire."""
        kid, payload = unwrap(envelope)
        if kid not in self._keys:
            raise Unreadable(f"key {kid!r} is not among KBADMIN_KEYS")
        cipher = _cipher(self._keys[kid], purpose)
        try:
            clear = cipher.decrypt(payload[:NONCE_BYTES], payload[NONCE_BYTES:], place.associated_data(kid))
        except InvalidTag:
            raise Unreadable(
                f"{place.table}.{place.column} of row {place.row} does not open with key {kid!r}"
            ) from None
        return clear.decode()

    def open_column(
        self, envelopes: Iterable[InColumn], *, purpose: str, table: str, column: str, account: str
    ) -> Iterator[str]:
        """:meth:`open_text` for many rows of one column."""
        ready = {
            kid: (_cipher(key, purpose).decrypt, _beginning(kid, table, column, account))
            for kid, key in self._keys.items()
        }
        for envelope, row, destination in envelopes:
            kid, payload = unwrap(envelope)
            try:
                decrypt, beginning = ready[kid]
                associated = _associated_data(beginning, row, destination)
                yield decrypt(payload[:NONCE_BYTES], payload[NONCE_BYTES:], associated).decode()
            except (KeyError, InvalidTag):
                yield self.open_text(envelope, purpose=purpose, place=Place(table, column, account, row, destination))

    def is_current(self, envelope: str) -> bool:
        """Whether the envelope was sealed under the key that seals now."""
        return key_id(envelope) == self.current


@lru_cache(maxsize=64)
def _cipher(key: MasterKey, purpose: str) -> AESGCM:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=f"kbadmin {purpose}".encode())
    return AESGCM(derived.derive(key.material))


def json_default(value: Any) -> str:
    """For ``json.dumps(default=…)``: prints a Secret as dots and everything else as text."""
    return MASK if isinstance(value, Secret) else str(value)


def hide_revealed(text: str) -> str:
    """The text with every secret that was revealed lately in this process as dots, in any form it travels in.

    Call it before a text is cut: half a secret is recognised by nobody.
    """
    for form in _every_form(tuple(_revealed)):
        if form in text:
            text = text.replace(form, MASK)
    return text


@lru_cache(maxsize=4)
def _every_form(values: tuple[str, ...]) -> tuple[str, ...]:
    """Of the longest value first: it may hold a shorter one."""
    return tuple(form for value in sorted(values, key=len, reverse=True) for form in _forms(value))


@lru_cache(maxsize=REMEMBERED)
def _forms(value: str) -> tuple[str, ...]:
    """Plain, percent-encoded, and in base64 at each of the three places where it can begin within a group."""
    forms = {value: None, quote(value, safe=""): None}
    raw = value.encode()
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + raw).decode()
        first = (0, 2, 3)[before]  # Characters that what stands before has a part in …
        last = (None, -3, -2)[(before + len(raw)) % 3]  # … and those that what comes after has a part in.
        forms[encoded[first:last]] = forms[encoded[first:last].translate(_URL_SAFE)] = None
    return tuple(sorted(forms, key=len, reverse=True))


def new_token() -> str:
    """A random 256-bit token, safe in an address."""
    return random.token_urlsafe(32)


def fingerprint(token: str) -> str:
    """What is stored instead of a token: SHA-256; 256 random bits need neither salt nor stretching."""
    return hashlib.sha256(token.encode()).hexdigest()
