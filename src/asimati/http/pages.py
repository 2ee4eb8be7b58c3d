"""Pages in the API: `?after=&limit=` in, `{"items", "next"}` out."""

from __future__ import annotations

from functools import cache
from typing import Any

from marshmallow import post_load

from asimati.http.fields import Nested, QueryInteger, Schema, String
from asimati.kit.pages import PageArgs


class PageQuery(Schema):
    """Query of a list; `after` and `limit` arrive as `page: PageArgs`. Subclass it for more."""

    after = String(max_length=500, metadata={"description": "The cursor `next` of the page before"})
    limit = QueryInteger(min=1, max=100, load_default=20)

    @post_load
    def gather(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        data["page"] = PageArgs(data.pop("after", None), data.pop("limit"))
        return data


@cache
def page_of(item: type[Schema]) -> type[Schema]:
    """The schema of a page of items."""
    return type(
        f"{item.__name__.removesuffix('Out')}Page",
        (Schema,),
        {"items": Nested(item, many=True, required=True), "next": String(required=True, allow_none=True)},
    )
