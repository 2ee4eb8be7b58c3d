"""The door's own reader of codes, in the browser it runs in, over pictures made for it (held.py)."""

from __future__ import annotations

import base64
import io
import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Browser

import asimati.console
from tests.journeys.held import HEIGHT, PLAIN, VIEWS, WIDTH, View, held

SCRIPT = Path(asimati.console.__file__).parent / "static" / "reader.js"
READ = """async (pictures) => {
  const said = [];
  for (const picture of pictures) {
    const image = await createImageBitmap(await (await fetch(picture)).blob());
    const sheet = new OffscreenCanvas(image.width, image.height).getContext("2d");
    sheet.drawImage(image, 0, 0);
    said.push(read(sheet.getImageData(0, 0, image.width, image.height).data, image.width, image.height));
  }
  return said;
}"""

Reader = Callable[[Sequence[Image.Image]], list[str | None]]


@pytest.fixture(scope="module")
def read(chrome: Browser) -> Iterator[Reader]:
    """What the reader says of pictures."""
    context = chrome.new_context()
    page = context.new_page()
    page.add_script_tag(path=SCRIPT)
    yield lambda pictures: page.evaluate(READ, [_as_data(one) for one in pictures])
    context.close()


def _as_data(picture: Image.Image) -> str:
    kept = io.BytesIO()
    picture.save(kept, "PNG")
    return f"data:image/png;base64,{base64.b64encode(kept.getvalue()).decode()}"


def ticket(chance: random.Random) -> str:
    """As long as a ticket of ours: 98 bytes, written in letters of the web."""
    return base64.urlsafe_b64encode(chance.randbytes(98)).decode().rstrip("=")


@pytest.mark.parametrize("name", VIEWS)
def test_a_ticket_is_read_however_it_is_held(read: Reader, name: str) -> None:
    tickets = [ticket(random.Random(f"{name} {number}")) for number in range(3)]
    assert read([held(one, VIEWS[name], number) for number, one in enumerate(tickets)]) == tickets


def test_nearly_every_ticket_of_a_crowd_is_read_and_none_wrongly(read: Reader) -> None:
    chance = random.Random(7)
    tickets = [ticket(chance) for _ in range(60)]
    pictures = [
        held(
            one,
            View(
                turn=chance.uniform(0, 360),
                share=chance.uniform(0.5, 0.95),
                askew=(chance.uniform(-0.4, 0.4), chance.uniform(-0.4, 0.4)),
                blur=chance.uniform(0, 1.5),
                noise=chance.randrange(30),
                shadow=chance.uniform(0, 0.6),
                print_=(chance.randrange(70), chance.randrange(180, 256)),
                jpeg=chance.randrange(40, 95),
            ),
            number,
        )
        for number, one in enumerate(tickets)
    ]
    said = read(pictures)
    assert all(one in (None, there) for one, there in zip(said, tickets, strict=True))
    assert sum(one is not None for one in said) >= 57


@pytest.mark.parametrize("error", ["l", "m", "q", "h"])
def test_every_version_up_to_twenty_is_read(read: Reader, error: str) -> None:
    text, view = "A1", View(turn=11, share=0.95)
    pictures = [held(text, view, version, error=error, version=version) for version in range(1, 21)]
    assert read(pictures) == [text] * 20


TEXTS = ["0123456789012", "HELLO WORLD $%*+-./:", "https://asimati.example/تذكرة/٣", "1A", "7"]


@pytest.mark.parametrize("text", TEXTS)
def test_digits_capitals_and_letters_are_read(read: Reader, text: str) -> None:
    assert read([held(text, PLAIN)]) == [text]


def stained(text: str, part: float) -> Image.Image:
    """A code whose middle is hidden: `part` of its area."""
    picture = held(text, PLAIN)
    seen = picture.convert("L").point(lambda shade: 255 if shade > 250 else 0).getbbox()
    assert seen is not None
    side = (seen[2] - seen[0]) * part**0.5
    x, y = (seen[0] + seen[2]) / 2, (seen[1] + seen[3]) / 2
    ImageDraw.Draw(picture).rectangle((x - side / 2, y - side / 2, x + side / 2, y + side / 2), fill="#fff")
    return picture


def test_a_stain_is_mended_and_a_large_one_is_not_guessed(read: Reader) -> None:
    one = ticket(random.Random(3))
    small, large = read([stained(one, 0.03), stained(one, 0.3)])
    assert small == one  # Reed and Solomon at work
    assert large is None


def test_where_there_is_no_code_nothing_is_read(read: Reader) -> None:
    chance = random.Random(11)
    walls = [held("x", View(share=0.01), number) for number in range(6)]
    grains = [Image.frombytes("L", (WIDTH, HEIGHT), chance.randbytes(WIDTH * HEIGHT)) for _ in range(2)]
    plain = [Image.new("L", (WIDTH, HEIGHT), shade) for shade in (0, 128, 255)]
    assert read([*walls, *grains, *plain]) == [None] * 11


def test_a_tiny_and_an_empty_picture_do_no_harm(read: Reader) -> None:
    assert read([Image.new("L", (1, 1)), Image.new("L", (40, 3), 200)]) == [None, None]
