"""Settings: what `.env.example` promises, and what stops the start."""

from __future__ import annotations

from pathlib import Path

import pytest
from dotenv import dotenv_values

from backend.errors import UnusableSetting
from backend.settings import Settings, load_settings, setting_names
from tests.conftest import REPO

EXAMPLE = dotenv_values(REPO / ".env.example")


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of the developer's own, from the environment or a .env file."""
    monkeypatch.chdir(tmp_path)
    for name in setting_names():
        monkeypatch.delenv(name, raising=False)


def test_the_example_lists_every_setting_in_the_order_it_is_declared() -> None:
    assert list(EXAMPLE) == setting_names()


def test_every_value_in_the_example_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    defaults = Settings()
    for name, value in EXAMPLE.items():
        monkeypatch.setenv(name, value or "")
    assert Settings() == defaults


def test_a_misspelt_setting_stops_the_start_and_names_the_one_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COACH_MAX_BODDY_MB", "5")
    with pytest.raises(UnusableSetting, match="did you mean COACH_MAX_BODY_MB"):
        load_settings()


def test_a_misspelt_name_of_prefects_stops_the_start_but_their_other_settings_do_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PREFECT_LOGGING_LEVEL", "DEBUG")
    monkeypatch.setenv("PREFECT_API_DATABASE_CONNECTION_URL", "sqlite://")
    monkeypatch.setenv("PREFECT_UI_API_URL", "http://127.0.0.1:4200/api")
    monkeypatch.setenv("ANTHROPIC_LOG", "info")
    load_settings()
    monkeypatch.setenv("PREFECT_UI_URL", "http://127.0.0.1:4200")
    monkeypatch.setenv("DATABASE_URI", "sqlite://")
    load_settings()
    monkeypatch.setenv("PREFECT_MCP_ENABLE", "false")
    with pytest.raises(UnusableSetting, match="did you mean PREFECT_MCP_ENABLED"):
        load_settings()


@pytest.mark.parametrize("name", ["PREFECT_MPC_ENABLED", "PREFECT_MCP_EANBLED", "PERFECT_MCP_ENABLED"])
def test_letters_in_the_wrong_order_stop_the_start(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "false")
    with pytest.raises(UnusableSetting, match="did you mean PREFECT_MCP_ENABLED"):
        load_settings()


def test_a_misspelt_line_in_the_env_file_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("COACH_PROT=9000\n")
    with pytest.raises(UnusableSetting, match="COACH_PORT"):
        load_settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("COACH_PORT", "eighty"),
        ("COACH_MAX_BODY_MB", "0"),
        ("PREFECT_MCP_ENABLED", "perhaps"),
        ("PREFECT_DOCS_MCP_URL", "docs.example/mcp"),
        ("COACH_ANALYST", "gpt"),
        ("COACH_API_TOKENS", "short"),
    ],
)
def test_an_unusable_value_stops_the_start_with_one_sentence_that_names_it(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(UnusableSetting, match=name) as refusal:
        load_settings()
    assert "\n" not in str(refusal.value)


def test_an_empty_value_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_DOCS_MCP_URL", "")
    monkeypatch.setenv("COACH_PORT", "")
    assert load_settings() == Settings()


def test_secrets_do_not_show_when_settings_are_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-secret")
    monkeypatch.setenv("DATABASE_URL", "postgresql://coach:hunter2hunter2@db/coach")
    monkeypatch.setenv("COACH_API_TOKENS", "a-token-of-some-length")
    shown = repr(load_settings())
    assert not any(
        secret in shown for secret in ("sk-ant-secret", "hunter2hunter2", "a-token-of-some-length")
    )


def test_listening_off_loopback_without_tokens_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnusableSetting, match="COACH_API_TOKENS"):
        load_settings().check_bind("0.0.0.0")
    monkeypatch.setenv("COACH_API_TOKENS", "a-token-of-some-length")
    load_settings().check_bind("0.0.0.0")


def test_managers_tokens_are_tokens_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COACH_MANAGER_TOKENS", "a-token-of-a-manager, another-of-a-manager")
    settings = load_settings()
    settings.check_bind("0.0.0.0")
    assert settings.tokens == settings.manager_tokens == ("a-token-of-a-manager", "another-of-a-manager")
    assert "a-token-of-a-manager" not in repr(settings)
    monkeypatch.setenv("COACH_MANAGER_TOKENS", "short")
    with pytest.raises(UnusableSetting, match="COACH_MANAGER_TOKENS holds a token shorter"):
        load_settings()


def test_auto_means_claude_only_where_a_key_or_a_base_url_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings().analyst == "rules"
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:9/")
    assert load_settings().analyst == "claude"
    monkeypatch.setenv("COACH_ANALYST", "rules")
    assert load_settings().analyst == "rules"
