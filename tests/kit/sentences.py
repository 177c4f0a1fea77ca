"""The calls that show text, their files, and the texts without a German translation."""

import ast
import builtins
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Final

from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po
from jinja2.ext import babel_extract

from dashboard.ui.language import CATALOGUES, GERMAN, catalogue, using_language

ROOT: Final = Path(__file__).resolve().parents[2]

# Functions that translate a sentence, or mark one for translation, with the places of
# the sentences among their arguments.
KEYWORDS: Final = {
    "_": (0,),
    "marked": (0,),
    "Sentence": (0,),
    "_said_of": (1,),
    "ngettext": (0, 1),
    "pgettext": (1,),
}
# What draws text, by the name of the function, or of the keyword that takes it.
SHOWS: Final = frozenset(
    [
        "button",
        "caption",
        "checkbox",
        "dialog",
        "empty_state",
        "error",
        "expander",
        "file_uploader",
        "form_submit_button",
        "header",
        "info",
        "link_button",
        "markdown",
        "metric",
        "multiselect",
        "notify",
        "page_header",
        "pills",
        "popover",
        "radio",
        "segmented_control",
        "selectbox",
        "spinner",
        "subheader",
        "success",
        "text_area",
        "text_input",
        "title",
        "toast",
        "toggle",
        "warning",
        "write",
    ]
)
SHOWN_AS: Final = frozenset(
    [
        "label",
        "help",
        "placeholder",
        "alt",
        "action",
        "title",
        "hint",
        "noun",
        "sentence",
        "problem",
    ]
)
_WORD: Final = re.compile(r"\d+\.\d+|[\w-]+")
_PERCENT: Final = re.compile(r"%\((\w+)\)s")


@cache
def translations(language: str = GERMAN) -> dict[str, str]:
    """Return each message with its translation into a language, in all forms."""
    sentences = dict[str, str]()
    for path in CATALOGUES.glob(f"{language}/*.po"):
        with path.open("rb") as file:
            for message in read_po(file, locale=language):
                if message.id and not message.fuzzy and all(forms(message.string)):
                    sentences |= zip(
                        forms(message.id), forms(message.string), strict=True
                    )
    return sentences


def known(language: str = GERMAN) -> frozenset[str]:
    """Return every message that a language's catalogues translate, in all forms."""
    return frozenset(translations(language))


def catalogues_of(language: str = GERMAN) -> dict[str, list[str]]:
    """Return each message, with its context if it has one, and the catalogues it is in.

    Scripts are sent a catalogue of their own, which repeats what pages say as well.
    """
    files = dict[str, list[str]]()
    for path in sorted(CATALOGUES.glob(f"{language}/*.po")):
        with path.open("rb") as file:
            for message in read_po(file, locale=language):
                if message.id and path.stem != "scripts":
                    key = "\4".join(filter(None, [message.context, *forms(message.id)]))
                    files.setdefault(key, []).append(path.name)
    return files


def forms(string: str | Sequence[str]) -> tuple[str, ...]:
    """Return the forms of a message: one, or several by number."""
    return (string,) if isinstance(string, str) else tuple(string)


def missing(source: Path) -> list[str]:
    """Return the messages of a module that no German catalogue has."""
    # Babel's own extraction misses calls within f-strings and within one another.
    return lacking(
        argument.value
        for call in ast.walk(ast.parse(source.read_text("utf-8")))
        if isinstance(call, ast.Call)
        for place in KEYWORDS.get(_name(call), ())
        for argument in call.args[place : place + 1]
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    )


def missing_of_script(source: Path) -> list[str]:
    """Return the messages of a script that the German catalogue of scripts lacks."""
    with using_language(GERMAN):
        german = catalogue("scripts")
    return [text for text in texts_of_script(source) if text not in german]


def texts_of_script(source: Path) -> list[str]:
    """Return the messages that a script translates."""
    # Some messages are inside template strings.
    options = {"parse_template_string": True}
    extracted = extract_from_file(
        "javascript", source, {"translate": None}, options=options
    )
    return [text for _, text, _, _ in extracted]


def texts_of_template(source: Path) -> list[str]:
    """Return the messages that a page of the sign-in translates."""
    options = {"newstyle_gettext": "true"}
    with source.open("rb") as file:
        extracted = babel_extract(file, ["_", "gettext", "ngettext"], [], options)
        texts = [forms(text or ()) for _, _, text, _ in extracted]
    return [form for each in texts for form in each if form]


def sayable(code: str) -> Iterator[str]:
    """Yield the texts and words of a module, as they are and as labels made of them.

    A page that has no label for the name of a field or of a kind shows the name itself.
    """
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from (node.value, node.value.lower())
    for word in set(_WORD.findall(code)):
        label = word.replace("_", " ")
        kind = label.replace("-", " ")
        yield from (word, label, kind, kind.capitalize())


