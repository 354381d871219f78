#!/usr/bin/env bash
# geo-database.sh FILE ROWS: writes a MaxMind country database. ROWS is JSON: [["198.51.100.0/28","AS","JP"],…].
# env: IRIS_TEST_CACHE (default ~/.cache/iris-test), where the writer from PyPI is kept.
set -euo pipefail
version=0.2.5
venv=${IRIS_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/iris-test}/mmdb-$version
if [ ! -e "$venv/ready" ]; then
  rm -rf "$venv"
  mkdir -p "$(dirname "$venv")"
  python3 -m venv "$venv" >&2
  "$venv/bin/pip" install --quiet --disable-pip-version-check "mmdb_writer==$version" >&2
  touch "$venv/ready"
fi
"$venv/bin/python" - "$1" "$2" <<'PYTHON'
import json
import sys
from mmdb_writer import MMDBWriter
from netaddr import IPSet

writer = MMDBWriter(ip_version=6, database_type='GeoLite2-Country', ipv4_compatible=True)
for network, continent, country in json.loads(sys.argv[2]):
    writer.insert_network(IPSet([network]), {'continent': {'code': continent}, 'country': {'iso_code': country}})
writer.to_db_file(sys.argv[1])
PYTHON
