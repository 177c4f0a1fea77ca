"""Why a backup, a drill or a copy failed is shown in German as well."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from dashboard.ui.language import GERMAN, using_language
from dashboard.ui.language.backup_failures import translate_failure
from dashboard.ui.language.recorded_sentences import translate_recorded
from db.backups.backup_errors import NoBackup

_ROOT: Final = Path(__file__).resolve().parents[3]
# Their sentences are only printed by commands, for the person who typed them.
_TYPED: Final = ("fetching", "elsewhere")
# Functions for a command alone, in modules that workers use as well.
_FOR_A_COMMAND: Final = {"require_lost", "replace_lost"}
# What else may end a going back that was asked for on the page, or a drill.
_MAY_END_IT: Final = (
    "dashboard/cli/going_back/closing.py",
    "db/embedded/replacement.py",
    "db/files/file_keys.py",
    "db/files/seal_keys.py",
)
# Errors that are caught elsewhere, or that are about parsing a single name.
_CAUGHT: Final = {
    *("ValueError", "RuntimeError", "TypeError", "FileDamaged"),
    *("SealBroken", "KeyUnknown"),
}
_NO_ROOM: Final = (
    "The disk of /b has 12 MB free and a backup needs 90 MB: free some, or name a "
    "folder on another disk with CHARTROOM_BACKUP_DIR."
)
_NO_ROOM_IN_GERMAN: Final = (
    "Der Datenträger von /b hat 12 MB frei, und eine Sicherung braucht 90 MB: Schaffen "
    "Sie Platz, oder nennen Sie mit CHARTROOM_BACKUP_DIR einen Ordner auf einem "
    "anderen Datenträger."
)


def _failures() -> Iterator[tuple[str, str]]:
    """Yield each sentence that a worker may store, with its place in the source."""
    paths = [_ROOT / name for name in _MAY_END_IT]
    for folder in ("db/backups", "jobs/backups"):
        paths += sorted((_ROOT / folder).rglob("*.py"))
    for path in paths:
        if any(part in str(path) for part in _TYPED):
            continue
        for node in _walk(ast.parse(path.read_text("utf-8"))):
            yield from ((text, f"{path.name}:{node.lineno}") for text in _kept_by(node))


def _walk(node: ast.AST) -> Iterator[ast.AST]:
    """Yield all nodes, except those of functions for a command alone."""
    if isinstance(node, ast.FunctionDef) and node.name in _FOR_A_COMMAND:
        return
    yield node
    for child in ast.iter_child_nodes(node):
        yield from _walk(child)


def _kept_by(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Raise(exc=ast.Call(func=ast.Name(id=kind), args=[said, *_])):
            if kind not in _CAUGHT:
                yield from _texts(said)
        case ast.Call(func=ast.Attribute(attr="_fail"), args=[said, *_]):
            yield from _texts(said)
        case ast.Assign(targets=[ast.Name(id="failure")], value=said):
            yield from _texts(said)


def _texts(said: ast.expr) -> Iterator[str]:
    """Yield a sentence with a placeholder for each value."""
    match said:
        case ast.Constant(value=str() as text) if " " in text:
            yield text
        case ast.JoinedStr(values=parts):
            yield "".join(
                str(part.value) if isinstance(part, ast.Constant) else "x.y"
                for part in parts
            )


def test_whatever_a_worker_keeps_of_a_failure_has_a_german_sentence() -> None:
    kept = dict(_failures())

    with using_language(GERMAN):
        english = {text: place for text, place in kept.items() if is_english(text)}

    assert len(kept) > 60
    assert english == {}


def _breaks() -> Iterator[str]:
    """Yield each sentence about an audit log that is not what it was."""
    for path in sorted((_ROOT / "services/audit/chain").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            match node:
                case ast.Call(func=ast.Name(id="Sentence"), args=[said]):
                    yield from _texts(said)
                case ast.Call(func=ast.Name(id="ChainBroken"), args=[_number, said]):
                    yield from _texts(said)
                case _:
                    pass


def test_why_an_audit_log_is_broken_is_german_within_a_failure() -> None:
    breaks = set(_breaks())
    beginning = "The audit log of backup b1 is broken: "

    with using_language(GERMAN):
        alone = {said: translate_failure(said) for said in breaks}
        within = {said: translate_failure(beginning + said) for said in breaks}
        entry = translate_failure(beginning + "Entry 7 was changed.")

    assert len(breaks) > 8
    assert {said for said, german in alone.items() if said == german} == set()
    assert {s for s, german in within.items() if not german.endswith(alone[s])} == set()
    assert entry == (
        "Das Zugriffsprotokoll der Sicherung b1 ist beschädigt: Eintrag 7 wurde "
        "geändert."
    )


def is_english(text: str) -> bool:
    """Return whether a sentence is shown as it was stored, in English."""
    return translate_failure(text) == text


@pytest.mark.parametrize(
    ("kept", "german"),
    [
        (_NO_ROOM, _NO_ROOM_IN_GERMAN),
        (
            "The log cannot be kept: The log's segment 0001 is missing.",
            "Das WAL lässt sich nicht aufbewahren: Segment 0001 fehlt.",
        ),
        (
            "rows of backup b1 is missing here: the backup is not copied.",
            "Zeilen der Sicherung b1 fehlt hier: Die Sicherung wird nicht kopiert.",
        ),
        (
            "The backups cannot be read (No space left on device).",
            "Die Sicherungen lassen sich nicht lesen (Kein Platz auf dem Gerät).",
        ),
        # Administrators search for PostgreSQL's answer as it is.
        (
            "PostgreSQL's leader does not answer: connection refused",
            "Der Primärserver antwortet nicht: connection refused",
        ),
        (
            str(NoBackup(Path("/b"))),
            (
                "In /b liegt keine Sicherung: Machen Sie eine mit python -m dashboard "
                "backup, oder nennen Sie den Ordner, in dem welche liegen."
            ),
        ),
    ],
)
def test_a_failure_is_told_with_its_values(kept: str, german: str) -> None:
    with using_language(GERMAN):
        assert translate_failure(kept) == german

    assert translate_failure(kept) == kept


def test_an_alert_tells_why_in_german_too() -> None:
    with using_language(GERMAN):
        german = translate_recorded("The last backup failed. There is no backup in /b.")

    assert german == (
        "Die letzte Datensicherung ist fehlgeschlagen. In /b liegt keine Sicherung."
    )
