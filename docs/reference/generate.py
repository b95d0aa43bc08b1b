"""Write the reference pages from the code: `make docs`. A test fails when they are stale."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer.main
from prometheus_client import CollectorRegistry
from prometheus_client.metrics import MetricWrapperBase

from sayso.api.schemas.client_fields import CLIENT_FIELDS
from sayso.bootstrap.roles import ROLES
from sayso.cli.app import app
from sayso.modelsync.plan.manifests import manifest_schema
from sayso.observability import CardMetrics, JobMetrics, Metrics, QueueState, SyncMetrics
from sayso.providers.parsing import presets
from sayso.providers.provider import SpeechFacts, TranscriptionFacts
from sayso.resilience import BreakerState
from sayso.scheduling import Load
from sayso.settings import EnvironmentSettings, Settings, variables
from sayso.subtitles import STYLES
from sayso.workers import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from prometheus_client.metrics_core import Metric
    from pydantic.fields import FieldInfo

    from sayso.api.schemas.client_fields import ClientField

HERE = Path(__file__).parent


def pages() -> dict[str, str]:
    """Every page by its file's name."""
    return {
        "client-fields.md": _client_fields(),
        "commands.md": _commands(),
        "model-manifest.schema.json": json.dumps(manifest_schema(), indent=2) + "\n",
        "providers.md": _providers(),
        "settings.md": _settings(),
        "styles.md": _styles(),
        "../operations/metrics.md": _metrics(),
        "../../.env.sample": _environment(".env.sample"),
        "../../.env.prod.sample": _environment(".env.prod.sample"),
    }


_PROVIDERS = """# Providers

`SAYSO_PROVIDERS` lists the cloud services that are tried, in order, before the local engines. Its value is JSON, or the
path of a file with JSON: a list in which each entry is the name of a preset or an object. Without it the list is
`["openai"]`, with `OPENAI_API_KEY` and `OPENAI_BASE_URL`.

```json
[
  "openai",
  {"name": "groq", "key_variable": ["GROQ_API_KEY", "GROQ_API_KEY_2"]},
  {"name": "azure", "resource": "mine", "transcription": {"model": "my-whisper", "gives_words": true}},
  {"name": "office", "base_url": "http://10.0.0.5:8000/v1", "transcription": {"model": "small"}}
]
```

- A request for one of OpenAI's model names goes to the provider's model of that name, or else to its first model.
- Each model has a circuit breaker for each key: a dead model leaves its siblings alone, a rejected key the next key.
- Keys stand in the variables that `key_variable` names, never in the list. A provider without any key is skipped.
- What a model cannot do, Sayso adds or leaves to the next engine: word times by the aligner, translations by Whisper.
- `voice_aliases` names the provider's voices by other names, such as OpenAI's: `{"alloy": "autumn"}`. A voice that a
  provider does not have is spoken by the next engine.

## Fields of an entry

| field | meaning |
|---|---|
| `name` | in logs, metrics, `/health` and `x-sayso-engine`; a preset of this name fills in what is not said |
| `preset` | the preset, if the name is another one |
| `label` | in messages |
| `base_url` | the address, with the version |
| `resource` | the part of Azure's address that is yours |
| `key_variable` | an environment variable with a key, or a list of them: each is tried in turn |
| `needs_key` | whether it refuses requests without a key; false where `key_variable` is not set |
| `speech`, `transcription` | a model, or a list of them, the default first |

## Fields of a model

"""

