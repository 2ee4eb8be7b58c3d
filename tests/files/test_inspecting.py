"""What files are let in, and what is left of them."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from asimati.files import heic
from asimati.files.actions import named
from asimati.files.inspecting import EDGE, inspect
from asimati.files.refusals import FileTooLarge, FileTypeRefused, FileUnreadable, ImageTooLarge
from tests.files.pictures import PDF, archive, photograph, telephones, vast, with_a_place


@pytest.mark.parametrize(
    ("sent", "media_type"),
    [
        (photograph("JPEG"), "image/jpeg"),
        (photograph("PNG"), "image/png"),
        (photograph("WEBP"), "image/webp"),
        (telephones(), "image/jpeg"),
        (PDF, "application/pdf"),
    ],
)
def test_a_file_is_what_its_content_is(sent: bytes, media_type: str) -> None:
    kept = inspect(io.BytesIO(sent))
    assert kept.media_type == media_type
    assert kept.size == len(kept.stream.read())


def test_a_picture_loses_its_place_its_camera_and_its_comments_and_stands_upright() -> None:
    sent = with_a_place()
    assert b"Camera of somebody" in sent and b"secret comment" in sent and b"secret-xmp" in sent
    kept = inspect(io.BytesIO(sent)).stream.read()
    for secret in (b"Camera", b"secret", b"Exif", b"xmp"):
        assert secret not in kept
    with Image.open(io.BytesIO(kept)) as picture:
        assert picture.size == (48, 64), "turned as it was held"
        assert not picture.getexif()


def test_a_webp_and_a_png_lose_their_metadata_too() -> None:
    exif = Image.Exif()
    exif[0x010F] = "Camera of somebody"
    for form in ("WEBP", "PNG"):
        sent = photograph(form, exif=exif, icc_profile=b"a profile with a name")
        assert b"Camera" in sent
        kept = inspect(io.BytesIO(sent)).stream.read()
        assert b"Camera" not in kept and b"profile" not in kept


def test_a_telephones_photograph_becomes_a_jpeg_of_its_pixels_alone() -> None:
    sent = telephones()
    assert b"Camera of somebody" in sent and b"secret-xmp" in sent
    kept = inspect(io.BytesIO(sent)).stream.read()
    for secret in (b"Camera", b"secret", b"Exif", b"xmp"):
        assert secret not in kept
    with Image.open(io.BytesIO(kept)) as picture:
        assert (picture.format, picture.size) == ("JPEG", (64, 128)), "turned as it was held"
        above, below = picture.getpixel((32, 5)), picture.getpixel((32, 122))
    assert above[0] > 240 > 15 > above[2] and below[2] > 240 > 15 > below[0]  # type: ignore[index]


def test_what_reads_telephones_photographs_has_no_more_memory_than_we_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heic, "MEMORY", 16 << 20)
    with pytest.raises(FileUnreadable):
        inspect(io.BytesIO(telephones()))


def test_a_large_photograph_is_kept_at_the_size_that_is_of_use() -> None:
    kept = inspect(io.BytesIO(photograph("JPEG", (6000, 3000))))
    with Image.open(kept.stream) as picture:
        assert picture.size == (EDGE, EDGE // 2)


@pytest.mark.parametrize("form", ["PNG", "WEBP"])
def test_what_was_clear_stays_clear(form: str) -> None:
    made = io.BytesIO()
    Image.new("RGBA", (10, 10), (0, 0, 0, 0)).save(made, form)
    with Image.open(inspect(made).stream) as picture:
        assert picture.convert("RGBA").getpixel((5, 5))[3] == 0


@pytest.mark.parametrize(
    ("sent", "refusal"),
    [
        (b"", FileTypeRefused),
        (b"hello", FileTypeRefused),
        (b"<html><script>alert(1)</script></html>", FileTypeRefused),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", FileTypeRefused),
        (b"MZ" + b"\0" * 500, FileTypeRefused),
        (photograph("GIF"), FileTypeRefused),
        (b"\0\0\0\x18ftypheic" + b"\0" * 64, FileUnreadable),
        (telephones()[:-40], FileUnreadable),
        (telephones()[:300], FileUnreadable),
        (telephones() + archive(), FileUnreadable),
        (telephones() + b"<script>alert(1)</script>", FileUnreadable),
        (archive(), FileTypeRefused),
        (photograph() + archive(), FileUnreadable),  # a picture and an archive in one
        (PDF + archive(), FileUnreadable),
        (photograph(comment=b"<?php system($_GET[1]); ?>"), FileUnreadable),
        (photograph(comment=b"<ScRiPt>alert(1)</script>"), FileUnreadable),
        (photograph(comment=PDF), FileUnreadable),
        (photograph("PNG")[:70], FileUnreadable),
        (photograph("JPEG", (640, 480), quality=95)[:900], FileUnreadable),
        (PDF[:40], FileUnreadable),
        (b"\x89PNG\r\n\x1a\n" + b"\xff" * 64, FileUnreadable),
    ],
)
def test_what_is_nothing_we_take_or_two_things_at_once_is_refused(sent: bytes, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        inspect(io.BytesIO(sent))


def test_thirty_megabytes_are_refused_before_they_are_looked_at() -> None:
    with pytest.raises(FileTooLarge):
        inspect(io.BytesIO(photograph() + b"\0" * 30_000_000))


@pytest.mark.parametrize("size", [(30_000, 30_000), (12_000, 6_000)])
def test_a_picture_of_too_many_pixels_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(ImageTooLarge):
        inspect(io.BytesIO(vast(*size)))
    with pytest.raises(ImageTooLarge):
        inspect(io.BytesIO(telephones(size)))


_BOUNDED = """
import io, resource, sys
from asimati.files.inspecting import inspect
from asimati.files.refusals import ImageTooLarge
from tests.files.pictures import vast
sent = vast()
inspect(io.BytesIO({warm}))
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + {spare}, used + {spare}))
try:
    inspect(io.BytesIO(sent))
except ImageTooLarge:
    print("refused")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_picture_of_nine_hundred_million_pixels_is_refused_within_sixteen_megabytes() -> None:
    script = _BOUNDED.format(warm=repr(photograph("PNG")), spare=16 << 20)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=Path(__file__).parents[2]
    )
    assert done.stdout.strip() == "refused", done.stderr


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("صورة الحفرة.jpeg", "صورة الحفرة.jpg"),
        ("../../etc/passwd", "passwd.jpg"),
        ("C:\\photos\\street.png", "street.jpg"),
        ("", "file.jpg"),
        ("a\x00b", "file.jpg"),
        ("x" * 500, "x" * 120 + ".jpg"),
        ("photo.php", "photo.jpg"),
    ],
)
def test_a_name_is_safe_and_ends_as_the_content_is(given: str, name: str) -> None:
    assert named(given, "image/jpeg") == name
