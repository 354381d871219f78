#!/usr/bin/env bash
# consul.sh: prints the path of consul and builds it first, once per machine, out of the Go module proxy: 5 minutes on two free cores.
# env: IRIS_TEST_CACHE (default ~/.cache/iris-test), where the binary is kept.
set -euo pipefail
version=v1.22.7
out=${IRIS_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/iris-test}/consul-$version/consul
mkdir -p "$(dirname "$out")"
# Two tests may ask at the same time: the second waits for what the first makes.
exec 9>"$out.lock"
flock 9
if [ ! -x "$out" ]; then
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  cd "$work"
  # A module of its own: `go install` refuses modules with replace directives, by which Consul also pins its API.
  go mod init local/build >&2
  go get "github.com/hashicorp/consul@$version" github.com/hashicorp/consul/api@v1.34.5 >&2
  CGO_ENABLED=0 go build -mod=mod -trimpath -ldflags '-s -w' -o consul github.com/hashicorp/consul >&2
  mv consul "$out.$$" && mv "$out.$$" "$out"
fi
echo "$out"
