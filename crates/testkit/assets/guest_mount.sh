# Runs in the guest. `jobs` has three lines a mount: image, type, options. Mount number N leaves in the working
# folder: N.code (exit code of mount), N.entries and N.sums (NUL-separated), N.kernel (the kernel's messages).
n=0
while IFS= read -r image && IFS= read -r type && IFS= read -r options; do
  dmesg -C
  mount -t "$type" -o "$options" "$image" /mnt/image 2>"$n.mount"
  code=$?
  if [ $code = 0 ]; then
    find /mnt/image -mindepth 1 -printf '%y\0%s\0%T@\0%m\0%U\0%G\0%n\0%i\0%P\0%l\0' >"$n.entries" 2>"$n.find"
    (cd /mnt/image && find . -type f -print0 | xargs -0 -r sha256sum -z) >"$n.sums" 2>>"$n.find"
    umount /mnt/image || code=99
  fi
  dmesg -t >"$n.kernel"
  echo $code >"$n.code"
  n=$((n + 1))
done <jobs
