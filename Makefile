# Two commands for a newcomer: `make demo` and `make test`. CMake does the work.
PRESET ?= release
BUILD   = build/$(PRESET)
PREFIX ?= /usr/local
.DEFAULT_GOAL := build
MAKEFLAGS += --no-print-directory
.PHONY: build deps demo test lint bench install clean

deps:
	@tools/install-deps

build: deps
	@mkdir -p build
	@[ -e $(BUILD)/idle-lua ] || echo "building into $(BUILD), about half a minute"
	@cmake --preset $(PRESET) -DCMAKE_INSTALL_PREFIX=$(PREFIX) >build/configure.log || { cat build/configure.log; exit 1; }
	@cmake --build --preset $(PRESET) --parallel >build/build.log 2>&1 || { cat build/build.log; exit 1; }

demo: build
	@echo "a joiner: two syncs, each of about 10 s, through a real sshd on loopback"
	@$(BUILD)/idle-lua examples/joiner.lua

test: build
	@ctest --test-dir $(BUILD) --output-on-failure --parallel 4

lint: build
	@cmake --build --preset $(PRESET) --target lint

bench: build
	@tools/install-deps bench
	@cmake --build --preset $(PRESET) --target bench

install: build
	@cmake --install $(BUILD)

clean:
	rm -rf build
