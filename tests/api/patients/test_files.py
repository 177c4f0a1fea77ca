"""Photos and exports: only for those who may have them, and cached by no browser."""

import csv
import io
from uuid import uuid4

import pytest
from bson import ObjectId
from openpyxl import load_workbook
from PIL import Image
from sqlalchemy import func, select, update

from api.core.answers import LSN_HEADER
from db.models.patient import Patient
from db.models.user import User
from db.postgres import SYSTEM
from services.core.actors import PERMISSIONS, Permission, Role
from services.lists import views, workbooks
from services.lists.criteria import Combine, Criteria, Filter, Group, Operator
from services.patients.photos import photos
from services.patients.search.fields import PATIENTS
from tests.api.conftest import ADA
from tests.kit import cast
from tests.kit.signing_in import cookie_of


@pytest.fixture
def people(application):
    return application.people


def _signed_in(application, person_id):
    return {"Cookie": cookie_of(application.database, person_id)}


@pytest.fixture
def photograph(application, people, module_files):
    """Give a patient a photo of one colour, and return it as it is stored."""

    def take(patient, colour, version=1):
        upload = io.BytesIO()
        Image.new("RGB", (640, 480), colour).save(upload, "JPEG")
        prepared = photos.prepare(upload.getvalue())
        application.database.write(
            lambda session: photos.attach(
                session,
                module_files,
                people[Role.STAFF],
                patient["uuid"],
                prepared,
                version=version,
            ),
            identity=SYSTEM,
        )
        return prepared.full

    return take


def test_a_damaged_photo_is_refused_for_good(
    client, photograph, ada, application, module_files
):
    photograph(ada, "teal")
    of_ada = select(Patient.photo_file_id).where(Patient.id == ada["uuid"])
    named = application.database.write(
        lambda s: s.scalar(of_ada), identity=SYSTEM
    ).value
    at = {"_id": ObjectId(named.partition(".")[0])}
    entries = module_files._database["patient_photos.files"]
    entries.update_one(at, {"$inc": {"length": 1}})

    answer = client.get(f"/files/patients/{ada['uuid']}/photo?version=2")

    # Nobody is told to try again in two seconds.
    assert answer.status_code == 409
    assert "retry-after" not in answer.headers
    assert "damaged in the store" in answer.json()["detail"]


@pytest.fixture
def pictured(photograph, ada):
    """The address of a patient's photo, as on a page that has just saved it."""
    photograph(ada, "teal")
    return f"/files/patients/{ada['uuid']}/photo?version=2"


def test_a_signed_in_person_sees_a_photo(stranger, application, people, pictured):
    full = stranger.get(
        pictured, headers=_signed_in(application, people[Role.STAFF].id)
    )
    small = stranger.get(
        f"{pictured}&size=thumbnail",
        headers=_signed_in(application, people[Role.STAFF].id),
    )

    assert full.headers["content-type"] == small.headers["content-type"] == "image/jpeg"
    assert Image.open(io.BytesIO(full.content)).size == (640, 480)
    assert len(small.content) < len(full.content)
    assert full.headers["cache-control"] == "no-store"
    assert full.headers["x-content-type-options"] == "nosniff"


def test_a_program_sees_a_photo_with_its_token(client, pictured, ada):
    assert client.get(pictured).status_code == 200
    shown = client.get(f"/api/v1/patients/{ada['uuid']}").json()["photo"]
    assert shown == pictured.partition("?")[0]


@pytest.mark.parametrize(
    ("role", "status"), [(Role.PATIENT, 404), (Role.ANALYST, 403), (Role.ADMIN, 403)]
)
def test_others_do_not_see_it(as_role, pictured, role, status):
    assert as_role(role).get(pictured).status_code == status


def test_somebody_who_may_not_act_any_more_is_a_stranger(
    stranger, application, pictured
):
    gone = application.database.write(
        lambda session: cast.add_actor(session, Role.STAFF), identity=SYSTEM
    ).value
    headers = _signed_in(application, gone.id)
    application.database.write(
        lambda session: session.execute(
            update(User).where(User.id == gone.id).values(deactivated_at=func.now())
        ),
        identity=SYSTEM,
    )

    answer = stranger.get(pictured, headers=headers)

    assert answer.status_code == 401


def test_a_bad_token_is_not_made_good_by_a_cookie(
    stranger, application, people, pictured
):
    headers = _signed_in(application, people[Role.STAFF].id) | {
        "Authorization": "Bearer x"
    }

    assert stranger.get(pictured, headers=headers).status_code == 401


@pytest.mark.parametrize("size", ["huge", "../full"])
def test_there_are_two_sizes(client, ada, size):
    path = f"/files/patients/{ada['uuid']}/photo?size={size}"

    assert client.get(path).status_code == 400


def _stored(application, actor, **fields):
    written = application.database.write(
        lambda session: views.store_criteria(
            session, actor, Criteria(**fields), subject=PATIENTS
        ),
        identity=actor.database_identity,
    )
    return f"/files/patients.csv?list={written.value}"


def test_asvs_5_4_1_a_list_is_exported_as_it_is_filtered(
    client, stranger, application, people
):
    name = f"N{uuid4().hex[:12]}"
    for first in ("Ada", "=1+1"):
        added = ADA | {"first_name": first, "last_name": name}
        written = client.post("/api/v1/patients", added)
    where = Group(Combine.AND, (Filter("last_name", Operator.EQUAL, name),))
    path = _stored(application, people[Role.STAFF], where=where)
    seen = {LSN_HEADER: written.headers[LSN_HEADER]}

    answer = stranger.get(
        path, headers=_signed_in(application, people[Role.STAFF].id) | seen
    )

    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert len(rows) == 2
    assert not any(value.startswith("=") for row in rows for value in row.values())
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == (
        'attachment; filename="patients-2026-11-20.csv"'
    )
    assert answer.headers["cache-control"] == "no-store"


