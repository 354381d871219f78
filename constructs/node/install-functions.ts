import { BOOT_TASKS_FILE } from './boot-tasks.ts';

/**
 * The part of a boot script that is the same for every node: all that must be known before the package is there. IRIS_ROOT prefixes every
 * path it writes, so that a test can run it in a folder; on a node it is empty.
 */
export const INSTALL_FUNCTIONS = String.raw`readonly ROOT="${'$'}{IRIS_ROOT:-}"
readonly HOME_DIR="$ROOT/opt/iris/$RUNTIME_SHA256"

say() { echo "iris-boot: $*" >&2; }

# try SECONDS PAUSE COMMAND…: until it works or the time is over.
try() {
  local deadline=$((SECONDS + $1)) pause=$2
  shift 2
  until "$@"; do
    if ((SECONDS >= deadline)); then
      say "gave up: $1 $2"
      return 1
    fi
    sleep "$pause"
  done
}

check_hash() {
  local actual
  actual=$(sha256sum "$1" | cut -d ' ' -f 1)
  if [[ "$actual" != "$2" ]]; then
    say "$(basename "$1") has sha256 $actual, expected $2: refused"
    return 1
  fi
}

download() { aws s3 cp --only-show-errors --region "$1" "s3://$2/$3" "$4"; }

install_package() {
  local scratch
  scratch=$(mktemp -d)
  try 300 5 download "$AWS_REGION" "$RUNTIME_BUCKET" "$RUNTIME_KEY" "$scratch/runtime.tar"
  check_hash "$scratch/runtime.tar" "$RUNTIME_SHA256" || return 1
  try 300 5 download "$AWS_REGION" "$NODE_BUCKET" "$NODE_KEY" "$scratch/node.gz"
  gunzip "$scratch/node.gz" || return 1
  check_hash "$scratch/node" "$NODE_SHA256" || return 1
  mkdir -p "$HOME_DIR"
  tar -xf "$scratch/runtime.tar" -C "$HOME_DIR" --no-same-owner
  install -m 0755 "$scratch/node" "$HOME_DIR/node"
  chmod -R a+rX "$ROOT/opt/iris"
  ln -sfn "$RUNTIME_SHA256" "$ROOT/opt/iris/current"
  rm -rf "$scratch"
}
`;

/** What the script does, by its first argument: everything but the installation is a task of the package, whose hash was checked. */
export const INSTALL_ENTRY = `tasks="$HOME_DIR/${BOOT_TASKS_FILE}"
case "${'$'}{1:-first-boot}" in
  refresh | publish | watch | update) ;;
  *)
    mkdir -p "$ROOT/opt/iris"
    install -m 0755 "${'$'}{BASH_SOURCE[0]}" "$ROOT/opt/iris/boot.sh"
    install_package
    set -- first_boot
    ;;
esac
if [[ ! -s "$tasks" ]]; then
  say "the package has no ${BOOT_TASKS_FILE}: it is of another release than this script"
  exit 1
fi
source "$tasks"
"$1"
`;
