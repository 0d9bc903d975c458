"""Passwords: hashing, checking in equal time, and what is too easy to guess.

Stored form: ``bcrypt-sha384$`` and bcrypt's own text. bcrypt reads 72 bytes at most and stops at a
NUL, so it gets the base64 of a SHA-384 (64 bytes) of the password in Unicode form NFKC: the same
password typed on another keyboard or system matches. The tag lets another scheme follow.
At most two hashes run at once in a process, so logins cannot starve the rest.
Source: spec/erp-modules.md, módulo 9; OWASP ASVS 5.0, 6.2, 6.3.8, 11.4.2.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import re
import threading
import unicodedata
from collections.abc import Iterable

import bcrypt

from kernel.errors import Unavailable, ValidationFailed

COST = 12
MIN_LENGTH = 12
MAX_LENGTH = 256

_TAG = "bcrypt-sha384$"
_STORED = re.compile(
    r"bcrypt-sha384\$(\$2b\$(0[4-9]|1\d|2\d)\$[./A-Za-z0-9]{21}[.Oeu][./A-Za-z0-9]{31})"
)
_AT_ONCE = 2
_PATIENCE = 10.0
_ESTIMATED = 72
"""Characters that are looked at to estimate the tries: they cost more than proportionally."""
_SAFE_SCORE = 3
_hashing = threading.BoundedSemaphore(_AT_ONCE)


def hash_password(text: str, *, cost: int = COST) -> str:
    """Return the stored form of a password.

    Raises:
        ValidationFailed: it is longer than ``MAX_LENGTH`` characters.
        Unavailable: too many hashes are waiting.
    """
    if len(text) > MAX_LENGTH:
        raise ValidationFailed(
            f"La contraseña admite hasta {MAX_LENGTH} caracteres.", field="password"
        )
    return _TAG + _bcrypt(text, bcrypt.gensalt(cost)).decode("ascii")


def verify_password(text: str, stored: str, *, cost: int = COST) -> bool:
    """Return whether the password is the stored one.

    A stored form that is not ours (a user without password) takes the time of one that is.

    Raises:
        Unavailable: too many hashes are waiting.
    """
    known = _STORED.fullmatch(stored)
    if known is None:
        return verify_dummy(text, cost=cost)
    expected = known[1].encode("ascii")
    matches = hmac.compare_digest(_bcrypt(text[:MAX_LENGTH], expected), expected)
    return matches and len(text) <= MAX_LENGTH


def verify_dummy(text: str, *, cost: int = COST) -> bool:
    """Return False after the time that a wrong password takes: the answer for unknown users."""
    _bcrypt(text[:MAX_LENGTH], f"$2b${cost:02d}${'.' * 22}".encode("ascii"))
    return False


def needs_rehash(stored: str, *, cost: int = COST) -> bool:
    """Return whether the stored form is of another scheme or cost than new ones."""
    known = _STORED.fullmatch(stored)
    return known is None or int(known[2]) != cost


def check_policy(text: str, *, personal: Iterable[str] = (), field: str = "password") -> None:
    """Accept a new password, or say what is wrong with it.

    ``personal`` are texts that an attacker would try first: the user's e-mail, names, company.

    Raises:
        ValidationFailed: too short, too long, or easy to guess; ``field`` is named.
    """
    if not MIN_LENGTH <= len(text) <= MAX_LENGTH:
        raise ValidationFailed(
            f"La contraseña debe tener entre {MIN_LENGTH} y {MAX_LENGTH} caracteres.",
            code="clave_longitud",
            field=field,
        )
    own = list(personal)
    easy = _is_repetitive(text) or _is_sequence(text) or _is_common(text, own)
    if easy or _is_guessable(text, own):
        raise ValidationFailed(
            "La contraseña es fácil de adivinar; use varias palabras sin relación entre sí.",
            code="clave_comun",
            field=field,
        )


def _bcrypt(text: str, salt: bytes) -> bytes:
    if not _hashing.acquire(timeout=_PATIENCE):
        raise Unavailable("Hay demasiados ingresos a la vez; intente de nuevo.", retry_after=5)
    try:
        return bcrypt.hashpw(_digest(text), salt)
    finally:
        _hashing.release()


def _digest(text: str) -> bytes:
    normal = unicodedata.normalize("NFKC", text).encode("utf-8", "surrogatepass")
    return base64.b64encode(hashlib.sha384(normal).digest())


# What people choose when told to choose: words of the login screen, the office and the house,
# in Spanish and English, with digits and signs around. The list is by rule: a password made of
# these, whatever the capitals, accents, digits-for-letters and decoration, is common.
_WORDS = (
    "contrasena password passwd clave secreto secret acceso access login ingreso entrar usuario "
    "user admin administrador administrator root sistema system soporte support prueba test demo "
    "temporal temp cambiar changeme change default invitado guest bienvenido bienvenida welcome "
    "hola hello amor love teamo iloveyou familia mama papa princesa princess estrella dios "
    "jesus futbol football dragon monkey master superman pokemon empresa company oficina office "
    "ventas sales tienda store caja cajero vendedor gerente contador almacen finanzas factura "
    "andes peru lima chile santiago colombia bogota mexico verano invierno otono primavera summer "
    "winter autumn spring enero febrero marzo abril mayo junio julio agosto septiembre octubre "
    "noviembre diciembre lunes martes miercoles jueves viernes sabado domingo qwerty asdf zxcv "
    # Names of people, clubs, places, brands and pets that lead the lists of leaked passwords.
    "alejandro alejandra alexander alexandra andrea andres antonio beatriz camila carlos carolina "
    "catalina christian christopher claudia cristian cristiano cristina cristo daniel daniela "
    "david diego eduardo elizabeth estefania fernanda fernando francisca francisco gabriel "
    "gabriela gonzalo isabella javier jennifer jessica jonathan jorge jose juan katherine luis "
    "leonardo manuel marcela maria mariana martin mateo mauricio messi michael michelle miguel "
    "natalia neymar nicolas nicole pablo patricia paola pedro raul ricardo rodrigo ronaldo "
    "santiago sebastian sofia stephanie thomas valentina vanessa veronica victor victoria ximena "
    "alianza america arsenal barcelona boca chelsea chivas colocolo juventus liverpool "
    "madrid millonarios nacional penarol real river universidad universitario "
    "arequipa argentina bolivia brasil callao caracas cusco ecuador medellin trujillo venezuela "
    "android apple facebook ferrari google instagram iphone microsoft mercedes nintendo samsung "
    "spotify tiktok toyota twitter whatsapp windows youtube "
    "amigo amiga angel baby babygirl bebe cerveza chocolate computadora computer corazon flower "
    "forever freedom friends gatito guitarra hermosa internet killer letmein linda mariposa "
    "matrix mucho mundo music musica naruto negrito nothing perrito pepito pirata princesita "
    "quiero rockyou secure shadow siempre spiderman starwars sunshine tequila trustno whatever "
    "world batman banana cookie correcthorsebatterystaple unodostres onetwothree four cuatro "
    "cambiame"
)
_ROWS = (
    "1234567890", "qwertyuiop", "asdfghjklñ", "zxcvbnm", "abcdefghijklmnopqrstuvwxyz",
    "1qaz", "2wsx", "3edc", "4rfv", "5tgb", "6yhn", "7ujm", "8ik", "9ol", "0p",
    "q2w3e4r5t6y7u8i9o0p", "q1w2e3r4t5y6u7i8o9p0", "1a2b3c4d5e6f7g8h9i0j",
)  # fmt: skip
"""What fingers run along: rows of keys, columns, and two rows in turn."""

_SHIFTED = str.maketrans("!@#$%^&*()", "1234567890")
_SPELLINGS = {"a": "a4@", "e": "e3", "i": "i1!", "o": "o0", "s": "s5$", "t": "t7"}
_NEIGHBOURS = frozenset(
    pair for row in _ROWS for a, b in itertools.pairwise(row) for pair in (a + b, b + a)
)


def _is_repetitive(text: str) -> bool:
    """Say whether it has few different characters, or repeats up to seven of them."""
    low = text.casefold()
    if len(set(low)) < 5:
        return True
    return any(
        (low[:period] * (len(low) // period + 1)).startswith(low)
        for period in range(1, min(len(low) // 3, 7) + 1)
    )


def _is_sequence(text: str) -> bool:
    """Say whether little is left when runs such as 4567, fedc, qwert, 1qaz or aaaa count as one."""
    low = text.casefold().translate(_SHIFTED)
    steps = [a == b or a + b in _NEIGHBOURS for a, b in itertools.pairwise(low)]
    return len(low) - sum(steps) < 6


def _is_common(text: str, personal: Iterable[str]) -> bool:
    """Say whether fewer than four letters are left once common and personal words are cut out."""
    own = {part for fact in personal for part in re.findall(r"[^\W\d_]{4,}", _fold(fact))}
    left = _pattern(own).sub("", _COMMON.sub("", _fold(text)))
    return sum(map(str.isalpha, left)) < 4


def _is_guessable(text: str, personal: Iterable[str]) -> bool:
    """Say whether an attacker with lists finds it within a hundred million tries.

    The lists (30,000 leaked passwords, names, words, films) and their combination are zxcvbn's; in
    Spanish it knows less than ``_WORDS``.
    """
    from zxcvbn import zxcvbn  # 15 MB of lists, for who chooses a password only

    own = [part for fact in personal for part in re.findall(r"[^\W\d_]{4,}", fact)]
    return bool(zxcvbn(text[:_ESTIMATED], user_inputs=own)["score"] < _SAFE_SCORE)


def _fold(text: str) -> str:
    """Return the text in small letters without accents."""
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(part for part in parts if not unicodedata.combining(part))


def _pattern(words: Iterable[str]) -> re.Pattern[str]:
    """Return what finds any of the words, longest first, also in its p4$$w0rd spelling."""
    longest_first = sorted(words, key=len, reverse=True)
    return re.compile("|".join(map(_spellings, longest_first)) or r"(?!)")


def _spellings(word: str) -> str:
    return "".join(f"[{re.escape(_SPELLINGS.get(letter, letter))}]" for letter in word)


_COMMON = _pattern(_WORDS.split())
