"""Small groups are not told, and not to be worked out."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from asimati.kit.smallcells import told


def test_a_small_group_takes_another_with_it() -> None:
    assert told({"female": 40, "male": 3, "unknown": 6}, 5) == {"female": 40, "male": None, "unknown": None}
    assert told({"female": 40, "male": 12, "unknown": 0}, 5) == {"female": 40, "male": 12, "unknown": 0}
    assert told({"female": 3}, 5) == {"female": None}


@given(st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 30), max_size=6), st.integers(2, 8))
def test_from_the_whole_nothing_small_can_be_worked_out(groups: dict[str, int], smallest: int) -> None:
    said = told(groups, smallest)
    hidden = [groups[name] for name, count in said.items() if count is None]
    assert all(count is None or count == 0 or count >= smallest for count in said.values())
    assert not hidden or sum(hidden) >= smallest or sum(groups.values()) == sum(hidden)
    assert len(hidden) != 1 or sum(1 for count in groups.values() if count) == 1
