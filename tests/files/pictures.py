"""Files as people and strangers send them."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from pathlib import Path

from PIL import Image

PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer << /Root 1 0 R >>\n%%EOF\n"


def photograph(form: str = "JPEG", size: tuple[int, int] = (64, 48), **more: object) -> bytes:
    """A picture, its left half red and its right half blue."""
    picture = Image.new("RGB", size, "red")
    picture.paste("blue", (size[0] // 2, 0, size[0], size[1]))
    made = io.BytesIO()
    picture.save(made, form, **more)
    return made.getvalue()


def with_a_place() -> bytes:
    """A photograph that says where it was taken, with which camera, and that it was held on its side."""
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation
    exif[0x010F] = "Camera of somebody"
    exif.get_ifd(0x8825)[1] = "N"  # GPS
    exif.get_ifd(0x8825)[2] = (26.0, 13.0, 30.0)
    return photograph(exif=exif, comment=b"my secret comment", xmp=b"<x:xmpmeta>secret-xmp</x:xmpmeta>")


def telephones(size: tuple[int, int] | None = None) -> bytes:
    """A HEIC photograph as telephones make them: 128 by 64 points, red and blue, held on its side; with its place.

    `size`: what its header shall claim of points instead.
    """
    made = (Path(__file__).parent / "photograph.heic").read_bytes()
    if size is None:
        return made
    claimed = made.index(b"ispe") + 8  # the box of its extents: four letters, version and flags, width, height
    return made[:claimed] + struct.pack("!LL", *size) + made[claimed + 8 :]


def archive() -> bytes:
    """A ZIP archive that unpacks to a thousand times its size."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("zeros", b"\0" * 20_000_000)
    return made.getvalue()


def vast(width: int = 30_000, height: int = 30_000) -> bytes:
    """A sound PNG of so many pixels in a few hundred kilobytes."""
    line = b"\0" * (1 + (width + 7) // 8)
    packed = zlib.compressobj(9)
    data = b"".join(packed.compress(line) for _ in range(height)) + packed.flush()

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack("!L", len(body)) + name + body + struct.pack("!L", zlib.crc32(name + body))

    header = struct.pack("!LLBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
