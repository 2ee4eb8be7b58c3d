"""Blocks drawn from their points: a spot belongs to the nearest, neighbours touch, the drawing is to scale."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as some

from asimati.places.drawing import REACH, Cell, Drawing, Spot, drawn

HERE = (26.22, 50.58)
STEP = 0.005  # degrees, about half a kilometre


def grid(side: int) -> tuple[tuple[str, float, float], ...]:
    return tuple((f"{y}{x}", HERE[0] - y * STEP, HERE[1] + x * STEP) for y in range(side) for x in range(side))


def of(blocks: tuple[tuple[str, float, float], ...]) -> Drawing:
    found = drawn(blocks)
    assert found is not None
    return found


def holds(cell: Cell, spot: Spot) -> bool:
    """Whether a spot lies within the outline: on the same side of every edge of what is convex."""
    ring = cell.outline
    sides = [
        (b[0] - a[0]) * (spot[1] - a[1]) - (b[1] - a[1]) * (spot[0] - a[0])
        for a, b in zip(ring, [*ring[1:], ring[0]], strict=True)
    ]
    return all(side >= -1e-6 for side in sides) or all(side <= 1e-6 for side in sides)


def test_without_a_point_there_is_no_drawing() -> None:
    assert drawn(()) is None


def test_one_block_alone_is_a_ring_without_neighbours() -> None:
    cell = of((("317", *HERE),)).cells["317"]
    assert cell.neighbours == frozenset()
    assert all(math.isclose(math.dist(corner, cell.middle), REACH) for corner in cell.outline)


def test_the_middle_of_a_grid_touches_its_four_neighbours_and_ends_half_way() -> None:
    drawing = of(grid(3))
    middle = drawing.cells["11"]
    assert middle.neighbours == {"01", "10", "12", "21"}
    east = max(x for x, _ in middle.outline)
    assert math.isclose(east, (middle.middle[0] + drawing.cells["12"].middle[0]) / 2, abs_tol=0.5)


def test_a_point_in_degrees_lies_where_its_block_is_drawn_and_north_is_above() -> None:
    drawing = of(grid(2))
    assert math.dist(drawing.at(*HERE), drawing.cells["00"].middle) < 1e-6
    assert drawing.cells["10"].middle[1] > drawing.cells["00"].middle[1]
    assert drawing.cells["01"].middle[0] > drawing.cells["00"].middle[0]
    north_south = drawing.cells["10"].middle[1] - drawing.cells["00"].middle[1]
    assert math.isclose(north_south, STEP * 111_320, rel_tol=1e-9)


@given(
    some.lists(
        some.tuples(some.integers(0, 60), some.integers(0, 60)), min_size=1, max_size=25, unique=True
    ),
    some.tuples(some.floats(0, 60), some.floats(0, 60)),
)  # fmt: skip
def test_every_spot_is_drawn_as_its_nearest_blocks_and_nobody_elses(
    places: list[tuple[int, int]], asked: tuple[float, float]
) -> None:
    blocks = tuple((str(number), 26 + y / 1000, 50 + x / 1000) for number, (x, y) in enumerate(places))
    drawing = of(blocks)
    spot = drawing.at(26 + asked[1] / 1000, 50 + asked[0] / 1000)
    far = sorted((math.dist(cell.middle, spot), cell.number) for cell in drawing.cells.values())
    if far[0][0] < REACH * math.cos(math.pi / 28):  # within the ring's straight edges too
        assert holds(drawing.cells[far[0][1]], spot)
    for distance, number in far[1:]:
        if distance > far[0][0] + 1e-6:
            assert not holds(drawing.cells[number], spot)


def test_who_is_my_neighbour_has_me_for_a_neighbour() -> None:
    cells = of(grid(4)).cells
    assert all(number in cells[other].neighbours for number, cell in cells.items() for other in cell.neighbours)
