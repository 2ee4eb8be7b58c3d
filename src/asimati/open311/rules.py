"""Our forms and cases in the standard's words. Plain Python."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from xml.etree import ElementTree

_BLOCK = re.compile(r"(?:block|blk|مجمع)\W{0,3}(\d{3,4})", re.IGNORECASE)
_LONG = 200  # characters past which a text is asked for in a field of several lines
# What XML calls the members of each list.
_MEMBERS = {
    "services": "service",
    "service_requests": "request",
    "attributes": "attribute",
    "values": "value",
    "errors": "error",
    "endpoints": "endpoint",
    "formats": "format",
}
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def datatype(shape: Mapping[str, Any]) -> str:
    """The standard's data type for a field of a form."""
    if shape.get("type") == "array":
        return "multivaluelist"
    if "enum" in shape or shape.get("type") == "boolean":
        return "singlevaluelist"
    if shape.get("type") in ("integer", "number"):
        return "number"
    if shape.get("format") in ("date", "date-time"):
        return "datetime"
    return "text" if shape.get("maxLength", _LONG + 1) > _LONG else "string"


def keys_of(shape: Mapping[str, Any]) -> Sequence[str]:
    """The values of a list."""
    if shape.get("type") == "boolean":
        return ("true", "false")
    listed: Sequence[str] = shape.get("enum") or shape.get("items", {}).get("enum", ())
    return listed


def narrative(schema: Mapping[str, Any]) -> str | None:
    """The field in which a resident tells the matter: it takes the standard's own `description`."""
    required = set(schema.get("required", ()))
    texts = [
        (name in required, shape.get("maxLength", 0), name)
        for name, shape in schema["properties"].items()
        if datatype(shape) == "text" and "format" not in shape
    ]
    return max(texts)[2] if texts else None


def telephone(schema: Mapping[str, Any]) -> str | None:
    """The field that asks for a telephone number: it takes the standard's own `phone`."""
    return next((name for name, shape in schema["properties"].items() if shape.get("format") == "phone"), None)


def answer(shape: Mapping[str, Any], given: Sequence[str]) -> Any:
    """What somebody sent for a field, as the form takes it; what does not fit is left for the form to refuse."""
    if datatype(shape) == "multivaluelist":
        return [one for each in given for one in each.split(",") if one]
    value = given[-1]
    if shape.get("type") == "boolean":
        return {"true": True, "false": False}.get(value, value)
    if shape.get("type") in ("integer", "number"):
        try:
            return int(value) if shape["type"] == "integer" else float(value)
        except ValueError:
            return value
    return value


def block_in(address: str) -> str | None:
    """The block an address in words names: "Road 1702, Block 317", «مجمع 317»."""
    found = _BLOCK.search(address)
    return found[1] if found else None


def moment(at: datetime | None) -> str | None:
    """A moment as the standard writes it (W3C), to the second."""
    return at.astimezone().isoformat(timespec="seconds") if at else None


def as_xml(root: str, content: Any) -> bytes:
    """The standard's XML: a list is its members, a table its columns; nothing is an empty element."""
    made = ElementTree.Element(root)
    _fill(made, root, content)
    written: bytes = ElementTree.tostring(made, encoding="utf-8")
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + written


def _fill(element: ElementTree.Element, name: str, content: Any) -> None:
    if isinstance(content, Mapping):
        for key, inner in content.items():
            _fill(ElementTree.SubElement(element, key), key, inner)
    elif isinstance(content, list | tuple):
        for inner in content:
            _fill(ElementTree.SubElement(element, _MEMBERS[name]), "", inner)
    elif content is not None:
        text = str(content).lower() if isinstance(content, bool) else str(content)
        element.text = _NOT_XML.sub("", text)


def words_of(values: str | None) -> Iterator[str]:
    """The members of a list written with commas."""
    return (one for one in (values or "").split(",") if one)
