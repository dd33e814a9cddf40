"""The vocabulary: the names and values that are not personal, because the connector's code contains them.

A connector can depend only on names and values in its code, its spec or its schemas. So these are kept, and
everything else may be replaced.
"""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

import orjson

from session_source.api.columns import Integer, Moment, Number

_PERSONAL = re.compile(
    r"(?:id|ids|idx|ip|key|token|name|phone|zip|postal|code|hash|login|password)$"
    r"|latitude|longitude|(?:^|_)(?:lat|lon|lng|age)$",
    re.IGNORECASE,
)
_TIME = re.compile(r"time|date|At$|_at$|On$|_on$")
_COLUMNS = {column.__name__ for column in (Integer, Moment, Number)}
_TECHNICAL = re.compile(r"(?:^|_)os|platform|producer|class|device|browser|type", re.IGNORECASE)
_MESSAGE = re.compile(r"error|message|detail|reason", re.IGNORECASE)

_PREFIX = 4
"""A term of so many letters is kept as the beginning of a longer word too: connectors search for stems."""


@dataclass
class Vocabulary:
    """The names and values that are kept.

    Attributes:
        literals: strings of the connector's code, and the names in its spec and schemas.
        terms: the words of those strings that are not prose, in lower case.
        counts: the names of numbers and times that the connector reads or sends, or a schema declares.
        declared: the fields that schemas declare in an object, by the object's name.
        open: the names of objects that may have custom properties beside these.
    """

    literals: set[str] = field(default_factory=set)
    terms: set[str] = field(default_factory=set)
    counts: set[str] = field(default_factory=set)
    declared: dict[str, set[str]] = field(default_factory=dict)
    open: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, package: str, specification: Mapping[str, Any]) -> "Vocabulary":
        """Collect the vocabulary of a connector.

        Args:
            package: the vendor's package.
            specification: the JSON schema of its configuration.
        """
        vocabulary = cls({"detail", "details", "error", "errors", "message", "messages", "reason"})
        files = [*_files(resources.files(package)), resources.files("session_source.http") / "status.py"]
        trees = [ast.parse(file.read_bytes()) for file in files if file.name.endswith(".py")]
        vocabulary._add_properties(specification)
        for tree in trees:
            vocabulary._add_code(tree)
        vocabulary.counts |= vocabulary.literals
        columns = resources.files("session_source.api") / "session_columns.json"
        vocabulary._add_fields({"properties": orjson.loads(columns.read_bytes())})
        for file in files:
            if file.name.endswith(".json"):
                vocabulary._add_fields(orjson.loads(file.read_bytes()))
        for tree in trees:
            vocabulary.counts.update(_columns(tree))
        return vocabulary

    def is_custom(self, parent: str, name: str) -> bool:
        """Return whether a field of an object is a custom property."""
        return name not in self.literals or (parent in self.open and name not in self.declared[parent])

    def is_kept_number(self, name: str) -> bool:
        """Return whether numbers under this name are counts, times and the like: no ids, and no places."""
        return name in self.counts and _PERSONAL.search(name) is None

    def is_kept_time(self, name: str) -> bool:
        """Return whether texts under this name that are times are kept."""
        return (name in self.counts or _TIME.search(name) is not None) and _PERSONAL.search(name) is None

    def is_kept_word(self, word: str) -> bool:
        """Return whether a word of an error message, or of a technical field, is one that the connector knows."""
        lower = word.lower()
        return lower in self.terms or any(lower[:length] in self.terms for length in range(_PREFIX, len(lower)))

    def _add_code(self, tree: ast.Module) -> None:
        docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and id(node) not in docs:
                text = node.value.decode("latin-1") if isinstance(node.value, bytes) else node.value
                if isinstance(text, str):
                    self._add(text)

    def _add_fields(self, schema: Mapping[str, Any]) -> None:
        """Add the schema of records. A field that it declares as text is not a number, even if it holds digits."""
        self._add_properties(schema)
        for name, part in _properties(schema):
            if {"integer", "number"} & {*_types(part)}:
                self.counts.add(name)
            else:
                self.counts.discard(name)

    def _add_properties(self, schema: Mapping[str, Any], name: str = "") -> None:
        """Add the names and constants of a JSON schema."""
        for text in (schema.get("const"), *schema.get("enum", ())):
            if isinstance(text, str):
                self._add(text)
        for variant in schema.get("oneOf", ()):
            self._add_properties(variant, name)
        if isinstance(items := schema.get("items"), Mapping):
            self._add_properties(items, name)
        properties = schema.get("properties", {})
        is_bare = not properties and "object" in _types(schema)
        if name and (schema.get("additionalProperties") or is_bare):
            self.open.add(name)
        self.declared.setdefault(name, set()).update(properties)
        for below, part in properties.items():
            self._add(below)
            self._add_properties(part, below)

    def _add(self, text: str) -> None:
        self.literals.add(text)
        if text.count(" ") <= 2 or "|" in text:  # no prose: a name, a value or a pattern
            self.terms.update(re.findall(r"[a-z]+|\d+", re.sub(r"\\[a-z]", " ", text).lower()))


def _columns(tree: ast.Module) -> Iterator[str]:
    """Find the fields that the code reads as numbers or times."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=kind), args=[*_, ast.Constant(value=str(name))]) if kind in _COLUMNS:
                yield name


def _properties(schema: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Find the properties of a schema at all levels."""
    for name, part in schema.get("properties", {}).items():
        yield name, part
        yield from _properties(part)
        yield from _properties(part.get("items", {}))


def _types(schema: Mapping[str, Any]) -> list[str]:
    types: str | list[str] = schema.get("type", [])
    return [types] if isinstance(types, str) else types


def is_technical(name: str) -> bool:
    """Return whether a field describes a device or a kind of thing; connectors search it for platforms."""
    return _TECHNICAL.search(name) is not None


def is_message(name: str) -> bool:
    """Return whether a field holds an error message; connectors recognize errors by its words."""
    return _MESSAGE.search(name) is not None


def _files(folder: Traversable) -> Iterator[Traversable]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _files(entry)
        else:
            yield entry
