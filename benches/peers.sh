#!/usr/bin/env bash
# The same work under other supervisors: a command with a child in the background and one in a session of its own.
#
#   benches/peers.sh [PATH_OF_run_functions]         (default: target/release/run_functions)
#
# Peers that are not installed are named as such: Debian's runit, s6 and supervisor; PyPI's circus (its circusd in PATH or in $CIRCUS_BIN).
# Columns: until the command runs · memory of the supervisor (RSS) · from the order to stop to its answer · which of the three processes
# were left after that · from kill -9 of the supervisor (a new start) to the end of the command · which were left 3 s after that, and which
# of those lived beside the new copy when the supervisor was started again.
set -u
# What is killed on purpose is not told.
exec 2>/dev/null
bin=$(realpath "${1:-target/release/run_functions}")
circus=${CIRCUS_BIN:-$(dirname "$(command -v circusd || echo /none/circusd)")}
top=$(mktemp -d)
started=()
trap 'for pid in "${started[@]}" $(cat "$top"/*/{pids,former}/* 2>/dev/null); do kill -9 "$pid" 2>/dev/null; done; rm -rf "$top"' EXIT

now() { date +%s%N; }
ms() { printf '%d.%d ms' $((($2 - $1) / 1000000)) $((($2 - $1) / 100000 % 10)); }
lives() { [[ -e /proc/$1 ]] && ! grep -q ') Z ' "/proc/$1/stat" 2>/dev/null; }

# Waits at most 10 s for a condition.
await() {
    local until=$((SECONDS + 10))
    until "$@"; do ((SECONDS < until)) || return 1; done
}

all_begun() { [[ -s $dir/pids/leader && -s $dir/pids/background && -s $dir/pids/session ]]; }
leader_gone() { ! lives "$(<"$dir/pids/leader")"; }
# Which of the processes whose numbers are in a directory live.
left() {
    local name names=()
    for name in leader background session; do
        lives "$(<"$1/$name")" && names+=("$name")
    done
    echo "${names[*]:-none}"
}
clear_up() {
    kill -9 "$supervisor" 2>/dev/null
    for pid in $(cat "$dir"/{pids,former}/* 2>/dev/null); do kill -9 "$pid" 2>/dev/null; done
    { wait "$supervisor"; } 2>/dev/null
    rm -f "$dir"/{pids,former}/*
}

prepare() {
    dir=$top/$1
    mkdir -p "$dir/pids" "$dir/former" "$dir/svc"
    cat >"$dir/svc/run" <<END
#!/bin/sh
sleep 1000 & echo \$! > $dir/pids/background
setsid sleep 1000 & echo \$! > $dir/pids/session
echo \$\$ > $dir/pids/leader
exec sleep 1000
END
    chmod +x "$dir/svc/run"
    "${1}_prepare"
}
begin() {
    cd "$dir" || exit
    "${1}_start" >/dev/null 2>&1 &
    supervisor=$!
    started+=("$supervisor")
    cd / || exit
}

measure() {
    local begun ready rss order answer left_by_stop killed gone left_by_kill
    prepare "$1"
    begun=$(now)
    begin "$1"
    await all_begun || { echo "| $1 | never began |"; clear_up; return; }
    ready=$(now)
    await "${1}_ready"
    rss=$(awk '/VmRSS/ {printf "%.1f MB", $2 / 1000}' "/proc/$supervisor/status")
    order=$(now)
    (cd "$dir" && "${1}_stop") >/dev/null 2>&1
    answer=$(now)
    left_by_stop=$(left "$dir/pids")
    clear_up
    begin "$1"
    await all_begun || { echo "| $1 | never began again |"; clear_up; return; }
    killed=$(now)
    kill -9 "$supervisor"
    await leader_gone && gone=$(ms "$killed" "$(now)") || gone=never
    sleep 3
    left_by_kill=$(left "$dir/pids")
    mv "$dir"/pids/* "$dir/former/"
    begin "$1"
    await all_begun
    printf '| %s | %s | %s | %s | %s | %s | %s | %s |\n' "$1" "$(ms "$begun" "$ready")" "$rss" "$(ms "$order" "$answer")" \
        "$left_by_stop" "$gone" "$left_by_kill" "$(left "$dir/former")"
    clear_up
}

run_functions_prepare() { printf '[tasks.work]\nscript = "svc/run"\nfail_cooldown = "0s"\n' >"$dir/run_functions.toml"; }
run_functions_start() { exec "$bin" tasks::work; }
run_functions_ready() { true; }
run_functions_stop() { "$bin" stop --now work; }

runit_prepare() { true; }
runit_start() { exec runsv "$dir/svc"; }
runit_ready() { sv status "$dir/svc" >/dev/null; }
runit_stop() { sv -w 9 force-stop "$dir/svc"; }

s6_prepare() { true; }
s6_start() { exec s6-supervise "$dir/svc"; }
s6_ready() { s6-svstat "$dir/svc" >/dev/null; }
s6_stop() { s6-svc -wD -T 9000 -d "$dir/svc"; }

supervisord_prepare() {
    cat >"$dir/supervisord.conf" <<END
[supervisord]
nodaemon=true
pidfile=$dir/supervisord.pid
logfile=/dev/null
logfile_maxbytes=0
[unix_http_server]
file=$dir/sock
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl=unix://$dir/sock
[program:work]
command=$dir/svc/run
stopasgroup=true
killasgroup=true
END
}
supervisord_start() { exec supervisord -c "$dir/supervisord.conf"; }
supervisord_ready() { supervisorctl -c "$dir/supervisord.conf" status work 2>/dev/null | grep -q RUNNING; }
supervisord_stop() { timeout 15 supervisorctl -c "$dir/supervisord.conf" stop work; }

circus_prepare() {
    cat >"$dir/circus.ini" <<END
[circus]
endpoint = ipc://$dir/endpoint
pubsub_endpoint = ipc://$dir/pubsub
[watcher:work]
cmd = $dir/svc/run
stop_children = True
copy_env = True
END
}
circus_start() { exec "$circus/circusd" "$dir/circus.ini"; }
circus_ready() { "$circus/circusctl" --endpoint "ipc://$dir/endpoint" status work 2>/dev/null | grep -q active; }
circus_stop() { timeout 15 "$circus/circusctl" --endpoint "ipc://$dir/endpoint" stop work --waiting; }

echo '| supervisor | until it runs | memory | stop | left by stop | kill -9 to gone | left by kill -9 | beside the new copy |'
echo '|---|---|---|---|---|---|---|---|'
measure run_functions
for peer in runit:runsv s6:s6-supervise supervisord:supervisord "circus:$circus/circusd"; do
    if command -v "${peer#*:}" >/dev/null; then
        measure "${peer%%:*}"
    else
        echo "| ${peer%%:*} | not installed |"
    fi
done
