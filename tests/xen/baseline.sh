# SPDX-License-Identifier: ISC
# mstack's guest and one of Linux's do the same work in turn, the other one paused. See checks.sh.
# Each figure is the median of so many.
TURNS=3
STREAM_BYTES=$((20 * MB))

baseline() {
    start_net ours web || return
    ours=$name ours_host=$host
    memory=192
    create linux linux 'address=10.99.0.9/24 console=hvc0 quiet' \
        "ramdisk = '/test/linux.cpio.gz'" "vif = ['bridge=xenbr0,script=vif-mini']" || return
    memory=32
    linux=$name
    verdict 'baseline: Linux comes up' waitfor 600 says 'network: up'
    xl pause "$linux"
    turn=0
    rm -f /tmp/figures
    while [ $turn -lt $TURNS ]; do
        turn=$((turn + 1))
        measure_guest mstack "$ours" "$ours_host"
        measure_guest linux "$linux" 10.99.0.9
    done
    note "$(printf '%-28s %10s %10s %7s' baseline mstack Linux ratio)"
    compare sends 'KB/s, sends' 100
    compare receives 'KB/s, receives' 100
    compare echoes 'datagrams/s, 64 bytes' 100
    compare echoes1400 'datagrams/s, 1400 bytes' 100
    xl destroy "$linux"
    name=$ours
    finish
}

# measure_guest WHO NAME HOST: one turn, with the other guest paused.
measure_guest() {
    xl unpause "$2" 2>/dev/null
    ping -c 1 -W 5 "$3" >/dev/null
    figure "$1" sends ./dom0 stream "$3" 80 get $STREAM_BYTES
    figure "$1" receives ./dom0 stream "$3" 80 put $STREAM_BYTES
    figure "$1" echoes ./dom0 udp "$3" 7 2000 64
    figure "$1" echoes1400 ./dom0 udp "$3" 7 1000 1400
    xl pause "$2"
}

# figure WHO WHAT COMMAND...: the number that it prints, so many a second.
figure() {
    figure_of="$1 $2"
    shift 2
    "$@" >/tmp/figure || bad "baseline: $figure_of: $(cat /tmp/figure)"
    echo "$figure_of $(sed 's/.*, \([0-9]*\) a second/\1/' /tmp/figure)" >>/tmp/figures
}

# median WHO WHAT
median() {
    grep "^$1 $2 " /tmp/figures | sort -k 3 -n |
        awk '{ n[NR] = $3 } END { print n[int((NR + 1) / 2)] + 0 }'
}

# compare WHAT WORDS PERCENT: mstack's figure is at least so much of Linux's.
compare() {
    ours_is=$(median mstack "$1") linux_is=$(median linux "$1")
    percent=$((linux_is > 0 ? ours_is * 100 / linux_is : 0))
    note "$(printf '%-28s %10s %10s %6s%%' "$2" "$ours_is" "$linux_is" $percent)"
    at_least "baseline: $2, in percent of Linux" $percent "$3"
}
