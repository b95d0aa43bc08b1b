"""Compiles the native kernels into one shared library. Run by the build of the package, by the tests and by hand.

    python native/build.py OUTPUT [FLAG…]

The compiler is $CXX, else g++, c++ or clang++. The kernels of each instruction set are a file of their own, compiled
with its flags, and all else without them: nothing runs an instruction that was not asked for. What the compiler does
not know is left out.
"""

from __future__ import annotations

import os
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
NEVER_OPTIONAL = ("kernels.cpp", "processor.cpp")

FLAGS = (
    *("-std=c++17", "-O3", "-fPIC", "-fvisibility=hidden", "-fno-exceptions", "-fno-rtti", "-ffp-contract=off"),
    *("-Wall", "-Wextra", "-Wshadow"),
    # GCC 12 reports its own headers: https://gcc.gnu.org/bugzilla/show_bug.cgi?id=105593
    *("-Wno-uninitialized", "-Wno-maybe-uninitialized"),
    f"-ffile-prefix-map={HERE}=native",  # the same bytes wherever it is compiled
)

INSTRUCTION_SETS: dict[str, dict[str, tuple[str, ...]]] = {
    "x86_64": {
        "avx512_vnni": ("-mavx512f", "-mavx512dq", "-mavx512bw", "-mavx512vl", "-mavx512vnni", "-mfma"),
        "avx_vnni": ("-mavx2", "-mfma", "-mavxvnni"),
        "avx2": ("-mavx2", "-mfma"),
    },
    "aarch64": {"neon_dot": ("-march=armv8.2-a+dotprod",)},
}
INSTRUCTION_SETS["AMD64"] = INSTRUCTION_SETS["x86_64"]
INSTRUCTION_SETS["arm64"] = INSTRUCTION_SETS["aarch64"]


class NoCompiler(Exception):
    """There is no C++ compiler, or it does not compile the kernels."""


def find_compiler() -> list[str]:
    """The command of the C++ compiler.

    Raises:
        NoCompiler: there is none.
    """
    named = os.environ.get("CXX")
    if named:
        return shlex.split(named)
    for name in ("g++", "c++", "clang++"):
        if shutil.which(name):
            return [name]
    raise NoCompiler("there is no C++ compiler")


def build(output: Path, *flags: str, machine: str | None = None) -> list[str]:
    """Compile the library, in place of what is there.

    Args:
        output: the library's file.
        flags: further ones of the compiler and the linker, such as sanitizers.
        machine: the architecture that the compiler compiles for, as `platform.machine` names it; None for this one.

    Returns:
        The instruction sets that it has kernels for.

    Raises:
        NoCompiler: it cannot be compiled here.
    """
    compiler = find_compiler()
    known = INSTRUCTION_SETS.get(machine or platform.machine(), {})
    try:
        with tempfile.TemporaryDirectory() as directory:
            return _build(compiler, known, output, flags, Path(directory))
    except OSError as error:
        raise NoCompiler(f"files cannot be written: {error}") from error


def _build(
    compiler: list[str], known: dict[str, tuple[str, ...]], output: Path, flags: tuple[str, ...], directory: Path
) -> list[str]:
    objects, found = [], []
    for name, own in known.items():
        made = Path(directory, f"{name}.o")
        if _compile(compiler, HERE / f"{name}.cpp", made, *own, *flags) is None:
            objects.append(str(made))
            found.append(name)
    if not found:
        raise NoCompiler(f"{shlex.join(compiler)} compiles none of the instruction sets of {platform.machine()}")
    macros = [f"-DSAYSO_{name.upper()}" for name in found]
    for source in NEVER_OPTIONAL:
        made = Path(directory, source).with_suffix(".o")
        error = _compile(compiler, HERE / source, made, *macros, *flags)
        if error is not None:
            raise NoCompiler(error)
        objects.append(str(made))
    output.parent.mkdir(parents=True, exist_ok=True)
    new = output.with_name(f"{output.name}.{os.getpid()}")
    try:
        error = _run([*compiler, "-shared", *flags, "-o", str(new), *objects])
        if error is not None:
            raise NoCompiler(error)
        new.replace(output)
    finally:
        new.unlink(missing_ok=True)
    return found


def _compile(compiler: list[str], source: Path, made: Path, *flags: str) -> str | None:
    return _run([*compiler, *FLAGS, *flags, "-c", str(source), "-o", str(made)])


def _run(command: list[str]) -> str | None:
    """What is wrong with it, in one line; None if it succeeded."""
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=300)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{command[0]} cannot be run: {error}"
    if done.returncode == 0:
        return None
    lines = [line for line in done.stderr.splitlines() if "error" in line] or done.stderr.splitlines()
    return f"{command[0]} failed: {lines[0] if lines else done.returncode}"


if __name__ == "__main__":
    try:
        print("compiled for", ", ".join(build(Path(sys.argv[1]), *sys.argv[2:])))  # noqa: T201
    except NoCompiler as problem:
        sys.exit(f"The native kernels are not compiled: {problem}")
