"""Pages of visits in a clinic that has none yet."""

from services.core.actors import Role


def test_an_outbox_without_letters_says_where_they_come_from(clinic):
    app = clinic.open("outbox", Role.ADMIN)

    said = [text.value for text in (*app.markdown, *app.caption)]
    assert any("No emails yet" in text for text in said)
    assert any("No mail server is configured" in element.value for element in app.info)


def test_without_doctors_no_speciality_is_asked_for(clinic):
    app = clinic.open("doctors", Role.ADMIN)

    assert any("No doctors yet" in text.value for text in app.markdown)
    assert not app.pills
