# Keeps one throw-away PostgreSQL for as long as its standard input stays open.
# Arguments: the folder with the server programs, the port. Says "ready" or "failed" on standard output.
#
# The chore that started this holds the other end of the pipe. The pipe closes when the chore is done, and just as
# surely when it panics, is interrupted or is killed, so that there is one way to clean up and nothing to forget.
set -eu
bin=$1
port=$2
trap '' INT TERM HUP

dir=$(mktemp -d "${TMPDIR:-/tmp}/orderwright-postgres.XXXXXX")
finish() {
  "$bin/pg_ctl" stop --pgdata "$dir/data" --mode immediate --silent >/dev/null 2>&1 || true
  rm -rf "$dir"
}
fail() {
  cat "$dir/log" >&2 2>/dev/null || true
  echo failed
  finish
  exit 1
}

# A collation in which "a" comes before "B", as in most real servers: a query that forgot COLLATE "C" is found out.
init() { "$bin/initdb" --pgdata "$dir/data" --username postgres --auth trust --encoding UTF8 "$@" >"$dir/log" 2>&1; }
init --locale C --locale-provider icu --icu-locale en || init --locale C || fail

# fsync stays on: that an acknowledged order survives is one of the things under test.
cat >>"$dir/data/postgresql.conf" <<CONF
listen_addresses = '127.0.0.1'
port = $port
unix_socket_directories = '$dir'
fsync = on
max_connections = 300
CONF
"$bin/pg_ctl" start --pgdata "$dir/data" --log "$dir/log" --wait --silent >/dev/null 2>&1 </dev/null || fail

echo ready
cat >/dev/null || true
finish
