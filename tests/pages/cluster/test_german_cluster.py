"""An administrator who has chosen German manages the servers in German."""

import pytest

from dashboard.ui.language import GERMAN, using_language
from dashboard.ui.language.recorded_sentences import translate_recorded
from services.core.actors import Role
from services.core.sentences import Sentence
from tests.kit.german_pages import english, texts_of
from tests.pages.conftest import Clinic

PAGES = (
    "replication",
    "alerts",
    "cluster_history",
    "drills",
    "availability",
    "slow_queries",
    "vacuum",
    "backups",
)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_of_the_servers_is_german(german: Clinic, page: str) -> None:
    app = german.open(page, Role.ADMIN)

    # An alert's address and the kinds of rows are codes, which no person reads.
    assert english(texts_of(app)) == set()


@pytest.mark.parametrize(
    ("kept", "translation"),
    [
        (
            "db-02 is running but not streaming: timeline 3, the primary is on 4.",
            "db-02: läuft, streamt aber nicht: Timeline 3, der Primärserver ist auf 4.",
        ),
        (
            "streaming on timeline 4, replay paused",
            "streamt auf Timeline 4, Replay angehalten",
        ),
        ("The disk of db-01 is 93% full.", "Die Platte von db-01 ist zu 93% voll."),
        (
            "The disk of the backups is 91% full.",
            "Die Platte der Sicherungen ist zu 91% voll.",
        ),
        ("db-02 is 12.5 s behind.", "db-02 liegt 12,5 s zurück."),
        (
            Sentence(
                "Safe: {counted}, {seconds} s behind.", counted="x", seconds="0.0"
            ),
            "Sicher: x, 0,0 s Rückstand.",
        ),
        ("Said by nobody yet.", "Said by nobody yet."),
        ("running, nobody leads", "running, nobody leads"),
        (Sentence("{server} is {state}", server="x", state="crashed"), "x: abgestürzt"),
    ],
)
def test_what_was_kept_as_text_is_told_anew(kept: str, translation: str) -> None:
    with using_language(GERMAN):
        assert translate_recorded(kept) == translation

    assert translate_recorded(kept) == kept
