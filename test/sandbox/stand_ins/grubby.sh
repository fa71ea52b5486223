#!/bin/sh
# grubby(8) as Fedora and RHEL 8 and later have it: a script that edits the entries of /boot/loader/entries, and with
# ALL also kernelopts of the environment block, GRUB_CMDLINE_LINUX and /etc/kernel/cmdline.
. "${0%/*}/.common"
set -f
entries=$root/boot/loader/entries
environment=$root/boot/grub2/grubenv
[ $# -gt 0 ] || { echo 'no action specified' >&2; exit 1; }

update= add= remove= info= show= default= no_etc= has_update=
while [ $# -gt 0 ]; do
  case $1 in
    --update-kernel | --args | --remove-args | --info | --set-default)
      [ $# -gt 1 ] || { echo "grubby: option '$1' requires an argument" >&2; exit 1; }
      option=$1=$2
      shift
      ;;
    *) option=$1 ;;
  esac
  case $option in
    --update-kernel=*) update=${option#*=} has_update=1 ;;
    --args=*) add=${option#*=} ;;
    --remove-args=*) remove=${option#*=} ;;
    --info=*) info=${option#*=} ;;
    --set-default=*) default=${option#*=} ;;
    --default-kernel | --default-index | --default-title) show=${option#--default-} ;;
    --no-etc-grub-update) no_etc=1 ;;
    --grub2 | --bad-image-okay) ;;
    *) printf "grubby: unrecognized option '%s'\n" "$1" >&2; exit 1 ;;
  esac
  shift
done

ids() { (set +f; cd "$entries" && for f in *.conf; do [ ! -e "$f" ] || printf '%s\n' "${f%.conf}"; done) | sort -rV; }
value() { sed -n "s/^$2[ 	][ 	]*//p" "$entries/$1.conf"; }
variable() { grub2-editenv "$environment" list | sed -n "s/^$1=//p"; }
is_mount_point() { grep -q "^[^#][^ ]* *$1 " "$root/etc/fstab"; }
prefix=
! is_mount_point /boot || prefix=/boot

# An option $NAME is looked up in the environment block; without it there it stays as it is.
expanded() {
  line=
  for word in $1; do
    case $word in
      '$'*) found=$(variable "${word#?}"); line="$line ${found:-$word}" ;;
      *) line="$line $word" ;;
    esac
  done
  printf '%s\n' "${line# }"
}

# update_args ARGS REMOVE ADD: a name goes with all its values, NAME=VALUE only as it is; what is added comes last and
# takes the place of every occurrence of its name.
update_args() {
  line=" $(echo $1) "
  for word in $2; do
    escaped=$(printf '%s' "$word" | sed 's,/,\\/,g')
    case $word in
      *=*) line=$(echo $line | sed -E "s/(^|[[:space:]])$escaped([[:space:]]|\$)/ /") ;;
      *) line=$(without "$escaped") ;;
    esac
  done
  for word in $3; do
    line=$(without "$(printf '%s' "${word%%=*}" | sed 's,/,\\/,g')")
  done
  echo $line $3
}
without() { echo $line | sed -E "s/(^|[[:space:]])$1(([[:space:]]|\$)|(=[^ ]*(\$)*))/ /g"; }

set_options() {
  sed -i -e "s/^options.*/options $(printf '%s' "$2" | sed 's,[/&\\],\\&,g')/" "$entries/$1.conf"
}

default_id() {
  saved=$(variable saved_entry)
  i=0
  for id in $(ids); do
    if [ -z "$saved" ] || [ "$saved" = "$i" ] || [ "$saved" = "$id" ] || [ "$saved" = "$(value "$id" title)" ]; then
      echo "$i $id"
      return
    fi
    i=$((i + 1))
  done
}

# Ids of what a kernel parameter names: ALL, DEFAULT, a number, TITLE=… or a path.
named() {
  i=0
  for id in $(ids); do
    linux=$(value "$id" linux)
    case $1 in
      ALL | "$i" | "$linux" | "$prefix$linux" | "TITLE=$(value "$id" title)") echo "$id" ;;
      DEFAULT) [ "$(default_id)" != "$i $id" ] || echo "$id" ;;
    esac
    i=$((i + 1))
  done
}

update_all() {
  if [ -z "$no_etc" ] && [ -e "$root/etc/default/grub" ]; then
    old=$(. "$root/etc/default/grub" 2>/dev/null; echo "$GRUB_CMDLINE_LINUX")
    new=$(update_args "$old" "$remove" "$add")
    if [ -n "$old" ] && [ "$new" != "$old" ]; then
      sed -i -e "s/^GRUB_CMDLINE_LINUX=.*/GRUB_CMDLINE_LINUX=\"$(printf '%s' "$new" | sed 's,[/&\\],\\&,g')\"/" "$root/etc/default/grub"
    fi
  fi
  old=$(variable kernelopts)
  if [ -n "$old" ]; then
    new=$(update_args "$old" "$remove" "$add")
    [ "$new" = "$old" ] || grub2-editenv "$environment" set "kernelopts=$new"
  fi
  if [ -f "$root/etc/kernel/cmdline" ]; then
    old=$(cat "$root/etc/kernel/cmdline")
    new=$(update_args "$old" "$remove" "$add")
    [ "$new" = "$old" ] || printf '%s\n' "$new" >"$root/etc/kernel/cmdline"
  fi
}

show_entry() {
  args=$(expanded "$(value "$2" options)")
  disk=
  rest=
  for word in $args; do
    case $word in
      root=*) if [ -z "$disk" ]; then disk=${word#root=}; else rest="$rest $word"; fi ;;
      *) rest="$rest $word" ;;
    esac
  done
  echo "index=$1"
  echo "kernel=\"$prefix$(value "$2" linux)\""
  echo "args=\"${rest# }\""
  [ -z "$disk" ] || echo "root=\"$disk\""
  echo "initrd=\"$prefix$(value "$2" initrd)\""
  echo "title=\"$(value "$2" title)\""
  echo "id=\"$2\""
}

if [ -n "$show" ]; then
  found=$(default_id)
  case $show in
    kernel) echo "$prefix$(value "${found#* }" linux)" ;;
    index) echo "${found% *}" ;;
    title) value "${found#* }" title ;;
  esac
  exit
fi
if [ -n "$info" ]; then
  [ -n "$(named "$info")" ] || { echo "The param $info is incorrect" >&2; exit 1; }
  i=0
  for id in $(ids); do
    ! named "$info" | grep -qxF -- "$id" || show_entry "$i" "$id"
    i=$((i + 1))
  done
  exit
fi
need_root 'grubby: Permission denied'
fail_if_told grubby
if [ -n "$default" ]; then
  id=$(named "$default" | head -n 1)
  [ -n "$id" ] || { echo "The param $default is incorrect" >&2; exit 1; }
  grub2-editenv "$environment" set "saved_entry=$id"
  echo "The default is /boot/loader/entries/$id.conf with kernel $prefix$(value "$id" linux)"
  exit
fi
if [ -z "$has_update" ]; then
  echo 'no action specified' >&2
  exit 1
fi
targets=$(named "$update")
[ -n "$targets" ] || { echo "The param $update is incorrect" >&2; exit 1; }
[ "$update" != ALL ] || update_all
for id in $targets; do
  options=$(value "$id" options)
  case " $options " in
    *' $kernelopts '*) [ "$update" != ALL ] || continue ;;
  esac
  set_options "$id" "$(update_args "$(expanded "$options")" "$remove" "$add")"
done
