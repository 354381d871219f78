#!/usr/bin/env bash
# debian-root.sh: prints the path of a clean Debian root with what a node's machine image has, and makes it first, once per machine.
# env: IRIS_TEST_CACHE (default ~/.cache/iris-test), where it is kept.
set -euo pipefail
suite=trixie
root=${IRIS_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/iris-test}/debian-$suite-1
mkdir -p "$(dirname "$root")"
# Two tests may ask at the same time: the second waits for what the first makes.
exec 9>"$root.lock"
flock 9
if [ ! -e "$root/ready" ]; then
  rm -rf "$root"
  {
    debootstrap --variant=minbase --include=ca-certificates,curl,procps,systemd,xfsprogs $suite "$root" http://deb.debian.org/debian
    chroot "$root" apt-get install -y -qq --no-install-recommends awscli
    rm -rf "$root/var/cache/apt/archives" "$root/var/lib/apt/lists"
  } >&2
  touch "$root/ready"
fi
echo "$root"