def unwrapped_of_script(source: Path) -> list[str]:
    """Return the labels that a script shows without a translation."""
    labels = re.findall(
        r'"?(?:aria-label|placeholder|title)"?[:,] (?:"([^"]+)"|`([^`]+)`)',
        source.read_text("utf-8"),
    )
    texts = [quoted or template for quoted, template in labels]
    return [text for text in texts if re.search(r"\w", re.sub(r"\$\{.*?\}", "", text))]


def lacking(texts: Iterable[str]) -> list[str]:
    """Return the texts that no German catalogue has."""
    return [text for text in dict.fromkeys(texts) if text and text not in known()]


def fields(text: str) -> set[str]:
    """Return the names of the values in a message, in either notation."""
    named = {name for _, name, _, _ in Formatter().parse(text) if name}
    return named | set(_PERCENT.findall(text))


def unwrapped(code: str) -> list[str]:
    """Return the texts that a module shows without a translation."""
    return [
        ast.unparse(argument)
        for call in ast.walk(ast.parse(code))
        if isinstance(call, ast.Call)
        for argument in _shown(call)
        if any(_has_words(part) for part in _own_texts(argument))
    ]


def unasked(code: str) -> list[str]:
    """Return the choices of several values without a text while nothing is chosen.

    Streamlit would show a text of its own, in English.
    """
    return [
        ast.unparse(call)
        for call in ast.walk(ast.parse(code))
        if isinstance(call, ast.Call)
        if _name(call) == "multiselect"
        if "placeholder" not in {each.arg for each in call.keywords}
    ]


def names_of_details(code: str) -> Iterator[str]:
    """Yield the names of what a module writes beside an action in the audit log."""
    for node in ast.walk(ast.parse(code)):
        match node:
            case ast.keyword(arg="details", value=value):
                yield from _keys(value)
            case ast.Assign(targets=[ast.Name("details")], value=value):
                yield from _keys(value)


def _keys(details: ast.expr) -> Iterator[str]:
    for node in ast.walk(details):
        if isinstance(node, ast.Dict):
            for key in node.keys:
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    yield key.value.replace("_", " ")


def refusals(code: str) -> Iterator[str]:
    """Yield the sentences of a module's refusals: of what it raises, and of its errors.

    A text with values can be translated only if it is a Sentence; any other is yielded
    as it is in the code. A constant of the module stands for the texts in it.
    """
    module = ast.parse(code)
    constants = _constants(module)
    for node in ast.walk(module):
        for call in _refusing(node):
            for argument in (*call.args, *(each.value for each in call.keywords)):
                yield from filter(_is_said, _sentences(argument, constants))


def _name(call: ast.Call) -> str:
    function = call.func
    return getattr(function, "attr", getattr(function, "id", ""))


def _shown(call: ast.Call) -> Iterator[ast.expr]:
    if _name(call) in SHOWS and not _is_logged(call):
        yield from call.args[:1]
    yield from (each.value for each in call.keywords if each.arg in SHOWN_AS)


def _is_logged(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and (
        getattr(call.func.value, "id", "") in {"logger", "_log"}
    )


def _own_texts(node: ast.AST) -> Iterator[str]:
    """Yield the literals of an expression that are not an argument of a call."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield "".join(
            str(part.value) if isinstance(part, ast.Constant) else "{}"
            for part in node.values
        )
    elif not isinstance(node, ast.Call | ast.FormattedValue | ast.Compare):
        for child in ast.iter_child_nodes(node):
            yield from _own_texts(child)


def _has_words(text: str) -> bool:
    # The names of icons and colours are not shown as text.
    return any(map(str.isalpha, re.sub(r":material/(\w+|{}):|:\w+\[", "", text)))


def _refusing(node: ast.AST) -> Iterator[ast.Call]:
    # Python's own exceptions are programming errors, whose text nobody is shown.
    if (
        isinstance(node, ast.Raise)
        and isinstance(node.exc, ast.Call)
        and not hasattr(builtins, _name(node.exc))
    ):
        yield node.exc
    if isinstance(node, ast.Call) and _name(node) in {
        "__init__",
        "Problem",
    }:
        yield node


def _constants(module: ast.Module) -> dict[str, ast.expr]:
    return {
        target.id: statement.value
        for statement in module.body
        if isinstance(statement, ast.AnnAssign) and statement.value
        for target in (statement.target,)
        if isinstance(target, ast.Name)
    }


def _sentences(node: ast.expr, constants: Mapping[str, ast.expr]) -> Iterator[str]:
    match node:
        case ast.Constant(value=str() as text):
            yield text
        case ast.Call() if _name(node) == "Sentence":
            yield from _sentences(node.args[0], constants)
        case ast.IfExp():
            yield from _sentences(node.body, constants)
            yield from _sentences(node.orelse, constants)
        case ast.Name(id=name) | ast.Subscript(value=ast.Name(id=name)) if (
            name in constants
        ):
            yield from _sentences(constants[name], constants)
        case ast.Dict(values=values):
            for value in values:
                yield from _sentences(value, constants)
        case ast.JoinedStr():
            yield ast.unparse(node)


def _is_said(text: str) -> bool:
    # A single word is the name of a field, not what is wrong with it.
    return " " in text
