"""Each alert fires for what it is about, and not for what is in order: Prometheus's promtool evaluates the rules."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from support.containers.compose import ROOT
from support.missing_parts import missing

if TYPE_CHECKING:
    from pathlib import Path

RULES = ROOT / "deploy" / "monitoring" / "prometheus" / "sayso.yml"
TARGET = 'application="sayso",job="api",instance="a"'


@dataclass(frozen=True, kw_only=True)
class Case:
    """Series for an alert; one sample a minute, in promtool's notation.

    Attributes:
        fires: by the series' names: it fires at the end of these two hours.
        quiet: it does not.
    """

    fires: dict[str, str]
    quiet: dict[str, str]


def histogram(name: str, labels: str, *, slow: bool) -> dict[str, str]:
    """Buckets of one observation a second: all in the last bucket that counts, or all in the first."""
    each = "0+60x120"
    buckets = ("1", "2000", "+Inf")
    below = {"1": "0x120" if slow else each, "2000": each, "+Inf": each}
    return {f'{name}_bucket{{{labels},le="{bucket}"}}': below[bucket] for bucket in buckets}


def requests(status: str, per_minute: int) -> dict[str, str]:
    """Requests with a status."""
    return {f'sayso_http_requests_total{{{TARGET},route="/x",method="GET",status="{status}"}}': f"0+{per_minute}x120"}


def one(name: str, labels: str, fires: str, quiet: str) -> Case:
    """A case of one series."""
    return Case(fires={f"{name}{{{labels}}}": fires}, quiet={f"{name}{{{labels}}}": quiet})


CASES = {
    "SaysoTargetDown": one("up", TARGET, "1x110 0x10", "1x120"),
    "SaysoServiceGone": one("up", TARGET, "1x100 _x20", "1x120"),
    "SaysoRestarting": one("process_start_time_seconds", TARGET, "0x100 1 2 3 4 4x16", "0x110 1x10"),
    "SaysoMemoryHigh": one("process_resident_memory_bytes", TARGET, "2e9x120", "1e9x120"),
    "SaysoFilesExhausted": Case(
        fires={f"process_open_fds{{{TARGET}}}": "900x120", f"process_max_fds{{{TARGET}}}": "1024x120"},
        quiet={f"process_open_fds{{{TARGET}}}": "90x120", f"process_max_fds{{{TARGET}}}": "1024x120"},
    ),
    "SaysoHttpErrors": Case(
        fires=requests("200", 90) | requests("500", 10), quiet=requests("200", 99) | requests("404", 50)
    ),
    "SaysoRefusingRequests": Case(
        fires=requests("200", 90) | requests("429", 10), quiet=requests("200", 99) | requests("429", 1)
    ),
    "SaysoSlowFirstAudio": Case(
        fires=histogram("sayso_time_to_first_audio_seconds", f'{TARGET},engine="kokoro"', slow=True),
        quiet=histogram("sayso_time_to_first_audio_seconds", f'{TARGET},engine="kokoro"', slow=False),
    ),
    "SaysoWaitingForProcessors": Case(
        fires=histogram("sayso_queue_wait_seconds", TARGET, slow=True),
        quiet=histogram("sayso_queue_wait_seconds", TARGET, slow=False),
    ),
    "SaysoProviderRejectsKey": Case(
        fires={f'sayso_fallbacks_total{{{TARGET},engine="openai",reason="rejected_key"}}': "0x110 0+1x10"},
        quiet={f'sayso_fallbacks_total{{{TARGET},engine="openai",reason="timeout"}}': "0x110 0+1x10"},
    ),
    "SaysoModelShutdown": one(
        "sayso_model_shutdown_days", f'{TARGET},provider="openai",model="tts-1"', "29x120", "31x120"
    ),
    "SaysoFallbacks": one(
        "sayso_fallbacks_total", f'{TARGET},engine="openai",reason="timeout"', "0+5x120", "0x110 0+1x10"
    ),
    "SaysoBreakerOpen": one("sayso_breaker_state", f'{TARGET},engine="openai",state="open"', "1x120", "0x118 1x2"),
    "SaysoJobsDeadLettered": one(
        "sayso_jobs_total", f'{TARGET},queue="sqs",outcome="put_aside"', "0x110 1x10", "1x120"
    ),
    "SaysoJobsRetried": Case(
        fires={
            f'sayso_jobs_total{{{TARGET},queue="sqs",outcome="retried"}}': "0+1x120",
            f'sayso_jobs_total{{{TARGET},queue="sqs",outcome="done"}}': "0+1x120",
        },
        quiet={
            f'sayso_jobs_total{{{TARGET},queue="sqs",outcome="handed_back"}}': "0+1x120",
            f'sayso_jobs_total{{{TARGET},queue="sqs",outcome="done"}}': "0+1x120",
        },
    ),
    "SaysoBacklogOld": one("sayso_queue_oldest_job_age_seconds", f'{TARGET},queue="sqs"', "1000x120", "800x120"),
    "SaysoBacklogStuck": Case(
        fires={
            f'sayso_queue_jobs_waiting{{{TARGET},queue="sqs"}}': "3x120",
            f'sayso_queue_jobs_in_flight{{{TARGET},queue="sqs"}}': "0x120",
        },
        quiet={
            f'sayso_queue_jobs_waiting{{{TARGET},queue="sqs"}}': "3x120",
            f'sayso_queue_jobs_in_flight{{{TARGET},queue="sqs"}}': "0x110 1 0x9",
        },
    ),
    "SaysoCardPhrasesFailed": Case(
        fires={
            f'sayso_card_phrases_total{{{TARGET},engine="",outcome="failed"}}': "0+1x120",
            f'sayso_card_phrases_total{{{TARGET},engine="openai",outcome="spoken"}}': "0+5x120",
        },
        quiet={
            f'sayso_card_phrases_total{{{TARGET},engine="",outcome="failed"}}': "0+1x120",
            f'sayso_card_phrases_total{{{TARGET},engine="openai",outcome="spoken"}}': "0+50x120",
        },
    ),
    "SaysoCardCharactersHigh": one(
        "sayso_card_characters_total", f'{TARGET},engine="openai"', "0+10000x120", "0+100x120"
    ),
    "SaysoSyncStale": one("sayso_sync_last_success_timestamp_seconds", TARGET, "-14400x120", "0x60 3600x60"),
    "SaysoSyncFilesFailed": one("sayso_sync_files_total", f'{TARGET},outcome="failed"', "0+1x120", "5x120"),
    "SaysoSyncMessagesFailed": one("sayso_sync_messages_total", f'{TARGET},outcome="failed"', "0x110 1x10", "1x120"),
    "SaysoSyncKeysRefused": one("sayso_sync_refused_keys", TARGET, "2x120", "0x120"),
    "SaysoSyncLate": Case(
        fires=histogram("sayso_sync_lag_seconds", TARGET, slow=True),
        quiet=histogram("sayso_sync_lag_seconds", TARGET, slow=False),
    ),
}


@pytest.fixture(scope="module")
def promtool() -> str:
    """Prometheus's tool; it is in Debian's package prometheus."""
    found = shutil.which("promtool")
    if found is None:
        missing("promtool is not installed: the rules are not evaluated")
    assert found is not None
    return found


def ran(promtool: str, *arguments: str) -> None:
    """Run promtool, which must find nothing wrong."""
    done = subprocess.run([promtool, *arguments], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_has_a_case() -> None:
    """Those of the file, without promtool."""
    alerts = [line.split()[-1] for line in RULES.read_text(encoding="utf-8").splitlines() if "- alert: " in line]
    assert set(alerts) == set(CASES)


def test_the_rules_are_valid(promtool: str) -> None:
    """As Prometheus reads them at its start."""
    ran(promtool, "check", "rules", str(RULES))


@pytest.mark.parametrize("alert", CASES)
def test_an_alert_fires_when_it_should_and_only_then(promtool: str, alert: str, tmp_path: Path) -> None:
    """Two hours of samples, evaluated each minute; only the series of the alert are there."""
    for name, series in (("fires", CASES[alert].fires), ("quiet", CASES[alert].quiet)):
        query = f'count(ALERTS{{alertname="{alert}",alertstate="firing"}}) or vector(0)'
        tests = {
            "rule_files": [str(RULES)],
            "evaluation_interval": "1m",
            "tests": [
                {
                    "interval": "1m",
                    "input_series": [{"series": key, "values": values} for key, values in series.items()],
                    "promql_expr_test": [
                        {
                            "expr": query,
                            "eval_time": "120m",
                            "exp_samples": [{"labels": "{}", "value": 1 if name == "fires" else 0}],
                        }
                    ],
                }
            ],
        }
        path = tmp_path / f"{name}.json"  # YAML includes JSON
        path.write_text(json.dumps(tests), encoding="utf-8")
        ran(promtool, "test", "rules", str(path))
