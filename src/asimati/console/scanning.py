"""Reading the code on a picture, where the browser at the door has no eyes of its own."""

from __future__ import annotations

import io
from typing import IO

import zxingcpp
from PIL import Image, UnidentifiedImageError

MOST_PIXELS = 2_000_000  # a still of a camera, made small by the page; nothing larger is unpacked
MOST_BYTES = 1_000_000
_QR = zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode])


def code_on(picture: IO[bytes]) -> str | None:
    """The text of a QR code on a JPEG or PNG; None for a picture without one, and for what is no picture."""
    try:
        with Image.open(io.BytesIO(picture.read(MOST_BYTES)), formats=("JPEG", "PNG")) as image:
            if image.width * image.height > MOST_PIXELS:
                return None
            found = zxingcpp.read_barcodes(image.convert("L"), formats=_QR)
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError):
        return None
    return next((one.text for one in found if one.valid), None)
