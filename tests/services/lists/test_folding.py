"""Folding, half of which is done without the database."""

from sqlalchemy import func, select

from services.lists.folding import fold


def test_texts_are_folded_as_the_database_folds_them(session):
    texts = ["Ada", "ZOË", "Łukasz Müller", "ΑΘΗΝΑ", "％", "straße", ""]

    folded = fold(session, texts)

    assert folded == {text: session.scalar(select(func.fold(text))) for text in texts}
    assert folded["ZOË"] == "zoe"


def test_of_plain_letters_and_signs_folding_makes_small_letters_only(session):
    every_sign = "".join(map(chr, range(1, 128)))

    assert session.scalar(select(func.fold(every_sign))) == every_sign.lower()
