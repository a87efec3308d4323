"""What deploy/ promises: valid by schema, locked down, and saying the names that the code knows."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from backend.routes.health import STORE_S
from backend.settings import load_settings, setting_names
from tests.conftest import REPO
from tests.deploy.dockerfile import instructions

DEPLOY = REPO / "deploy"
KUBERNETES = DEPLOY / "kubernetes"
OLDEST, NEWEST = "1.30", "1.37"
VALIDATORS = ["kubernetes-validate==1.37.0", "compose-spec==0.2.0"]
VALIDATE = """
import json, sys, kubernetes_validate as kubernetes
for manifest, version in json.load(sys.stdin):
    try:
        kubernetes.validate(manifest, version, strict=True)
    except (kubernetes.ValidationError, kubernetes.SchemaNotFoundError) as error:
        print(f"{manifest['kind']} {manifest['metadata']['name']}, {version}: {error.message}")
"""
PARSE = """
import json, sys, compose_spec
for composed in json.load(sys.stdin):
    try:
        compose_spec.PyCompose.from_json(json.dumps(composed))
    except ValueError as error:
        print(error)
"""

Manifest = dict[str, Any]  # YAML: only the schema knows its shape


def manifests(*names: str) -> list[Manifest]:
    files = [KUBERNETES / name for name in names] or sorted(KUBERNETES.glob("*.yaml"))
    found = [one for file in files for one in yaml.safe_load_all(file.read_text())]
    return [one for one in found if one["kind"] != "Kustomization"]


def of_kind(kind: str) -> dict[str, Manifest]:
    return {one["metadata"]["name"]: one for one in manifests() if one["kind"] == kind}


def pods() -> dict[str, Manifest]:
    return {name: one["spec"]["template"] for name, one in of_kind("Deployment").items()}


def composed() -> Manifest:
    whole: Manifest = yaml.safe_load((DEPLOY / "docker-compose.yaml").read_text())
    return {name: value for name, value in whole.items() if not name.startswith("x-")}


def compose() -> dict[str, Manifest]:
    services: dict[str, Manifest] = composed()["services"]
    return services


def env_file(name: str) -> dict[str, str]:
    lines = (DEPLOY / "env" / f"{name}.example").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def image_env(dockerfile: str) -> dict[str, str]:
    given = [shlex.split(rest) for name, rest in instructions(DEPLOY / dockerfile) if name == "ENV"]
    return dict(pair.split("=", 1) for pairs in given for pair in pairs)


# -- Kubernetes


@pytest.fixture(scope="module")
def validators(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python that has the schemas, which are 110 MB and so no dependency of ours."""
    folder = tmp_path_factory.mktemp("validators")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    python = folder / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", *VALIDATORS], check=True, capture_output=True)
    return python


def complaints(validators: Path, code: str, about: list[Any]) -> list[str]:
    ran = subprocess.run(
        [validators, "-c", code], input=json.dumps(about), text=True, capture_output=True, check=True
    )
    return ran.stdout.splitlines()


@pytest.mark.slow
def test_kubernetes_knows_every_field(validators: Path) -> None:
    """By the schemas of the oldest and the newest version, and no field beside them."""
    asked = [(one, version) for one in manifests() for version in (OLDEST, NEWEST)]
    misspelt = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "probe"}, "spec": {"prots": []}}
    (only,) = complaints(validators, VALIDATE, [*asked, (misspelt, NEWEST)])
    assert len(asked) >= 26
    assert only.startswith("Service probe, 1.37: ")


@pytest.mark.slow
def test_compose_knows_every_field(validators: Path) -> None:
    misspelt = {"services": {"probe": {"image": "probe", "read_olny": True}}}
    (only,) = complaints(validators, PARSE, [composed(), misspelt])
    assert "read_olny" in only


