"""A server for deployments on this machine: namespaces of its own, with sshd and a container store.

It needs root, openssh-server, iproute2 and the container tools (podman, netavark). The host and the server are joined
by a pair of virtual interfaces, so nothing listens on the host's own addresses.
"""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from typing import Self

SSH_PORT = 22

_ENTER = r"""
set -eu
ip link set lo up
mount --make-rprivate /
mount -t tmpfs tmpfs /dev/shm
mkdir -p /run/containers /run/netns /etc/containers/networks /run/libpod /run/sshd
for directory in /run/containers /run/netns /etc/containers/networks /run/libpod; do
  mount -t tmpfs tmpfs "$directory"
done
echo ready >"$1/entered"
exec sleep infinity
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Address:
    """The addresses of a server's link: 10.213.NUMBER.1 is the host's, .2 the server's."""

    number: int

    @property
    def host(self) -> str:
        """The host's end."""
        return f"10.213.{self.number}.1"

    @property
    def server(self) -> str:
        """The server's end."""
        return f"10.213.{self.number}.2"

    @property
    def link(self) -> str:
        """The name of the host's interface; the server's has one letter more."""
        return f"saysod{self.number}"


class ServerMachine:
    """A server that runs while its context is open.

    Args:
        directory: for its files, its container store and its keys; short, since the paths of sockets are limited.
        number: of its network, 1 to 254; different for servers that run at the same time.
        tools: a directory with podman-compose, for PATH.
    """

    def __init__(self, directory: Path, *, number: int, tools: Path) -> None:
        self.directory = directory
        self.address = Address(number=number)
        self.project = directory / "project"
        self._tools = tools
        self._processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        self.directory.mkdir(parents=True)
        self._enter_namespaces()
        self._join_networks()
        self._write_files()
        self._start_sshd()
        return self

    def __exit__(self, *_: object) -> None:
        self.shell("podman rm --all --force --time 1; podman volume rm --all --force", check=False)
        for process in reversed(self._processes):
            process.send_signal(signal.SIGTERM)
            process.wait(60)
        _run(["ip", "link", "delete", self.address.link], check=False)
        shutil.rmtree(self.directory, ignore_errors=True)  # what was mounted was so in its namespace only

    @property
    def pid(self) -> int:
        """The process that keeps the namespaces."""
        return self._processes[0].pid

    @property
    def known_hosts(self) -> str:
        """The line that pins the server's key."""
        kind, key, *_ = (self.directory / "host_key.pub").read_text().split()
        return f"{self.address.server} {kind} {key}"

    @property
    def client_key(self) -> str:
        """The private key that may log in."""
        return (self.directory / "client_key").read_text()

    def environment(self) -> dict[str, str]:
        """What commands on the server have."""
        return {
            "PATH": f"{self._tools}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": str(self.directory / "home"),
            "CONTAINERS_CONF": str(self.directory / "containers.conf"),
            "CONTAINERS_STORAGE_CONF": str(self.directory / "storage.conf"),
            "TMPDIR": str(self.directory / "tmp"),
        }

    def shell(self, command: str, *, check: bool = True) -> str:
        """Run a command line on the server, and return what it prints.

        Raises:
            AssertionError: it fails.
        """
        variables = [f"{name}={value}" for name, value in self.environment().items()]
        inside = ["nsenter", "--target", str(self.pid), "--net", "--mount", "--wd=/", "--"]
        return _run([*inside, "env", "-i", *variables, "bash", "-c", command], check=check)

    def receive_images(self, archive: Path) -> None:
        """Put the images of an archive into the server's store."""
        self.shell(f"podman load --quiet --input {archive}")

    def _enter_namespaces(self) -> None:
        command = ["unshare", "--net", "--mount", "--propagation", "private", "sh", "-c", _ENTER, "sh"]
        self._processes.append(subprocess.Popen([*command, str(self.directory)]))
        wait_until((self.directory / "entered").exists)

    def _join_networks(self) -> None:
        ours, theirs = self.address.link, f"{self.address.link}s"
        _run(["ip", "link", "delete", ours], check=False)
        _run(["ip", "link", "add", ours, "type", "veth", "peer", "name", theirs, "netns", str(self.pid)])
        _run(["ip", "address", "add", f"{self.address.host}/30", "dev", ours])
        _run(["ip", "link", "set", ours, "up"])
        self.shell(
            f"ip address add {self.address.server}/30 dev {theirs} && ip link set {theirs} up && "
            f"ip route add default via {self.address.host} && echo 1 >/proc/sys/net/ipv4/ip_forward"
        )

    def _write_files(self) -> None:
        for name in ("home", "tmp", "project"):
            (self.directory / name).mkdir()
        (self.directory / "containers.conf").write_text(
            '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]\n'
            '[engine]\ncgroup_manager = "cgroupfs"\nruntime = "runc"\nevents_logger = "file"\n'
        )
        (self.directory / "storage.conf").write_text(
            f'[storage]\ndriver = "overlay"\ngraphroot = "{self.directory}/graph"\nrunroot = "{self.directory}/run"\n'
        )
        for key in ("host_key", "client_key"):
            _run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.directory / key)])

    def _start_sshd(self) -> None:
        config = self.directory / "sshd_config"
        (self.directory / "authorized_keys").write_text((self.directory / "client_key.pub").read_text())
        variables = " ".join(f'"{name}={value}"' for name, value in self.environment().items() if name != "HOME")
        config.write_text(
            f"Port {SSH_PORT}\nListenAddress {self.address.server}\nHostKey {self.directory}/host_key\n"
            f"AuthorizedKeysFile {self.directory}/authorized_keys\nPermitRootLogin prohibit-password\n"
            f"PasswordAuthentication no\nUsePAM no\nStrictModes no\nPidFile none\nMaxStartups 50\nSetEnv {variables}\n"
        )
        sshd = shutil.which("sshd", path="/usr/sbin:/sbin")
        assert sshd is not None, "sshd is missing: apt-get install openssh-server"
        inside = ["nsenter", "--target", str(self.pid), "--net", "--mount", "--"]
        self._processes.append(
            subprocess.Popen([*inside, sshd, "-D", "-f", str(config), "-E", str(self.directory / "sshd.log")])
        )
        wait_until(lambda: self.answers(SSH_PORT))

    def answers(self, port: int) -> bool:
        """Whether something listens at a port of the server."""
        try:
            with socket.create_connection((self.address.server, port), timeout=1):
                return True
        except OSError:
            return False


def _run(command: Sequence[str], *, check: bool = True) -> str:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert not check or done.returncode == 0, f"{' '.join(command)}: {done.stderr[-2000:]}"
    return done.stdout
