# Thin front of CMake. `make demo` shows the main job, `make test` tests everything; both install what they need.
# Nothing here needs to be known: cmake --preset dev, cmake --build --preset dev, ctest --preset dev do the same.

PREFIX ?= /usr/local
DESTDIR ?=
# Not every shell expands ~ in an argument.
prefix := $(shell realpath -ms -- "$(PREFIX:~/%=$(HOME)/%)")
JOBS ?= $(shell nproc)
FUZZ_SECONDS ?= 30

.PHONY: all deps deps-test deps-domain deps-ci build demo test test-domain test-release test-tsan test-clang bench fuzz soak format format-check lint install clean

all: build

deps:
	@packaging/install-packages.sh build
deps-test:
	@packaging/install-packages.sh build test
deps-domain:
	@packaging/install-packages.sh build test domain
deps-ci:
	@packaging/install-packages.sh build test ci

# $(call configured,PRESET[,OPTION]): configures and builds.
configured = log=$$(cmake --preset $(1) $(2) 2>&1) || { echo "$$log"; exit 1; }; cmake --build --preset $(1) -j $(JOBS)

build: deps
	@$(call configured,release)

demo: build
	@example/demo.sh build/release

test: deps-test
	@$(call configured,dev)
	@ctest --test-dir build/dev --output-on-failure -j $(JOBS)
	@grep -v 'Regex=' build/dev/Testing/Temporary/LastTest.log | grep -o "SKIPPED: [^'\"]*" | sort -u

# Against a throw-away Active Directory (Samba) in a network of its own: as root, about a minute; not in CI.
test-domain: deps-domain
	@$(call configured,dev)
	@WINRM_BIN=build/dev/tools /usr/bin/python3 test/domain/test_domain.py || test $$? = 77

# What users get, without sanitizers: the optimised programs, the front's filter that kills, memory that must not grow.
RELEASE_TESTS = run service front bad_input replay recorded unit
test-release: deps-ci
	@$(call configured,release,-DOPENWINRM_WERROR=ON)
	@example/demo.sh build/release
	@printf '%s\n' $(RELEASE_TESTS) | WINRM_BIN=build/release/tools xargs -P $(JOBS) -I% sh -c \
	  'log=build/release/test_%.log; /usr/bin/python3 test/loopback/test_%.py >$$log 2>&1; status=$$?; echo "-- %"; cat $$log; exit $$status'
	@/usr/bin/python3 test/loopback/soak.py --bin build/release/tools

# Only the client's resolver and its workers have threads of their own: what links them is tested under TSan.
TSAN_TESTS = unit_io unit_net unit_client unit_client_logins
test-tsan: deps-ci
	@cmake --preset tsan >/dev/null
	@cmake --build --preset tsan -j $(JOBS) --target $(addprefix test_,$(TSAN_TESTS))
	@ctest --test-dir build/tsan --output-on-failure -R "^($(shell echo $(TSAN_TESTS) | tr ' ' '|'))$$"

# Another compiler's warnings. The tests run under GCC's sanitizers, and the fuzz targets under clang's.
test-clang: deps-ci
	@$(call configured,clang)

bench: deps-ci
	@$(call configured,bench)
	@bench/run.sh build/bench

fuzz: deps-ci
	@cmake --preset fuzz >/dev/null
	@cmake --build --preset fuzz -j $(JOBS) --target fuzzers
	@fuzz/run.sh build/fuzz $(FUZZ_SECONDS)

soak: deps-test
	@$(call configured,release)
	@/usr/bin/python3 test/loopback/soak.py --bin build/release/tools --long

SOURCES = include src tools test fuzz bench example
format:
	@find $(SOURCES) -name '*.h' -o -name '*.cpp' | xargs clang-format-16 -i
format-check:
	@find $(SOURCES) -name '*.h' -o -name '*.cpp' | xargs clang-format-16 --dry-run -Werror
lint: deps-ci
	@$(call configured,dev)
	@find src tools -name '*.cpp' | xargs -P $(JOBS) -n 4 clang-tidy-16 -p build/dev --quiet

# The prefix goes into winrmd (where its helper programs are) and into the folders that the system wants below /usr.
install: deps
	@$(call configured,release,-DCMAKE_INSTALL_PREFIX="$(prefix)")
	@DESTDIR="$(DESTDIR)" cmake --install build/release

clean:
	rm -rf build