_FIELDS: Mapping[str, str] = {
    "model": "the provider's name of it",
    "shutdown_date": "when it is retired, as 2027-02-26; the provider's list of models outweighs it",
    "successor": "the model of the same provider that takes over then",
    "voices": "its voices; required",
    "voice_aliases": "its voices by other names",
    "maximum_characters": "of one request",
    "response_format": "`pcm`, or `wav` where it has no `pcm`",
    "sample_rate_hz": "of its sound",
    "takes_instructions": "whether it takes `instructions`",
    "takes_speed": "whether it takes `speed`; otherwise Sayso stretches the sound",
    "transport": "`http` for `/audio/speech`, `realtime` for a realtime model",
    "maximum_bytes": "of one file; a larger one is sent in parts",
    "maximum_seconds": "of one file",
    "gives_words": "whether it gives word times (`verbose_json`)",
    "gives_segments": "whether it gives segments (`verbose_json`)",
    "gives_speakers": "whether it tells speakers apart (`diarized_json`)",
    "streams": "whether it sends its text as events",
    "translates": "whether it has `/audio/translations`",
    "language_field": "`language`, or `languages` for a list",
    "takes_keywords": "whether it takes `keywords`; otherwise they go into the prompt",
    "takes_prompt": "whether it takes `prompt`",
    "takes_vad": "whether it takes `chunking_strategy`",
}


def _providers() -> str:
    lines = [_PROVIDERS + "| field | of | default | meaning |", "|---|---|---|---|"]
    kinds: dict[str, list[str]] = {}
    defaults: dict[str, object] = {}
    for kind, facts in (("speech", SpeechFacts), ("transcription", TranscriptionFacts)):
        for each in dataclasses.fields(facts):
            kinds.setdefault(each.name, []).append(kind)
            defaults[each.name] = None if each.default is dataclasses.MISSING else each.default
    for name, of in kinds.items():
        default = json.dumps(defaults[name]) if defaults[name] not in (None, ()) else "–"
        lines.append(f"| `{name}` | {', '.join(of)} | {default} | {_FIELDS[name]} |")
    lines += ["", "## Presets", "", "What has no source is left out; name it in the entry.", ""]
    lines += ["| preset | address | key | models | sources |", "|---|---|---|---|---|"]
    for name, known in presets().items():
        models = [
            f"`{model['model']}`" for task in ("speech", "transcription") for model in _several(known.get(task, []))
        ]
        sources = " ".join(f"[{number}]({source})" for number, source in enumerate(known["sources"], 1))
        key = f"`{known['key_variable']}`" + ("" if known.get("needs_key", True) else ", optional")
        lines.append(
            f"| `{name}` | `{known['base_url']}` | {key} | {', '.join(models) or 'name your deployments'} | {sources} |"
        )
    return "\n".join(lines) + "\n"


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


_CLIENT_FIELDS = """# Clients of other servers

Requests as clients of Kokoro-FastAPI, speaches, LocalAI, vLLM, Open WebUI, SillyTavern, Home Assistant, LiteLLM,
LobeChat, LibreChat and Azure OpenAI send them are served. Beyond OpenAI's own fields these are known:

- **honoured**: the field has its meaning.
- **ignored**: the request is served without it, and the response header `Sayso-Ignored-Fields` names it.
- **refused**: 400 with `param` and the code `unsupported_parameter`: without it, the result would be another one.

A value that asks for nothing, such as null, an empty text or the default, is accepted and not named. A field in no list
is refused with the code `unknown_parameter`, because it may be a typing error.

Models go by their names on hubs too (`Systran/faster-whisper-base`, `hexgrad/Kokoro-82M`), and OpenAI's by names with a
date (`tts-1-1106`, `gpt-4o-mini-tts-2025-12-15`), which stand for the model without it. No name stands for a model of
another size. `af_bella(2)+af_sky(1)` is the same blend as `af_bella:2+af_sky:1`; `alloy(2)+nova(1)` is one too. The key
may be in `Authorization: Bearer`, `X-API-Key` or `api-key`; one valid key is enough. Azure's clients find their paths,
`/openai/deployments/NAME/audio/…` and `/openai/v1/…`; NAME is the model where the body has none. HEAD is answered
wherever GET is. `GET /v1/audio/models` lists the models for speech, and `GET /v1/audio/voices?legacy=true` the voices'
names alone. In a form, the items of a list may be numbered (`timestamp_granularities[0]`), and empty ones do not count.
"""


