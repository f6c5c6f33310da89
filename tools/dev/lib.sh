# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# lib.sh - what ./dev and its helpers share; $top is the root of the tree

: "${top:?}"

say() {
	printf 'dev: %s\n' "$*" >&2
}

die() {
	say "$@"
	exit 1
}

# Runs a command and shows what it printed only where it fails; of ninja's lines
# those of the compiler.
quietly() {
	output=$("$@" 2>&1) && return
	printf '%s\n' "$output" | sed -e '/^\[[0-9]*\/[0-9]*\] /d' -e '/^FAILED: /{N;d;}' \
		-e '/^ninja: Entering/d' -e '/^ninja: build stopped/d' >&2
	return 1
}

# What is needed

can_install() {
	[ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null
}

# apt_install PACKAGE...: no server that comes with one is started, now or at boot: that is
# what nginx does where nobody objects.
apt_install() (
	policy=/usr/sbin/policy-rc.d
	if [ ! -e "$policy" ]; then
		trap 'rm -f "$policy"' EXIT
		trap 'exit 1' HUP INT TERM
		printf '#!/bin/sh\nexit 101\n' >"$policy"
		chmod +x "$policy"
	fi
	export DEBIAN_FRONTEND=noninteractive
	apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=300 "$@" || exit 1
	case " $* " in
	*" nginx"*)	update-rc.d nginx disable || true ;;
	esac
)

is_there() {
	case $1 in
	/*)	[ -e "$1" ] ;;
	lib:*)	pkg-config --exists "${1#lib:}" 2>/dev/null ;;
	*)	command -v "$1" >/dev/null ;;
	esac
}

# need THING=PACKAGE...: a thing is a command, a file, or "lib:" and a name that
# pkg-config knows; the package is Debian's.
need() {
	missing=
	for entry; do
		is_there "${entry%%=*}" || missing="$missing ${entry#*=}"
	done
	[ -n "$missing" ] || return 0
	can_install || die "please install these packages, or your system's like:$missing"

	say "installing$missing"
	quietly apt-get update || true
	# The list is meant to be split.
	# shellcheck disable=SC2086
	quietly apt_install $missing ||
		die "these packages could not be installed:$missing"
}

need_compiler() {
	need cc=build-essential meson=meson ninja=ninja-build pkg-config=pkg-config
	# For the names of static functions and for io_uring; not worth an error elsewhere.
	! can_install || need lib:libelf=libelf-dev lib:liburing=liburing-dev
	# For two of the example programs, which are left out elsewhere.
	! can_install || need /usr/include/http_parser.h=libhttp-parser-dev
}

need_tests() {
	need_compiler
	need c++=build-essential lib:check=check python3=python3
	# What stands on the other side of the example programs.
	! can_install || need curl=curl wrk=wrk /usr/sbin/nginx=nginx-light nc=netcat-openbsd \
		/usr/sbin/dnsmasq=dnsmasq-base
	# What counts instructions; not worth an error elsewhere.
	! can_install || need valgrind=valgrind
}

need_formatter() {
	need clang-format=clang-format python3=python3 git=git
}

need_checkers() {
	need_formatter
	need clang=clang shellcheck=shellcheck valgrind=valgrind
	# What clang's sanitizers are linked with, which only Debian has in a package of
	# its own, and what checks the manual where it is there.
	! can_install || need "$(clang -print-resource-dir)/lib/linux=libclang-rt-dev" mandoc=mandoc
}

# need_cross ARCH DEBIANS_NAME_OF_IT
need_cross() {
	need "$1-linux-gnu-gcc=gcc-$1-linux-gnu" "/usr/$1-linux-gnu/include=libc6-dev-$2-cross" \
		"qemu-$1=qemu-user" curl=curl
}

# Building; everything is made below build/

# configure NAME OPTION...: makes build/NAME, unless it is there with these options
configure() {
	name=$1
	shift
	wanted="$top ${CC-} $*"
	if [ -f "$top/build/$name/build.ninja" ] &&
		[ "$(cat "$top/build/$name/wanted" 2>/dev/null)" = "$wanted" ]; then
		return
	fi
	rm -rf "$top/build/$name"
	quietly meson setup "$@" "$top/build/$name" "$top"
	printf '%s\n' "$wanted" >"$top/build/$name/wanted"
}

# compile NAME [TARGET...]
compile() {
	name=$1
	shift
	quietly ninja -C "$top/build/$name" "$@"
}

# What a program needs besides the static library of build/NAME. Meson protects
# the blanks in the list by backslashes.
libraries_of() {
	PKG_CONFIG_PATH=$top/build/$1/meson-uninstalled \
		pkg-config --variable=static_libraries bide-uninstalled | sed 's|\\||g'
}

# Every C file that is tracked or new, apart from those that git ignores.
c_files() {
	git -C "$top" ls-files --cached --others --exclude-standard '*.c' '*.h' |
		while read -r file; do
			[ ! -e "$top/$file" ] || printf '%s\n' "$top/$file"
		done
}
