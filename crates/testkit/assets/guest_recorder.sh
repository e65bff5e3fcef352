# Runs in the guest, before the script `client`: recorders that become /dev/srN and /dev/sgN of this kernel through
# target_core_user and tcm_loop, and go again.
set -u
target=/sys/kernel/config/target
portal=$target/loopback/naa.5000000000000001/tpgt_1
await() { # await SECONDS TEST...
  local twentieths=$(($1 * 20))
  shift
  until "$@"; do
    ((twentieths-- > 0)) || return 1
    sleep 0.05
  done
}
block_of() { # block_of NUMBER: the name of its block device; the last figure of its address is NUMBER
  local found
  for found in /sys/class/block/sr*; do
    [[ $(readlink -f "$found/device") == *:$1 ]] && basename "$found" && return 0
  done
  return 1
}
recorder_is_there() { local name && name=$(block_of "$1") && test -b "/dev/$name"; }
recorder_is_gone() { ! block_of "$1"; }

# attach NUMBER WORD...: starts a recorder, that is the script `server` with these words, which serves on
# $RECORDER_SOCKET until it is killed, and makes it a device of the kernel; its path is then in $RECORDER_DEVICE.
attach() {
  local number=$1 place=$target/core/user_0/recorder$1 uio
  shift
  export RECORDER_SOCKET=/run/recorder$number.socket
  rm -f "$RECORDER_SOCKET"
  bash ./server "$@" >server$number.log 2>&1 &
  echo $! >/run/recorder$number.server
  await 120 test -S "$RECORDER_SOCKET" || { echo "the recorder does not listen"; cat server$number.log; exit 70; }
  mkdir -p "$place"
  echo "dev_size=$((2048 * 1024)),dev_config=recorder/$number,hw_block_size=2048,hw_max_sectors=256" >"$place/control"
  echo 1 >"$place/enable"
  uio=$(grep -l "/recorder$number/" /sys/class/uio/uio*/name) || { echo "no uio device"; exit 71; }
  ./tcmu_bridge "$RECORDER_SOCKET" "$(basename "${uio%/name}")" >bridge$number.out 2>bridge$number.log &
  echo $! >/run/recorder$number.bridge
  await 120 grep -qs ready bridge$number.out || { echo "the bridge does not run"; cat bridge$number.log; exit 71; }
  mkdir -p "$portal/lun/lun_$number"
  cat "$portal/nexus" >/dev/null 2>&1 || echo naa.5000000000000002 >"$portal/nexus"
  ln -s "$place" "$portal/lun/lun_$number/recorder"
  await 120 recorder_is_there "$number" || { echo "no block device"; dmesg -t | tail -n 20; exit 72; }
  RECORDER_DEVICE=/dev/$(block_of "$number")
  # tcm_loop sets no limit, and file systems then write more at a time than the wire carries.
  echo 128 >"/sys/class/block/${RECORDER_DEVICE#/dev/}/queue/max_sectors_kb"
}

# detach NUMBER: the device goes, then what stood behind it.
detach() {
  local number=$1
  rm "$portal/lun/lun_$number/recorder"
  await 120 recorder_is_gone "$number" || { echo "the device stays"; exit 73; }
  rmdir "$portal/lun/lun_$number"
  kill "$(cat /run/recorder$number.bridge)" "$(cat /run/recorder$number.server)"
  wait "$(cat /run/recorder$number.bridge)" "$(cat /run/recorder$number.server)"
  rmdir "$target/core/user_0/recorder$number"
}
