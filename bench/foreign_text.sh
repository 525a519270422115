#!/usr/bin/env bash
# Makes text that no corpus of ours is: what Debian's programs say of themselves, most of them at
# their highest level of detail. Input of bench_block --text FILE.
#
#     bench/foreign_text.sh FOLDER [NAME...]     as root; without names all of them
#
# postgresql    a server's log at debug5 while pgbench runs; the same with -d 5, which prints trees of
#               parsed queries over many lines (postgresql)
# ceph_cluster  logs of a monitor and an OSD at 20 while commands and rados bench run (ceph-mon,
#               ceph-osd)
# logs          dpkg's and apt's in /var/log of this machine
# compiler      g++ and clang++ over headers of libraries, all warnings, with what they include
# journal       of systemd-journald, with the kernel's log and debug output of systemd's programs
#               (systemd)
#
# Servers listen on loopback only, run in a temporary folder and are ended. What a machine has not
# got is said and left out.
set -euo pipefail

out=$(mkdir -p "${1:?folder}" && cd "$1" && pwd)
shift
work=$(mktemp -d /tmp/foreign-text.XXXXXX)
chmod 755 "$work"
servers=()

end() {
    for pid in "${servers[@]}"; do
        kill "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    servers=()
}
trap 'end; rm -rf "$work"' EXIT

has() {
    for program in "$@"; do
        command -v "$program" >/dev/null || { echo "$program is not here" >&2; return 1; }
    done
}

postgresql() {
    local bin
    bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | tail -1)
    has "$bin/initdb" "$bin/pgbench" || return 0
    serve_postgresql postgresql.log 3000 -c log_min_messages=debug5
    serve_postgresql postgresql-trees.log 200 -d 5
}

# Log, transactions of each client, options.
serve_postgresql() {
    local log=$out/$1 transactions=$2 data=$work/pg as=(runuser -u postgres --)
    shift 2
    rm -rf "$data"
    install -d -o postgres "$data"
    "${as[@]}" "$bin/initdb" -A trust -D "$data/db" >/dev/null
    (cd "$data" && exec "${as[@]}" env -i "$bin/postgres" -D db -k "$data" -h '' -c fsync=off \
        -c log_line_prefix='%m [%p] %q%u@%d ' -c log_statement=all -c log_duration=on \
        -c log_lock_waits=on -c log_connections=on -c log_disconnections=on "$@") 2>"$log" &
    servers+=($!)
    for _ in {1..50}; do
        "${as[@]}" "$bin/pg_isready" -q -h "$data" && break
        sleep 0.2
    done
    "${as[@]}" "$bin/pgbench" -h "$data" -i -s 2 -q postgres >/dev/null 2>&1
    "${as[@]}" "$bin/pgbench" -h "$data" -c 4 -t "$transactions" postgres >/dev/null 2>&1
    "${as[@]}" "$bin/pg_ctl" -D "$data/db" -m fast stop >/dev/null
    wait "${servers[@]}" || true
    servers=()
}

# A monitor, and an OSD that keeps its objects in memory.
ceph_cluster() {
    has ceph-mon ceph-osd ceph-authtool monmaptool rados || return 0
    local dir=$work/ceph fsid=6a0b0f6c-6d7c-4d35-8e06-0d9d1f0c2b11
    mkdir -p "$dir/osd"
    cat >"$dir/conf" <<EOF
[global]
fsid = $fsid
mon host = v2:127.0.0.1:36790,v1:127.0.0.1:36789
keyring = $dir/keyring
run dir = $dir
mon data = $dir/mon
osd data = $dir/osd
osd objectstore = memstore
memstore device bytes = 1073741824
osd crush chooseleaf type = 0
osd pool default size = 1
osd pool default pg num = 8
mon allow pool size one = true
public addr = 127.0.0.1
cluster addr = 127.0.0.1
[mon]
log file = $out/ceph-mon.log
debug mon = 20/20
debug paxos = 20/20
debug auth = 20/20
[osd]
log file = $out/ceph-osd.log
debug osd = 20/20
debug memstore = 20/20
debug ms = 1/1
EOF
    rm -f "$out"/ceph-*.log
    local args=(-c "$dir/conf") uuid
    uuid=$(cat /proc/sys/kernel/random/uuid)
    {
        ceph-authtool -C "$dir/keyring" --gen-key -n mon. --cap mon 'allow *'
        ceph-authtool "$dir/keyring" --gen-key -n client.admin --cap mon 'allow *' \
            --cap osd 'allow *' --cap mgr 'allow *'
        monmaptool --create --fsid $fsid --addv a '[v2:127.0.0.1:36790,v1:127.0.0.1:36789]' \
            "$dir/monmap"
        ceph-mon "${args[@]}" -i a --mkfs --monmap "$dir/monmap" --keyring "$dir/keyring"
    } >"$dir/made" 2>&1
    ceph-mon "${args[@]}" -i a -f >"$dir/mon.out" 2>&1 &
    servers+=($!)
    local ask=(timeout 60 ceph "${args[@]}")
    {
        "${ask[@]}" osd new $uuid
        "${ask[@]}" auth get-or-create osd.0 mon 'allow profile osd' osd 'allow *' \
            -o "$dir/osd/keyring"
        ceph-osd "${args[@]}" -i 0 --mkfs --osd-uuid $uuid --keyring "$dir/osd/keyring"
    } >>"$dir/made" 2>&1
    ceph-osd "${args[@]}" -i 0 --keyring "$dir/osd/keyring" -f >"$dir/osd.out" 2>&1 &
    servers+=($!)
    {
        "${ask[@]}" osd pool create bench 8
        timeout 20 rados "${args[@]}" -p bench bench 3 write -b 4096 -t 2 --no-cleanup
        timeout 20 rados "${args[@]}" -p bench bench 2 rand -t 2
        for _ in {1..30}; do
            for word in status health 'osd tree' 'osd dump' 'auth ls' 'mon dump' df; do
                "${ask[@]}" $word || true
            done
        done
    } >>"$dir/made" 2>&1
    end
}

