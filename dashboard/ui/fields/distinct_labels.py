"""Labels of options that are people or things which may have the same name."""

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from itertools import count
from typing import TypeVar

Option = TypeVar("Option", bound=Hashable)


def distinct_names(names: Mapping[Option, str]) -> dict[Option, str]:
    """Return the names of options, with numbers where several have the same name.

    Streamlit distinguishes options by their labels: of two with the same label only one
    can be chosen.
    """
    uses = Counter(names.values())
    numbers = {name: count(1) for name in uses}
    return {
        option: name if uses[name] == 1 else f"{name} ({next(numbers[name])})"
        for option, name in names.items()
    }


def distinct_labels(options: Mapping[Option, Sequence[str]]) -> dict[Option, str]:
    """Return the options' labels, of which no two are the same.

    The first text of each option is its name. Options with the same name have their
    other texts in their labels as well, and numbers if those are the same.
    """
    uses = Counter(name for name, *_ in options.values())
    return distinct_names(
        {
            option: name if uses[name] == 1 else ", ".join(filter(None, (name, *more)))
            for option, (name, *more) in options.items()
        }
    )
