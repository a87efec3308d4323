"""Every setting, typed and described. `.env.example` lists the same names; a test compares them."""

from __future__ import annotations

import difflib
import os
from pathlib import Path
from typing import Literal, Self

import platformdirs
from dotenv import dotenv_values
from pydantic import AnyHttpUrl, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from backend.errors import UnusableSetting

PUBLIC_DOCS_MCP_URL = "https://prefect-docs.fastmcp.app/mcp"
"""Where prefect-mcp asks when PREFECT_DOCS_MCP_URL is not set."""

CHEAP_MODEL = "claude-haiku-5-5"
PACKAGE = Path(__file__).parent
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def shipped(name: str) -> Path:
    """A folder that stands at the root of a clone and inside the package of a wheel."""
    in_wheel = PACKAGE / "_shipped" / name
    return in_wheel if in_wheel.is_dir() else PACKAGE.parent / name


class Settings(BaseSettings):
    """Read from the environment and from `.env` in the working directory; the environment wins.

    An empty value counts as not set.
    """

    model_config = SettingsConfigDict(
        env_file=".env", env_file_encoding="utf-8", env_ignore_empty=True, extra="ignore", frozen=True
    )

    # -- Prefect's MCP server, which answers from Prefect's documentation
    prefect_mcp_enabled: bool = Field(
        True, description="Start prefect-mcp and ask it. Off: the local snapshot answers."
    )
    prefect_mcp_transport: Literal["stdio", "http", "sse", "docs"] = Field(
        "stdio",
        description="stdio: a child process of ours. http, sse: a prefect-mcp at PREFECT_MCP_URL. docs: the "
        "docs MCP server without prefect-mcp.",
    )
    prefect_mcp_url: AnyHttpUrl | None = Field(
        None, description="Where prefect-mcp is, for the transports http and sse."
    )
    prefect_mcp_allow_plain_http: bool = Field(
        False, description="Allow an MCP server off this machine without TLS."
    )
    prefect_mcp_pool: int = Field(
        1, ge=1, le=16, description="How many connections (with stdio: children) share the calls."
    )
    prefect_mcp_use_profile: bool = Field(
        False,
        description="Take the Prefect API and its credentials from the active profile of this machine, "
        "where PREFECT_API_URL and the like are not set.",
    )
    prefect_mcp_cloud_client_id: str | None = Field(
        None, description="Client id of a Prefect Cloud service account, for http and sse."
    )
    prefect_mcp_cloud_client_secret: SecretStr | None = Field(None, description="Its secret.")
    prefect_mcp_cloud_auth_base_url: AnyHttpUrl = Field(
        AnyHttpUrl("https://api.prefect.cloud"), description="Where Prefect Cloud gives tokens."
    )
    prefect_docs_mcp_url: AnyHttpUrl | None = Field(
        None,
        description="The docs MCP server that prefect-mcp asks, for instance `call-coach docs serve`. "
        "Default: Prefect's public one.",
    )
    prefect_api_url: AnyHttpUrl | None = Field(
        None, description="Prefect API, for prefect-mcp's other tools."
    )
    prefect_api_key: SecretStr | None = Field(None, description="Prefect Cloud API key.")
    prefect_api_auth_string: SecretStr | None = Field(
        None, description="`user:password` of a self-hosted Prefect server."
    )

    # -- Claude
    anthropic_api_key: SecretStr | None = Field(
        None, description="Without it, the rules analyst works alone."
    )
    anthropic_base_url: AnyHttpUrl | None = Field(
        None, description="Another server that speaks Claude's Messages API."
    )
    anthropic_model: str = Field("claude-sonnet-5-5", description="The model that judges.")
    coach_spot_model: str | None = Field(
        None,
        description="The model that finds the moments. Default: claude-haiku-5-5 where a Claude judges, else "
        "the one that judges.",
    )
    coach_analyst: Literal["auto", "claude", "rules"] = Field(
        "auto", description="Who analyses. auto: Claude when a key or a base URL is set."
    )
    coach_claude_timeout_s: float = Field(
        120,
        gt=0,
        le=900,
        description="Seconds for one answer of Claude's, retries included; for very long ones, more.",
    )
    coach_claude_monthly_dollars: float = Field(
        0, ge=0, description="Most that Claude may cost in a calendar month (UTC). 0: no limit."
    )
    coach_claude_prices: str | None = Field(
        None,
        description="Prices of other models, in dollars for a million tokens: model=input/output, "
        "comma-separated.",
    )

    # -- The service
    coach_host: str = Field("127.0.0.1", description="Address to listen on. Off loopback, tokens are needed.")
    coach_port: int = Field(8000, ge=0, le=65535, description="Port to listen on.")
    coach_workers: int = Field(
        1,
        ge=1,
        le=32,
        description="Processes that serve, one for each core to be used. Each has its own prefect-mcp.",
    )
    coach_api_tokens: SecretStr | None = Field(
        None,
        description="Comma-separated bearer tokens of 16 characters or more. Set: every route but "
        "/health wants one.",
    )
    coach_manager_tokens: SecretStr | None = Field(
        None,
        description="More such tokens: whoever has one may also overrule verdicts and delete calls. Not set: "
        "whoever may come in may do so.",
    )
    coach_max_body_mb: float = Field(10, gt=0, le=1024, description="Largest request body, in megabytes.")
    coach_max_turns: int = Field(20_000, gt=0, description="Longest call, in turns.")
    coach_max_words: int = Field(300_000, gt=0, description="Longest call, in words.")
    coach_internal_domains: str = Field(
        "prefect.io", description="Comma-separated e-mail domains of our own people."
    )
    coach_jobs_at_once: int = Field(
        2, ge=1, le=64, description="How many calls sent for later are analysed at once, in each process."
    )
    coach_jobs_waiting: int = Field(
        200, ge=1, le=100_000, description="How many may wait; further ones are refused until there is room."
    )
    coach_log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Log level.")

    otel_exporter_otlp_endpoint: AnyHttpUrl | None = Field(
        None,
        description="An OpenTelemetry collector (OTLP over HTTP) to send spans to, with the extra `otel`.",
    )

    # -- Where things are kept
    database_url: SecretStr | None = Field(
        None,
        description="Where reports are stored. Default: SQLite in COACH_DATA_DIR. PostgreSQL: "
        "postgresql://user:password@host/name with the extra `postgres`.",
    )
    coach_data_dir: Path = Field(
        default_factory=lambda: Path(platformdirs.user_data_dir("call-coach")),
        description="Reports, the index of the knowledge pack and synced documentation.",
    )
    coach_knowledge_dir: Path = Field(
        default_factory=lambda: shipped("knowledge"), description="The knowledge pack."
    )
    coach_prompts_dir: Path = Field(
        default_factory=lambda: shipped("prompts"), description="Claude's prompts."
    )

    # -- Docs look-ups
    coach_docs_fresh_hours: float = Field(
        24, gt=0, le=24 * 30, description="How long a docs answer counts as fresh."
    )
    coach_look_up_seconds: float = Field(
        8, gt=0, le=60, description="Most that one analysis waits for docs look-ups."
    )
    coach_look_up_stall_seconds: float = Field(
        2.5, gt=0, le=60, description="Most it waits while no look-up is answered at all."
    )

    coach_docs_rest_seconds: float = Field(
        30, gt=0, le=3600, description="How long a docs server that keeps failing is left alone."
    )
    coach_warm_per_minute: float = Field(
        60,
        ge=0,
        le=60_000,
        description="How many docs look-ups a minute are made ahead, in the background. 0: none. "
        "Prefect's public docs server gets at most 60.",
    )

    coach_sentence_model: Path | None = Field(
        None,
        description="A sentence model's directory, to find facts by meaning too, with the extra `semantic`. "
        "Default: the one that is installed, if any.",
    )

    coach_docs_sync_from: str = Field(
        "https://docs.prefect.io",
        description="Where `call-coach docs sync` and the schedule copy the documentation from: a docs site, "
        "or a checkout's directory.",
    )
    coach_docs_sync_hours: float = Field(
        0,
        ge=0,
        le=24 * 90,
        description="How often the service copies the documentation anew, in hours. 0: never by itself.",
    )

    @model_validator(mode="after")
    def _tokens_are_long(self) -> Self:
        named = {"COACH_API_TOKENS": self.api_tokens, "COACH_MANAGER_TOKENS": self.manager_tokens}
        for name, tokens in named.items():
            if any(len(token) < 16 for token in tokens):
                raise ValueError(f"{name} holds a token shorter than 16 characters; use longer ones.")
        return self

    @model_validator(mode="after")
    def _mcp_server_can_be_asked(self) -> Self:
        if not self.prefect_mcp_enabled or self.prefect_mcp_transport == "stdio":
            return self
        if (self.prefect_mcp_cloud_client_id is None) != (self.prefect_mcp_cloud_client_secret is None):
            raise ValueError(
                "PREFECT_MCP_CLOUD_CLIENT_ID and PREFECT_MCP_CLOUD_CLIENT_SECRET are only of use together."
            )
        if self.prefect_mcp_transport == "docs":
            return self._tls("PREFECT_DOCS_MCP_URL", self.prefect_docs_mcp_url)
        if self.prefect_mcp_url is None:
            raise ValueError(f"PREFECT_MCP_TRANSPORT={self.prefect_mcp_transport} needs PREFECT_MCP_URL.")
        self._tls("PREFECT_MCP_CLOUD_AUTH_BASE_URL", self.prefect_mcp_cloud_auth_base_url)
        return self._tls("PREFECT_MCP_URL", self.prefect_mcp_url)

    def _tls(self, name: str, url: AnyHttpUrl | None) -> Self:
        """Refuse an address that is neither on this machine nor reached by TLS."""
        plain = url and url.scheme == "http" and (url.host or "").strip("[]") not in LOOPBACK
        if plain and not self.prefect_mcp_allow_plain_http:
            raise ValueError(
                f"{name} is reached without TLS, and not on this machine: use https, or set "
                "PREFECT_MCP_ALLOW_PLAIN_HTTP=true where the network can be trusted."
            )
        return self

    @property
    def api_tokens(self) -> tuple[str, ...]:
        return _tokens(self.coach_api_tokens)

    @property
    def manager_tokens(self) -> tuple[str, ...]:
        return _tokens(self.coach_manager_tokens)

    @property
    def tokens(self) -> tuple[str, ...]:
        """Every token that opens."""
        return (*self.manager_tokens, *self.api_tokens)

    @property
    def internal_domains(self) -> tuple[str, ...]:
        return tuple(d for part in self.coach_internal_domains.split(",") if (d := part.strip().lower()))

    @property
    def max_body_bytes(self) -> int:
        return int(self.coach_max_body_mb * 1_000_000)

    @property
    def claude_configured(self) -> bool:
        return self.anthropic_api_key is not None or self.anthropic_base_url is not None

    @property
    def spot_model(self) -> str:
        """The model that finds the moments: reading a whole call is for a cheap one."""
        cheap = CHEAP_MODEL if self.anthropic_model.startswith("claude-") else self.anthropic_model
        return self.coach_spot_model or cheap

    @property
    def analyst(self) -> Literal["claude", "rules"]:
        """The analyst that `auto` stands for."""
        if self.coach_analyst != "auto":
            return self.coach_analyst
        return "claude" if self.claude_configured else "rules"

    def check_bind(self, host: str) -> None:
        """Refuse to listen off loopback without tokens."""
        if host not in LOOPBACK and not self.tokens:
            raise UnusableSetting(
                f"Listening on {host} would open every call to the network: set COACH_API_TOKENS, "
                "or listen on 127.0.0.1."
            )


