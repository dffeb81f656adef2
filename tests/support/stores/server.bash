# What the scripts that run a server for the tests have in common; they source it. Sets $project,
# $cache (where servers are installed) and $instance (which of several servers side by side).
program=${0##*/}
project=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
cache=${CAIRNFS_TEST_ROOT:-/var/cache/cairnfs-test}
instance=${CAIRNFS_TEST_INSTANCE:-default}
[ "${1:-}" != with ] || instance+=-$$

say() { echo "$program: $*" >&2; }
die() { say "$*"; exit 1; }

[[ $instance =~ ^[A-Za-z0-9._-]+$ ]] || die "CAIRNFS_TEST_INSTANCE may hold letters, digits, . _ -"
mkdir -p "$cache" 2>/dev/null || die "cannot write $cache; run as root or set CAIRNFS_TEST_ROOT"

listening() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# free_port [COUNT]: sets $port; COUNT ports from it on are free, 3 unless told.
free_port() {
  local try i
  for try in {1..200}; do   # below the range the kernel gives to clients, so it stays ours
    port=$((20000 + RANDOM % 10000))
    for ((i = 0; i < ${1:-3}; ++i)); do
      ! listening "$((port + i))" || continue 2
    done
    return 0
  done
  die "no free port between 20000 and 30000"
}

# is_alive PID TEXT: it runs, is no zombie, and has TEXT in its command line.
is_alive() {
  [ -n "$1" ] && grep -qs "^State:[[:space:]]*[^ZX]" "/proc/$1/status" &&
    { tr '\0' ' ' <"/proc/$1/cmdline"; } 2>/dev/null | grep -qF -- "$2"
}

# For a daemon's subshell: holds no descriptor of the caller's but the first three.
close_descriptors() {
  local descriptor
  for descriptor in "/proc/$BASHPID"/fd/*; do
    descriptor=${descriptor##*/}
    [ "$descriptor" -le 2 ] || eval "exec $descriptor>&-" 2>/dev/null || true
  done
}

# random_word CHARACTERS LENGTH
random_word() { LC_ALL=C tr -dc "$1" </dev/urandom 2>/dev/null | head -c "$2" || true; }

# make_certificate FOLDER: tls.pem and tls.key, of this server alone, by nobody's authority: who
# trusts it must be told so.
make_certificate() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -noenc -days 30 \
    -subj /CN=cairnfs-test -addext subjectAltName=IP:127.0.0.1,DNS:localhost \
    -keyout "$1/tls.key" -out "$1/tls.pem"
}

# with_server COMMAND...: runs it with a server of its own, which nobody else sees, and takes that
# down. Exits as COMMAND does.
with_server() {
  local exports status=0
  [ $# -gt 0 ] || die "with needs a command"
  trap down EXIT
  trap 'exit 130' INT TERM HUP
  exports=$(up)
  eval "$exports"
  "$@" || status=$?
  exit "$status"
}
