#!/bin/sh
# SPDX-License-Identifier: MIT
#
# header.sh HEADER INCLUDE_DIR COMPILER [ARG...] - compiles a public header
# alone, twice in one file: it needs nothing before it and can be repeated.
set -eu

header=$1
include_dir=$2
shift 2

printf '#include "%s"\n#include "%s"\n' "$header" "$header" |
	"$@" -fsyntax-only -Wall -Wextra -Wpedantic -Werror -I"$include_dir" -
