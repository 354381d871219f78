#!/usr/bin/env bash
# toxiproxy.sh: prints the path of toxiproxy-server and builds it first, once per machine, out of the Go module proxy.
# env: IRIS_TEST_CACHE (default ~/.cache/iris-test), where the binary is kept.
set -euo pipefail
version=v2.5.0
out=${IRIS_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/iris-test}/toxiproxy-$version/toxiproxy-server
mkdir -p "$(dirname "$out")"
# Two tests may ask at the same time: the second waits for what the first makes.
exec 9>"$out.lock"
flock 9
if [ ! -x "$out" ]; then
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  cd "$work"
  # A module of its own: `go install` refuses modules with replace directives.
  go mod init local/build >&2
  go get "github.com/Shopify/toxiproxy/v2@$version" >&2
  CGO_ENABLED=0 go build -mod=mod -trimpath -ldflags '-s -w' -o toxiproxy-server github.com/Shopify/toxiproxy/v2/cmd/server >&2
  mv toxiproxy-server "$out.$$" && mv "$out.$$" "$out"
fi
echo "$out"
