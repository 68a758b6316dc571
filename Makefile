# SPDX-License-Identifier: Apache-2.0
# Each thing that people do here, as one command. On a bare Debian 12 only git and make are needed:
# tools/setup installs the rest.
.DEFAULT_GOAL := build
.PHONY: help build test demo bench check format asan tsan fuzz sim clean

help:
	@echo 'build   the program: build/release/selvage'
	@echo 'test    everything: static checks, unit, link, conformance, e2e, chaos and crash tests'
	@echo 'demo    the slideshow example, killed and healing'
	@echo 'bench   every benchmark'
	@echo 'check   the static checks only'
	@echo 'format  lays out the C++ code'
	@echo 'asan, tsan   the unit tests and the corpus of the fuzzers under the sanitizers'
	@echo 'fuzz    each fuzzer for SECONDS=10; make test replays their corpus'
	@echo 'sim     the simulator over SEEDS=1000 and what ever failed; SEED=n for one, twice'
	@echo 'clean   removes what was built'

build:
	@tools/setup build
	@tools/build release selvage

test:
	@tools/setup build test demo
	@tools/build release
	@tools/run-tests

demo:
	@tools/setup build demo
	@tools/build release selvage
	@exec examples/slideshow/demo

bench:
	@tools/setup build
	@tools/build release
	@tools/run-bench

check:
	@tools/setup build test
	@tools/build --configure release
	@tools/run-tests checks

format:
	@tools/setup test
	@tools/check-format --fix

asan tsan:
	@tools/setup build test
	@tools/build $@
	@tools/run-tests --build build/$@ unit fuzz

SECONDS = 10
fuzz:
	@tools/setup build fuzz
	@tools/build fuzz fuzzers
	@tools/run-fuzz --seconds $(SECONDS)

SEEDS = 1000
sim:
	@tools/setup build
	@tools/build release sim
	@build/release/tests/sim/sim $(if $(SEED),--seed $(SEED),--file tests/sim/seeds.txt --seeds $(SEEDS))

clean:
	rm -rf build
