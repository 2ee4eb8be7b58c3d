"""HEIC photographs become JPEG in another process: `python -m asimati.files.heic PIXELS MEMORY < sent > made`.

What reads them is C that is fed by strangers. Here it has so much memory and time and no more, and if it falls over
it takes no request of anybody else with it.
"""

from __future__ import annotations

import contextlib
import resource
import sys

from PIL import Image

MEMORY = 1 << 30  # bytes of address space; the 48 million pixels of a telephone fit into three quarters of it
SECONDS = 20  # of a processor
WRITTEN = 1 << 27  # bytes
TOO_MANY_PIXELS = 3  # how the process ends then; any other end but 0 says that the file cannot be read


def main(pixels: int, memory: int) -> int:
    """Write the picture on standard input, of at most so many pixels, to standard output as a JPEG."""
    import pi_heif  # nothing but this process has it

    pi_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False, decode_threads=1)
    Image.MAX_IMAGE_PIXELS = None  # our own limit is lower, and is asked before anything is decoded
    _bound(memory)
    with Image.open(sys.stdin.buffer, formats=("HEIF",)) as picture:
        if picture.width * picture.height > pixels:
            return TOO_MANY_PIXELS
        picture.convert("L" if picture.mode == "L" else "RGB").save(sys.stdout.buffer, "JPEG", quality=95)
    return 0


def _bound(memory: int) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (WRITTEN, WRITTEN))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(ValueError, OSError):  # macOS keeps to no such limit
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
