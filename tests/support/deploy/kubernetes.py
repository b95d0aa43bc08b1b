"""The manifests of Kubernetes, as kubectl renders them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from support.missing_parts import missing

KUBERNETES = Path(__file__).resolve().parents[3] / "deploy" / "kubernetes"
OVERLAYS = ("dev", "staging", "prod")

Object: TypeAlias = "dict[str, Any]"


@cache
def kubectl() -> str:
    """The program, which `make lint-deploy` installs."""
    beside = Path(sys.executable).with_name("kubectl")
    found = str(beside) if beside.exists() else shutil.which("kubectl")
    if found is None:
        missing("kubectl is missing: make lint-deploy installs it")
    return found


@cache
def rendered(directory: Path) -> list[Object]:
    """The objects of a kustomization."""
    text = subprocess.run([kubectl(), "kustomize", str(directory)], check=True, capture_output=True, text=True).stdout
    return [each for each in yaml.safe_load_all(text) if each]


def with_all_components(directory: Path) -> list[Object]:
    """The objects of production with every component; of the two for KEDA, the one for jobs.

    Args:
        directory: for a copy of the manifests.
    """
    copy = directory / "kubernetes"
    shutil.copytree(KUBERNETES, copy)
    shutil.copytree(KUBERNETES.with_name("monitoring"), directory / "monitoring")
    kustomization = copy / "overlays" / "prod" / "kustomization.yaml"
    names = sorted(each.name for each in (KUBERNETES / "components").iterdir() if each.name != "keda")
    before, _, rest = kustomization.read_text().partition("components:\n")
    listed = "".join(f"  - ../../components/{name}\n" for name in names)
    kustomization.write_text(f"{before}components:\n{listed}{rest[rest.index('configMapGenerator') - 1 :]}")
    return rendered(kustomization.parent)


def pod_templates(objects: list[Object]) -> dict[str, Object]:
    """The templates of pods, by the names of what makes them."""
    found = {}
    for each in objects:
        spec = each.get("spec", {})
        template = spec.get("jobTargetRef", spec).get("template")
        if template is not None:
            found[each["metadata"]["name"]] = template
    return found