logs() {
    cp /var/log/dpkg.log "$out/dpkg.log"
    cp /var/log/apt/term.log "$out/apt-term.log"
    cp /var/log/apt/history.log "$out/apt-history.log"
}

compiler() {
    : >"$out/compiler.log"
    local header compile
    for header in bits/stdc++.h boost/asio/ip/tcp.hpp yaml-cpp/yaml.h absl/strings/str_format.h; do
        for compile in "g++ -Q -ftime-report -Wconversion -Wsign-conversion -Wuseless-cast
                            -Wold-style-cast -Wshadow -Weffc++" "clang++-14 -Weverything"; do
            has "${compile%% *}" || continue
            echo "#include <$header>" | (cd "$work" && LC_ALL=C $compile -std=c++20 -v -H -Wall -Wextra \
                -Wpedantic -Wsystem-headers -fsyntax-only -x c++ -) >>"$out/compiler.log" 2>&1 || true
        done
    done
}

# In a mount namespace, as the daemon's sockets and files have fixed places.
journal() {
    has journalctl unshare || return 0
    [ -x /lib/systemd/systemd-journald ] || { echo "systemd-journald is not here" >&2; return 0; }
    unshare --mount bash -euo pipefail -s "$work" "$out" <<'EOF'
work=$1 out=$2
mkdir -p "$work/root"
mount -t tmpfs none /run
mount -t tmpfs none /var/log/journal 2>/dev/null || true
mkdir -p /run/systemd/journal /run/log/journal
printf '[Journal]\nStorage=volatile\nRateLimitBurst=0\nRuntimeMaxUse=512M\n' >"$work/journald.conf"
mount --bind "$work/journald.conf" /etc/systemd/journald.conf
[ -s /etc/machine-id ] || { printf '%032x\n' 1 >"$work/id"; mount --bind "$work/id" /etc/machine-id; }
/lib/systemd/systemd-journald &
journald=$!
for _ in {1..50}; do [ -S /run/systemd/journal/socket ] && break; sleep 0.1; done
debug=(env -i PATH="$PATH" SYSTEMD_LOG_LEVEL=debug SYSTEMD_LOG_TARGET=journal)
for _ in {1..3}; do
    "${debug[@]}" systemd-tmpfiles --create --root="$work/root" || true
    "${debug[@]}" systemd-sysusers --root="$work/root" || true
    "${debug[@]}" systemd-hwdb update --root="$work/root" || true
    "${debug[@]}" systemd-analyze verify --man=no /lib/systemd/system/*.service || true
done >/dev/null 2>&1
kill -s RTMIN+1 $journald  # writes everything out
sleep 1
kill $journald
wait $journald || true
journalctl -D /run/log/journal -o short-precise --no-pager -q >"$out/journal.log"
journalctl -D /run/log/journal -o json --no-pager -q >"$out/journal.json"
EOF
}

names=("$@")
[ $# -gt 0 ] || names=(postgresql ceph_cluster logs compiler journal)
for name in "${names[@]}"; do
    case $name in
        postgresql | ceph_cluster | logs | compiler | journal) "$name" ;;
        *) echo "no text of the name $name" >&2; exit 2 ;;
    esac
done
ls -l "$out"
