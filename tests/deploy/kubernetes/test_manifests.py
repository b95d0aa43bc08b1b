"""What the manifests of Kubernetes promise, in every environment and with every component."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

from sayso.bootstrap.roles import ROLES
from sayso.settings.settings import variables
from support.deploy.kubernetes import KUBERNETES, OVERLAYS, pod_templates, rendered, with_all_components
from support.missing_parts import missing

if TYPE_CHECKING:
    from pathlib import Path

    from support.deploy.kubernetes import Object

CUSTOM = {"keda.sh/v1alpha1", "monitoring.coreos.com/v1", "external-secrets.io/v1"}
"""Of operators; Kubernetes has no schema of them."""

ROLE_OF = {
    "worker-model-sync-tts": "sync",
    "sayso-api": "api",
    "sayso-stories": "stories",
    "sayso-cards": "cards",
}
ELSEWHERE = {"SAYSO_ENVIRONMENT", "NODE_ENV"}
"""Of one role as a setting, and of all as a fact for logs."""


@pytest.fixture(params=[*OVERLAYS, "everything"])
def objects(request: pytest.FixtureRequest, tmp_path: Path) -> list[Object]:
    if request.param == "everything":
        return with_all_components(tmp_path)
    return rendered(KUBERNETES / "overlays" / request.param)


def named(objects: list[Object], kind: str) -> dict[str, Object]:
    return {each["metadata"]["name"]: each for each in objects if each["kind"] == kind}


def test_every_object_has_the_schema_of_its_kind(objects: list[Object]) -> None:
    """Strictly: a field that Kubernetes does not know is a mistake."""
    try:
        import kubernetes_validate
    except ImportError:
        missing("kubernetes-validate is missing: make lint-deploy installs it")
    for each in objects:
        if each["apiVersion"] not in CUSTOM:
            kubernetes_validate.validate(each, "1.34", strict=True)


def test_the_names_that_others_depend_on_are_there(objects: list[Object]) -> None:
    assert {each["metadata"].get("namespace", "voice-tts") for each in objects} == {"voice-tts"}
    assert "voice-tts" in named(objects, "Namespace")
    assert "worker-model-sync-tts" in named(objects, "Deployment")
    claim = named(objects, "PersistentVolumeClaim")["worker-model-sync-tts-models-pvc"]
    assert claim["spec"]["accessModes"] == ["ReadWriteMany"]
    (sync,) = pod_templates([named(objects, "Deployment")["worker-model-sync-tts"]]).values()
    assert {"secretRef": {"name": "aws-secrets", "optional": True}} in sync["spec"]["containers"][0]["envFrom"]
    assert sync["metadata"]["labels"]["app.kubernetes.io/name"] == "worker-model-sync-tts"


def test_every_container_is_restricted(objects: list[Object]) -> None:
    """As the namespace's pod security asks, and beyond: nothing is writable but what is mounted, and all is limited."""
    templates = pod_templates(objects)
    assert len(templates) >= 5
    for name, template in templates.items():
        spec = template["spec"]
        assert spec["automountServiceAccountToken"] is False, name
        pod = spec["securityContext"]
        assert (pod["runAsNonRoot"], pod["runAsUser"], pod["fsGroup"]) == (True, 1000, 1000)
        assert pod["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in [*spec["containers"], *spec.get("initContainers", [])]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert set(container["resources"]) == {"requests", "limits"}
            assert {"cpu", "memory"} == set(container["resources"]["limits"])
            mounts = {mount["mountPath"]: mount for mount in container["volumeMounts"]}
            assert "/tmp" in mounts  # noqa: S108 -- an emptyDir of the pod
            assert not any("subPath" in mount for mount in mounts.values()), "a subPath does not follow a swap"
            assert {mount["name"] for mount in mounts.values()} <= {volume["name"] for volume in spec["volumes"]}


def test_work_in_hand_ends_before_the_kill(objects: list[Object]) -> None:
    """The grace period is longer than the shutdown that the process is given, and than the pause before it."""
    configs = named(objects, "ConfigMap")
    for name, template in pod_templates(objects).items():
        if name not in ROLE_OF:
            continue
        spec = template["spec"]
        (source,) = [
            each["configMapRef"]["name"] for each in spec["containers"][0]["envFrom"] if "configMapRef" in each
        ]
        shutdown = float(configs[source]["data"]["SAYSO_SHUTDOWN_SECONDS"])
        pause = spec["containers"][0].get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
        assert spec["terminationGracePeriodSeconds"] >= shutdown + pause + 5, name


def test_every_variable_is_a_setting_of_the_role_that_gets_it(objects: list[Object]) -> None:
    for name, config in named(objects, "ConfigMap").items():
        role = next((role for workload, role in ROLE_OF.items() if name.startswith(workload)), None)
        if role is None:
            continue
        known = {each for field in ROLES[role].settings().model_fields.values() for each in variables(field)}
        assert set(config["data"]) <= known | ELSEWHERE, name


def test_every_reference_leads_to_an_object(objects: list[Object]) -> None:
    """Configurations, service accounts, claims, and what services, budgets, policies and autoscalers select."""
    configs, accounts = named(objects, "ConfigMap"), named(objects, "ServiceAccount")
    claims = named(objects, "PersistentVolumeClaim")
    templates = pod_templates(objects)
    labels = [template["metadata"]["labels"] for template in templates.values()]
    for name, template in templates.items():
        spec = template["spec"]
        assert spec.get("serviceAccountName", "default") in {*accounts, "default"}, name
        for volume in spec["volumes"]:
            assert volume.get("persistentVolumeClaim", {}).get("claimName", next(iter(claims))) in claims
        for container in spec["containers"]:
            for source in container["envFrom"]:
                if "configMapRef" in source:
                    assert source["configMapRef"]["name"] in configs
    for kind in ("Service", "PodDisruptionBudget", "NetworkPolicy"):
        for name, each in named(objects, kind).items():
            selector = each["spec"].get("selector", each["spec"].get("podSelector"))
            wanted = (selector.get("matchLabels", {}) if kind != "Service" else selector).items()
            assert any(wanted <= have.items() for have in labels), f"{kind} {name} selects nothing"
    for kind in ("HorizontalPodAutoscaler", "ScaledObject"):
        for name, each in named(objects, kind).items():
            assert each["spec"]["scaleTargetRef"]["name"] in named(objects, "Deployment"), name


def test_what_an_autoscaler_owns_has_no_number_in_the_manifest(objects: list[Object]) -> None:
    """Otherwise each deployment would set the number of pods back."""
    scaled = [
        each["spec"]["scaleTargetRef"]["name"]
        for kind in ("HorizontalPodAutoscaler", "ScaledObject")
        for each in named(objects, kind).values()
    ]
    assert scaled
    for name in scaled:
        assert "replicas" not in named(objects, "Deployment")[name]["spec"]


def test_the_secrets_of_the_migration_are_applied_with_it(tmp_path: Path) -> None:
    """Otherwise the first deployment would wait for a secret that is made after it."""
    before = [
        each
        for each in with_all_components(tmp_path)
        if each["metadata"].get("labels", {}).get("sayso/applied-with") == "migration"
    ]
    assert sorted(each["kind"] for each in before) == ["ExternalSecret", "Job", "SecretStore"]


def test_a_deployment_stops_no_job_that_runs(tmp_path: Path) -> None:
    """KEDA's default is to end them when their specification changes (kedacore/keda#2098)."""
    (scaled,) = [each for each in with_all_components(tmp_path) if each["kind"] == "ScaledJob"]
    assert scaled["spec"]["rollout"] == {"strategy": "gradual"}


def test_an_autoscaler_asks_the_region_of_its_queue(objects: list[Object]) -> None:
    """KEDA reads the queue's address from the pod, but not the region."""
    (config,) = [each["data"] for name, each in named(objects, "ConfigMap").items() if name.startswith("sayso-stories")]
    for each in objects:
        for trigger in each["spec"].get("triggers", []) if "spec" in each else []:
            if trigger["type"] == "aws-sqs-queue":
                assert f"//sqs.{trigger['metadata']['awsRegion']}." in config["QUEUE_URL"]


def test_the_claim_names_a_storage_that_several_nodes_can_mount() -> None:
    """The default of EKS is EBS, which cannot be ReadWriteMany: the claim would stay pending."""
    for overlay in OVERLAYS:
        claims = named(rendered(KUBERNETES / "overlays" / overlay), "PersistentVolumeClaim")
        assert claims["worker-model-sync-tts-models-pvc"]["spec"]["storageClassName"] == "efs-sc"


def test_probes_ask_what_every_process_serves(objects: list[Object]) -> None:
    """A slow start is not a dead process: liveness asks only whether the process lives."""
    for name, deployment in named(objects, "Deployment").items():
        container = deployment["spec"]["template"]["spec"]["containers"][0]
        paths = {
            probe: container[probe]["httpGet"]["path"] for probe in ("startupProbe", "readinessProbe", "livenessProbe")
        }
        assert (paths["startupProbe"], paths["livenessProbe"]) == ("/live", "/live"), name
        assert paths["readinessProbe"] in {"/ready", "/healthz"}
        assert container["ports"][0]["name"] == "http"


def test_the_alerts_and_dashboards_are_those_of_monitoring(tmp_path: Path) -> None:
    """`make docs` writes the alerts; every dashboard is a file of a config map."""
    monitoring = KUBERNETES.with_name("monitoring")
    objects = with_all_components(tmp_path)
    rules = yaml.safe_load((monitoring / "prometheus" / "sayso.yml").read_text())
    assert named(objects, "PrometheusRule")["sayso"]["spec"] == rules
    dashboards = named(objects, "ConfigMap")["sayso-dashboards"]
    assert set(dashboards["data"]) == {path.name for path in (monitoring / "grafana").glob("*.json")}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_version_is_set_in_one_place(overlay: str) -> None:
    """All images of an environment come from one list, and no other file names a version."""
    images = {
        container["image"]
        for template in pod_templates(rendered(KUBERNETES / "overlays" / overlay)).values()
        for container in template["spec"]["containers"]
    }
    assert {image.rpartition(":")[2] for image in images} == {"full-latest", "slim-latest"}
    others = [
        path for path in KUBERNETES.rglob("*.yaml") if "newTag" in path.read_text() or "sayso:" in path.read_text()
    ]
    assert sorted(path.parent.name for path in others) == sorted(OVERLAYS)


def test_production_differs_from_development_where_it_should() -> None:
    """The volume is bigger, logs say less, and limits are higher."""
    dev, prod = (rendered(KUBERNETES / "overlays" / name) for name in ("dev", "prod"))

    def of(objects: list[Object]) -> tuple[str, str, str]:
        claim = named(objects, "PersistentVolumeClaim")["worker-model-sync-tts-models-pvc"]
        sync = named(objects, "Deployment")["worker-model-sync-tts"]["spec"]["template"]["spec"]["containers"][0]
        (config,) = [each for name, each in named(objects, "ConfigMap").items() if name.startswith("worker-model-sync")]
        return (
            claim["spec"]["resources"]["requests"]["storage"],
            config["data"]["LOG_LEVEL"],
            sync["resources"]["limits"]["memory"],
        )

    assert of(dev) == ("10Gi", "debug", "1Gi")
    assert of(prod) == ("500Gi", "info", "2Gi")
    sync = named(prod, "Deployment")["worker-model-sync-tts"]["spec"]["template"]["spec"]["containers"][0]
    assert sync["resources"] == {
        "requests": {"cpu": "250m", "memory": "512Mi"},
        "limits": {"cpu": "1", "memory": "2Gi"},
    }
