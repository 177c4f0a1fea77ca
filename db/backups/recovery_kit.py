"""The recovery kit: the keys without which no backup opens, sealed to a passphrase.

It is an armored file in the age format (https://age-encryption.org/v1, scrypt): with
the passphrase any age program opens it. Below it is a check for each line, which
identifies a line that was mistyped. On paper it is also printed as QR codes, each with
a few of its lines.
"""

import re
import zlib
from binascii import crc_hqx
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Final
from unicodedata import normalize

import pyrage  # type: ignore[import-untyped]
from pydantic import TypeAdapter, ValidationError

from db.backups.backup_errors import CannotRestore
from db.files import private_files

# By their paths in a data folder, which are those of the kit's files.
FILE_KEYS: Final = "secrets/file.keys"
SEAL_KEYS: Final = "secrets/audit.key"
SIGNING_KEYS: Final = "secrets/signing.pem"
INSTALLATION_KEY: Final = "secrets/signing.key"
PASSWORDS: Final = "secrets.json"
_FILES: Final = (FILE_KEYS, SEAL_KEYS, SIGNING_KEYS, INSTALLATION_KEY, PASSWORDS)

_BEGIN: Final = "-----BEGIN AGE ENCRYPTED FILE-----"
_END: Final = "-----END AGE ENCRYPTED FILE-----"
_CHECKS: Final = re.compile(r"Check (?P<first>\d+):(?P<checks>(?: [0-9a-f]{4})+)")
_CODE: Final = re.compile(r"CHARTROOM-KIT (\d+)/(\d+) ([0-9a-f]{8})")
_CHECKS_A_LINE: Final = 8
# A code of this many lines can be read by a telephone from paper, with a seventh of it
# lost.
_LINES_A_CODE: Final = 12
_SHOWN: Final = 12
_TRIES: Final = 10


class KitBroken(CannotRestore):
    """The recovery kit does not open: its content is not what was made."""


@dataclass(frozen=True, slots=True)
class KitNote:
    """When a kit was made, and the SHA-256 of each of its files.

    `proven_at` is when somebody last showed that it opens, with its passphrase.
    """

    made_at: datetime
    digests: dict[str, str]
    proven_at: datetime | None = None

    @property
    def held_at(self) -> datetime:
        """When somebody last had the kit and its passphrase at hand."""
        return self.proven_at or self.made_at


@dataclass(frozen=True, slots=True)
class KeyFiles:
    """The files with a clinic's keys, by their paths in the kit.

    `given` are keys that come from the settings and are in no file.
    """

    paths: Mapping[str, Path]
    given: Mapping[str, str] = field(default_factory=dict, repr=False)

    def read(self) -> dict[str, str]:
        """Return the contents of the files that exist. Raises OSError."""
        contents = dict(self.given)
        for name, path in self.paths.items():
            with suppress(FileNotFoundError):
                contents.setdefault(name, path.read_text())
        return contents

    def changed_at(self) -> datetime:
        """Return when the newest of the files was written. Raises OSError."""
        times = [0.0]
        for path in self.paths.values():
            with suppress(FileNotFoundError):
                times.append(path.stat().st_mtime)
        return datetime.fromtimestamp(max(times), UTC)


@dataclass(frozen=True, slots=True)
class RecoveryKit:
    """The keys of one clinic, by their paths in a data folder."""

    system_id: str
    made_at: datetime
    files: dict[str, str] = field(repr=False)

    @property
    def note(self) -> KitNote:
        """What may be recorded about the kit without its keys."""
        return KitNote(self.made_at, digests_of(self.files))

    def sealed(self, passphrase: str) -> str:
        """Return the kit as text that opens only with a passphrase."""
        packed = zlib.compress(_KITS.dump_json(self), 9)
        armored = pyrage.passphrase.encrypt(packed, _plain(passphrase), armored=True)
        lines = [line for line in armored.decode().splitlines() if line]
        head = (
            f"Chartroom recovery kit of clinic {self.system_id}, made "
            f"{self.made_at:%Y-%m-%d %H:%M:%S} UTC."
        )
        return "\n".join((head, *lines, *_checks_of(lines[1:-1]))) + "\n"

    @classmethod
    def opened(cls, text: str, passphrase: str) -> "RecoveryKit":
        """Return the kit in a text, or in the texts of its codes.

        Raises KitBroken, with a sentence that says what is wrong and where.
        """
        lines = _lines_of(text)
        body = _body_of(lines)
        is_checked = _check(body, lines)
        armored = "\n".join((_BEGIN, *body, _END)) + "\n"
        try:
            packed = _decrypted(armored.encode(), _plain(passphrase))
        except pyrage.DecryptError as error:
            raise KitBroken(
                "The passphrase does not open this recovery kit. Each of its lines is "
                "what was made: try the passphrase again."
                if is_checked
                else "The recovery kit does not open: the passphrase is another, or a "
                "character was changed. With the lines that begin with Check, which "
                "are missing, it would be said which."
            ) from error
        try:
            kit = _KITS.validate_json(zlib.decompress(packed))
        except (zlib.error, ValidationError):
            # Without its cause, which may quote the content that it could not parse.
            raise KitBroken(
                "This was sealed by something else than Chartroom."
            ) from None
        if FILE_KEYS not in kit.files or not kit.files.keys() <= set(_FILES):
            raise KitBroken("This recovery kit is not one of this version's.")
        return kit


