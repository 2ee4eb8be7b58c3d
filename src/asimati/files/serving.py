"""Files over HTTP: how they are shown, and how they leave."""

from __future__ import annotations

from urllib.parse import quote

from flask import Response

from asimati.files import inspecting, store
from asimati.files.models import FileStatus, StoredFile
from asimati.files.refusals import (
    FileInfected,
    FilePending,
    FileTooLarge,
    FileTypeRefused,
    FileUnreadable,
    ImageTooLarge,
    TooManyFiles,
)
from asimati.http import problems
from asimati.http.fields import UUID, Boolean, DateTime, Enum, Integer, Schema, String

# What a route that keeps files may refuse.
REFUSALS = (
    FileTooLarge,
    FileTypeRefused,
    FileUnreadable,
    ImageTooLarge,
    TooManyFiles,
    problems.UnsupportedType,
)
# What a route that hands one out may refuse.
WITHHELD = (FilePending, FileInfected)
problems.STATUS |= {FileTooLarge: 413, FileTypeRefused: 415, FileUnreadable: 422, ImageTooLarge: 422}


class FileOut(Schema):
    """A file as a line beside its thing; the content has a route of its own."""

    id = UUID()
    name = String()
    media_type = String()
    size = Integer(metadata={"description": "Bytes"})
    status = Enum(FileStatus)
    internal = Boolean(metadata={"description": "For staff alone"})
    by = String(attribute="by_kind", metadata={"description": "Who sent it: resident, staff"})
    created_at = DateTime()


KINDS = tuple(inspecting.ENDINGS)  # the media types of what we keep


def answer(file: StoredFile) -> Response:
    """The content, streamed. Raises FilePending, FileInfected, Unavailable.

    A picture may be shown where it is; a PDF is only ever saved. Neither may be taken for a page of ours.
    """
    if file.status is FileStatus.PENDING:
        raise FilePending
    if file.status is FileStatus.INFECTED:
        raise FileInfected
    shown = "inline" if file.media_type in inspecting.PICTURES else "attachment"
    plain = "file" + inspecting.ENDINGS[file.media_type]
    response = Response(store.read(file.key), mimetype=file.media_type)
    response.headers["Content-Disposition"] = (
        f"{shown}; filename=\"{plain}\"; filename*=UTF-8''{quote(file.name, safe='')}"
    )
    response.headers["Content-Length"] = str(file.size)
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cross-Origin-Resource-Policy"] = "same-site"
    return response
