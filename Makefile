# Thin names for the commands of this project; `make` lists them. Each target installs and builds only what is missing.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help deps build demo test serve train fmt lint asan tsan fuzz fuzz-corpus deb image-test cuda-bundle check bench bench-model bench-metrics soak clean

# A file that includes LibTorch needs up to 1.6 GB to compile, so memory limits the jobs as cores do. JOBS=n overrides.
JOBS ?= $(shell cores=$$(nproc); fit=$$(awk '/^MemAvailable/ {print int($$2 / 1600000)}' /proc/meminfo); \
	(( fit < cores )) && cores=$$fit; (( cores > 0 )) && echo $$cores || echo 1)

# The cache must not see where the clone lies: a fresh clone at another path then compiles in seconds.
export CCACHE_BASEDIR := $(CURDIR)
export CCACHE_NOHASHDIR := true

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z -]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

deps:  ## install what is missing: Debian packages, a Python environment, LibTorch
	@tools/install_dependencies.sh

build: deps build/build.ninja  ## build/bin/lqvg-server and build/bin/lqvg (TARGETS="...": only these of CMake's targets)
	@cmake --build build --parallel $(JOBS) $(if $(TARGETS),--target $(TARGETS))

demo: build  ## ground expressions in a picture: start the server, ask it, draw the boxes into out/demo.png
	@tools/demo.sh

test: build  ## every C++ and Python test
	@tools/run_tests.sh build $(JOBS)

serve: build  ## run the server on models/demo in the foreground, on its default ports; SIGINT ends it
	@build/bin/lqvg-server --model=models/demo $(ARGS)

train: build  ## train a model by RECIPE into OUT; again: go on (train/recipes/demo.json, out/training)
	@build/bin/lqvg-train --recipe $(or $(RECIPE),train/recipes/demo.json) --out $(or $(OUT),out/training) $(ARGS)

fmt:  ## format the C++ sources in place
	@tools/install_dependencies.sh --with-checks
	@tools/check_format.sh --fix

lint: build  ## the include law, formatting, the contract, clang-tidy (CHANGED=1: only what differs from main)
	@tools/install_dependencies.sh --with-checks
	@.deps/venv/bin/python tools/check_includes.py --build build
	@tools/check_format.sh
	@tools/check_proto.sh
	@tools/check_tidy.sh build $(if $(CHANGED),--changed)

asan tsan: deps  ## the torch-free parts under address+undefined, or thread, sanitizer: their unit tests
	@test -f build-$@/build.ninja || cmake --preset $@
	@cmake --build build-$@ --parallel $(JOBS)
	@ctest --preset $@ --parallel $(JOBS)

fuzz: build-fuzz  ## make inputs up for what reads untrusted bytes (TARGET=name: that one only; SECONDS=60: each)
	@tools/run_fuzzers.sh $(or $(SECONDS),60) $(TARGET)

fuzz-corpus: build-fuzz  ## make tests/fuzz/corpus anew: the least of it and of what `make fuzz` found that covers as much
	@tools/run_fuzzers.sh --merge $(TARGET)

.PHONY: build-fuzz
build-fuzz:
	@tools/install_dependencies.sh --with-fuzzing
	@test -f build-fuzz/build.ninja || cmake --preset fuzz
	@cmake --build build-fuzz --parallel $(JOBS) --target tests/fuzz/all lqvg-scenes

deb: build  ## out/*.deb: the server and the command line as Debian packages, installed and tried in a fresh Debian
	@tools/install_dependencies.sh --with-deb
	@deploy/make-deb.sh
	@deploy/test-deb.sh

image-test:  ## build the container image without a daemon, start it as a container, check what it promises
	@tools/install_dependencies.sh --with-image
	@deploy/test-image.sh

cuda-bundle: deps  ## out/cuda-bundle: the trainer and the model's tests for a machine with a GPU and Python's torch
	@test -f build-portable/build.ninja || cmake --preset portable
	@cmake --build build-portable --parallel $(JOBS) --target lqvg-train lqvg-model-tests
	@tools/make_cuda_bundle.py

check: lint asan tsan test  ## everything that a change must pass

bench:  ## lqvg-bench's short set, then serving around a model and goodput under overload (ARGS='--triton PYTHON')
	@$(MAKE) --no-print-directory bench-model ARGS='--benchmark_min_time=0.05'
	@$(MAKE) --no-print-directory build TARGETS="lqvg-load lqvg-bench-server lqvg-scenes"
	@.deps/venv/bin/python bench/serving_bench.py $(ARGS)

bench-model: deps  ## kernels, stages, tokenizer, decoding, letterbox (ARGS='--model DIR --benchmark_filter=stages')
	@tools/install_dependencies.sh --with-bench
	@cmake --preset release -DLQVG_BENCH=ON >/dev/null
	@cmake --build build --parallel $(JOBS) --target lqvg-bench
	@build/bin/lqvg-bench $(ARGS)

soak: build  ## mixed load with clients that leave and servers that stop; what must hold after it (MINUTES=2)
	@.deps/venv/bin/python bench/soak.py --minutes $(or $(MINUTES),2) $(ARGS)

bench-metrics:  ## what recording metrics costs beside serving a request; on a machine that does nothing else
	@tools/install_dependencies.sh --with-bench
	@cmake --preset bench >/dev/null
	@cmake --build build-bench --parallel $(JOBS) --target metrics_bench
	@build-bench/bin/metrics_bench $(ARGS)

clean:  ## remove what was built; what was installed (.deps) stays
	@rm -rf build build-* out

build/build.ninja: | deps
	@cmake --preset release
