"""Who we are to Prefect, and who is told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from pydantic import SecretStr, ValidationError

from backend.errors import PrefectUnreachable, UnusableSetting
from backend.services.mcp_credentials import CloudToken, Credentials
from backend.services.prefect_mcp import Remote
from backend.settings import Settings
from tests.services.prefect_cloud import Cloud, prefect_cloud

pytestmark = pytest.mark.anyio

PROFILES = """
active = "work"
[profiles.work]
PREFECT_API_URL = "https://api.prefect.cloud/api/accounts/a/workspaces/w"
PREFECT_API_KEY = "pnu_of-the-profile"
[profiles.home]
PREFECT_API_URL = "http://127.0.0.1:4200/api"
PREFECT_API_AUTH_STRING = "me:of-home"
"""


def settings(**given: object) -> Settings:
    return Settings(_env_file=None, **given)  # type: ignore[arg-type] # by name


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    (tmp_path / ".prefect").mkdir()
    (tmp_path / ".prefect" / "profiles.toml").write_text(PROFILES)
    return {"HOME": str(tmp_path)}


def test_a_profile_is_read_only_where_a_setting_asks(home: dict[str, str]) -> None:
    assert Credentials.from_settings(settings(), home).environment() == {}
    assert Credentials.from_settings(settings(prefect_mcp_use_profile=True), home).environment() == {
        "PREFECT_API_URL": "https://api.prefect.cloud/api/accounts/a/workspaces/w",
        "PREFECT_API_KEY": "pnu_of-the-profile",
    }
    home["PREFECT_PROFILE"] = "home"
    assert Credentials.from_settings(settings(prefect_mcp_use_profile=True), home).headers() == {
        "X-Prefect-Api-Url": "http://127.0.0.1:4200/api",
        "X-Prefect-Api-Auth-String": "me:of-home",
    }


def test_settings_win_and_a_profiles_key_goes_to_no_other_api(home: dict[str, str]) -> None:
    elsewhere = settings(prefect_mcp_use_profile=True, prefect_api_url="http://127.0.0.1:4200/api")
    assert Credentials.from_settings(elsewhere, home).environment() == {
        "PREFECT_API_URL": "http://127.0.0.1:4200/api"
    }
    own_key = settings(prefect_mcp_use_profile=True, prefect_api_key="pnu_of-the-settings")
    assert Credentials.from_settings(own_key, home).headers()["X-Prefect-Api-Key"] == "pnu_of-the-settings"


@pytest.mark.parametrize("profiles", [None, "active = ", 'active = "gone"', "[profiles]\nwork = 7"])
def test_a_profile_that_cannot_be_read_stops_the_start_without_repeating_it(
    home: dict[str, str], profiles: str | None
) -> None:
    file = Path(home["HOME"]) / ".prefect" / "profiles.toml"
    file.unlink() if profiles is None else file.write_text(profiles + "  # pnu_secret")
    with pytest.raises(UnusableSetting, match="prefect profile use") as refusal:
        Credentials.from_settings(settings(prefect_mcp_use_profile=True), home)
    assert "pnu_" not in str(refusal.value)


@pytest.mark.parametrize(
    "given",
    [
        {"prefect_mcp_transport": "http"},
        {"prefect_mcp_transport": "http", "prefect_mcp_url": "http://mcp.example/mcp"},
        {"prefect_mcp_transport": "docs", "prefect_docs_mcp_url": "http://docs.example/mcp"},
        {
            "prefect_mcp_transport": "sse",
            "prefect_mcp_url": "https://mcp.example/sse",
            "prefect_mcp_cloud_client_id": "alone",
        },
        {
            "prefect_mcp_transport": "sse",
            "prefect_mcp_url": "https://mcp.example/sse",
            "prefect_mcp_cloud_auth_base_url": "http://auth.example",
        },
    ],
)
def test_a_server_that_must_not_be_asked_so_stops_the_start(given: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match="PREFECT_MCP_"):
        settings(**given)


@pytest.mark.parametrize(
    "given",
    [
        {"prefect_mcp_url": "https://mcp.example/mcp"},
        {"prefect_mcp_url": "http://127.0.0.1:8080/mcp"},
        {"prefect_mcp_url": "http://[::1]:8080/mcp"},
        {"prefect_mcp_url": "http://mcp.example/mcp", "prefect_mcp_allow_plain_http": True},
    ],
)
def test_tls_is_asked_for_off_this_machine_alone(given: dict[str, object]) -> None:
    assert settings(prefect_mcp_transport="http", **given)


def test_no_secret_shows_when_a_reach_is_printed() -> None:
    reach = Remote.from_settings(
        settings(
            prefect_mcp_transport="http",
            prefect_mcp_url="https://me:a-password@mcp.example/mcp?token=a-token",
            prefect_api_key="pnu_secret",
        )
    )
    assert not any(secret in repr(reach) for secret in ("a-password", "a-token", "pnu_secret"))
    assert reach.redact("a-password pnu_secret token=a-token") == "*** *** ***"


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    with prefect_cloud() as running_cloud:
        yield running_cloud


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_a_token_is_had_once_renewed_before_it_expires_and_when_it_is_refused(cloud: Cloud) -> None:
    clock = Clock()
    token = CloudToken("us", SecretStr("a-secret"), cloud.url, clock)
    async with httpx2.AsyncClient(auth=token) as http:
        for now, given in [(0, 1), (239, 1), (241, 2), (300, 2)]:
            clock.now = now
            assert (await http.get(f"{cloud.url}/mcp")).status_code == 200
            assert cloud.given == given
        cloud.given = 7  # the token we hold is no longer the one that opens
        assert (await http.get(f"{cloud.url}/mcp")).status_code == 200
        assert cloud.given == 8
    assert set(cloud.forms) == {"grant_type=client_credentials&scope=prefect-cloud%3Aworkspaces"}


async def test_refused_client_credentials_are_said_without_the_secret(cloud: Cloud) -> None:
    cloud.refuses = True
    token = CloudToken("us", SecretStr("a-secret"), cloud.url)
    async with httpx2.AsyncClient(auth=token) as http:
        with pytest.raises(PrefectUnreachable, match="PREFECT_MCP_CLOUD_CLIENT_ID") as failure:
            await http.get(f"{cloud.url}/mcp")
    assert "a-secret" not in str(failure.value)
    assert "a-secret" not in repr(token)


async def test_an_answer_that_is_no_token_is_said(cloud: Cloud) -> None:
    cloud.lives_s = 0
    async with httpx2.AsyncClient(auth=CloudToken("us", SecretStr("a-secret"), cloud.url)) as http:
        with pytest.raises(PrefectUnreachable, match="gave no token"):
            await http.get(f"{cloud.url}/mcp")
