"""SQL text as a tree, of which only what is fully understood is accepted."""

import logging
import re
from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final
from unicodedata import category

from services.analytics.queries.model import LONGEST_TEXT, QueryRefused
from services.core.sentences import Sentence
from services.core.typed_text import is_storable

if TYPE_CHECKING:
    from sqlglot.expressions import Expression

_NAME: Final = re.compile("[a-z_][a-z0-9_]{0,62}")
# Other ways to write text, which hide what it says; nobody needs them for a question.
_OTHER_LITERALS: Final = (
    "ByteString",
    "HexString",
    "BitString",
    "National",
    "UnicodeString",
    "RawString",
    "Concat",
)
# Control characters, and those that hide or reorder what is beside them.
_INVISIBLE: Final = frozenset({"Cc", "Cf"})
# Statements that change something.
_CHANGES: Final = frozenset(
    {"Insert", "Update", "Delete", "Merge", "Create", "Drop", "Alter", "TruncateTable"}
)
# Nodes of a tree that are accepted nowhere, by the keyword with which they are written.
_UNSUPPORTED: Final[Mapping[str, str]] = {
    "With": "WITH",
    "Union": "UNION",
    "Intersect": "INTERSECT",
    "Except": "EXCEPT",
    "Case": "CASE",
    "Cast": "CAST (::)",
    "Window": "OVER",
    "Filter": "FILTER",
    "Offset": "OFFSET",
    "Div": "/",
    "Mul": "*",
    "Mod": "%",
    "Sum": "sum()",
    "Max": "max()",
    "Min": "min()",
    "Round": "round()",
    "Coalesce": "coalesce()",
    "Extract": "extract()",
    "Upper": "upper()",
    "Lower": "lower()",
    "Stddev": "stddev()",
    "Median": "median()",
    "TimeToStr": "to_char()",
    "RegexpLike": "~",
}
_DAYS_OF_NOW: Final = Sentence(
    "A query does not know today's date. Write days as '2026-01-31', or count them "
    "from a column: occurred_on + 90."
)
# What to write in place of such nodes.
_INSTEAD: Final[Mapping[str, str]] = {
    "Subquery": Sentence(
        "A SELECT in brackets is not supported here. For patients with another event "
        "write EXISTS, or for those without NOT EXISTS: EXISTS (SELECT 1 FROM visits v "
        "WHERE v.patient_id = d.patient_id)."
    ),
    "CurrentDate": _DAYS_OF_NOW,
    "CurrentTimestamp": _DAYS_OF_NOW,
}
# Set by the parser itself on each node, whether or not the text has the keyword.
_SET_BY_PARSER: Final = frozenset({"big_int", "nulls_first"})


def parse_tree(text: str) -> "Expression":
    """Return the single statement in the text as a tree; raises QueryRefused.

    The parser's errors about text that it cannot read repeat parts of it, so they are
    not passed on.
    """
    # Importing it takes a fifth of a second, and few need it.
    from sqlglot import Dialect  # noqa: PLC0415
    from sqlglot.errors import SqlglotError  # noqa: PLC0415

    # It logs what it cannot read, and that may be somebody's illness.
    logging.getLogger("sqlglot").setLevel(logging.CRITICAL)
    if len(text) > LONGEST_TEXT:
        raise QueryRefused(
            Sentence(
                "A query can have at most {most:,} characters; this one has "
                "{number:,}.",
                most=LONGEST_TEXT,
                number=len(text),
            )
        )
    _require_visible(text)
    try:
        dialect = Dialect.get_or_raise("postgres")
        words = dialect.tokenize(text)
        statements = dialect.parser().parse(words, text)
    except (SqlglotError, RecursionError) as error:
        raise _unreadable(error) from None
    if not any(statements):
        raise QueryRefused(
            Sentence(
                "There is no query in this text. Write one SELECT, or start with one "
                "of the examples."
            )
        )
    if len(statements) != 1:
        raise QueryRefused(
            Sentence(
                "Write one SELECT, without a second statement after the semicolon."
            )
        )
    statement: Any = statements[0]
    if any(is_a(node, *_OTHER_LITERALS) for node in statement.walk()):
        raise QueryRefused(
            Sentence(
                "Write text in plain single quotes: 'like this', without letters or "
                "dollar signs before it."
            )
        )
    # The tree does not show whether this was written; and empty values come last here.
    if any(
        first.text.upper() == "NULLS" and second.text.upper() in {"FIRST", "LAST"}
        for first, second in pairwise(words)
    ):
        raise QueryRefused(
            Sentence("Leave out NULLS: rows without a value come last in any order.")
        )
    tree: Expression = statement
    return tree


