from pathlib import Path

import pytest

from asimati.settings import SettingsError, load

CONFIG = Path(__file__).resolve().parents[2] / "config"
BASE = {"ASIMATI_CONFIG": str(CONFIG)}


def test_the_environment_has_the_last_word_and_keeps_types() -> None:
    read = load(BASE | {"ASIMATI_PORT": "8123", "ASIMATI_DATABASE_POOL_SIZE": "3", "ASIMATI_LIMITS_ENABLED": "no"})
    assert (read.port, read.database.pool_size, read.limits.enabled) == (8123, 3, False)


@pytest.mark.parametrize(
    ("environment", "culprit"),
    [
        ({"ASIMATI_PROT": "8000"}, "ASIMATI_PROT"),
        ({"ASIMATI_PORT": "eight"}, "ASIMATI_PORT"),
        ({"ASIMATI_PROFILE": "staging"}, "staging"),
        ({"ASIMATI_TESTING_WITHOUT": "seat_lock"}, "testing.without"),
        ({"ASIMATI_TESTING_CHEAP_PASSWORDS": "true"}, "testing.cheap_passwords"),
        ({"ASIMATI_PROFILE": "production"}, "ASIMATI_PUBLIC_URL"),
        ({"ASIMATI_PROFILE": "production", "ASIMATI_PUBLIC_URL": "http://localhost"}, "ASIMATI_DATABASE_URL"),
    ],
)
def test_a_wrong_setting_is_refused_at_start_and_named(environment: dict[str, str], culprit: str) -> None:
    with pytest.raises(SettingsError, match=culprit):
        load(BASE | environment)


PRODUCTION = BASE | {
    "ASIMATI_PROFILE": "production",
    "ASIMATI_DATABASE_URL": "postgresql+psycopg://db/asimati",
    "ASIMATI_REDIS_URL": "redis://redis/0",
    "ASIMATI_KEYS_MASTER": "AAAA",
    "ASIMATI_PUBLIC_URL": "https://asimati.example",
}


@pytest.mark.parametrize(
    "danger",
    [
        {"ASIMATI_CLOCK_OFFSET": "60"},
        {"ASIMATI_PROVIDERS_MAILBOX": "true"},
        {"ASIMATI_SIGN_ON_LOCAL": "true"},
        {"ASIMATI_PUBLIC_URL": "http://asimati.example"},
        {"ASIMATI_DATABASE_URL": "postgresql+psycopg://asimati:asimati@postgres/asimati"},
        {"ASIMATI_DATABASE_OWNER_URL": "postgresql+psycopg://postgres:postgres@postgres/asimati"},
    ],
)
def test_production_refuses_what_only_development_may_do(danger: dict[str, str]) -> None:
    assert load(PRODUCTION).profile == "production"
    with pytest.raises(SettingsError):
        load(PRODUCTION | danger)


def test_a_protection_can_be_taken_away_in_the_test_profile_alone() -> None:
    read = load(BASE | {"ASIMATI_PROFILE": "test", "ASIMATI_TESTING_WITHOUT": "seat_lock"})
    assert read.without("seat_lock")
    assert not load(BASE).without("seat_lock")


def test_production_demands_a_second_factor_of_staff() -> None:
    assert load(PRODUCTION).staff.second_factor
    assert not load(BASE).staff.second_factor
