"""What a sync would change is shown before it is let in, and nothing of the trial stays."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from asimati import pack
from asimati.kit.db import Base, transaction
from asimati.pack.differences import FOLLOWING, TABLES, Change, differences, digest
from asimati.settings import settings

V1 = "/api/v1"
Staff = Callable[..., dict[str, str]]


def counts(tx: Session) -> dict[str, int]:
    """How many rows each table has."""
    return {
        table.name: tx.scalar(select(func.count()).select_from(table)) or 0 for table in Base.metadata.sorted_tables
    }


def copied(tmp_path: Path) -> Path:
    """The Capital's pack, to be changed."""
    return Path(shutil.copytree(settings().governorate.folder, tmp_path / "pack"))


def test_every_table_a_first_sync_fills_is_shown(clean: str) -> None:
    with transaction() as tx:
        before = counts(tx)
        pack.sync(tx, pack.load(settings().governorate.folder))
        tx.flush()
        after = counts(tx)
        tx.rollback()
    filled = {name for name, count in after.items() if count != before[name]}
    assert filled - TABLES.keys() - FOLLOWING == set()


def test_the_trial_leaves_nothing_behind_and_says_what_the_sync_then_does(clean: str) -> None:
    capital = pack.load(settings().governorate.folder)
    with transaction() as tx:
        before = counts(tx)
        shown = differences(tx, capital)
        assert counts(tx) == before
        assert {one.change for one in shown} == {Change.ADDED}
        pack.sync(tx, capital)
        tx.flush()
        assert differences(tx, capital) == []


def test_changed_words_are_shown_by_their_place_and_a_missing_service_as_retired(
    tx: Session, tmp_path: Path
) -> None:
    folder = copied(tmp_path)
    pack.sync(tx, pack.load(folder))
    tx.flush()
    file = next(path for path in sorted((folder / "services").glob("*.toml")) if "roads" not in path.name)
    wanted = pack.load(folder).files[f"services/{file.name}"]
    title = wanted["title"]["en"]
    file.write_text(file.read_text().replace(title, f"{title} (new)", 1))

    changed = [one for one in differences(tx, pack.load(folder)) if one.kind == "service"]
    assert [(one.key, one.change) for one in changed] == [(wanted["code"], Change.CHANGED)]
    assert [(leaf.name, leaf.before, leaf.after) for leaf in changed[0].fields] == [
        ("title/en", title, f"{title} (new)")
    ]

    file.unlink()
    gone = [one for one in differences(tx, pack.load(folder)) if one.kind == "service"]
    assert [(one.key, one.change) for one in gone] == [(wanted["code"], Change.RETIRED)]


def test_staff_see_the_differences_and_let_in_only_what_they_saw(client: FlaskClient, as_staff: Staff) -> None:
    head = as_staff("administrator")
    shown = client.get(f"{V1}/staff/pack", headers=head).json
    assert shown["faults"] == []
    assert any(one["kind"] == "service" and one["change"] == "added" for one in shown["differences"])

    other = client.post(f"{V1}/staff/pack/sync", json={"digest": "0" * 64}, headers=head)
    assert (other.status_code, other.json["type"].split("/")[-1]) == (409, "pack-changed")

    assert shown["digest"] == digest(settings().governorate.folder)
    done = client.post(f"{V1}/staff/pack/sync", json={"digest": shown["digest"]}, headers=head)
    assert done.status_code == 200
    assert done.json["counts"]["places"]["blocks"] > 0
    assert client.get(f"{V1}/staff/pack", headers=head).json["differences"] == []
