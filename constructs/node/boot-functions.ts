/** What a node does at its first boot when its package is there, and before each start of its service. */
export const BOOT_FUNCTIONS = String.raw`metadata() {
  local token
  token=$(curl -sf --max-time 5 -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 300' http://169.254.169.254/latest/api/token)
  curl -sf --max-time 5 -H "X-aws-ec2-metadata-token: $token" "http://169.254.169.254/latest/meta-data/$1"
}

parameter() { aws ssm get-parameter --region "$1" --name "$2" --query Parameter.Value --output text; }

field() { sed -n "s/.*\"$2\": *\"\([^\"]*\)\".*/\1/p" <<<"$1"; }

is_same() { [[ -s "$1" && "$(sha256sum "$1" | cut -d ' ' -f 1)" == "$2" ]]; }

# fetch REGION POINTER TARGET: object, hash, then one rename; nothing where the target is it already.
fetch() {
  local scratch="$3.new" sha256
  sha256=$(field "$2" sha256)
  if is_same "$3" "$sha256"; then return 0; fi
  download "$1" "$(field "$2" bucket)" "$(field "$2" key)" "$scratch" || return 1
  if ! check_hash "$scratch" "$sha256"; then
    rm -f "$scratch"
    return 1
  fi
  chmod 0644 "$scratch"
  mv -f "$scratch" "$3"
}

# follow REGION PARAMETER TARGET: what the parameter points to.
follow() {
  local pointer
  pointer=$(parameter "$1" "$2") || return 1
  fetch "$1" "$pointer" "$3"
}

# as_map_reader COMMAND…: with the role that another account has for the slot map, where this machine’s own has no right to it.
as_map_reader() {
  if [[ -z "${'$'}{SLOT_MAP_ROLE:-}" ]]; then
    "$@"
    return
  fi
  local config="$ROOT/run/iris/slot-map-role"
  mkdir -p "$ROOT/run/iris"
  printf '%s\n' '[profile slot-map]' "role_arn = $SLOT_MAP_ROLE" "role_session_name = $ROLE" "region = $SLOT_MAP_REGION" \
    'credential_source = Ec2InstanceMetadata' >"$config"
  AWS_CONFIG_FILE="$config" AWS_PROFILE=slot-map "$@"
}

# follow_map TARGET: the published slot map, or the planned one while none is published. One question, whose failure is not taken for absence.
follow_map() {
  local pointer
  pointer=$(as_map_reader aws ssm get-parameters --region "$SLOT_MAP_REGION" --names "$SLOT_MAP_PARAMETER" $PUBLISHED_MAP_PARAMETER \
    --query "[Parameters[?Name=='$PUBLISHED_MAP_PARAMETER'],Parameters][]|[0].Value" --output text) || return 1
  as_map_reader fetch "$SLOT_MAP_REGION" "$pointer" "$1"
}

fetch_keys() {
  parameter "$1" "$2" >"$3.new" || return 1
  grep -q 'BEGIN PUBLIC KEY' "$3.new" || return 1
  chmod 0644 "$3.new"
  mv -f "$3.new" "$3"
}

# Where the engines are is known to AWS alone: a node config names these variables.
engine_addresses() {
  local cluster brokers directory
  : >"$1.new"
  if [[ -n "$BUS_PARAMETER" ]]; then
    cluster=$(parameter "$AWS_REGION" "$BUS_PARAMETER") || return 1
    brokers=$(aws kafka get-bootstrap-brokers --region "$AWS_REGION" --cluster-arn "$cluster" --query BootstrapBrokerStringSaslIam --output text) || return 1
    echo "$BUS_VARIABLE=$brokers" >>"$1.new"
  fi
  if [[ -n "$DIRECTORY_PARAMETER" ]]; then
    directory=$(parameter "$AWS_REGION" "$DIRECTORY_PARAMETER") || return 1
    echo "$DIRECTORY_VARIABLE=$directory" >>"$1.new"
  fi
  mv -f "$1.new" "$1"
}

# The login is for the node's process alone.
fetch_login() {
  (umask 077 && aws secretsmanager get-secret-value --region "$AWS_REGION" --secret-id "$STORE_LOGIN" --query SecretString --output text >"$1.new") || return 1
  grep -q '"password"' "$1.new" || return 1
  chown root:iris "$1.new" || return 1
  chmod 0440 "$1.new"
  mv -f "$1.new" "$1"
}

fetch_authority() {
  parameter "$AWS_REGION" "$STORE_CERTIFICATE" >"$1.new" || return 1
  grep -q 'BEGIN CERTIFICATE' "$1.new" || return 1
  chmod 0644 "$1.new"
  mv -f "$1.new" "$1"
}

# last_good SECONDS FILE COMMAND…: the new file, else the one that is there, else failure.
last_good() {
  local patience=$1 file=$2
  shift 2
  if [[ -s "$file" ]]; then patience=0; fi
  if try "$patience" 5 "$@" "$file"; then return 0; fi
  [[ -s "$file" ]] && say "keeping the last good $file"
}

refresh() {
  mkdir -p "$ROOT/etc/iris" "$ROOT/var/lib/iris"
  # The parameter is what new nodes begin with; where AppConfig brings what is newer, a restart must not go back to it.
  if [[ -z "$CONFIG_APPLICATION" || ! -s "$ROOT/etc/iris/node.json" ]]; then
    last_good 300 "$ROOT/etc/iris/node.json" follow "$CONFIG_REGION" "$CONFIG_PARAMETER"
  fi
  last_good 300 "$ROOT/var/lib/iris/slot-map.json" follow_map
  if [[ -n "$TOKEN_KEYS_PARAMETER" ]]; then
    last_good 300 "$ROOT/etc/iris/token-keys.pem" fetch_keys "$TOKEN_KEYS_REGION" "$TOKEN_KEYS_PARAMETER"
  fi
  if [[ -n "$BUS_PARAMETER$DIRECTORY_PARAMETER" ]]; then last_good 300 "$ROOT/etc/iris/engines.env" engine_addresses; fi
  if [[ -n "$STORE_LOGIN" ]]; then
    last_good 300 "$ROOT$STORE_LOGIN_PATH" fetch_login
    last_good 300 "$ROOT$STORE_AUTHORITY_PATH" fetch_authority
  fi
  if [[ -n "$DNS_ZONE" ]]; then try 120 5 register_name; fi
  if [[ -n "$LINK_PORT" ]]; then list_entry; fi
}

# A node is named after its instance, so that a successor is never mistaken for the one it replaces.
write_identity() {
  mkdir -p "$ROOT/etc/iris"
  {
    echo "IRIS_NODE=$ROLE-$(metadata instance-id)"
    if [[ "$ROLE" == core ]]; then echo "IRIS_GROUP=$(metadata tags/instance/iris:group)"; fi
  } >"$ROOT/etc/iris/node.env"
}

# Taking the volume over waits until the predecessor has let go of it: EC2 refuses a second attachment.
attach_volume() {
  local volume device
  volume=$(metadata tags/instance/iris:volume)
  device="$ROOT/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_$(tr -d - <<<"$volume")"
  if [[ ! -e "$device" ]]; then
    try 900 5 aws ec2 attach-volume --region "$AWS_REGION" --volume-id "$volume" --instance-id "$(metadata instance-id)" --device /dev/sdf
    try 120 1 test -e "$device"
  fi
  blkid "$device" >/dev/null || mkfs.xfs -q "$device"
  mkdir -p "$ROOT/var/lib/iris/store" "$ROOT/etc"
  echo "$device $ROOT/var/lib/iris/store xfs noatime,nofail 0 2" >>"$ROOT/etc/fstab"
  mount "$ROOT/var/lib/iris/store"
}

register_name() {
  local change host
  host=$(metadata tags/instance/iris:host)
  change=$(printf '{"Changes":[{"Action":"UPSERT","ResourceRecordSet":{"Name":"%s","Type":"A","TTL":10,"ResourceRecords":[{"Value":"%s"}]}}]}' \
    "${'$'}{host/@zone/$(metadata placement/availability-zone-id)}" "$(metadata local-ipv4)")
  aws route53 change-resource-record-sets --region "$AWS_REGION" --hosted-zone-id "$DNS_ZONE" --change-batch "$change" >/dev/null
}

# Auto Scaling spreads a group over zones; so a successor takes the entry over that a dead node left, and none stays for ever.
entry() { echo "$(metadata tags/instance/iris:group)-$(metadata placement/availability-zone-id)"; }

register_entry() {
  aws servicediscovery register-instance --region "$AWS_REGION" --service-id "$(metadata tags/instance/iris:discovery)" \
    --instance-id "$(entry)" --attributes "AWS_INSTANCE_IPV4=$(metadata local-ipv4),AWS_INSTANCE_PORT=$LINK_PORT,group=$(metadata tags/instance/iris:group),instance=$(metadata instance-id)" >/dev/null
}

# A node serves without it; the next update tries again.
list_entry() {
  mkdir -p "$ROOT/run/iris"
  if register_entry; then
    rm -f "$ROOT/run/iris/unlisted"
  else
    touch "$ROOT/run/iris/unlisted"
    say 'not listed in Cloud Map'
  fi
}

install_service() {
  local task
  mkdir -p "$ROOT/etc/sysctl.d" "$ROOT/etc/systemd/system" "$ROOT/var/lib/iris/store"
  kernel_text >"$ROOT/etc/sysctl.d/90-iris.conf"
  if [[ "$ROLE" == edge ]]; then edge_kernel_text >>"$ROOT/etc/sysctl.d/90-iris.conf"; fi
  sysctl --quiet --system
  id iris >/dev/null 2>&1 || useradd --system --user-group --home-dir /var/lib/iris --shell /sbin/nologin iris
  chown iris:iris "$ROOT/var/lib/iris" "$ROOT/var/lib/iris/store"
  unit_text >"$ROOT/etc/systemd/system/iris.service"
  task_text >"$ROOT/etc/systemd/system/iris-task@.service"
  for task in $TIMERS; do
    timer_text "${'$'}{task#*:}" >"$ROOT/etc/systemd/system/iris-task@${'$'}{task%:*}.timer"
  done
  systemctl daemon-reload
  # First: a node that cannot start must still let go of its machine.
  systemctl enable --now iris-task@watch.timer iris-task@publish.timer iris-task@update.timer
  systemctl enable --now iris.service
}

first_boot() {
  write_identity
  if [[ -n "$NEEDS_VOLUME" ]]; then attach_volume; fi
  install_service
  say "installed $RUNTIME_SHA256"
}

`;
