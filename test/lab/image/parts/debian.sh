#!/bin/sh
# A minimal Debian becomes the machine that the scenarios expect: users, network, ssh; neither loader nor initramfs yet.
# usage: debian.sh ROOT; the environment has ROOT_UUID and PUBLIC_KEY
set -eu
root=$1

echo lab > "$root/etc/hostname"
printf '127.0.0.1 localhost\n127.0.1.1 lab\n' > "$root/etc/hosts"
printf 'UUID=%s / ext4 errors=remount-ro 0 1\n' "$ROOT_UUID" > "$root/etc/fstab"

# QEMU's user network always has these addresses; the other card (e1000e) stays unmanaged.
cat > "$root/etc/systemd/network/lab.network" <<'END'
[Match]
Driver=virtio_net
[Network]
Address=10.0.2.15/24
Gateway=10.0.2.2
LinkLocalAddressing=no
IPv6AcceptRA=no
END
chroot "$root" systemctl --quiet enable systemd-networkd.service ssh.service

# root, sudo without password, sudo with password, no sudo. One key opens all four.
install -d -m 700 "$root/root/.ssh"
install -m 600 "$PUBLIC_KEY" "$root/root/.ssh/authorized_keys"
for user in ops askme plain; do
  chroot "$root" useradd --create-home --shell /bin/bash "$user"
  install -d -m 700 "$root/home/$user/.ssh"
  install -m 600 "$PUBLIC_KEY" "$root/home/$user/.ssh/authorized_keys"
  chroot "$root" chown -R "$user:$user" "/home/$user/.ssh"
done
echo 'askme:let me in' | chroot "$root" chpasswd
echo 'ops ALL=(ALL:ALL) NOPASSWD: ALL' > "$root/etc/sudoers.d/ops"
echo 'askme ALL=(ALL:ALL) ALL' > "$root/etc/sudoers.d/askme"
chmod 440 "$root/etc/sudoers.d/ops" "$root/etc/sudoers.d/askme"

# Making an RSA key in an emulated processor takes minutes, and one host key is enough to be known by.
rm -f "$root"/etc/ssh/ssh_host_rsa_key* "$root"/etc/ssh/ssh_host_ecdsa_key*
cat > "$root/etc/ssh/sshd_config.d/lab.conf" <<'END'
HostKey /etc/ssh/ssh_host_ed25519_key
PasswordAuthentication no
UseDNS no
LoginGraceTime 10m
END

# A generator that copies all it finds copies 750 modules at half a second each. Drivers of hardware that this board
# cannot have are left out; what decides who binds what (graphics, sound, USB, NVMe, AHCI, vfio) is all there.
for kernel in "$root"/lib/modules/*/kernel; do
  (
    cd "$kernel/drivers"
    find net/ethernet -mindepth 1 -maxdepth 1 ! -name intel -exec rm -r {} +
    find scsi -mindepth 1 -maxdepth 1 -type d -exec rm -r {} +
    rm -r net/wireless net/usb net/wwan net/ieee802154 net/fddi net/can net/arcnet infiniband message mmc \
      usb/storage staging hid/surface-hid hid/intel-ish-hid
  )
  release=${kernel%/kernel}
  chroot "$root" depmod "${release##*/}"
done

install -d "$root/etc/systemd/journald.conf.d"
printf '[Journal]\nStorage=volatile\n' > "$root/etc/systemd/journald.conf.d/lab.conf"
for unit in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service \
  fstrim.timer getty-static.service getty@tty1.service serial-getty@ttyS0.service systemd-random-seed.service systemd-pstore.service \
  systemd-update-utmp.service systemd-networkd-wait-online.service; do
  ln -sf /dev/null "$root/etc/systemd/system/$unit"
done

rm -f "$root/etc/resolv.conf"

# Without one every boot of a fresh overlay would be a first boot, which presets all units anew.
echo 6c61622d6c61622d6c61622d6c61622d > "$root/etc/machine-id"
