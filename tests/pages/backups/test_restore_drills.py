"""Restore drills on screen: none, requested, running, broken, proven."""

from dataclasses import replace
from functools import partial

import pytest

from db.models.integrity import RestoreDrill
from db.postgres import SYSTEM
from services.backups import drills
from services.core.actors import Role
from tests.kit import backup_sets
from tests.pages.backups.conftest import said
from tests.pages.conftest import forgetting, rows_of


@pytest.fixture(autouse=True)
def drills_of_one_test(kept):
    """Keep only the drills of the current test."""
    with forgetting(kept, RestoreDrill):
        yield


def opened(clinic):
    return clinic.open("backups", Role.ADMIN)


def end(clinic, **how):
    def write(session):
        drill = drills.newest_drill(session)
        drills.end_drill(session, drill.id, **how)

    clinic.wiring.database.write(write, identity=SYSTEM)


def test_before_the_first_the_page_says_when_they_run(clinic, repository, monkeypatch):
    app = opened(clinic)
    words = said(app)

    assert "No restore drill has run yet" in words
    assert "check counts as broken. One runs every 7 days." in words
    never = {"backup_drill_every_days": 0}
    changed = clinic.wiring.settings.model_copy(update=never)
    monkeypatch.setattr(clinic.wiring, "settings", changed)
    assert "counts as broken. None runs automatically." in said(opened(clinic))


def test_one_is_asked_for_by_a_button_and_its_end_is_told(clinic, repository):
    before = len(clinic.audit("backup:drill"))
    app = opened(clinic)
    app.button(key="restore_drills_run").click().run()

    assert "A restore drill is about to run." in said(app)
    assert app.button(key="restore_drills_run").disabled
    *earlier, event = clinic.audit("backup:drill")
    assert len(earlier) == before
    begin = drills.begin_drill
    clinic.wiring.database.write(
        lambda session: begin(session, event.subject_id), identity=SYSTEM
    )
    assert "A restore drill is running. You can leave this page." in said(
        opened(clinic)
    )
    (row,) = rows_of(opened(clinic), "restore_drills_table")
    assert row[2:] == ["Running", "–", "–", "–"]

    end(clinic, failure="base of backup 7 was changed.")
    app = opened(clinic)
    words = said(app)
    assert "is broken: nothing is proven by it. base of backup 7 was changed." in words
    assert not app.button(key="restore_drills_run").disabled
    (row,) = rows_of(app, "restore_drills_table")
    assert row[2:] == ["Broken", "–", "–", "–"]


def test_what_was_proven_stands_with_its_figures(clinic, repository):
    backup_sets.add_set(repository)
    repository.add_proof(backup_sets.DRILLED)
    clinic.wiring.database.write(drills.plan_drill, identity=SYSTEM)
    end(clinic, proof=backup_sets.DRILLED)

    app = opened(clinic)

    words = said(app)
    assert "Last restore proven on 25 Nov 2026, 03:00, to 25 Nov 2026, 02:03:07" in (
        words.replace("**", "")
    )
    assert (
        "and to 25 Nov 2026, 02:30:07, in 2.5 s; nothing was skipped: 59,189 rows"
        in (words)
    )
    row = rows_of(app, "restore_drills_table")[0]
    proven = "Proven: 25 Nov 2026, 02:03:07 and 25 Nov 2026, 02:30:07; 59,189 rows"
    assert row[1:2] + row[3:] == ["Plan", "2.5 s", "0.4 s", "36 MB/s"]
    assert row[2] == f"{proven}, 60 files (1.5 MB)"


def test_where_a_copy_is_kept_one_from_there_is_asked_for(
    clinic, repository, monkeypatch
):
    assert "restore_drills_run_copy" not in {b.key for b in opened(clinic).button}
    assert "copy elsewhere runs" not in said(opened(clinic))
    copied = {"backup_s3_url": "s3://clinic/chartroom"}
    changed = clinic.wiring.settings.model_copy(update=copied)
    monkeypatch.setattr(clinic.wiring, "settings", changed)
    app = opened(clinic)
    assert "One from the copy elsewhere runs every 28 days." in said(app)

    app.button(key="restore_drills_run_copy").click().run()

    assert app.button(key="restore_drills_run_copy").disabled
    assert app.button(key="restore_drills_run").disabled
    assert clinic.audit("backup:drill")[-1].details == {"of_copy": True}
    end(clinic, failure="base of backup 7 was changed in s3://clinic/chartroom.")
    app = opened(clinic)
    assert "from the copy elsewhere is broken: nothing is proven by it." in said(app)
    row = rows_of(app, "restore_drills_table")[0]
    assert row[2] == "From the copy: Broken"


def test_what_was_proven_from_the_copy_says_so(clinic, repository):
    backup_sets.add_set(repository)
    proof = replace(backup_sets.DRILLED, from_copy="s3://clinic/chartroom")
    repository.add_proof(proof)
    plan = partial(drills.plan_drill, of_copy=True)
    clinic.wiring.database.write(plan, identity=SYSTEM)
    end(clinic, proof=proof)

    app = opened(clinic)

    assert "All of it was fetched from the copy in s3://clinic/chartroom." in said(app)
    row = rows_of(app, "restore_drills_table")[0]
    assert row[2].startswith("From the copy: Proven: 25 Nov 2026, 02:03:07 and")
