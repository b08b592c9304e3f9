#!/bin/sh
# Starts the evidence store: SeaweedFS with its S3 door. Only that door listens beyond this container; the parts behind it
# (master, volumes, filer) know no passwords and listen on loopback. Further arguments are passed on and win.
set -eu

: "${EVIDENCE_ACCESS_KEY:?set it in .env; deploy/make-env writes one}"
: "${EVIDENCE_SECRET_KEY:?set it in .env; deploy/make-env writes one}"
: "${EVIDENCE_BUCKET:?name the bucket}"
data=${EVIDENCE_DATA:-/data}
run=${EVIDENCE_RUN:-/run/evidence}

for value in "$EVIDENCE_ACCESS_KEY" "$EVIDENCE_SECRET_KEY" "$EVIDENCE_BUCKET"; do
  case $value in
    *[!A-Za-z0-9/+=._-]*)
      echo "The keys and the bucket of the evidence store may hold letters, digits and / + = . _ - alone; change .env." >&2
      exit 1
      ;;
  esac
done

# Who may do what at the S3 door: one identity, for one bucket. Nobody may make or remove buckets there. It may lock an
# object until its retention ends (HALON_EVIDENCE_LOCK), and not pass over such a lock.
umask 077
mkdir -p "$run"
cat >"$run/s3.json" <<JSON
{"identities": [{"name": "halon",
  "credentials": [{"accessKey": "$EVIDENCE_ACCESS_KEY", "secretKey": "$EVIDENCE_SECRET_KEY"}],
  "actions": ["Read:$EVIDENCE_BUCKET", "Write:$EVIDENCE_BUCKET", "List:$EVIDENCE_BUCKET",
    "GetObjectRetention:$EVIDENCE_BUCKET", "PutObjectRetention:$EVIDENCE_BUCKET",
    "GetObjectLegalHold:$EVIDENCE_BUCKET", "PutObjectLegalHold:$EVIDENCE_BUCKET"]}]}
JSON
unset EVIDENCE_ACCESS_KEY EVIDENCE_SECRET_KEY

cd "$data"
# A bucket that somebody merely names is not made: it would have no object lock.
exec weed -logtostderr=true server -dir="$data" -ip=127.0.0.1 -ip.bind=127.0.0.1 \
  -master.volumeSizeLimitMB=1024 -master.telemetry=false -volume.max=0 -volume.preStopSeconds=1 \
  -filer -s3 -s3.port=8333 -s3.ip.bind=0.0.0.0 -s3.config="$run/s3.json" -s3.iam=false -s3.autoCreateBucket=false \
  -s3.port.iceberg=0 -s3.port.lance=0 "$@"
