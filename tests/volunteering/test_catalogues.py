"""Skills and languages: from the pack into the tables, and what people may choose of them."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from asimati.kit import db
from asimati.kit.errors import Invalid
from asimati.volunteering import catalogues
from asimati.volunteering.models import Skill, SpokenLanguage

V1 = "/api/v1"
FIRST_AID = {"code": "first-aid", "title": {"ar": "الإسعافات الأولية", "en": "First aid"}}
DRIVING = {"code": "driving", "title": {"ar": "قيادة المركبات", "en": "Driving"}}
ARABIC = {"code": "ar", "title": {"ar": "العربية", "en": "Arabic"}}


def test_a_skill_that_left_the_pack_is_retired_and_comes_back(tx: Session) -> None:
    catalogues.sync(tx, Skill, [FIRST_AID, DRIVING])
    catalogues.sync(tx, Skill, [DRIVING])
    assert catalogues.offered(tx, Skill) == [DRIVING]
    assert catalogues.titles(tx, Skill, ["first-aid"]) == [FIRST_AID]  # whoever said it keeps it, by name
    catalogues.sync(tx, Skill, [DRIVING, FIRST_AID])
    assert catalogues.offered(tx, Skill) == [DRIVING, FIRST_AID]


def test_only_what_is_offered_or_was_said_before_may_be_chosen(tx: Session) -> None:
    catalogues.sync(tx, Skill, [FIRST_AID, DRIVING])
    catalogues.sync(tx, Skill, [DRIVING])
    assert catalogues.require_known(tx, Skill, ["driving", "driving"], "/skills") == ["driving"]
    with pytest.raises(Invalid) as refused:
        catalogues.require_known(tx, Skill, ["driving", "first-aid"], "/skills")
    assert [pointer for pointer, _ in refused.value.errors] == ["/skills/1"]
    assert catalogues.require_known(tx, Skill, ["first-aid"], "/skills", kept=["first-aid"]) == ["first-aid"]


def test_an_app_reads_the_choices_without_signing_in(client: FlaskClient) -> None:
    with db.transaction() as tx:
        catalogues.sync(tx, Skill, [FIRST_AID, DRIVING])
        catalogues.sync(tx, SpokenLanguage, [ARABIC])
    assert client.get(f"{V1}/volunteering/choices").json == {"skills": [FIRST_AID, DRIVING], "languages": [ARABIC]}