def test_kustomization_names_files_that_are_there() -> None:
    kustomization = yaml.safe_load((KUBERNETES / "kustomization.yaml").read_text())
    assert all((KUBERNETES / file).is_file() for file in kustomization["resources"])
    assert "secrets.template.yaml" not in kustomization["resources"], "it would overwrite the real ones"
    used = {box["image"] for pod in pods().values() for box in pod["spec"]["containers"]}
    assert {image["name"] for image in kustomization["images"]} == used


@pytest.mark.parametrize("name", ["call-coach", "prefect-mcp"])
def test_a_pod_can_do_nothing_but_its_work(name: str) -> None:
    spec = pods()[name]["spec"]
    assert spec["automountServiceAccountToken"] is False
    assert spec["enableServiceLinks"] is False
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    (box,) = spec["containers"]
    assert box["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert {mount["mountPath"] for mount in box["volumeMounts"]} == {"/data", "/tmp"}
    assert {"startupProbe", "livenessProbe", "readinessProbe"} <= box.keys()
    assert box["resources"]["requests"].keys() >= {"cpu", "memory"}
    assert "memory" in box["resources"]["limits"]


def test_a_pod_is_alive_by_itself_and_the_backend_is_ready_with_its_database() -> None:
    """Restarting heals no database, and a pod without prefect-mcp still analyses."""
    backend, server = (pods()[name]["spec"]["containers"][0] for name in ("call-coach", "prefect-mcp"))
    for box in (backend, server):
        for probe in ("startupProbe", "livenessProbe"):
            assert box[probe]["httpGet"]["path"] == "/health"
    readiness = backend["readinessProbe"]
    command = readiness["exec"]["command"]
    assert command == compose()["backend"]["healthcheck"]["test"][1:]
    assert command[-1] == "http://127.0.0.1:8000/ready"
    assert STORE_S < probe_timeout() < readiness["timeoutSeconds"], "it would be cut off before it says why"


def probe_timeout() -> float:
    found = re.search(r"^TIMEOUT_S = (\d+)$", (DEPLOY / "probe.py").read_text(), re.MULTILINE)
    assert found
    return float(found[1])


def test_every_secret_a_pod_reads_is_in_the_template_and_no_pod_reads_another() -> None:
    templates = {name: set(one["stringData"]) for name, one in of_kind("Secret").items()}
    read: dict[str, dict[str, set[str]]] = {}
    for name, pod in pods().items():
        for variable in pod["spec"]["containers"][0]["env"]:
            if source := variable.get("valueFrom", {}).get("secretKeyRef"):
                assert variable["name"] == source["key"]
                read.setdefault(name, {}).setdefault(source["name"], set()).add(source["key"])
    assert read == {
        "call-coach": {"call-coach": templates["call-coach"]},
        "prefect-mcp": {"prefect": templates["prefect"]},
    }
    assert templates["prefect"] == {"PREFECT_API_URL", "PREFECT_API_KEY", "PREFECT_API_AUTH_STRING"}


def test_only_the_backend_reaches_prefect_mcp() -> None:
    policies = {one["metadata"]["name"]: one["spec"] for one in manifests("network-policies.yaml")}
    assert policies["nothing-by-default"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    backend, server = (pods()[name]["metadata"]["labels"].items() for name in ("call-coach", "prefect-mcp"))
    opened = policies["prefect-mcp"]
    assert opened["podSelector"]["matchLabels"].items() <= server
    assert [list(rule["from"][0]) for rule in opened["ingress"]] == [["podSelector"]]
    allowed = opened["ingress"][0]["from"][0]["podSelector"]["matchLabels"]
    assert allowed.items() <= backend
    assert not allowed.items() <= server
    for policy in policies.values():
        for rule in policy.get("egress", []):
            assert rule["to"], "a rule without `to` opens the way to everywhere"
            assert rule["ports"]
            for block in (to["ipBlock"] for to in rule["to"] if "ipBlock" in to):
                assert block["cidr"] != "0.0.0.0/0" or "169.254.0.0/16" in block["except"]


def test_services_and_budgets_mean_the_pods_that_are_there() -> None:
    labels = {name: pod["metadata"]["labels"] for name, pod in pods().items()}
    for service in of_kind("Service").values():
        assert any(service["spec"]["selector"].items() <= those.items() for those in labels.values())
        (port,) = service["spec"]["ports"]
        assert port["targetPort"] == "http"
    for budget in of_kind("PodDisruptionBudget").values():
        wanted = budget["spec"]["selector"]["matchLabels"].items()
        assert any(wanted <= those.items() for those in labels.values())
    assert of_kind("PodDisruptionBudget").keys() == labels.keys()


# -- the same on one machine


def test_a_composed_service_can_do_nothing_but_its_work() -> None:
    for name, service in compose().items():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service["healthcheck"]["test"][0] == "CMD", f"{name}'s health check needs a shell"
        assert service["mem_limit"]
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:"), f"{name} is open to the network"
        for file in service["env_file"]:
            assert (DEPLOY / f"{file}.example").is_file()


def test_composed_networks_keep_the_store_and_prefect_mcp_apart() -> None:
    networks = {name: set(service["networks"]) for name, service in compose().items()}
    assert networks["backend"] & networks["postgres"] == {"store"}
    assert not networks["prefect-mcp"] & networks["postgres"]
    declared = composed()["networks"]
    assert declared == {"docs": {"internal": True}, "store": {"internal": True}, "outside": {}}
    assert set().union(*networks.values()) == declared.keys()


# -- the names that the code knows


def test_every_setting_given_to_the_backend_is_one() -> None:
    box = pods()["call-coach"]["spec"]["containers"][0]
    given = {variable["name"] for variable in box["env"]} | set(env_file("backend.env"))
    given |= compose()["backend"]["environment"].keys()
    given |= {name for name in image_env("Dockerfile") if name.startswith("COACH_")}
    assert given <= set(setting_names())


def test_the_backend_starts_with_what_it_is_given(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    plain = {
        variable["name"]: variable["value"]
        for variable in pods()["call-coach"]["spec"]["containers"][0]["env"]
        if "value" in variable
    }
    assert plain == compose()["backend"]["environment"], "the two ways to deploy differ"
    monkeypatch.chdir(tmp_path)
    for name, value in (image_env("Dockerfile") | plain | env_file("backend.env")).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("COACH_API_TOKENS", "a-token-of-the-tests")
    settings = load_settings()
    settings.check_bind(settings.coach_host)
    assert settings.coach_data_dir == Path("/data")


def test_prefect_mcp_answers_to_the_names_it_is_called_by() -> None:
    allowed = json.loads(image_env("prefect-mcp/Dockerfile")["FASTMCP_HTTP_ALLOWED_HOSTS"])
    holmes = yaml.safe_load((DEPLOY / "holmesgpt-values.yaml").read_text())["mcp_servers"]["prefect"][
        "config"
    ]
    called = [compose()["backend"]["environment"]["PREFECT_MCP_URL"], holmes["url"]]
    for url in map(urlsplit, called):
        assert any(fnmatchcase(url.hostname or "", pattern) for pattern in allowed), url
        assert (url.port, url.path) == (8000, "/mcp")
        assert (url.hostname or "").split(".")[0] in of_kind("Service")
        assert (url.hostname or "").split(".")[0] in compose()
    assert holmes["mode"] == "streamable-http"
    assert "headers" not in holmes


def test_prefect_mcp_is_given_the_same_credentials_everywhere() -> None:
    assert set(env_file("prefect-mcp.env")) == set(of_kind("Secret")["prefect"]["stringData"])
    assert set(env_file("backend.env")) == set(of_kind("Secret")["call-coach"]["stringData"])


def test_no_template_holds_a_secret() -> None:
    for one in of_kind("Secret").values():
        assert all(not value or "CHANGE-ME" in value for value in one["stringData"].values())
    for name in ("backend.env", "prefect-mcp.env", "postgres.env"):
        given = env_file(name)
        assert not [
            key for key in given if key.endswith(("KEY", "TOKENS", "PASSWORD", "STRING")) and given[key]
        ]
