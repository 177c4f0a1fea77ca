"""Labels of options that are people or things which may have the same name."""

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from itertools import count
from typing import TypeVar

Option = TypeVar("Option", bound=Hashable)


def distinct_labels(options: Mapping[Option, Sequence[str]]) -> dict[Option, str]:
    """Return the options' labels, of which no two are the same.

    Streamlit distinguishes options by their labels: of two with the same label only one
    can be chosen. The first text of each option is its name. Options with the same name
    have their other texts in their labels as well, and numbers if those are the same.
    """
    names = Counter(name for name, *_ in options.values())
    labels = {
        option: name if names[name] == 1 else ", ".join(filter(None, (name, *more)))
        for option, (name, *more) in options.items()
    }
    uses = Counter(labels.values())
    numbers = {label: count(1) for label in uses}
    return {
        option: label if uses[label] == 1 else f"{label} ({next(numbers[label])})"
        for option, label in labels.items()
    }
