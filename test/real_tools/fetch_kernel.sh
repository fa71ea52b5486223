#!/bin/sh
# Debian's kernel, unpacked into a folder of its own: the modules that dracut and mkinitramfs put into images in tests.
# Nothing of it is installed. Needs about 400 MB.
set -e
folder=${VFIO_RUN_KERNEL:-${XDG_CACHE_HOME:-$HOME/.cache}/vfio-run-kernel}
[ ! -d "$folder/lib/modules" ] || exit 0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
package=$(apt-cache depends linux-image-amd64 | sed -n 's/^ *Depends: *\(linux-image-[0-9].*\)$/\1/p' | head -n 1)
apt-get download -q "$package"
dpkg-deb -x ./*.deb tree
depmod -b tree "$(ls tree/lib/modules)"
mkdir -p "${folder%/*}"
mv tree "$folder"
