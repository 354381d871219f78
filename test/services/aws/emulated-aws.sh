#!/usr/bin/env bash
# emulated-aws.sh: prints the path of a Python that has moto and cfn-lint, and makes it first, once per machine, out of PyPI.
# env: IRIS_TEST_CACHE (default ~/.cache/iris-test), where it is kept.
set -euo pipefail
version=5.2.5
venv=${IRIS_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/iris-test}/moto-$version
mkdir -p "$(dirname "$venv")"
# Two tests may ask at the same time: the second waits for what the first makes.
exec 9>"$venv.lock"
flock 9
if [ ! -e "$venv/ready" ]; then
  rm -rf "$venv"
  python3 -m venv "$venv" >&2
  "$venv/bin/pip" install --quiet --disable-pip-version-check "moto[server,cloudformation,ec2,elbv2,s3,ssm,iam,route53,autoscaling,elasticache]==$version" "cfn-lint==1.58.0" >&2
  touch "$venv/ready"
fi
echo "$venv/bin/python"
