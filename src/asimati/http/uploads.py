"""Files that come with a request: one `file` in multipart/form-data, and small fields beside it.

The body is read before the request's transaction begins, so that nobody's slow telephone holds one open, and after
the caller was let in, so that strangers fill no disk. What is large lies in a temporary file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import BinaryIO

from flask import request

from asimati.http import problems
from asimati.kit.errors import Invalid
from asimati.kit.words import _
from asimati.settings import settings

FORM = "multipart/form-data"
_BESIDE = 16_384  # bytes of a body beside the file itself
_CHUNK = 1 << 16


@dataclass(frozen=True)
class Upload:
    """What somebody sent: its bytes, the name they gave it, and the fields beside it."""

    name: str
    stream: BinaryIO
    fields: Mapping[str, str]

    def flag(self, name: str, *, otherwise: bool = False) -> bool:
        """A field that is true or false. Raises Invalid for anything else."""
        said = self.fields.get(name)
        if said not in (None, "true", "false"):
            raise Invalid([(f"/{name}", _("This must be true or false."))])
        return otherwise if said is None else said == "true"


def open_up() -> None:
    """Let a larger body in than other routes take, and read it."""
    request.max_content_length = settings().files.size + _BESIDE
    _ = request.files


def received(allowed: frozenset[str] = frozenset({"internal"})) -> Upload | None:
    """The file of the request; None when it brought none. Raises UnsupportedType, Invalid."""
    if request.mimetype != FORM:
        if request.content_length:
            raise NotAForm
        return None
    given = request.files.getlist("file")
    strange = sorted({*request.files, *request.form} - {"file"} - allowed)
    if strange:
        raise Invalid([(f"/{name}", _("There is no such field.")) for name in strange])
    if len(given) > 1:
        raise Invalid([("/file", _("Send one file at a time."))])
    if not given:
        return None
    return Upload(given[0].filename or "", given[0].stream, request.form.to_dict())  # type: ignore[arg-type]


def fingerprint() -> str:
    """What the body of a form means, whatever the boundary between its parts."""
    digest = hashlib.sha256()
    for name, value in sorted(request.form.items(multi=True)):
        digest.update(f"{name}\0{value}\0".encode("utf-8", "surrogatepass"))
    for name, part in sorted(request.files.items(multi=True), key=lambda item: item[0]):
        digest.update(f"{name}\0{part.filename}\0".encode("utf-8", "surrogatepass"))
        part.stream.seek(0)
        while chunk := part.stream.read(_CHUNK):
            digest.update(chunk)
        part.stream.seek(0)
    return digest.hexdigest()


class NotAForm(problems.UnsupportedType):
    detail = _("Send the file as multipart/form-data.")


SHAPE = {
    "required": True,
    "content": {
        FORM: {
            "schema": {
                "type": "object",
                "required": ["file"],
                "additionalProperties": False,
                "properties": {
                    "file": {"type": "string", "format": "binary", "description": "JPEG, HEIC, PNG, WebP or PDF"},
                    "internal": {
                        "type": "string",
                        "enum": ["true", "false"],
                        "description": "Staff: not for the resident's eyes",
                    },
                },
            }
        }
    },
}
