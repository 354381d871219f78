/**
 * The part of the boot script that timers run: `publish` sends the node’s metrics to CloudWatch, `watch` drains the node when Auto Scaling
 * or the spot market takes its machine. Both are steps without memory of their own, so that a run that fails is made good by the next.
 */
export const WATCH_FUNCTIONS = String.raw`
# Gauges as they are, counters as their growth since the values in $1; these are written to $1.new. NaN is left out.
metric_data() {
  local names=METRIC_NAMES_${'$'}{ROLE^^}
  awk -v names="${'$'}{!names}" -v prefix="$METRIC_PREFIX" -v dimensions="$METRIC_DIMENSIONS" -v seen="$1" '
    BEGIN {
      count = split(names, list, " ")
      for (i = 1; i <= count; i++) wanted[prefix list[i]] = 1
      while ((getline line < seen) > 0) { split(line, pair, " "); last[pair[1]] = pair[2] }
      printf "" > (seen ".new")
      printf "["
    }
    /^# TYPE / { kind[$3] = $4 }
    /^#/ { next }
    {
      name = $1
      sub(/\{.*/, "", name)
      value = $NF
      if (!(name in wanted) || value !~ /^-?[0-9.]+(e[-+]?[0-9]+)?$/) next
      if (kind[name] == "counter") {
        print name, value > (seen ".new")
        if (!(name in last)) next
        value = sprintf("%.0f", value - last[name] < 0 ? value : value - last[name])
      }
      unit = name ~ /_ms$/ ? "Milliseconds" : name ~ /_percent$/ ? "Percent" : "Count"
      printf "%s{\"MetricName\":\"%s\",\"Value\":%s,\"Unit\":\"%s\",\"Dimensions\":%s}", comma, name, value, unit, dimensions
      comma = ","
    }
    END { printf "]" }'
}

publish() {
  local seen="$ROOT/run/iris/metrics" text data
  mkdir -p "$ROOT/run/iris"
  text=$(curl -sf --max-time 5 "http://127.0.0.1:$ADMIN_PORT/metrics") || { say 'no metrics to publish'; return 1; }
  data=$(metric_data "$seen" <<<"$text")
  mv -f "$seen.new" "$seen"
  aws cloudwatch put-metric-data --region "$AWS_REGION" --namespace "$METRIC_NAMESPACE" --metric-data "$data"
}

lifecycle() {
  local command=$1
  shift
  aws autoscaling "$command" --region "$AWS_REGION" --lifecycle-hook-name "$LIFECYCLE_HOOK" \
    --auto-scaling-group-name "$(metadata tags/instance/Name)" --instance-id "$(metadata instance-id)" "$@"
}

# A core whose group the environment still names is replaced: its successor goes on with its store. Else the group is given up, by the planned
# map of a deployment: a published one names it until somebody has brought that plan into it.
is_given_up() {
  local map="$ROOT/run/iris/slot-map.json"
  [[ "$ROLE" == core ]] || return 1
  as_map_reader follow "$SLOT_MAP_REGION" "$SLOT_MAP_PARAMETER" "$map" || map="$ROOT/var/lib/iris/slot-map.json"
  ! grep -q "\"id\": *\"$(metadata tags/instance/iris:group)\"" "$map"
}

owns_nothing() { curl -sf --max-time 5 "http://127.0.0.1:$ADMIN_PORT/ownership" | grep -q '"owned": *0[,}]'; }

watch() {
  local released="$ROOT/run/iris/released"
  mkdir -p "$ROOT/run/iris"
  if [[ -e "$released" ]]; then return 0; fi
  if [[ "$(metadata autoscaling/target-lifecycle-state || true)" != Terminated ]]; then
    # Two minutes' notice: the clients move while there is time.
    if metadata spot/instance-action >/dev/null; then systemctl stop --no-block iris.service; fi
    return 0
  fi
  if is_given_up && ! owns_nothing; then
    say 'this group is given up and not yet empty: waiting'
    lifecycle record-lifecycle-action-heartbeat
    return 0
  fi
  case "$(systemctl is-active iris.service || true)" in
    inactive | failed)
      if [[ -n "$LINK_PORT" ]]; then
        aws servicediscovery deregister-instance --region "$AWS_REGION" --service-id "$(metadata tags/instance/iris:discovery)" \
          --instance-id "$(entry)" >/dev/null || say 'still listed in Cloud Map'
      fi
      if [[ -n "$NEEDS_VOLUME" ]]; then umount "$ROOT/var/lib/iris/store" || true; fi
      lifecycle complete-lifecycle-action --lifecycle-action-result CONTINUE
      touch "$released"
      ;;
    deactivating) lifecycle record-lifecycle-action-heartbeat ;;
    *)
      systemctl stop --no-block iris.service
      lifecycle record-lifecycle-action-heartbeat
      ;;
  esac
}
`;
