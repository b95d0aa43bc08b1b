"""A stand-in for Docker, podman and their compose commands: it keeps containers in a file, and records every call.

It is run as a program by the name of the engine; STAND_IN is its directory:

    state.json   containers, images and volumes
    calls        a line of JSON for each call: its arguments, and which of the deployment's secrets its environment had
    behaviour    for each image's tag: what its containers answer

Only what deploy/scripts/server asks for is there. A deployment calls it some hundred times: it is compiled once, and
imports next to nothing.
"""

from __future__ import annotations

import _json
import fcntl
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

HOME = os.environ["STAND_IN"]
STATE = f"{HOME}/state.json"
HEALTH = {
    "status": "ok",
    "engines": {"speech": [{"name": "kokoro", "configured": True, "reachable": None, "breaker": "closed"}]},
}


class _Strict:
    """The options of the C part of `json`, whose Python part takes as long to import as Python to start."""

    strict = True
    object_hook = object_pairs_hook = parse_constant = None
    parse_float = float
    parse_int = int


_scan = _json.make_scanner(_Strict())  # type: ignore[arg-type]  # it takes whatever has these attributes
_encode = _json.make_encoder(
    None, lambda _value: None, _json.encode_basestring_ascii, None, ": ", ", ", False, False, False
)


def loads(text: str) -> Any:
    """The value of a JSON text."""
    return _scan(text, 0)[0]


def dumps(value: object) -> str:
    """A value as JSON."""
    return "".join(_encode(value, 0))


