"""Options of a list with the same name have labels that differ."""

from dashboard.ui.fields.distinct_labels import distinct_labels


def test_a_name_that_stands_alone_is_the_label():
    options = {1: ("Ada Byron", "Cardiology"), 2: ("Grace Hopper", "Cardiology")}

    assert distinct_labels(options) == {1: "Ada Byron", 2: "Grace Hopper"}


def test_the_same_name_is_followed_by_what_distinguishes_it():
    options = {1: ("Ada Byron", "Cardiology", ""), 2: ("Ada Byron", "ENT", "room 3")}

    assert distinct_labels(options) == {
        1: "Ada Byron, Cardiology",
        2: "Ada Byron, ENT, room 3",
    }


def test_those_that_nothing_distinguishes_are_numbered():
    options = {1: ("Ada Byron",), 2: ("Grace Hopper",), 3: ("Ada Byron",)}

    assert distinct_labels(options) == {
        1: "Ada Byron (1)",
        2: "Grace Hopper",
        3: "Ada Byron (2)",
    }
