"""What a file truly is, by its content; pictures are made anew.

A picture that is decoded and written again holds pixels and nothing else: no place where it was taken, no camera's
number, no script, no second file behind its end. A PDF cannot be made anew without changing what was signed, so it
is looked at from outside, kept as it is, and only ever handed out as a download.

Nothing here reads a file into memory: sizes are asked before pixels are decoded, one picture at a time per process.
A HEIC photograph is first made a JPEG by a process of its own, and then treated as one that was sent.
"""

from __future__ import annotations

import hashlib
import logging
import shutil
import struct
import subprocess
import sys
import tempfile
import threading
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import BinaryIO

import puremagic
from PIL import Image, ImageOps

from asimati.files import heic
from asimati.files.refusals import FileTooLarge, FileTypeRefused, FileUnreadable, ImageTooLarge
from asimati.kit.errors import Unavailable
from asimati.settings import settings

log = logging.getLogger(__name__)

# Media type → how Pillow writes it, and the ending of its name.
PICTURES: Mapping[str, tuple[str, str]] = {
    "image/jpeg": ("JPEG", ".jpg"),
    "image/png": ("PNG", ".png"),
    "image/webp": ("WEBP", ".webp"),
}
PDF = "application/pdf"
HEIC = "image/heic"  # taken, never kept
# The brands of its files (ISO/IEC 23008-12).
_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
ENDINGS: Mapping[str, str] = {**{kind: ending for kind, (_, ending) in PICTURES.items()}, PDF: ".pdf"}
EDGE = 4096  # pixels of the longer side that is kept: more than any screen or page of paper shows
_WRITTEN = {"JPEG": {"quality": 88, "optimize": True}, "PNG": {}, "WEBP": {"quality": 88}}
_HEAD, _CHUNK = 4096, 1 << 16
_IN_MEMORY = 1 << 20  # bytes of a picture made anew before it is written to a temporary file
# The end of a ZIP archive, which may stand behind any other file; its comment is at most 64 KiB.
_ZIP_END, _ZIP_TAIL = b"PK\x05\x06", (1 << 16) + 22
_ELSE = (b"%PDF-", b"<script", b"<?php", b"<html")  # nothing of a photograph looks like these
_PATIENCE = 60  # seconds for the process that reads HEIC, on however busy a machine
_BROKEN = (OSError, SyntaxError, ValueError, EOFError, struct.error, MemoryError)

_one_at_a_time = threading.Lock()


@dataclass(frozen=True)
class Content:
    """What is to be kept: the media type it truly has, and its bytes from the beginning."""

    media_type: str
    stream: BinaryIO
    size: int
    sha256: bytes


def inspect(stream: BinaryIO) -> Content:
    """The content to keep of what somebody sent.

    Raises FileTooLarge, FileTypeRefused, ImageTooLarge; FileUnreadable for what is damaged or two things at once;
    Unavailable where there was no time to look.
    """
    limit = settings().files.size
    if _size(stream) > limit:
        raise FileTooLarge(megabytes=limit >> 20)
    kind = _kind(stream)
    _refuse_two_in_one(stream, kind)
    if kind == HEIC:
        stream, kind = _jpeg_of(stream), "image/jpeg"
    kept = stream if kind == PDF else _made_anew(stream, PICTURES[kind][0])
    return Content(kind, kept, _size(kept), _digest(kept))


def _kind(stream: BinaryIO) -> str:
    stream.seek(0)
    head = stream.read(_HEAD)
    if head.startswith(b"%PDF-"):
        return PDF
    if head[4:8] == b"ftyp" and head[8:12] in _HEIC_BRANDS:
        return HEIC
    try:
        likely = {match.mime_type for match in puremagic.magic_string(head)}
    except (puremagic.PureError, ValueError):
        likely = set()
    for kind in PICTURES:
        if kind in likely:
            return kind
    raise FileTypeRefused


def _refuse_two_in_one(stream: BinaryIO, kind: str) -> None:
    """A file that another program would read as something else is nobody's photograph."""
    size = _size(stream)
    stream.seek(max(0, size - _ZIP_TAIL))
    tail = stream.read()
    if _ZIP_END in tail or (kind == PDF and b"%%EOF" not in tail[-2048:]):
        raise FileUnreadable
    if kind == PDF:
        return
    stream.seek(0)
    last = b""
    while chunk := stream.read(_CHUNK):
        seen = (last + chunk).lower()
        if any(mark.lower() in seen for mark in _ELSE):
            raise FileUnreadable
        last = chunk[-16:]


def _jpeg_of(stream: BinaryIO) -> BinaryIO:
    stream.seek(0)
    limit, made = settings().files.pixels, tempfile.TemporaryFile()  # noqa: SIM115
    with _one_at_a_time, tempfile.TemporaryFile() as sent:
        shutil.copyfileobj(stream, sent)
        sent.seek(0)
        reader = [sys.executable, "-m", heic.__name__, str(limit), str(heic.MEMORY)]
        try:
            ended = subprocess.run(reader, stdin=sent, stdout=made, stderr=subprocess.PIPE, timeout=_PATIENCE)
        except subprocess.TimeoutExpired:
            raise Unavailable from None
    if ended.returncode == heic.TOO_MANY_PIXELS:
        raise ImageTooLarge(megapixels=limit // 1_000_000)
    if ended.returncode:
        log.info("a HEIC photograph was not read", extra={"code": ended.returncode, "said": ended.stderr[-200:]})
        raise FileUnreadable
    return made


def _made_anew(stream: BinaryIO, form: str) -> BinaryIO:
    stream.seek(0)
    limit = settings().files.pixels
    with _one_at_a_time, warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our own limit is lower
        try:
            with Image.open(stream, formats=(form,)) as picture:
                if picture.width * picture.height > limit:
                    raise ImageTooLarge(megapixels=limit // 1_000_000)
                return _written(picture, form)
        except Image.DecompressionBombError:
            raise ImageTooLarge(megapixels=limit // 1_000_000) from None
        except _BROKEN:
            raise FileUnreadable from None


def _written(picture: Image.Image, form: str) -> BinaryIO:
    picture.thumbnail((EDGE, EDGE))  # a JPEG is decoded at a fraction of its size, not decoded and then shrunk
    ImageOps.exif_transpose(picture, in_place=True)  # as it was held, before what says so is dropped
    clear = form != "JPEG" and (picture.mode in ("LA", "PA", "RGBA") or "transparency" in picture.info)
    pixels = picture.convert("RGBA" if clear else "L" if picture.mode == "L" else "RGB")
    pixels.info = {}  # what Pillow would write again: comments, profiles, XMP
    made: BinaryIO = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # type: ignore[assignment]  # noqa: SIM115
    pixels.save(made, form, **_WRITTEN[form])
    return made


def _size(stream: BinaryIO) -> int:
    return stream.seek(0, 2)


def _digest(stream: BinaryIO) -> bytes:
    stream.seek(0)
    digest = hashlib.sha256()
    while chunk := stream.read(_CHUNK):
        digest.update(chunk)
    stream.seek(0)
    return digest.digest()
