/**
 * The part of the boot script that a timer runs for what may change under a running node: its config, which AppConfig gives each node in its
 * turn. Slot maps are watched by the node itself. A node restarts with a new config; where it is not ready with it in time, the
 * one before comes back and CloudWatch is told, which rolls the deployment back. Each run is one step of that.
 */
export const UPDATE_FUNCTIONS = String.raw`
# The pointer that AppConfig has for this node, into $1; empty where it is the one of before. One session for all questions: its token
# keeps a node that has the new config from getting the old one again.
staged() {
  local session="$ROOT/run/iris/config-session"
  find "$session" -mmin +1200 -delete 2>/dev/null || true
  if [[ ! -s "$session" ]]; then
    aws appconfigdata start-configuration-session --region "$AWS_REGION" --application-identifier "$CONFIG_APPLICATION" \
      --environment-identifier "$ROLE" --configuration-profile-identifier "$ROLE" \
      --query InitialConfigurationToken --output text >"$session" || return 1
  fi
  aws appconfigdata get-latest-configuration --region "$AWS_REGION" --configuration-token "$(<"$session")" \
    --query NextPollConfigurationToken --output text "$1" >"$session.new" || return 1
  mv -f "$session.new" "$session"
}

is_serving() { curl -s --max-time 5 "http://127.0.0.1:$ADMIN_PORT/readyz" | grep -qE '^(ready|standby)'; }

# judge CONFIG FOLDER: whether the config that the node was restarted with may stay.
judge() {
  if is_serving; then
    rm -f "$2/before"
    return 0
  fi
  if [[ -z "$(find "$2/before" -mmin +"$READY_MINUTES")" ]]; then return 0; fi
  say 'not ready with the new config: the one before comes back'
  sha256sum "$1" | cut -d ' ' -f 1 >"$2/rejected"
  mv -f "$2/before" "$1"
  systemctl restart --no-block iris.service
  aws cloudwatch put-metric-data --region "$AWS_REGION" --namespace "$METRIC_NAMESPACE" \
    --metric-data "[{\"MetricName\":\"$REJECTED_METRIC\",\"Value\":1,\"Unit\":\"Count\",\"Dimensions\":$METRIC_DIMENSIONS}]"
}

update() {
  local config="$ROOT/etc/iris/node.json" folder="$ROOT/var/lib/iris-update" pointer sha256
  mkdir -p "$ROOT/run/iris" "$folder"
  if [[ -e "$folder/before" ]]; then
    judge "$config" "$folder"
    return
  fi
  if ! systemctl is-active --quiet iris.service; then return 0; fi
  if [[ -e "$ROOT/run/iris/unlisted" ]]; then list_entry; fi
  if [[ -z "$CONFIG_APPLICATION" ]]; then return 0; fi
  staged "$folder/pointer" || return 1
  pointer=$(<"$folder/pointer")
  sha256=$(field "$pointer" sha256)
  if [[ -z "$pointer" ]] || is_same "$config" "$sha256" || [[ "$sha256" == "$(cat "$folder/rejected" 2>/dev/null)" ]]; then return 0; fi
  cp "$config" "$folder/before"
  if ! fetch "$AWS_REGION" "$pointer" "$config"; then
    # Asked again from the beginning, since AppConfig tells a config once.
    rm -f "$folder/before" "$ROOT/run/iris/config-session"
    return 1
  fi
  say "restarting with config $sha256"
  systemctl restart --no-block iris.service
}
`;
