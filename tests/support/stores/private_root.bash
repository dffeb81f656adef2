# Servers of Debian packages that are unpacked into a private folder and run there by chroot, so
# that nothing of the machine's own set of packages changes. That needs root. Scripts that run such a
# server source this after server.bash; they set $root (where the packages are) and $home (the
# server's own folder, a path inside $root).

# The Debian mirror that this machine uses already.
mirror() {
  local uri
  uri=$(apt-get indextargets --format '$(REPO_URI) $(ORIGIN)$(SITE)' 2>/dev/null |
        awk '$1 ~ /debian\/?$/ { print $1; exit }')
  [ -n "$uri" ] || die "apt knows no Debian mirror; check /etc/apt/sources.list"
  echo "$uri"
}

# Daemons need libraries, not the things their maintainer scripts would set up.
is_left_out() {
  case $1 in
    systemd*|libpam-systemd*|udev_*|dbus*|perl*|libperl*|linux-*|adduser_*|passwd_*|login*|tzdata*|\
    debconf*|init-*|lvm2*|dmsetup*|cryptsetup*|e2fsprogs*|logsave*|mount_*|parted*|gdisk*|\
    xfsprogs*|sudo*|nvme*|smartmontools*|dpkg*|apt_*|gcc-[0-9]*-base*|rsyslog*|logrotate*|uwsgi*|\
    openstack-pkg-tools*|gettext*|intltool*|po-debconf*|python3-pip*) return 0 ;;
  esac
  return 1
}

# apt_private WORK SUITE ARGS...: apt-get with lists, cache and status of its own below WORK.
apt_private() {
  local work=$1 suite=$2
  shift 2
  apt-get -qq -o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts=- \
    -o Dir::Etc::preferencesparts=- -o Dir::State::lists="$work/lists" \
    -o Dir::State::status="$work/status" -o Dir::Cache="$work/cache" \
    -o APT::Default-Release="$suite" -o APT::Install-Recommends=false -o APT::Sandbox::User=root \
    -o APT::Keep-Downloaded-Packages=true -o Acquire::Languages=none -o Acquire::Retries=3 \
    -o Debug::NoLocking=1 "$@" </dev/null
}

# The few files of /etc and /dev that the daemons look for.
furnish() {
  local root=$1 node
  mkdir -p "$root"/{proc,dev/shm,etc,run,tmp}
  cp /etc/os-release "$root/etc/os-release"
  chmod 1777 "$root/tmp" "$root/dev/shm"
  printf 'root:x:0:0:root:/:/bin/sh\nceph:x:64045:64045::/:/bin/sh\n' >"$root/etc/passwd"
  printf 'root:x:0:\nceph:x:64045:\n' >"$root/etc/group"
  echo '127.0.0.1 localhost' >"$root/etc/hosts"
  for node in null zero full random urandom; do
    [ -e "$root/dev/$node" ] || cp -a "/dev/$node" "$root/dev/"
  done
  ldconfig -r "$root" 2>/dev/null || chroot "$root" ldconfig
}

# unpack SUITE ROOT PACKAGES...: downloads them with all they depend on and unpacks them into
# ROOT.new, which the caller looks at and moves to ROOT: that appears only when it is whole.
unpack() {
  local suite=$1 fresh=$2.new work=$2.apt package
  shift 2
  rm -rf "$fresh" "$work"
  mkdir -p "$work"/{lists/partial,cache/archives/partial} "$fresh"/usr/{bin,sbin,lib,lib64}
  for package in bin sbin lib lib64; do ln -s "usr/$package" "$fresh/$package"; done
  : >"$work/status"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $(mirror) $suite main" \
    >"$work/sources.list"
  apt_private "$work" "$suite" update >&2 || return 1
  apt_private "$work" "$suite" install -y --download-only "$@" >"$work/log" 2>&1 ||
    { tail -n 5 "$work/log" >&2; return 1; }
  for package in "$work"/cache/archives/*.deb; do
    is_left_out "${package##*/}" ||
      dpkg-deb --fsys-tarfile "$package" |
        tar -x -C "$fresh" --no-same-owner --keep-directory-symlink --exclude=./usr/share/doc \
          --exclude=./usr/share/man --exclude=./usr/share/locale || return 1
  done
  furnish "$fresh" || return 1
  rm -rf "$work"
}

installed_only=   # or 1: nothing is installed

refuse() {
  say "$1"
  exit "$([ -n "$installed_only" ] && echo 77 || echo 1)"
}

# Makes true what is_installed tells, by install_server: two checkouts that come at the same time
# install once.
install_once() {
  [ "$(id -u)" = 0 ] || refuse "needs root (chroot): run as root, or: sudo -E $0"
  ! is_installed || return 0
  [ -z "$installed_only" ] || refuse "not installed: $0 install"
  { command -v python3 && command -v openssl; } >/dev/null ||
    "$project/packaging/dependencies" install test >&2
  exec 9>"$cache/install.lock"
  flock 9
  is_installed || install_server
  exec 9>&-
}

# ---- processes ------------------------------------------------------------------------------

# A process of ours: alive, no zombie, and started with this server's configuration.
is_ours() { is_alive "$1" "$home/"; }

pid_of() { cat "$root$home/$1.pid" 2>/dev/null || true; }

# Programs run in a mount namespace of their own, where the private root gets the machine's /proc:
# threads are named through it, and radosgw 16 ends where that fails. The process id stays the same.
# A machine without such namespaces, a bare chroot say, has to do with a newer radosgw.
# The namespace starts with a copy of every mount; those under test must not live on in it.
enter=(bash -c 'mount --rbind /proc "$1/proc" 2>/dev/null
                umount --all --lazy --types fuse.cairnfs 2>/dev/null
                exec chroot "$@"' enter)
if unshare --mount true 2>/dev/null; then enter=(unshare --mount "${enter[@]}"); else enter=(chroot); fi

inside() { "${enter[@]}" "$root" "$@"; }

# spawn NAME DAEMON ARGS...: a daemon that holds no descriptor and no terminal of the caller, and
# whose command line tells $home.
spawn() {
  local name=$1
  shift
  (
    close_descriptors
    exec setsid "${enter[@]}" "$root" "$@" </dev/null >>"$root$home/log/$name.out" 2>&1
  ) &
  echo $! >"$root$home/$name.pid"
  disown $!
}

# slay NAME [PORT]: by SIGKILL, as radosgw takes half a minute to end on SIGTERM; PORT is free
# afterwards.
slay() {
  local name=$1 watched=${2:-} pid try
  pid=$(pid_of "$name")
  is_ours "$pid" || return 0
  kill -KILL "$pid" 2>/dev/null || true
  for try in {1..500}; do
    if ! is_ours "$pid" && { [ -z "$watched" ] || ! listening "$watched"; }; then return 0; fi
    sleep 0.02
  done
  die "$name (process $pid) does not end"
}

await_port() {
  local name=$1 wanted=$2 seconds=$3 deadline
  deadline=$((SECONDS + seconds))
  until listening "$wanted"; do
    is_ours "$(pid_of "$name")" || { sleep 0.2; is_ours "$(pid_of "$name")" || return 1; }
    [ $SECONDS -lt $deadline ] || return 1
    sleep 0.05
  done
}
