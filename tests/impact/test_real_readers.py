"""What others read, read by their own programs: the build of Open SDG sites, and an SDMX library.

Neither stands among our dependencies (the build wants versions of years ago). They are asked in an environment of
their own, named by `OUTSIDE_READERS`: a Python with `sdg` 2.3.0 (open-sdg/sdg-build) and `sdmx1`. Without one these
tests say so and skip. docs/testing.md tells how to make it.
"""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.impact.acts import Act
from workers.tasks.deliver import drain

READER = os.environ.get("OUTSIDE_READERS", "")
pytestmark = pytest.mark.skipif(not READER, reason="OUTSIDE_READERS names no Python with sdg and sdmx1")
READ_SDMX = """
import json, sys
import sdmx
from sdmx.model import v30

dimensions = sys.argv[2].split(",")
structure = v30.DataStructureDefinition(id="IMPACT", version="1.0", maintainer=v30.Agency(id="ASIMATI"))
for name in dimensions:
    structure.dimensions.getdefault(id=name)
structure.measures.getdefault(id="OBS_VALUE")
for name in ("UNIT_MEASURE", "OBS_STATUS", "CONF_STATUS"):
    structure.attributes.getdefault(id=name)
flow = v30.Dataflow(id="IMPACT", version="1.0", maintainer=v30.Agency(id="ASIMATI"), structure=structure)
with open(sys.argv[1], "rb") as file:
    read = sdmx.read_sdmx(file, format="csv", structure=flow)
print(json.dumps([
    {**{name: str(one.dimension[name].value) for name in dimensions}, "value": str(one.value)}
    for one in read.data[0].obs
]))
"""


@pytest.fixture
def town(act: Act) -> None:
    for sex, number in (("female", 6), ("male", 7), ("unknown", 2)):
        for _ in range(number):
            act(sex=sex, on=date(2026, 11, 3))
    drain()


def ran(*command: str, folder: Path) -> str:
    done = subprocess.run([READER, *command], cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.usefixtures("town")
def test_the_build_of_open_sdg_sites_accepts_data_and_metadata(client: FlaskClient, tmp_path: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(client.get("/api/v1/impact/export/open-sdg.zip").data)) as archive:
        archive.extractall(tmp_path)
    ran("build_data.py", folder=tmp_path)
    built = tmp_path / "_site"
    for language in ("ar", "en"):
        headline = built / language / "headline" / "4-4-hours.csv"
        (row,) = csv.DictReader(io.StringIO(headline.read_text(encoding="utf-8-sig")))
        assert (row["Year"], float(row["Value"])) == ("2026", 15), "a headline that is not empty"
        facts: dict[str, Any] = json.loads(
            (built / language / "meta" / "4-4-hours.json").read_text(encoding="utf-8")
        )
        assert "hours" in facts["indicator_name"]
        told = (built / language / "data" / "4-4-hours.csv").read_text(encoding="utf-8-sig")
        assert len(list(csv.DictReader(io.StringIO(told)))) >= 1


@pytest.mark.usefixtures("town")
def test_an_sdmx_library_reads_the_same_observations(client: FlaskClient, tmp_path: Path) -> None:
    made = client.get("/api/v1/impact/export/tallies.sdmx.csv?by=sex&measure=people").data
    rows = list(csv.DictReader(io.StringIO(made.decode())))
    fixed = {"STRUCTURE", "STRUCTURE_ID", "ACTION", "OBS_VALUE", "UNIT_MEASURE", "OBS_STATUS", "CONF_STATUS"}
    dimensions = [name for name in rows[0] if name not in fixed]
    (tmp_path / "told.csv").write_bytes(made)
    read = json.loads(ran("-c", READ_SDMX, "told.csv", ",".join(dimensions), folder=tmp_path))
    assert len(read) == len(rows) > 3
    expected = {tuple(row[name] for name in dimensions): row["OBS_VALUE"] for row in rows}
    for one in read:
        assert expected[tuple(one[name] for name in dimensions)] in (one["value"], "")
