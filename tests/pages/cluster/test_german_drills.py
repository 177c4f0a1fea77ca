"""What a failover drill has recorded is shown in German as well."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from dashboard.ui.language import GERMAN, using_language
from dashboard.ui.language.recorded_sentences import translate_recorded
from services.cluster.drill_kinds import DrillKind
from services.cluster.drills import DrillMeasurements, journal, judge

_ROOT: Final = Path(__file__).resolve().parents[3]
_SAYING: Final = {"tell", "append", "await_writes", "wait", "lose_primary"}
_RAISED: Final = {"CannotDrill", "WentWrong", "ControlRefused"}
# Mistakes of a program that asks the launcher; no drill makes them.
_OF_PROGRAMS: Final = {
    "The fault x y.",
    "A fault lasts up to x seconds.",
    "A pause lasts up to x seconds.",
}
_SWITCHOVER: Final = DrillKind.SWITCHOVER


def _said() -> Iterator[str]:
    """Yield each sentence of a drill, with a letter for each value."""
    paths = [
        *sorted((_ROOT / "jobs/cluster/practice").glob("*.py")),
        *sorted((_ROOT / "db/embedded/faults").glob("*.py")),
    ]
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            match node:
                case ast.Raise(exc=ast.Call(func=ast.Name(id=kind), args=said)) if (
                    kind in _RAISED
                ):
                    yield from _texts(said)
                case ast.Call(
                    func=ast.Attribute(attr=name) | ast.Name(id=name), args=said
                ) if name in _SAYING:
                    yield from _texts(said)
                case ast.FunctionDef(name="evidence"):
                    returned = [n.value for n in ast.walk(node) if _is_return(n)]
                    yield from _texts(returned)
                case _:
                    pass


def _is_return(node: ast.AST) -> bool:
    return isinstance(node, ast.Return)


def _texts(said: list[ast.expr]) -> Iterator[str]:
    for each in said:
        match each:
            case ast.Constant(value=str() as text) if " " in text:
                yield text.replace("{}", "x")
            case ast.JoinedStr(values=parts):
                letters = iter("xyz")
                yield "".join(
                    str(part.value) if isinstance(part, ast.Constant) else next(letters)
                    for part in parts
                )
            case ast.IfExp(body=body, orelse=orelse):
                yield from _texts([body, orelse])
            case _:
                pass


def test_every_sentence_of_a_drill_has_a_german_one() -> None:
    said = set(_said()) - _OF_PROGRAMS

    with using_language(GERMAN):
        english = {text for text in said if translate_recorded(text) == text}

    assert len(said) > 40
    assert english == set()


@pytest.mark.parametrize(
    ("kind", "measured", "german"),
    [
        (
            _SWITCHOVER,
            DrillMeasurements(1.2, 0.0, 500, 0, 0),
            (
                "Das Schreiben pausierte 1,2 s; keine von 500 bestätigten Änderungen "
                "ist verloren; niemand hat einen Fehler gesehen."
            ),
        ),
        (
            DrillKind.CRASH,
            DrillMeasurements(
                6.3, 1.5, 500, 2, 3, unseen=1, crossed=1, differing=("db-01", "db-02")
            ),
            (
                "Das Schreiben pausierte 6,3 s; 2 von 500 bestätigten Änderungen sind "
                "verloren, die älteste 1,5 s alt; 3 Anfragen endeten mit einem Fehler. "
                "Nicht wie zugesagt: eine Pause von mehr als 2,5 s, bestätigte "
                "Änderungen verloren, Menschen haben Fehler gesehen, Lesende haben "
                "nicht gesehen, was sie geschrieben hatten, zwei Server haben "
                "Änderungen angenommen, andere Zeilen auf db-01, db-02."
            ),
        ),
        (
            DrillKind.FULL_DISK,
            DrillMeasurements(0.1, 0.0, 5, 0, 0, differing=("db-03",)),
            (
                "Das Schreiben pausierte 0,1 s; keine von 5 bestätigten Änderungen ist "
                "verloren; niemand hat einen Fehler gesehen. Nicht wie zugesagt: "
                "andere Zeilen auf db-03, nichts zeigt, dass die Platte voll war."
            ),
        ),
        (
            DrillKind.LOST_MONGO,
            DrillMeasurements(9.0, 0.0, 5, 0, 0),
            (
                "Die Dateien waren 9,0 s nicht erreichbar; keine von 5 bestätigten "
                "Änderungen ist verloren; niemand hat einen Fehler gesehen."
            ),
        ),
    ],
)
def test_a_verdict_is_told_in_german(
    kind: DrillKind, measured: DrillMeasurements, german: str
) -> None:
    with using_language(GERMAN):
        assert translate_recorded(judge(kind, measured).sentence) == german


@pytest.mark.parametrize(
    ("kept", "german"),
    [
        (
            journal._ABANDONED,
            "Sie endete, bevor sie fertig war. Sehen Sie nach, ob alle Server da sind.",
        ),
        (
            "It stopped with an error: This did not happen within 60 s: db-02 follows.",
            (
                "Sie brach mit einem Fehler ab: Dies geschah nicht innerhalb von 60 s: "
                "db-02 folgt."
            ),
        ),
        (
            "Waiting until another server takes writes",
            "Warten, bis es so weit ist: ein anderer Server nimmt Änderungen an",
        ),
        ("db-03 takes writes", "db-03 nimmt Änderungen an"),
    ],
)
def test_a_step_and_an_end_are_told_in_german(kept: str, german: str) -> None:
    with using_language(GERMAN):
        assert translate_recorded(kept) == german
