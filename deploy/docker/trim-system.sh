#!/bin/sh
# Remove from the system of an image what only builds, documents or translates. Copyright files stay: the licences ask
# for them. So does the list of Debian's packages, which scanners and the SBOM read.
set -eu

# pip and what comes with it, as Debian packages or beside the Python of the official images.
installed=$(dpkg-query -W -f '${Package}\n' python3-pip python3-pip-whl python3-setuptools python3-setuptools-whl \
  python3-wheel python3-venv 'python3.*-venv' 2>/dev/null || true)
if [ -n "$installed" ]; then
  # shellcheck disable=SC2086
  apt-get purge -y $installed
fi
for packages in /usr/local/lib/python3*/site-packages; do
  rm -rf "$packages"/pip "$packages"/pip-* "$packages"/setuptools* "$packages"/wheel* "$packages"/pkg_resources \
    "$packages"/_distutils_hack "$packages"/distutils-precedence.pth
done
for library in /usr/local/lib/python3* /usr/lib/python3*; do
  rm -rf "$library"/ensurepip "$library"/idlelib "$library"/lib2to3 "$library"/pydoc_data "$library"/test \
    "$library"/tkinter "$library"/turtledemo "$library"/config-3*
done
rm -f /usr/local/bin/pip* /usr/local/bin/wheel* /usr/local/bin/idle* /usr/local/bin/2to3*
rm -rf /usr/share/python-wheels

find /usr/share/doc -mindepth 1 ! -name copyright ! -type d -delete
find /usr/share/doc -mindepth 1 -type d -empty -delete
rm -rf /usr/share/man /usr/share/info /usr/share/lintian /usr/share/locale /usr/share/zoneinfo/right
rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/*-old /var/log/* /tmp/.[!.]*

# No program here needs to become another user.
find / -xdev -type f -perm /6000 -exec chmod a-s {} +