def load_settings(**overrides: object) -> Settings:
    """The settings, or UnusableSetting with one sentence on the first that is misspelt or cannot be used."""
    _refuse_misspelt({*os.environ, *dotenv_values(".env")})
    try:
        return Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        raise UnusableSetting(_sentence(error)) from None


def setting_names() -> list[str]:
    """The environment variables Call Coach reads, in the order they are declared."""
    return [name.upper() for name in Settings.model_fields]


def _tokens(listed: SecretStr | None) -> tuple[str, ...]:
    raw = listed.get_secret_value() if listed else ""
    return tuple(token for part in raw.split(",") if (token := part.strip()))


def _refuse_misspelt(names: set[str]) -> None:
    known = setting_names()
    for name in sorted(names):
        if name.upper() in known:
            continue
        meant = next((one for one in known if _almost(name.upper(), one)), None)
        if meant:
            raise UnusableSetting(f"{name} is not a setting of Call Coach; did you mean {meant}?")
        if name.upper().startswith("COACH_"):
            raise UnusableSetting(f"{name} is not a setting of Call Coach; .env.example lists them.")


def _almost(name: str, known: str) -> bool:
    """Whether a name is a misspelling of a known one: word by word alike, a letter or two astray in the
    whole, or only the underscores differ.

    Prefect and Anthropic have many settings of their own; one more word makes it another name.
    """
    if name.replace("_", "") == known.replace("_", ""):
        return True
    words, wanted = name.split("_"), known.split("_")
    if len(words) != len(wanted):
        return False
    return _alike(name, known) >= 0.93 or all(
        _alike(one, other) > 0.7 for one, other in zip(words, wanted, strict=True)
    )


def _alike(one: str, other: str) -> float:
    return difflib.SequenceMatcher(None, one, other).ratio()


def _sentence(error: ValidationError) -> str:
    """The first finding, without the value: it may be a secret."""
    first = error.errors(include_url=False, include_input=False)[0]
    if not first["loc"]:
        return first["msg"].removeprefix("Value error, ")
    name = str(first["loc"][0]).upper()
    return f"{name} cannot be used: {first['msg'][0].lower()}{first['msg'][1:]}."
