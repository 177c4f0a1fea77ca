#!/usr/bin/env bash
# Start a member of MongoDB's replica set. mongod's own user may not read the secrets where
# they are, and the key with which members authenticate must be in a file that it owns: the
# secrets are copied first.
set -euo pipefail

secrets=${SECRETS:-/run/secrets}
own=${MONGO_RUN:-/run/mongo}
give() {
    install -m 400 -o "${MONGO_USER:-mongodb}" "$secrets/$1" "$own/$1"
}

give MONGO_MEMBERS_KEY
if [ -n "${MONGO_INITDB_ROOT_USERNAME:-}" ]; then
    give MONGO_ADMIN_PASSWORD
    export MONGO_INITDB_ROOT_PASSWORD_FILE=$own/MONGO_ADMIN_PASSWORD
fi
# No compressed messages: unpacking them has leaked memory to clients (CVE-2025-14847).
# Slow queries would be logged with their values: health data stays out of logs.
exec docker-entrypoint.sh mongod --replSet chartroom --bind_ip_all --quiet \
    --keyFile "$own/MONGO_MEMBERS_KEY" --slowOpSampleRate 0 \
    --networkMessageCompressors disabled "$@"
