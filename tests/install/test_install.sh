#!/usr/bin/env bash
# Installs into an empty prefix and uses what lies there as a stranger would: by pkg-config, shared and static, by CMake's
# find_package, and as a program.
set -u

if grep -qE '^FOVEA_SANITIZE:.*=.+|^CMAKE_CROSSCOMPILING:.*=TRUE' "$FOVEA_BUILD/CMakeCache.txt"; then
    echo "ok 1 # SKIP a sanitized or foreign build is not for strangers"
    echo "1..1"
    exit 0
fi

prefix=$TMPDIR/prefix
export PKG_CONFIG_PATH LD_LIBRARY_PATH
libdir=$prefix/$(sed -n 's/^CMAKE_INSTALL_LIBDIR:[A-Z]*=//p' "$FOVEA_BUILD/CMakeCache.txt")
PKG_CONFIG_PATH=$libdir/pkgconfig LD_LIBRARY_PATH=$libdir
cc='gcc -std=c11 -Wall -Wextra -Wpedantic -Wshadow -Werror'

mkdir "$TMPDIR/consumer"
cd "$TMPDIR/consumer" || exit 1
cat >consumer.c <<'EOF'
#include <fovea/fovea.h>

#include <stdio.h>
#include <string.h>

int main(void) {
    if (strcmp(fv_error(), "") != 0) return 1;
    puts(fv_version());
    return 0;
}
EOF
cat >CMakeLists.txt <<'EOF'
cmake_minimum_required(VERSION 3.20)
project(consumer LANGUAGES C)
find_package(fovea 0.1 REQUIRED)
add_executable(consumer consumer.c)
target_link_libraries(consumer fovea::fovea)
EOF

number=0
check() {
    number=$((number + 1))
    if "$2" >"$TMPDIR/log" 2>&1; then
        echo "ok $number - $1"
    else
        echo "not ok $number - $1"
        sed 's/^/# /' "$TMPDIR/log"
    fi
}
says_version() { "$@" | tee /dev/stderr | grep -qE '^fovea [0-9]+\.[0-9]+\.[0-9]+ \(.+, .+\)$'; }

installs() { cmake --install "$FOVEA_BUILD" --prefix "$prefix"; }
has_soname() { objdump -p "$libdir/libfovea.so" | grep -E 'SONAME +libfovea\.so\.[0-9]+$'; }
exports_only_its_own() { nm -D --defined-only "$libdir/libfovea.so" | awk '$3 !~ /^fv_/ { print; bad = 1 } END { exit bad || NR == 0 }'; }
# shellcheck disable=SC2046
links_shared() { $cc consumer.c -o shared $(pkg-config --cflags --libs fovea) && says_version ./shared; }
# shellcheck disable=SC2046
links_static() {
    $cc consumer.c -o static $(pkg-config --static --cflags --libs fovea | sed 's/-lfovea/-l:libfovea.a/') &&
        ! objdump -p static | grep 'NEEDED.*fovea' && says_version ./static
}
found_by_cmake() { cmake -S . -B build -DCMAKE_PREFIX_PATH="$prefix" && cmake --build build && says_version build/consumer; }
program_runs() { "$prefix/bin/fovea" --help; }
has_pages() {
    grep -q '^\.TH' "$prefix/share/man/man1/fovea.1" && bash -n "$prefix/share/bash-completion/completions/fovea" &&
        [[ -s $prefix/share/zsh/site-functions/_fovea && -s $prefix/share/fish/vendor_completions.d/fovea.fish ]]
}

check 'installs into a prefix' installs
check 'the shared library has a SONAME' has_soname
check 'only names with fv_ are exported' exports_only_its_own
check 'a program builds by pkg-config' links_shared
check 'a program builds by pkg-config --static' links_static
check 'a program builds by find_package' found_by_cmake
check 'the installed program runs' program_runs
check 'manual page and completions are there' has_pages
echo "1..$number"
