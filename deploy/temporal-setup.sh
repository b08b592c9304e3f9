#!/bin/sh
# Waits until the Temporal server serves, then makes Halon's namespace and its search attributes. Runs at every start:
# what is there already stays, and the namespace keeps closed histories as long as TEMPORAL_RETENTION says.
set -eu

: "${TEMPORAL_ADDRESS:?host:port of the Temporal server}"
: "${TEMPORAL_NAMESPACE:?name of the namespace}"
retention=${TEMPORAL_RETENTION:-90d}
patience=${PATIENCE_SECONDS:-120}
# Not for the commands below: each names its namespace itself.
namespace=$TEMPORAL_NAMESPACE
unset TEMPORAL_NAMESPACE

op() { temporal --command-timeout 20s operator "$@"; }

waited=0
until op cluster health 2>/dev/null | grep -q SERVING; do
  if [ "$waited" -ge "$patience" ]; then
    echo "The Temporal server at $TEMPORAL_ADDRESS does not serve after $patience s. Its own log says why." >&2
    op cluster health >&2 || true
    exit 1
  fi
  waited=$((waited + 2))
  sleep 2
done

if op namespace describe --namespace "$namespace" >/dev/null 2>&1; then
  op namespace update --namespace "$namespace" --retention "$retention"
else
  op namespace create --namespace "$namespace" --retention "$retention" --description "Incidents of Halon"
fi

# A new namespace is known to every part of the server only after a moment.
attributes() {
  op search-attribute create --namespace "$namespace" \
    --name HalonRef --type Keyword \
    --name HalonAgent --type Keyword \
    --name HalonSeverity --type Keyword \
    --name HalonPhase --type Keyword \
    --name HalonCommander --type Keyword \
    --name HalonCategory --type KeywordList \
    --name HalonWaitingOn --type KeywordList \
    --name HalonNextDeadline --type Datetime \
    --name HalonDrill --type Bool
}
tries=0
until attributes; do
  tries=$((tries + 1))
  if [ "$tries" -ge 10 ]; then
    echo "The search attributes could not be made in the namespace $namespace; the lines above say why." >&2
    exit 1
  fi
  sleep 2
done
echo "Namespace $namespace keeps closed histories $retention and knows Halon's search attributes."