def _unreadable(error: Exception) -> QueryRefused:
    """Return the refusal of a text that is no SQL, with the place but not the words."""
    places = getattr(error, "errors", ())
    if not places:
        return QueryRefused(
            Sentence(
                "This SQL cannot be read. Look for a missing comma, bracket or quote, "
                "or start with one of the examples."
            )
        )
    return QueryRefused(
        Sentence(
            "This SQL cannot be read beyond line {line}, character {character}. Look "
            "just before it for a misspelled word or a missing comma, bracket or "
            "quote, or start with one of the examples.",
            line=places[0]["line"],
            character=places[0]["col"],
        )
    )


def _require_visible(text: str) -> None:
    """Refuse a text that is not what it looks like to a reader of the audit log."""
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
        shown = line.replace("\t", " ")
        if not is_storable(line) or any(category(c) in _INVISIBLE for c in shown):
            raise QueryRefused(
                Sentence(
                    "Line {line} has a character that is invisible or changes how "
                    "others are shown. Type the line again.",
                    line=number,
                )
            )


def is_a(node: object, *names: str) -> bool:
    """Return whether a node of the tree is exactly of one of these types."""
    return type(node).__name__ in names


def require_only(node: "Expression", *allowed: str) -> None:
    """Raise QueryRefused if the node has parts other than the allowed ones.

    So no part of a text is ignored, whatever else the parser knows.
    """
    for name, value in node.args.items():
        if name not in allowed and name not in _SET_BY_PARSER and value:
            raise unsupported()


def part(node: "Expression", name: str) -> Any:
    """Return a part of a node, None where it has none."""
    return node.args.get(name)


def name_of(identifier: "Expression") -> str:
    """Return a name as PostgreSQL folds it; raises QueryRefused for unusual ones."""
    if not is_a(identifier, "Identifier"):
        raise unsupported()
    require_only(identifier, "this", "quoted")
    name = str(identifier.this)
    if not is_quoted(identifier):
        name = name.lower()
    if not _NAME.fullmatch(name):
        raise QueryRefused(
            Sentence(
                "Double quotes are for names, which can have only lower-case letters, "
                "digits and _. Write text in single quotes: 'like this'."
            )
            if is_quoted(identifier)
            else Sentence("Names can have only lower-case letters, digits and _.")
        )
    return name


def is_quoted(identifier: "Expression") -> bool:
    """Return whether a name is in double quotes, as text is in other languages."""
    return bool(part(identifier, "quoted"))


def without_parentheses(node: Any) -> Any:
    """Return the expression inside brackets."""
    while is_a(node, "Paren"):
        require_only(node, "this")
        node = node.this
    return node


class Unsupported(QueryRefused):
    """A part of the text is not on the list of what is accepted."""


def unsupported() -> Unsupported:
    """Return the refusal of whatever is not on the list of accepted parts."""
    return Unsupported(
        Sentence(
            "A part of this query is not supported here. Write one SELECT from the "
            "views of this page with JOIN, WHERE, GROUP BY, HAVING, ORDER BY and "
            "LIMIT, without WITH, UNION, DISTINCT, CASE, casts, windows and functions "
            "other than those in the examples."
        )
    )


def naming_unsupported(tree: "Expression") -> QueryRefused:
    """Return the refusal of an unsupported tree, with the keyword that it is about.

    Of what somebody has typed, it is at most the name of a function.
    """
    nodes = list(tree.walk())
    if any(is_a(node, *_CHANGES) for node in nodes):
        return QueryRefused(
            Sentence(
                "Queries count and change nothing. Write one SELECT, or start with "
                "one of the examples."
            )
        )
    for node in nodes:
        if instead := _INSTEAD.get(type(node).__name__):
            return QueryRefused(instead)
        if keyword := _keyword_of(node):
            return QueryRefused(
                Sentence(
                    "{keyword} is not supported here. Write one SELECT from the views "
                    "of this page with JOIN, WHERE, GROUP BY, HAVING, ORDER BY and "
                    "LIMIT, and only the functions of the examples.",
                    keyword=keyword,
                )
            )
    return unsupported()


def _keyword_of(node: Any) -> str | None:
    """Return how an unsupported node is written; None if it is not known."""
    if is_a(node, "Anonymous"):
        name = str(node.this).lower()
        return f"{name}()" if _NAME.fullmatch(name) else None
    if is_a(node, "Distinct") and is_a(node.parent, "Select"):
        return "SELECT DISTINCT"
    return _UNSUPPORTED.get(type(node).__name__)
