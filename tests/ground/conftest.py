"""The ground's tests start real servers and processes, so they need a folder PostgreSQL's user may enter."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """Instead of pytest's own, which is closed to everybody but root when root runs the tests."""
    folder = Path(tempfile.mkdtemp(prefix="asimati-test-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)
