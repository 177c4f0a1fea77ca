"""Which counts are hidden, so that nobody can be found among few.

No count below k is disclosed, nor any two whose difference is below k: whoever knows
the one would know the other. In a table whose lines and total may be known, what is
hidden in a line is never one count alone, and never below k together (complementary
suppression; Hundepool et al., *Statistical Disclosure Control*, Wiley 2012, chapter 4).
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import combinations

from services.analytics.cohorts.results import CohortCount, SuppressionReason

Key = tuple[str, ...]


def protect_attrition(counts: Sequence[int], k: int) -> tuple[CohortCount, ...]:
    """Return what may be disclosed of counts, each one part of the one before."""
    protected: list[CohortCount] = []
    last_shown: int | None = None
    for number in counts:
        if number < k:
            protected.append(CohortCount(None, SuppressionReason.FEW))
        elif last_shown is not None and last_shown - number < k:
            protected.append(CohortCount(None, SuppressionReason.NEARLY_ALL))
        else:
            protected.append(CohortCount(number))
            last_shown = number
    return tuple(protected)


def protect_table(
    counts: Mapping[Key, tuple[int, int]],
    k: int,
    *,
    outside: int = 0,
    suppress_remaining: Collection[Key] = (),
    suppress_both: Collection[Key] = (),
) -> Mapping[Key, tuple[int | None, int | None]]:
    """Return what may be disclosed of how many came in and how many of them remain.

    How many remain is hidden for the keys in `suppress_remaining`, and both numbers for
    those in `suppress_both`.

    `outside` are the patients in no cell, out of a number that everybody knows: if they
    are fewer than k, they follow from a table that is disclosed whole.
    """
    lines = tuple(lines_of(counts))
    entered = {key: pair[0] for key, pair in counts.items()}
    remaining = {key: pair[1] for key, pair in counts.items()}
    gone = {key: came - left for key, (came, left) in counts.items()}
    hidden_entered = {key for key, number in entered.items() if number < k} | set(
        suppress_both
    )
    _add_complementary(hidden_entered, lines, k, entered)
    rest = outside + sum(entered[key] for key in hidden_entered)
    if 0 < rest < k and (more := _least(entered.keys() - hidden_entered, entered)):
        hidden_entered.add(more)
        # The total's line includes those who are in no cell.
        _add_complementary(hidden_entered, lines[1:], k, entered)
    few = {key for key in counts if min(remaining[key], gone[key]) < k}
    suppressed = hidden_entered | few | set(suppress_remaining)
    _add_complementary(suppressed, lines, k, remaining, gone)
    return {
        key: (
            None if key in hidden_entered else came,
            None if key in suppressed else left,
        )
        for key, (came, left) in counts.items()
    }


def with_complementary(
    hidden: Collection[Key], sizes: Mapping[Key, int], k: int
) -> set[Key]:
    """Return the hidden keys of a table, and those that would otherwise reveal them."""
    more = set(hidden)
    _add_complementary(more, tuple(lines_of(sizes)), k, sizes)
    return more


def lines_of(keys: Mapping[Key, object]) -> Iterator[tuple[Key, ...]]:
    """Yield the lines whose sum may be known: all keys, and those that share values."""
    width = max(map(len, keys), default=0)
    for size in range(width):
        for places in combinations(range(width), size):
            lines: dict[Key, list[Key]] = {}
            for key in keys:
                lines.setdefault(tuple(key[place] for place in places), []).append(key)
            yield from map(tuple, lines.values())


def _add_complementary(
    hidden: set[Key],
    lines: Sequence[Sequence[Key]],
    k: int,
    *numbers: Mapping[Key, int],
) -> None:
    """Hide more in each line until what is hidden there reveals no single count."""
    is_changed = True
    while is_changed:
        is_changed = False
        for line in lines:
            if more := _least_to_hide(hidden, line, k, numbers):
                hidden.add(more)
                is_changed = True


def _least_to_hide(
    hidden: set[Key],
    line: Sequence[Key],
    k: int,
    numbers: Sequence[Mapping[Key, int]],
) -> Key | None:
    inside = [key for key in line if key in hidden]
    sums = [sum(of[key] for key in inside) for of in numbers]
    if not inside or (len(inside) > 1 and min(sums) >= k):
        return None
    return _least((key for key in line if key not in hidden), numbers[0])


def _least(keys: Iterable[Key], numbers: Mapping[Key, int]) -> Key | None:
    return min(keys, key=lambda key: (numbers[key], key), default=None)
