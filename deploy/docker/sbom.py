"""Write the software bill of materials of an image, in CycloneDX's JSON: ``sbom.py IMAGE FILE``.

The image is run without a network and says what it contains: Debian's packages, Python and its packages, and the
models with their checksums. CONTAINERS names the engine that runs it, `docker` by default.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

_SCHEMA = SchemaVersion.V1_6

_ASK = r"""
import importlib.metadata, json, os, platform, subprocess
fields = "${Package}\t${Version}\t${Architecture}\n"
debian = subprocess.run(["dpkg-query", "-W", "-f", fields], capture_output=True, text=True, check=True).stdout
distributions = [d.metadata for d in importlib.metadata.distributions()]
models = subprocess.run(["sayso", "models", "list", "--json"], capture_output=True, text=True, check=True).stdout
print(json.dumps({
    "release": dict(line.rstrip().split("=", 1) for line in open("/etc/os-release") if "=" in line),
    "debian": [line.split("\t") for line in debian.splitlines()],
    "python": platform.python_version(),
    "packages": [[m["Name"], m["Version"], m["License-Expression"] or m["License"] or "", m["Summary"] or ""]
                 for m in distributions],
    "models": json.loads(models),
}))
"""


def main(image: str, file: Path) -> None:
    """Write the document, after it was validated.

    Raises:
        SystemExit: it is not valid.
        subprocess.CalledProcessError: the image cannot be run; the engine has said why.
    """
    engine = shlex.split(os.environ.get("CONTAINERS", "docker"))
    run = [*engine, "run", "--rm", "--no-healthcheck", "--network", "none", image, "python", "-c", _ASK]
    contents = json.loads(subprocess.run(run, stdout=subprocess.PIPE, check=True).stdout)
    described = json.loads(
        subprocess.run([*engine, "image", "inspect", image], stdout=subprocess.PIPE, check=True).stdout
    )[0]
    bom = Bom(components=components(contents))
    root = Component(
        name=image, type=ComponentType.CONTAINER, version=described["Config"]["Labels"].get(_VERSION), bom_ref="image"
    )
    bom.metadata.component = root
    bom.register_dependency(root, bom.components)
    bom.metadata.timestamp = datetime.fromisoformat(described["Created"])
    document = make_outputter(bom, OutputFormat.JSON, _SCHEMA).output_as_string(indent=2)
    problem = JsonStrictValidator(_SCHEMA).validate_str(document)
    if problem is not None:
        sys.exit(f"The document is not valid: {problem}")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(document)
    sys.stdout.write(f"{file}: {len(bom.components)} components\n")


_VERSION = "org.opencontainers.image.version"


def components(contents: dict[str, Any]) -> list[Component]:
    """The components of an image, from what it says of itself."""
    release = contents["release"]["VERSION_ID"].strip('"')
    found = [_python(contents["python"])]
    found += [_debian(*package, release=release) for package in contents["debian"]]
    found += [_package(*package) for package in contents["packages"]]
    found += [_model(model) for model in contents["models"] if model["state"] == "here"]
    return found


def _python(version: str) -> Component:
    return Component(
        name="python", version=version, type=ComponentType.PLATFORM, purl=_purl("generic", "python", version)
    )


def _debian(name: str, version: str, architecture: str, *, release: str) -> Component:
    qualifiers = {"arch": architecture, "distro": f"debian-{release}"}
    purl = PackageURL("deb", "debian", name, version, qualifiers)
    return Component(name=name, version=version, purl=purl, bom_ref=purl.to_string())


def _package(name: str, version: str, license_text: str, summary: str) -> Component:
    short = license_text.strip().partition("\n")[0]
    return Component(
        name=name,
        version=version,
        description=summary,
        licenses=[LicenseFactory().make_from_string(short)] if short else (),
        purl=_purl("pypi", name.lower().replace("_", "-"), version),
        bom_ref=f"pypi:{name}@{version}",
    )


def _model(model: dict[str, Any]) -> Component:
    files = [
        Component(
            name=file["path"],
            type=ComponentType.FILE,
            hashes=[HashType(alg=HashAlgorithm.SHA_256, content=file["sha256"])],
            bom_ref=f"model:{model['name']}/{file['path']}",
        )
        for file in model["files"]
    ]
    return Component(
        name=model["name"],
        type=ComponentType.MACHINE_LEARNING_MODEL,
        description=model["summary"],
        licenses=[LicenseFactory().make_from_string(model["license"])],
        components=files,
        bom_ref=f"model:{model['name']}",
    )


def _purl(kind: str, name: str, version: str) -> PackageURL:
    return PackageURL(kind, None, name, version)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
