"""Write the alerts of deploy/monitoring as an object of Prometheus' operator: `make docs`. A test compares them."""

from __future__ import annotations

from pathlib import Path

HERE = Path(__file__).parent
RULES = HERE.parent / "monitoring" / "prometheus" / "sayso.yml"
TARGET = HERE / "components" / "monitoring" / "alerts.yaml"

_HEAD = """\
# Written by `make docs` from deploy/monitoring/prometheus/sayso.yml.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: sayso
spec:
"""


def manifest() -> str:
    """The object: the groups as they are, indented, without the comments of the file's head."""
    lines = RULES.read_text(encoding="utf-8").splitlines()
    groups = lines[lines.index("groups:") :]
    return _HEAD + "".join(f"  {line}\n" if line else "\n" for line in groups)


if __name__ == "__main__":
    TARGET.write_text(manifest(), encoding="utf-8")
