"""The stage that pulls models has the modules that it needs, and no others: another change does not pull them again."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_the_copied_modules_are_enough(tmp_path: Path) -> None:
    """What the Dockerfile copies is copied here, and the script runs with it alone, without models to pull."""
    dockerfile = (ROOT / "deploy/docker/Dockerfile").read_text().replace("\\\n", " ")
    stage = re.search(r"^FROM engines AS models$(.*?)^FROM ", dockerfile, re.MULTILINE | re.DOTALL)
    assert stage is not None
    copied = re.findall(r"^COPY (?!requirements)(.+) /build/(\S*)$", stage[1], re.MULTILINE)
    assert copied
    for sources, place in copied:
        for source in sources.split():
            target = tmp_path / place
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, target)
            else:
                target.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / source, target)
    script = tmp_path / "pull_models.py"
    models = tmp_path / "models"
    models.mkdir()
    code = "\n".join(
        [
            "import runpy, sys",
            f"sys.path.insert(0, {str(tmp_path)!r})",
            f"sys.argv = ['pull_models.py', {str(models)!r}]",
            f"runpy.run_path({str(script)!r})",
            "own = [module for name, module in sys.modules.items() if name.startswith('sayso')]",
            "print(*filter(None, (getattr(module, '__file__', None) for module in own)), sep='\\n')",
        ]
    )
    # -P and the path keep the code of this working directory out.
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    used = set(done.stdout.split())
    assert all(name.startswith(str(tmp_path)) for name in used)
    assert used == {str(path) for path in (tmp_path / "sayso").rglob("*.py")} - {
        str(tmp_path / "sayso/models/sources" / name) for name in ("registry.py", "s3.py")
    }
