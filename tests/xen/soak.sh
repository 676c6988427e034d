# SPDX-License-Identifier: ISC
# A guest that works for minutes, by good links and bad ones, and is to be as it was in the end. See
# checks.sh.

# By two queues, so that both are worn.
soak() {
    start_net soak web queues=2 || return
    download soak "$host" "$BYTES"
    rest
    cp /tmp/counters /tmp/counters_before
    round=0 soak_until=$(($(whole_seconds) + SOAK_S))
    while [ "$(whole_seconds)" -lt $soak_until ]; do
        round=$((round + 1))
        soak_round || bad "round $round: $round_what"
    done
    rest
    note "soak: $round rounds in $SOAK_S s"
    sed "s/^/XEN-NOTE $kind: soak: /" /tmp/counters
    at_least 'soak: rounds' $round 3
    at_least 'soak: sent again what was lost' \
        "$(counter tcp_retransmitted_segments)" $((SOAK_S / 12))
    for what in grants_free heap_free peers_free tx_frames_queued tcp_current_established; do
        before=$(awk -v name=$what '$1 == name { print $2 }' /tmp/counters_before)
        after=$(counter $what)
        verdict "soak: $what is what it was ($after now)" [ "$after" = "$before" ]
    done
    finish
}

whole_seconds() { cut -d. -f1 /proc/uptime; }

# rest: until nothing moves any more; the connection that asks is the one there is.
rest() { waitfor 300 is_at_rest; }
is_at_rest() {
    counters && [ "$(counter tcp_current_established)" = 1 ] &&
        [ "$(counter tx_frames_queued)" = 0 ]
}

# Every third by a link that loses, every fifth with a backend that goes away.
soak_round() {
    round_what='disturbs the link'
    if [ $((round % 3)) = 0 ]; then
        ./dom0 disturb "vif$domain.0" 1 1 5 1000 0 || return
    else
        ./dom0 disturb "vif$domain.0" 0 0 0 0 0 || return
    fi
    round_what='requests'
    ./dom0 many "$host" 80 / 500 64 >/tmp/many || return
    round_what='comes back'
    fetch "http://$host/bytes/$BYTES" >/tmp/load &
    down_id=$!
    if [ $((round % 5)) = 0 ]; then
        ups_before=$(ups)
        moves rx
        unbind_backend
        bind_backend
        waitfor 100 is_up_again "$ups_before" || return
    fi
    round_what='receives'
    [ "$(fetch --post-file=$bulk "http://$host6/")" = "right $BYTES" ] || return
    round_what='sends'
    wait $down_id
    is_pattern "$BYTES" /tmp/load || return
    round_what='pings'
    ping -c 5 -i 0.1 -q -s 3000 "$host" >/tmp/ping
}
