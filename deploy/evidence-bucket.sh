#!/bin/sh
# Makes the bucket of the evidence store, with object lock (and so with versions), and has every write to it synced to the
# disk. Runs at every start and leaves alone a bucket that is there.
set -eu

: "${EVIDENCE_BUCKET:?name the bucket}"
master=${EVIDENCE_MASTER:-127.0.0.1:9333}
filer=${EVIDENCE_FILER:-127.0.0.1:8888}

store() { printf '%s\n' "$1" | timeout 60 weed shell -master="$master" -filer="$filer" 2>&1; }

if ! store "s3.bucket.list" | grep -Eq "^[[:space:]]*${EVIDENCE_BUCKET}[[:space:]]"; then
  store "s3.bucket.create -name $EVIDENCE_BUCKET -owner halon -withLock"
fi
store "fs.configure -locationPrefix=/buckets/$EVIDENCE_BUCKET/ -fsync -apply" >/dev/null

# What it says at the end is what counts: the shell ends with 0 whatever happened to a line.
locked=$(store "s3.bucket.lock -name $EVIDENCE_BUCKET")
if ! printf '%s\n' "$locked" | grep -q 'Object Lock: Enabled'; then
  echo "The bucket $EVIDENCE_BUCKET has no object lock, or could not be made:" >&2
  printf '%s\n' "$locked" >&2
  exit 1
fi
if ! store "fs.configure" | tr -d ' \n' | grep -q "\"/buckets/$EVIDENCE_BUCKET/\".*\"fsync\":true"; then
  echo "Writes to the bucket $EVIDENCE_BUCKET could not be set to be synced to the disk." >&2
  exit 1
fi
echo "The bucket $EVIDENCE_BUCKET is there, with object lock, and its writes are synced."
