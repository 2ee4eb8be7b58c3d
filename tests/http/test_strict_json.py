import pytest

from asimati.http.strict_json import DuplicateKey, TooDeep, loads
from asimati.kit.errors import Malformed


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"nul",
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": 1e999999}',
        b'{"a": ' + b"9" * 5000 + b"}",
        b"\xff",
    ],
)
def test_what_is_not_standard_json_of_bounded_size_is_malformed(raw: bytes) -> None:
    with pytest.raises(Malformed):
        loads(raw)


def test_two_equal_keys_are_refused_rather_than_the_last_taken() -> None:
    with pytest.raises(DuplicateKey):
        loads(b'{"a": 1, "a": 2}')


def test_hostile_nesting_is_refused_before_the_parser_recurses() -> None:
    with pytest.raises(TooDeep):
        loads(b"[" * 100_000)


def test_brackets_inside_strings_are_no_nesting() -> None:
    assert loads(('{"a": "' + "[{" * 50 + '\\"[[' + '"}').encode()) == {"a": "[{" * 50 + '"[['}