_KITS: Final = TypeAdapter(RecoveryKit)
_NOTES: Final = TypeAdapter(KitNote)


def digests_of(files: Mapping[str, str]) -> dict[str, str]:
    """Return the SHA-256 of files, to detect changes."""
    return {
        name: sha256(content.encode()).hexdigest() for name, content in files.items()
    }


def codes_of(text: str) -> tuple[str, ...]:
    """Return a kit's text in parts, one per QR code, which may be read in any order.

    Together, one below the other, they can be read as the kit.
    """
    lines, tag = text.splitlines(), _tag(text)
    parts = [
        lines[at : at + _LINES_A_CODE] for at in range(0, len(lines), _LINES_A_CODE)
    ]
    return tuple(
        "\n".join((f"CHARTROOM-KIT {number}/{len(parts)} {tag}", *part))
        for number, part in enumerate(parts, 1)
    )


def read_note(repository: Path) -> KitNote | None:
    """Return the note on the kit that was last made for the backups in a folder."""
    return private_files.read_as(_NOTES, repository / "kit.json")


def write_note(repository: Path, note: KitNote) -> None:
    """Record beside the backups which kit opens them. Raises OSError."""
    content = _NOTES.dump_json(note, indent=1)
    private_files.replace(repository / "kit.json", content)


def _decrypted(armored: bytes, passphrase: str) -> bytes:
    """Decrypt an age file. Raises pyrage.DecryptError or KitBroken.

    age first measures the machine and refuses what would take it more than 16 seconds.
    On a busy machine the measurement is now and then too slow.
    """
    for _ in range(_TRIES):
        try:
            return bytes(pyrage.passphrase.decrypt(armored, passphrase))
        except pyrage.DecryptError as error:
            if not str(error).startswith("Excessive work"):
                raise
    raise KitBroken(
        "This machine is too slow, or too busy, to open the recovery kit. Try again "
        "when it has less to do, or on a faster one."
    )


def _plain(passphrase: str) -> str:
    """Return a passphrase as every keyboard types it."""
    return normalize("NFC", passphrase.strip())


def _tag(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:8]


def _lines_of(text: str) -> list[str]:
    """Return the lines of a kit, joined if they come as codes; raises KitBroken."""
    lines = [line.strip() for line in text.replace("\ufeff", "").splitlines()]
    if not any(map(_CODE.fullmatch, lines)):
        return lines
    parts: dict[int, list[str]] = {}
    kits: set[tuple[int, str]] = set()
    current: list[str] = []
    for line in lines:
        if (match := _CODE.fullmatch(line)) is None:
            current.append(line)
            continue
        kits.add((int(match[2]), match[3]))
        # A code that was read twice counts once.
        current = parts[int(match[1])] = []
    if len(kits) > 1:
        raise KitBroken("These are codes of different recovery kits: take one kit's.")
    ((count, _),) = kits
    missing = [str(number) for number in range(1, count + 1) if number not in parts]
    if missing:
        raise KitBroken(
            f"Of the recovery kit's {count} codes these are missing: "
            f"{', '.join(missing)}. Scan them as well."
        )
    return [line for number in range(1, count + 1) for line in parts[number]]


def _body_of(lines: list[str]) -> list[str]:
    """Return the lines that age has sealed; raises KitBroken.

    Between them there may be a printed page's footer and header, which contain spaces.
    """
    if _BEGIN not in lines:
        raise KitBroken(
            f"This is no recovery kit: it has no line {_BEGIN}. Take the whole text, "
            "or all of its codes."
        )
    rest = lines[lines.index(_BEGIN) + 1 :]
    is_whole = _END in rest
    body = [
        line
        for line in (rest[: rest.index(_END)] if is_whole else rest)
        if line and " " not in line
    ]
    if not is_whole:
        raise KitBroken(
            f"The recovery kit is cut off after its line {len(body)}: take the whole "
            "text, or all of its codes."
        )
    return body


def _checks_of(sealed: list[str]) -> Iterator[str]:
    checks = [_check_of(line) for line in sealed]
    for at in range(0, len(checks), _CHECKS_A_LINE):
        yield f"Check {at + 1}: {' '.join(checks[at : at + _CHECKS_A_LINE])}"


def _check_of(line: str) -> str:
    return f"{crc_hqx(line.encode(), 0xFFFF):04x}"


def _check(body: list[str], lines: list[str]) -> bool:
    """Return whether there is a check for each line; raises KitBroken if one fails."""
    checks: dict[int, str] = {}
    for line in lines:
        if match := _CHECKS.fullmatch(line):
            checks.update(enumerate(match["checks"].split(), int(match["first"])))
    if len(body) < max(checks, default=0):
        raise KitBroken(
            f"The recovery kit has {len(body)} of {max(checks)} lines: take the whole "
            "text, or all of its codes."
        )
    wrong = [
        f"{number} ({line[:_SHOWN]}...)"
        for number, line in enumerate(body, 1)
        if checks.get(number, _check_of(line)) != _check_of(line)
    ]
    if wrong:
        raise KitBroken(
            f"The recovery kit is not what was made, in line {', '.join(wrong)}: "
            "compare each, and its check, with the paper."
        )
    return len(checks) == len(body)