class Engine:
    """The state, and the commands."""

    def __init__(self) -> None:
        self.state: dict[str, Any] = loads(text_of("state.json"))
        self._before = dumps(self.state)

    def keep(self) -> None:
        """Write the state, if it has changed."""
        text = dumps(self.state)
        if text != self._before:
            with open(f"{STATE}.new", "w") as file:
                file.write(text)
            os.replace(f"{STATE}.new", STATE)

    def container(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.state["containers"].get(name)
        if found is None:
            sys.exit(f"no such container: {name}")
        return found

    def image(self, reference: str) -> str | None:
        """The id of an image."""
        images: dict[str, str] = self.state["images" if "STAND_IN_SERVER" in os.environ else "local"]
        if reference in images.values():
            return reference
        return images.get(reference)

    def behaviour(self, container: dict[str, Any]) -> dict[str, Any]:
        """What the containers of an image do."""
        known: dict[str, Any] = loads(text_of("behaviour"))
        return dict(known.get(container["image"], {}))

    # --- compose

    def compose(self, words: list[str]) -> None:
        if "config" in words:
            settings = words[words.index("--env-file") + 1]
            with open(settings) as file:
                if "REFUSED" in file.read():
                    sys.exit("required variable SAYSO_API_KEYS is missing a value")
        if words == ["version"] or "config" in words:
            return
        services = words[words.index("--no-deps") + 1 :]
        for service in services:
            name = f"id-{service}"
            if service.startswith("sync"):
                tag = f"{os.environ.get('SAYSO_IMAGE', 'sayso')}:sync-{os.environ.get('SAYSO_VERSION', 'latest')}"
            elif service.endswith(("-blue", "-green")):
                what, _, slot = service.rpartition("-")
                tag = f"sayso-slot:{what.replace('whisper-api', 'api')}-{os.environ['SAYSO_' + slot.upper()]}"
            else:
                tag = service
                self.state["images"].setdefault(tag, f"{service}-image")
            image = self.image(tag)
            if image is None:
                sys.exit(f"no such image: {tag}")
            self.state["containers"][name] = {
                "service": service,
                "image": image,
                "tag": tag,
                "running": "--no-start" not in words,
            }
            if self.behaviour(self.state["containers"][name]).get("crashes"):
                self.state["containers"][name]["running"] = False

    # --- containers

    def ps(self, words: list[str]) -> None:
        if "--format" in words:
            return
        service = next((word.rpartition("=")[2] for word in words if "compose.service=" in word), None)
        for name, container in self.state["containers"].items():
            if service is None or container["service"] == service:
                sys.stdout.write(f"{name}\n")

    def inspect(self, words: list[str]) -> None:
        template, name = words[1], words[2]
        container = self.container(name)
        values = {
            "{{.State.Running}}": "true" if container["running"] else "false",
            "{{.State.Status}}": "running" if container["running"] else "exited",
            "{{.RestartCount}}": "0",
            "{{.Image}}": f"sha256:{container['image']}",
            "{{.Config.Image}}": container["tag"],
            "{{.Name}}": f"/{name}",
        }
        if template in values:
            sys.stdout.write(values[template] + "\n")
        elif "Config.Env" in template:
            sys.stdout.write("".join(f"{line}\n" for line in container.get("environment", [])))
        elif "$name" in template:
            sys.stdout.write("sayso_default\n")
        elif "IPAddress" in template:
            sys.stdout.write("10.0.0.9 \n")
        elif "Mounts" not in template:
            sys.exit(f"unknown template {template}")

    def exec(self, words: list[str]) -> None:
        words = [word for word in words if word != "--interactive"]
        container = self.container(words[0])
        if not container["running"]:
            sys.exit("not running")
        if words[1] == "curl":
            self.curl(container, words)
        elif words[1] == "python3":
            os.execv(sys.executable, [sys.executable, *words[2:]])
        elif container["service"] == "proxy":
            self.through_proxy(words[-1])
        elif container["service"] == "postgres":
            self.postgres(words[-1])
        # else: cat /proc/net/tcp, without connections

    def curl(self, container: dict[str, Any], words: list[str]) -> None:
        path = "/" + words[-1].rpartition("/")[2]
        known = self.behaviour(container)
        if "--write-out" in words:
            sys.stdout.write(str(known.get(path, 200)))
        else:
            sys.stdout.write(dumps(known.get("health", HEALTH)))

    def through_proxy(self, path: str) -> None:
        slots = os.environ["STAND_IN_PROJECT"] + "/deploy/compose/slots"
        slot = next((f"-{name}" for name in ("green", "blue") if os.path.exists(f"{slots}/{name}")), "")
        target = self.state["containers"].get(f"id-whisper-api{slot}")
        if path == "/proxy/slot":
            sys.stdout.write(f"whisper-api{slot}:8000\n200\n")
        elif target is None or not target["running"]:
            sys.stdout.write("\n503\n")
        else:
            sys.stdout.write(f"\n{self.behaviour(target).get('proxy', 200)}\n")

    def postgres(self, script: str) -> None:
        if "pg_database_size" in script:
            sys.stdout.write("1048576\n")
        elif "pg_dump" in script:
            sys.stdout.write("a dump")

    def start(self, words: list[str]) -> None:
        self.container(words[-1])["running"] = True

    def stop(self, words: list[str]) -> None:
        self.container(words[-1])["running"] = False

    def rm(self, words: list[str]) -> None:
        del self.state["containers"][words[-1]]

    # --- images

    def image_command(self, words: list[str]) -> None:
        found = self.image(words[-1].removeprefix("sha256:"))
        if found is None:
            sys.exit("no such image")
        if "{{.Id}}" in words:
            sys.stdout.write(f"sha256:{found}\n")
        else:
            tags = [tag for tag, image in self.state["images"].items() if image == found]
            sys.stdout.write(" ".join(tags) + "\n")

    def images(self, words: list[str]) -> None:
        for tag, image in self.state["images"].items():
            repository, _, name = tag.rpartition(":")
            end = f" sha256:{image}" if "{{.ID}}" in words[-1] else ""
            sys.stdout.write(f"{repository} {name}{end}\n")

    def tag(self, words: list[str]) -> None:
        image = self.image(words[0].removeprefix("sha256:"))
        if image is None:
            sys.exit("no such image")
        self.state["images"][words[1]] = image

    def rmi(self, words: list[str]) -> None:
        del self.state["images"][words[0]]

    def pull(self, words: list[str]) -> None:
        image = self.state["registry"].get(words[0])
        if image is None:
            sys.exit("not found")
        self.state["images"][words[0]] = image

    def load(self, _words: list[str]) -> None:
        self.state["images"].update(loads(sys.stdin.read()))

    def save(self, words: list[str]) -> None:
        names = [word for word in words if not word.startswith("--") and word != "docker-archive"]
        sys.stdout.write(dumps({name: self.state["local"][name] for name in names}))

    def run(self, words: list[str]) -> None:
        if "migrate" in words:
            answer = text_of("migrations") if os.path.exists(f"{HOME}/migrations") else ""
            sys.stdout.write(answer)
            sys.exit(3 if answer else 0)
        sys.stdout.write("linked\n")


def text_of(name: str) -> str:
    """A file of the stand-in's directory."""
    with open(f"{HOME}/{name}") as file:
        return file.read()


def main() -> None:
    """Run a command; one at a time."""
    name, words = os.path.basename(sys.argv[0]), sys.argv[1:]
    record = {"program": name, "arguments": words, "environment": sorted(os.environ)}
    with open(f"{HOME}/calls", "a") as calls:
        calls.write(dumps(record) + "\n")
    if name == "podman-compose":
        words = ["compose", *words]
    command, rest = words[0], words[1:]
    if command == "info" and os.path.exists(f"{HOME}/no-docker"):
        sys.exit("cannot connect")
    if command in ("info", "port", "logs", "volume", "update"):
        return
    with open(f"{HOME}/lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        engine = Engine()
        getattr(engine, {"image": "image_command"}.get(command, command))(rest)
        engine.keep()


main()