def _client_fields() -> str:
    sections = [_CLIENT_FIELDS]
    for endpoint, fields in CLIENT_FIELDS.items():
        sections.append(f"## {endpoint}\n\n| field | of clients of | here | |\n|---|---|---|---|")
        sections += [
            f"| `{field.name}` | {', '.join(field.clients)} | {field.treatment} | {_note(field)} |" for field in fields
        ]
        sections.append("")
    return "\n".join(sections)


def _note(field: ClientField) -> str:
    becomes = f"As `{field.becomes}`. " if field.becomes else ""
    return f"{becomes}{field.note}"


def _commands() -> str:
    group = typer.main.get_command(app)
    sections = ["# Commands\n"]
    for name, command in sorted(_leaves(group, "sayso")):
        context = typer.Context(command, info_name=name)
        sections.append(f"## {name}\n\n{_clean(command.help or '')}\n")
        for parameter in command.get_params(context):
            record = parameter.get_help_record(context)
            if record and parameter.param_type_name == "option":
                sections.append(f"- `{record[0]}`: {_clean(record[1])}")
        sections.append("")
    return "\n".join(sections)


def _leaves(command: object, name: str) -> list[tuple[str, typer.core.TyperCommand]]:
    if isinstance(command, typer.core.TyperGroup):
        return [leaf for sub, child in command.commands.items() for leaf in _leaves(child, f"{name} {sub}")]
    assert isinstance(command, typer.core.TyperCommand)  # noqa: S101 - typer makes nothing else
    return [(name, command)]


def _clean(text: str) -> str:
    return " ".join(text.replace("\\[", "[").split())


def _settings() -> str:
    """Each variable with every role's default; one that means something else to a role has another line for it."""
    kinds: dict[str, type[EnvironmentSettings]] = {name: role.settings() for name, role in ROLES.items()}
    lines: dict[tuple[str, str], dict[str, str]] = {}
    for name, kind in [*kinds.items(), ("", Settings)]:
        for field in kind.model_fields.values():
            variable = " or ".join(f"`{alias}`" for alias in variables(field))
            lines.setdefault((variable, field.description or ""), {})[name] = _default(field)
    of_roles = {line: by_role for line, by_role in lines.items() if by_role.keys() & kinds.keys()}
    rows = [
        "# Settings\n",
        "All are environment variables. A role reads those that have a default in its column, or `-` for none.",
        "Roles in one process must agree about what they share: see [roles](../design/roles.md).\n",
        f"| variable | {' | '.join(kinds)} | meaning |",
        f"|---|{'---|' * len(kinds)}---|",
    ]
    for (variable, meaning), by_role in of_roles.items():
        rows.append(f"| {variable} | {' | '.join(by_role.get(name, '') for name in kinds)} | {meaning} |")
    rows += ["\nOther commands read the same, and besides:\n", "| variable | default | meaning |", "|---|---|---|"]
    for (variable, meaning), by_role in lines.items():
        if (variable, meaning) not in of_roles:
            rows.append(f"| {variable} | {by_role['']} | {meaning} |")
    return "\n".join(rows) + "\n"


REST = "# === Every other setting, with its default. From here on `make docs` writes this file.\n"


def _environment(name: str) -> str:
    """An environment file of compose: its own part as it is, and then the settings that this part does not name."""
    head = (HERE / "../.." / name).read_text().partition(REST)[0].rstrip("\n")
    named = set(re.findall(r"^#? ?([A-Z][A-Z0-9_]*)=", head, re.MULTILINE))
    rows = [f"{head}\n\n{REST}# What the compose files set for each container (HOST, PORT, paths) has no effect here."]
    kinds = [*(role.settings() for role in ROLES.values()), Settings]
    for field in (field for kind in kinds for field in kind.model_fields.values()):
        for variable in variables(field):
            if variable not in named:
                named.add(variable)
                default = "" if _default(field) == "-" else _default(field).strip("`")
                rows.append(f"\n# {field.description}\n# {variable}={_plain(default)}")
    return "\n".join(rows) + "\n"


def _plain(default: str) -> str:
    """A default as an environment variable has it."""
    if default.startswith("("):
        return ",".join(part.strip(" '") for part in default.strip("()").split(","))
    return default.lower() if default in {"True", "False"} else default


