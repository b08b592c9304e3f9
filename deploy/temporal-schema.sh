#!/bin/sh
# Makes and updates both databases of the Temporal server. Runs at every start: each step leaves alone what is there, and
# the update brings an older schema to the version that this image's server needs.
set -eu

: "${POSTGRES_SEEDS:?name the database host}"
: "${POSTGRES_USER:?name the database user}"
: "${SQL_PASSWORD:?the database password, from .env}"
schema=${SCHEMA:-/etc/temporal/schema/postgresql/v12}

tool() { # DATABASE STEP...: the password is read from SQL_PASSWORD, so that no list of processes shows it
  database=$1
  shift
  temporal-sql-tool --plugin postgres12 --endpoint "$POSTGRES_SEEDS" --port "${DB_PORT:-5432}" \
    --user "$POSTGRES_USER" --database "$database" "$@"
}

make() { # DATABASE FOLDER
  tool "$1" create
  tool "$1" setup-schema -v 0.0
  tool "$1" update-schema --schema-dir "$schema/$2/versioned"
}

make temporal temporal
make temporal_visibility visibility
echo "The databases temporal and temporal_visibility are up to date."
