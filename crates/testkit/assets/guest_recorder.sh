# Runs in the guest: starts a recorder (the script `server`, which listens on $RECORDER_SOCKET), makes it /dev/sr0 and
# /dev/sg0 of this kernel through target_core_user and tcm_loop, and runs the script `client`.
set -u
export RECORDER_SOCKET=/run/recorder.socket
await() { # await SECONDS TEST...
  local tenths=$(($1 * 10))
  shift
  until "$@"; do
    ((tenths-- > 0)) || return 1
    sleep 0.1
  done
}
bash ./server >server.log 2>&1 &
await 20 test -S $RECORDER_SOCKET || { echo "the recorder does not listen"; cat server.log; exit 70; }

target=/sys/kernel/config/target
mkdir -p $target/core/user_0/recorder
echo "dev_size=$((2048 * 1024)),dev_config=recorder/0,hw_block_size=2048,hw_max_sectors=256" \
  >$target/core/user_0/recorder/control
echo 1 >$target/core/user_0/recorder/enable
./tcmu_bridge $RECORDER_SOCKET uio0 >bridge.out 2>bridge.log &
await 10 grep -q ready bridge.out || { echo "the bridge does not run"; cat bridge.log; exit 71; }

portal=$target/loopback/naa.5000000000000001/tpgt_1
mkdir -p $portal/lun/lun_0
echo naa.5000000000000002 >$portal/nexus
ln -s $target/core/user_0/recorder $portal/lun/lun_0/recorder
await 20 test -b /dev/sr0 || { echo "no /dev/sr0"; dmesg -t | tail -n 20; exit 72; }
bash ./client
