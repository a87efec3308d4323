"""Who we are to Prefect: what the settings say, or the local profile, or a token of Prefect Cloud's."""

from __future__ import annotations

import asyncio
import os
import time
import tomllib
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

import httpx2
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from backend.errors import PrefectUnreachable, UnusableSetting
from backend.settings import Settings

CLOUD_SCOPE = "prefect-cloud:workspaces"
_TOKEN_PATH = "/auth/mcp/oauth/token"  # noqa: S105 -- where tokens are had, not one
_REFRESH_S = 60.0


@dataclass(frozen=True, slots=True)
class Credentials:
    """A Prefect API and what opens it. The secrets show in no repr."""

    api_url: str | None = None
    api_key: SecretStr | None = None
    auth_string: SecretStr | None = None

    @classmethod
    def from_settings(cls, settings: Settings, environ: Mapping[str, str] = os.environ) -> Self:
        """Those of the settings, and where they ask for it, of the active local profile.

        A profile's secrets belong to the profile's API: they go to no other the settings may name.
        """
        url = str(settings.prefect_api_url) if settings.prefect_api_url else None
        profile = _profile(environ) if settings.prefect_mcp_use_profile else _Profile()
        if url and url.rstrip("/") != (profile.api_url or "").rstrip("/"):
            profile = _Profile()
        return cls(
            api_url=url or profile.api_url,
            api_key=settings.prefect_api_key or profile.api_key,
            auth_string=settings.prefect_api_auth_string or profile.api_auth_string,
        )

    def environment(self) -> dict[str, str]:
        """As a child process is told."""
        return {f"PREFECT_{name.upper()}": value for name, value in self._named()}

    def headers(self) -> dict[str, str]:
        """As a prefect-mcp elsewhere is told, with each request."""
        return {f"X-Prefect-{name.replace('_', '-').title()}": value for name, value in self._named()}

    def _named(self) -> list[tuple[str, str]]:
        named = [("api_url", self.api_url)]
        secrets = (("api_key", self.api_key), ("api_auth_string", self.auth_string))
        named += [(name, secret.get_secret_value() if secret else None) for name, secret in secrets]
        return [(name, value) for name, value in named if value]


class _Profile(BaseModel):
    """The settings of one profile that matter here."""

    model_config = ConfigDict(alias_generator=lambda name: f"PREFECT_{name.upper()}")

    api_url: str | None = None
    api_key: SecretStr | None = None
    api_auth_string: SecretStr | None = None


class _Profiles(BaseModel):
    """Prefect's profiles.toml."""

    active: str = "default"
    profiles: dict[str, _Profile] = Field(default_factory=dict)


def _profile(environ: Mapping[str, str]) -> _Profile:
    """The profile Prefect itself would use. UnusableSetting where there is none."""
    home = Path(environ.get("PREFECT_HOME") or Path(environ.get("HOME") or Path.home()) / ".prefect")
    file = Path(environ.get("PREFECT_PROFILES_PATH") or home / "profiles.toml")
    try:
        known = _Profiles.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
        return known.profiles[environ.get("PREFECT_PROFILE") or known.active]
    except (OSError, ValueError, KeyError):  # its words could hold a key: none of them is repeated
        raise UnusableSetting(
            f"PREFECT_MCP_USE_PROFILE is on, but {file} holds no active profile that can be read; "
            "choose one with `prefect profile use`."
        ) from None


class _Token(BaseModel):
    """What the token endpoint answers."""

    access_token: SecretStr = Field(min_length=1)
    token_type: Literal["Bearer", "bearer"]
    expires_in: int = Field(gt=0)


class CloudToken(httpx2.Auth):
    """Signs requests with a token of Prefect Cloud's, had by client credentials and renewed before it
    expires, or when it is refused. Raises PrefectUnreachable where none is given."""

    def __init__(
        self,
        client_id: str,
        client_secret: SecretStr,
        base_url: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._who = httpx2.BasicAuth(client_id, client_secret.get_secret_value())
        self._url = base_url.rstrip("/") + _TOKEN_PATH
        self._clock = clock
        self._token: _Token | None = None
        self._renew_at = 0.0
        self._renewing = asyncio.Lock()

    async def async_auth_flow(
        self, request: httpx2.Request
    ) -> AsyncGenerator[httpx2.Request, httpx2.Response]:
        for last in (False, True):
            async with self._renewing:
                if self._token is None or self._clock() >= self._renew_at:
                    await self._take((yield self._asking()))
                token = self._token
            assert token is not None
            request.headers["Authorization"] = f"Bearer {token.access_token.get_secret_value()}"
            response = yield request
            if response.status_code != httpx2.codes.UNAUTHORIZED:
                return
            if last:
                raise PrefectUnreachable("it refuses a new token of Prefect Cloud's as well (HTTP 401)")
            if self._token is token:  # nobody has renewed it meanwhile
                self._token = None

    def _asking(self) -> httpx2.Request:
        wanted = {"grant_type": "client_credentials", "scope": CLOUD_SCOPE}
        return next(self._who.auth_flow(httpx2.Request("POST", self._url, data=wanted)))

    async def _take(self, response: httpx2.Response) -> None:
        if response.status_code in {400, 401, 403}:
            raise PrefectUnreachable(
                f"Prefect Cloud refuses the client credentials (HTTP {response.status_code}); check "
                "PREFECT_MCP_CLOUD_CLIENT_ID and PREFECT_MCP_CLOUD_CLIENT_SECRET"
            )
        try:
            self._token = _Token.model_validate_json(await response.aread())
        except ValidationError:
            raise PrefectUnreachable(
                f"Prefect Cloud gave no token (HTTP {response.status_code}); "
                "see PREFECT_MCP_CLOUD_AUTH_BASE_URL"
            ) from None
        life = self._token.expires_in
        self._renew_at = self._clock() + life - min(_REFRESH_S, life / 5)
