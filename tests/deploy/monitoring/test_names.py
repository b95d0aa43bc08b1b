"""Rules, dashboards, runbooks and metrics name each other: in both directions, so that none is forgotten."""

from __future__ import annotations

import json
import re
import runpy
from typing import Any

import pytest
import yaml

from support.containers.compose import ROOT

MONITORING = ROOT / "deploy" / "monitoring"
RUNBOOKS = ROOT / "docs" / "operations" / "runbooks"
DASHBOARDS: dict[str, str] = runpy.run_path(str(MONITORING / "dashboards.py"))["pages"]()
OF_EVERY_PROCESS = {
    "up",
    "process_cpu_seconds_total",
    "process_max_fds",
    "process_open_fds",
    "process_resident_memory_bytes",
    "process_start_time_seconds",
    "python_gc_collections_total",
}
"""Of Prometheus itself, and of its client in every process."""


def rules() -> list[dict[str, Any]]:
    """All alerts."""
    text = (MONITORING / "prometheus" / "sayso.yml").read_text(encoding="utf-8")
    return [rule for group in yaml.safe_load(text)["groups"] for rule in group["rules"]]


def panels(dashboard: str) -> list[dict[str, Any]]:
    """The panels of a dashboard that show something."""
    return [panel for panel in json.loads(DASHBOARDS[dashboard])["panels"] if panel["type"] != "row"]


def expressions() -> list[str]:
    """All PromQL."""
    shown = [target["expr"] for name in DASHBOARDS for panel in panels(name) for target in panel["targets"]]
    return [*shown, *(rule["expr"] for rule in rules())]


def exported() -> set[str]:
    """The names of the series of every metric, from the page that is written from the code."""
    page = (ROOT / "docs" / "operations" / "metrics.md").read_text(encoding="utf-8")
    names = set()
    for name, kind in re.findall(r"^\| `(sayso_\w+)` \| (\w+) \|", page, re.MULTILINE):
        names |= {f"{name}_{part}" for part in ("bucket", "sum", "count")} if kind == "histogram" else {name}
    return names


def metric_of(series: str) -> str:
    """The metric that a series is of."""
    return re.sub(r"_(bucket|sum|count)$", "", series)


def used() -> set[str]:
    """The names of series in all PromQL."""
    words = {word for text in expressions() for word in re.findall(r"\b(?:sayso|process|python)_\w+|\bup\b", text)}
    return words - {"sayso"}


def test_every_name_in_promql_is_exported() -> None:
    """A misspelt metric would be an alert that never fires, and a panel that stays empty."""
    assert used() - OF_EVERY_PROCESS <= exported()


def test_every_metric_is_used() -> None:
    """By an alert or a panel: what is measured can be seen."""
    assert {metric_of(name) for name in exported()} - {metric_of(name) for name in used()} == set()


def test_every_alert_has_a_page_and_every_page_an_alert() -> None:
    """And says what it is, and how bad."""
    alerts = [rule["alert"] for rule in rules()]
    assert len(alerts) == len(set(alerts))
    assert set(alerts) == {path.stem for path in RUNBOOKS.glob("*.md") if path.stem != "README"}
    for rule in rules():
        annotations = rule["annotations"]
        assert annotations["runbook_url"] == f"docs/operations/runbooks/{rule['alert']}.md"
        assert annotations["summary"].endswith(".")
        assert annotations["description"].endswith(".")
        assert rule["labels"]["severity"] in {"warning", "critical"}


@pytest.mark.parametrize("name", sorted(path.stem for path in RUNBOOKS.glob("Sayso*.md")))
def test_a_page_says_what_to_look_at_and_what_to_do(name: str) -> None:
    """In the same order on each."""
    text = (RUNBOOKS / f"{name}.md").read_text(encoding="utf-8")
    assert re.findall(r"^#+ .*$", text, re.MULTILINE) == [f"# {name}", "## Look", "## Do"]


@pytest.mark.parametrize("name", DASHBOARDS)
def test_the_dashboards_are_up_to_date(name: str) -> None:
    """Each is what `make docs` would write now, and there is no other."""
    assert (MONITORING / name).read_text(encoding="utf-8") == DASHBOARDS[name]
    assert {f"grafana/{path.name}" for path in (MONITORING / "grafana").iterdir()} == set(DASHBOARDS)


@pytest.mark.parametrize("name", DASHBOARDS)
def test_a_dashboard_is_one_that_grafana_reads(name: str) -> None:
    """As far as can be said without Grafana: identifiers once, panels side by side, data sources that exist."""
    dashboard = json.loads(DASHBOARDS[name])
    assert dashboard["uid"] == name.removeprefix("grafana/").removesuffix(".json")
    identities = [panel["id"] for panel in dashboard["panels"]]
    assert len(identities) == len(set(identities))
    variables = {variable["name"] for variable in dashboard["templating"]["list"]}
    taken: set[tuple[int, int]] = set()
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken
        taken |= cells
        for target in panel.get("targets", []):
            named = set(re.findall(r"\$\{?([a-z]\w*)", json.dumps(target)))
            assert named <= variables | {"__rate_interval"}