def test_a_browser_gets_what_spreadsheets_read_and_a_program_gets_no_mark(
    client, stranger, application, people
):
    path = _stored(application, people[Role.STAFF])
    mark = "\ufeff".encode()

    for_spreadsheets = stranger.get(
        path, headers=_signed_in(application, people[Role.STAFF].id)
    )

    assert for_spreadsheets.content.startswith(mark)
    assert not client.get(path).content.startswith(mark)


def test_who_may_not_export_is_told_so_before_anything_is_sent(
    stranger, application, people, monkeypatch
):
    path = _stored(application, people[Role.STAFF])
    only_lists = PERMISSIONS[Role.ANALYST] - {Permission.EXPORT_PATIENTS}
    monkeypatch.setitem(PERMISSIONS, Role.ANALYST, only_lists)

    answer = stranger.get(
        path, headers=_signed_in(application, people[Role.ANALYST].id)
    )

    assert answer.status_code == 403
    assert "export patient lists" in answer.json()["detail"]


def test_an_export_gives_its_connection_back(client, application, people):
    path = _stored(application, people[Role.STAFF])

    answers = [client.get(path).status_code for _ in range(20)]

    assert answers == [200] * 20


def test_without_a_key_everybody_is_exported(client, ada):
    rows = list(csv.DictReader(io.StringIO(client.get("/files/patients.csv").text)))

    assert ada["uuid"] in {row["id"] for row in rows}


def test_a_list_is_sent_as_a_workbook(client, ada):
    answer = client.get("/files/patients.xlsx")

    (ids, *_) = load_workbook(io.BytesIO(answer.content)).active.iter_cols()
    assert ada["uuid"] in {cell.value for cell in ids}
    assert answer.headers["content-type"] == workbooks.MEDIA_TYPE
    assert answer.headers["content-disposition"] == (
        'attachment; filename="patients-2026-11-20.xlsx"'
    )
    assert answer.headers["cache-control"] == "no-store"


def test_a_list_without_room_in_a_workbook_is_refused(client, ada, monkeypatch):
    monkeypatch.setattr(workbooks, "MOST_ROWS", 0)

    answer = client.get("/files/patients.xlsx")

    assert answer.status_code == 400
    assert "Use the CSV file" in answer.json()["detail"]


def test_a_photo_that_was_replaced_a_moment_ago_is_never_the_old_one(
    client, photograph, ada
):
    path = f"/files/patients/{ada['uuid']}/photo"
    for version, colour in enumerate(("red", "blue", "green", "gold"), start=1):
        kept = photograph(ada, colour, version)

        assert client.get(f"{path}?version={version + 1}").content == kept


def test_a_version_that_does_not_exist_is_not_found(client, pictured):
    assert client.get(pictured.replace("=2", "=3")).status_code == 404


def test_a_list_that_nobody_stored_is_not_found(client):
    assert client.get("/files/patients.csv?list=none").status_code == 404


def _picture(kind="JPEG", colour="teal"):
    picture = io.BytesIO()
    Image.new("RGB", (640, 480), colour).save(picture, kind)
    return picture.getvalue()


def _put(client, patient, data, media_type="image/jpeg", **headers):
    path = f"/files/patients/{patient['uuid']}/photo"
    named = {"Content-Type": media_type} | headers
    return client.ask("PUT", path, content=data, headers=named)


@pytest.mark.parametrize(
    ("kind", "media_type"), [("JPEG", "image/jpeg"), ("PNG", "image/png")]
)
def test_a_program_puts_a_photo_up_and_another_in_its_place(
    client, ada, kind, media_type
):
    first = _put(client, ada, _picture(kind), media_type)

    assert first.status_code == 200
    assert first.headers["ETag"] == '"2"'
    shown = client.get(first.json()["photo"])
    assert (shown.status_code, shown.headers["content-type"]) == (200, "image/jpeg")
    another = _put(client, ada, _picture(kind, "red"), media_type)
    assert another.json()["version"] == 3
    assert client.get(f"{another.json()['photo']}?version=3").content != shown.content


def test_a_photo_that_comes_too_late_is_refused(client, ada):
    _put(client, ada, _picture(), **{"If-Match": '"1"'})

    assert _put(client, ada, _picture(), **{"If-Match": '"1"'}).status_code == 412


@pytest.mark.parametrize(
    ("data", "media_type", "status"),
    [
        (b"no picture", "image/jpeg", 400),
        (_picture(), "image/gif", 415),
        (_picture() + b"x" * photos.MAX_BYTES, "image/jpeg", 413),
    ],
)
def test_what_is_no_photo_is_refused(client, ada, data, media_type, status):
    answer = _put(client, ada, data, media_type)

    assert answer.status_code == status
    assert client.get(f"/api/v1/patients/{ada['uuid']}").json()["photo"] is None


def test_a_photo_is_put_up_by_who_may_edit_the_patient(as_role, ada):
    for role in (Role.ANALYST, Role.ADMIN, Role.PATIENT):
        assert _put(as_role(role), ada, _picture()).status_code == 403
    assert _put(as_role(Role.CLINICIAN), ada, _picture()).status_code == 404
