"""deploy/kubernetes/difference.py: two environments side by side, for people and for programs."""

from __future__ import annotations

import json
import subprocess
import sys

from support.deploy.kubernetes import KUBERNETES, kubectl


def difference(*arguments: str) -> subprocess.CompletedProcess[str]:
    kubectl()  # skips where it is missing
    command = [sys.executable, str(KUBERNETES / "difference.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def test_a_person_sees_each_field_with_both_values() -> None:
    """The names of config maps have no hashes, so that what does not differ is not shown."""
    lines = difference("dev", "prod").stdout.splitlines()
    assert "PersistentVolumeClaim/worker-model-sync-tts-models-pvc" in lines
    assert "  spec.resources.requests.storage: 10Gi -> 500Gi" in lines
    assert "Ingress/sayso-api: only in prod" in lines
    assert "  spec.template.spec.containers[sync].resources.limits.memory: 1Gi -> 2Gi" in lines
    assert not any("configMapRef" in line for line in lines)
    assert len(lines) < 120


def test_a_program_reads_the_same() -> None:
    fields = json.loads(difference("dev", "prod", "--json").stdout)["ConfigMap/worker-model-sync-tts"]
    assert fields["data.LOG_LEVEL"] == ["debug", "info"]


def test_an_environment_does_not_differ_from_itself() -> None:
    assert difference("prod", "prod").stdout == ""


def test_an_unknown_environment_is_refused_with_those_that_are_there() -> None:
    refused = difference("dev", "production")
    assert refused.returncode == 1
    assert "there are: dev prod staging" in refused.stderr