def _default(field: FieldInfo) -> str:
    return "-" if field.default_factory or field.default in {None, ()} else f"`{field.default}`"


def _styles() -> str:
    rows = [
        "# Subtitle styles\n",
        "| style | line | lines | characters/s | shown | gap |",
        "|---|---|---|---|---|---|",
        *(
            f"| {s.name} | {s.max_columns} | {s.max_lines} | {s.max_columns_per_second} "
            f"| {s.min_duration_ms / 1000:g}–{s.max_duration_ms / 1000:g} s | {s.min_gap_ms} ms |"
            for s in STYLES.values()
        ),
    ]
    return "\n".join(rows) + "\n"


_METRICS = """# Metrics

Every process answers `GET /metrics` in Prometheus's text format, and as JSON to `Accept: application/json`. With
`SAYSO_PROTECT_OPERATIONS=true` it requires a key with the scope `operations`. `make docs` writes this page from
the code. The names are [public](../policy.md): dashboards and alerts may rely on them.

A counter ends in `_total`; a histogram is exported as `_bucket`, `_sum` and `_count`. Times are in seconds, sizes in
bytes. A metric with labels appears with its first value. Prometheus's client adds `process_*` and `python_gc_*`.

Values of labels:

- `outcome` of `sayso_jobs_total`: {outcomes}.
- `state` of a breaker: {states}.
- `reason` of a fallback: the engine's, such as `timeout`, `rate_limited`, `rejected_key`, `quota`, `connection`.
- `route`: the template of a path, never the path. `engine`: as in the answer of `/health`.
"""

_CLIENTS_OWN = ("process_", "python_")


def _metrics() -> str:
    """Each metric by the class that has it, with its type and labels."""
    outcomes, states = (", ".join(f"`{value}`" for value in kind) for kind in (Outcome, BreakerState))
    sections = [_METRICS.format(outcomes=outcomes, states=states)]
    for title, register in _METRICS_OF.items():
        sections.append(f"## {title}\n\n| metric | type | labels | meaning |\n|---|---|---|---|")
        sections += _rows_of(register())
        sections.append("")
    return "\n".join(sections)


def _every_process() -> CollectorRegistry:
    load = Load(slots=1, taken=0, permits=1, computing=0, waiting=0, retry_after_seconds=1)
    return Metrics(
        load=lambda: load,
        breakers=lambda: {"kokoro": next(iter(BreakerState))},
        shutdowns=lambda: {("openai", "whisper-1"): 60},
    ).registry


def _alone(register: Callable[[CollectorRegistry], object]) -> Callable[[], CollectorRegistry]:
    def fill() -> CollectorRegistry:
        registry = CollectorRegistry(auto_describe=True)
        register(registry)
        return registry

    return fill


_METRICS_OF: dict[str, Callable[[], CollectorRegistry]] = {
    "Every process": _every_process,
    "Workers (stories, cards, sync)": _alone(
        lambda registry: JobMetrics(registry, lambda: {"q": QueueState(0, 0, 0.0)})
    ),
    "Cards": _alone(CardMetrics),
    "Model sync": _alone(SyncMetrics),
}


def _rows_of(registry: CollectorRegistry) -> Iterator[str]:
    for collector in list(registry._collector_to_names):  # noqa: SLF001 - there is no public list of the labels
        declared = collector._labelnames if isinstance(collector, MetricWrapperBase) else None  # noqa: SLF001
        for family in collector.collect():
            if not family.name.startswith(_CLIENTS_OWN):
                yield _row_of(family, declared)


def _row_of(family: Metric, declared: tuple[str, ...] | None) -> str:
    labels = declared if declared is not None else tuple(family.samples[0].labels)
    name = family.name + ("_total" if family.type == "counter" else "")
    return f"| `{name}` | {family.type} | {', '.join(f'`{label}`' for label in labels)} | {family.documentation} |"


if __name__ == "__main__":
    for name, content in pages().items():
        (HERE / name).write_text(content)
