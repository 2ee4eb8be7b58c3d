"""What volunteers may say of themselves and shifts may ask for: the pack's skills and languages."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Text
from sqlalchemy.orm import Mapped, mapped_column

from asimati.kit.db import Base, bilingual


class Skill(Base):
    """Something a volunteer can do. A retired one stays with those who said it and is offered to nobody new."""

    __tablename__ = "skill"

    code: Mapped[str] = mapped_column(Text, primary_key=True)
    title: Mapped[dict[str, Any]] = bilingual()
    place: Mapped[int]  # in the pack's own order
    retired: Mapped[bool] = mapped_column(server_default="false")


class SpokenLanguage(Base):
    """A language a volunteer may speak, sign languages among them."""

    __tablename__ = "spoken_language"

    code: Mapped[str] = mapped_column(Text, primary_key=True)
    title: Mapped[dict[str, Any]] = bilingual()
    place: Mapped[int]
    retired: Mapped[bool] = mapped_column(server_default="false")
