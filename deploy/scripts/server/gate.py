"""Compare the health of two releases, as ``/health`` reports it: is the new one worse?

    python3 - OLD NEW < gate.py

Both are the JSON of ``/health``; OLD may be empty, or of another program. It runs in the new container, on the standard
library. Prints a line for each difference; the exit code is 1 if the new one is worse.

What depends on the provider is not the release's: whether it answers, its breaker, its status. Worse is an engine that
the old one has and the new one lacks, a key that only the new one's provider rejects, a local engine that fails only in
the new one, and a task for which the new one has no engine at all.
"""

from __future__ import annotations

import json
import sys
from typing import Any

Engines = dict[tuple[str, str], dict[str, Any]]

REJECTED = {401, 403}


def engines_of(health: Any) -> Engines:
    """Each engine by task and name; empty if the JSON is of another program."""
    found: Engines = {}
    tasks = health.get("engines") if isinstance(health, dict) else None
    if isinstance(tasks, dict):
        for task, engines in tasks.items():
            for engine in engines if isinstance(engines, list) else []:
                found[task, str(engine.get("name"))] = engine
    return found


def of_provider(engine: dict[str, Any]) -> bool:
    """Whether an engine is a provider's: a local one is not asked over the network."""
    return engine.get("name") == "openai" or engine.get("last_status") is not None


def problems(old: Engines, new: Engines) -> list[str]:
    """Why the new release is worse, one sentence each."""
    found = []
    for (task, name), engine in old.items():
        now = new.get((task, name))
        if engine.get("configured") and not (now and now.get("configured")):
            detail = (now or {}).get("detail") or "it is not there."
            found.append(f"{task}: the engine {name} works in the old release only: {detail}")
    for (task, name), engine in new.items():
        before = old.get((task, name), {})
        status = engine.get("last_status")
        if of_provider(engine):
            if status in REJECTED and before.get("last_status") not in {*REJECTED, None}:
                found.append(f"{task}: {name} rejects the key of the new release ({status}).")
        elif engine.get("breaker") == "open" and before.get("breaker") != "open":
            found.append(f"{task}: the local engine {name} fails: {engine.get('detail')}")
    for task in dict.fromkeys(task for task, _ in new):
        if not any(engine.get("configured") for (of, _), engine in new.items() if of == task):
            if old and not any(engine.get("configured") for (of, _), engine in old.items() if of == task):
                continue
            details = "; ".join(str(engine.get("detail")) for (of, _), engine in new.items() if of == task)
            found.append(f"{task}: no engine is configured: {details}")
    return found


def notes(new: Engines) -> list[str]:
    """What is wrong with the provider, which does not keep the release away."""
    return [
        f"{task}: {name} does not answer well now (last status {engine.get('last_status')}), which is the provider's."
        for (task, name), engine in new.items()
        if of_provider(engine) and (engine.get("reachable") is False or engine.get("breaker") == "open")
    ]


def parsed(text: str) -> Any:
    """The JSON of a text; None if it is none."""
    try:
        return json.loads(text)
    except ValueError:
        return None


def main(old_text: str, new_text: str) -> int:
    """Print the differences; 1 if the new release is worse."""
    old, new = parsed(old_text), parsed(new_text)
    if isinstance(new, dict) and "error" in new:
        print("/health asks for a key (SAYSO_PROTECT_OPERATIONS), so the engines are not compared.")  # noqa: T201
        return 0
    if not isinstance(new, dict) or "status" not in new:
        print("/health of the new release is not an answer.")  # noqa: T201
        return 1
    worse = problems(engines_of(old), engines_of(new))
    before = old.get("status") if isinstance(old, dict) else None
    for line in [*worse, *notes(engines_of(new))]:
        print(line)  # noqa: T201
    if not worse:
        print(f"Health: {new['status']}; before: {before or 'not known'}.")  # noqa: T201
    return 1 if worse else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
