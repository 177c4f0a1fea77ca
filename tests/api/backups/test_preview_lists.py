"""The lists of what going back would undo, as files for administrators."""

from uuid import uuid4

import pytest

from db.postgres import SYSTEM
from services.backups import BackupWindow, LogState, previews
from services.backups.previews import ChangedKind, ChangeList, ChangeSince
from services.core.actors import Role
from tests.kit import backup_sets, cast

TO = backup_sets.AS_OF


@pytest.fixture
def kept(application):
    """The number of a preview with a list of visits."""

    def write(session):
        log = LogState((BackupWindow(TO, TO),))
        boss = cast.act_as(cast.ADAM)
        preview = previews.request_preview(session, boss, TO, log)
        change = ChangeSince("booked", "visit", "patient", "", TO, "")
        lists = [ChangeList(ChangedKind.VISITS, (change,))]
        previews.end_preview(session, preview.id, lists=lists, compared_at=TO)
        return preview.id

    return application.database.write(write, identity=SYSTEM).value


def test_a_list_is_a_file_of_ids_and_times(as_role, kept):
    answer = as_role(Role.ADMIN).get(f"/files/restore-previews/{kept}/visits.csv")

    assert answer.text.splitlines() == [
        "what,id,patient_id,person_id,at,now",
        "booked,visit,patient,,2026-11-25T02:00:07.000+00:00,",
    ]
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == (
        'attachment; filename="would-be-undone-visits.csv"'
    )


def test_what_is_not_kept_is_not_found(as_role, kept):
    admin = as_role(Role.ADMIN)

    for path in (f"{kept}/notes", f"{kept}/..%22x", f"{uuid4()}/visits"):
        answer = admin.get(f"/files/restore-previews/{path}.csv")
        assert answer.status_code == 404
    assert (
        as_role(Role.STAFF)
        .get(f"/files/restore-previews/{kept}/visits.csv")
        .status_code
        == 403
    )
