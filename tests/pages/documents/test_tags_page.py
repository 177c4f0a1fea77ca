"""Tags on screen: made and deleted by an administrator, and given to documents."""

from services.core.actors import Role
from services.documents import tags
from tests.kit import cast

BOSS = cast.act_as_somebody(Role.ADMIN)


def test_an_administrator_adds_a_tag_and_is_told_what_its_deletion_costs(
    at_desk, clinic
):
    app = at_desk("tags", Role.ADMIN)
    app.text_input(key="tags_new_0_name").input("Claim")
    app.button(key="tags_add_submit").click().run()

    # Another form: a browser keeps what was typed into the same one.
    assert app.text_input(key="tags_new_1_name").value == ""
    [made] = clinic.write(lambda s: tags.list_tags(s, clinic.clerk))
    assert made.name == "Claim"
    assert not made.is_shown_to_patients

    app.button(key=f"tags_delete_{made.id}").click().run()
    assert "No document has **Claim**." in app.markdown[-1].value
    assert app.button(key="tags_delete_confirm").label == ":red[Delete tag]"
    clinic.write(lambda s: tags.delete_tag(s, BOSS, made.id))


def test_a_name_that_is_there_already_is_explained_and_stays_typed(at_desk, clinic):
    app = at_desk("tags", Role.ADMIN)
    for number in range(2):
        app.text_input(key=f"tags_new_{number}_name").input("Twice")
        app.button(key="tags_add_submit").click().run()
    [made] = clinic.write(lambda s: tags.list_tags(s, clinic.clerk))
    clinic.write(lambda s: tags.delete_tag(s, BOSS, made.id))

    assert "There is already a tag with this name" in app.error[0].value
    assert app.text_input(key="tags_new_1_name").value == "Twice"
