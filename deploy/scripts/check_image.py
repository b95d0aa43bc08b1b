"""Check a built image of the API as its users meet it: `make check-image`.

Two containers run from it, each non-root, read-only, without capabilities and with 2 GiB of memory:

- one without a network, which speaks a sentence and transcribes it;
- one whose OpenAI is the fault server on this machine: it answers from OpenAI while that works, and from the local
  engines, with the reason, when it fails. Its log has the lines that operators search for.

Both must end with 0 after SIGTERM. The container engine is `docker`, or what ENGINE says.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sayso.testing import FakeTranscriber
from sayso.testing.openai_server import FaultKind, OpenAIServer

if TYPE_CHECKING:
    from collections.abc import Iterator

ENGINE = shlex.split(os.environ.get("ENGINE", "docker"))
SENTENCE = "The lamp burned all night."
RECORDING = "/tmp/said.wav"  # noqa: S108 - in the container, which has no other place to write
HARDENED = ("--read-only", "--tmpfs=/tmp", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--memory=2g")
SETTINGS = tuple(
    f"--env={setting}"
    for setting in (
        "SAYSO_DATA=/tmp/sayso",
        "SAYSO_CACHE_DIR=/tmp/speech-cache",
        "HOST=127.0.0.1",  # so that no key is needed
        "SAYSO_ALLOW_ANONYMOUS=true",
    )
)
START_SECONDS = 600.0
STOP_SECONDS = 40


def main() -> None:
    """Check the image that is named on the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("image")
    image = parser.parse_args().image
    try:
        check_offline(image)
        check_hybrid(image)
    except subprocess.CalledProcessError as error:
        require(ok=False, what=f"{shlex.join(error.cmd)}\n{error.stdout}{error.stderr}")


def check_offline(image: str) -> None:
    """Speak and transcribe without a network."""
    with container(image, "--network=none") as api:
        require(api.run("id", "-u") != "0", "it does not run as root")
        api.speak()
        text = json.loads(api.curl("/v1/audio/transcriptions", "-F", f"file=@{RECORDING}", "-F", "model=whisper-base"))
        require(
            words(text["text"]) == words(SENTENCE), f"without a network it reads back what it spoke: {text['text']!r}"
        )


def check_hybrid(image: str) -> None:
    """Transcribe by OpenAI, then by the local engine while OpenAI fails."""
    with OpenAIServer(transcriber=FakeTranscriber("This came from OpenAI.")) as server:
        settings = (f"OPENAI_BASE_URL={server.base_url}", f"OPENAI_API_KEY={server.key}", f"PORT={free_port()}")
        with container(image, "--network=host", *(f"--env={setting}" for setting in settings)) as api:
            api.speak()
            answer = hybrid(api)
            require(answer["source"] == "openai", f"OpenAI transcribes while it works: {answer['text']!r}")
            server.faults(always=FaultKind.SERVER_ERROR)
            answer = hybrid(api)
            reason = answer["debug"]["fallback_reason"]
            require(answer["source"] == "fallback", f"the local engine transcribes when OpenAI fails ({reason})")
            require(words(answer["text"]) == words(SENTENCE), f"and reads what was spoken: {answer['text']!r}")
            lines = [line for line in api.log().splitlines() if "fallback" in line]
            require(bool(lines), f"`grep fallback` finds it in the log: {lines[-1] if lines else ''}")


def hybrid(api: Container) -> dict[str, Any]:
    """The answer of the hybrid path for the file that was spoken."""
    form = ("-F", f"audio_file=@{RECORDING}", "-F", "language=en", "-F", "return_debug=true")
    answer: dict[str, Any] = json.loads(api.curl("/api/v1/hybrid/stt", *form))
    return answer


def words(text: str) -> list[str]:
    """The words of a text, whatever their case and punctuation."""
    return re.findall(r"\w+", text.lower())


class Container:
    """A container that runs; every method blocks.

    Args:
        name: its name.
        port: that it serves, in its own network.
    """

    def __init__(self, name: str, port: str) -> None:
        self._name = name
        self._port = port

    def run(self, *command: str) -> str:
        """The output of a command in the container.

        Raises:
            subprocess.CalledProcessError: it failed; it has the output and the errors.
        """
        return engine("exec", self._name, *command)

    def curl(self, path: str, *arguments: str) -> str:
        """The body of a response; the image has curl."""
        return self.run("curl", "-sS", "--fail-with-body", *arguments, f"http://127.0.0.1:{self._port}{path}")

    def speak(self) -> None:
        """Let it speak `SENTENCE` into `RECORDING`."""
        body = json.dumps({"model": "kokoro", "voice": "af_heart", "input": SENTENCE, "response_format": "wav"})
        self.curl("/v1/audio/speech", "-H", "content-type: application/json", "-d", body, "-o", RECORDING)

    def log(self) -> str:
        """What it has logged."""
        done = subprocess.run((*ENGINE, "logs", self._name), capture_output=True, text=True, check=True)
        return done.stdout + done.stderr

    def wait(self) -> None:
        """Return when it is ready; end the program if it does not become ready."""
        give_up_at = time.monotonic() + START_SECONDS
        while time.monotonic() < give_up_at:
            try:
                self.curl("/ready")
            except subprocess.CalledProcessError:
                if engine("inspect", "--format={{.State.Running}}", self._name) != "true":
                    break
                time.sleep(0.5)
            else:
                return
        require(ok=False, what=f"it starts. Its log:\n{self.log()}")


@contextmanager
def container(image: str, *options: str) -> Iterator[Container]:
    """A hardened container, ready; stopped and removed afterwards."""
    name = f"sayso-check-{os.getpid()}-{len(options)}"
    port = next((option.partition("PORT=")[2] for option in options if "PORT=" in option), "8000")
    engine("run", "--detach", "--name", name, *HARDENED, *SETTINGS, *options, image)
    try:
        running = Container(name, port)
        running.wait()
        yield running
        engine("stop", f"--time={STOP_SECONDS}", name)
        code = engine("inspect", "--format={{.State.ExitCode}}", name)
        require(code == "0", f"it ends after SIGTERM with {code}")
    finally:
        engine("rm", "--force", "--volumes", name)


def engine(*arguments: str) -> str:
    """The output of a command of the container engine."""
    done = subprocess.run((*ENGINE, *arguments), capture_output=True, text=True, check=True)
    return done.stdout.strip()


def free_port() -> int:
    """A port of this machine that is free now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def require(ok: bool, what: str) -> None:  # noqa: FBT001 - reads like an assertion
    """Print what was checked; end the program with 1 if it is not so."""
    print(f"{'ok' if ok else 'FAILED'}: {what}", flush=True)  # noqa: T201 - what this program is for
    if not ok:
        sys.exit(1)


if __name__ == "__main__":
    main()
