# The front door; CMakeLists.txt is the house. `make help` lists the targets.

BUILD  := build
CMAKE  := cmake -S . -B $(BUILD) -DCMAKE_BUILD_TYPE=Release $(CMAKE_FLAGS)
JOBS   := $(shell nproc)
PREFIX := /usr/local
OUT    := runs/claims

all: ## build the release program, build/fovea
	@$(CMAKE) -DFOVEA_TESTS=OFF >/dev/null
	@cmake --build $(BUILD) -j $(JOBS) -- --no-print-directory -s

deps: ## install what the build needs (Debian packages)
	@tools/install-deps

demo: deps ## install, build, train on synthetic fundus pictures and classify one: a minute
	@$(MAKE) --no-print-directory all
	@tools/demo

tests: ## build the tests too
	@$(CMAKE) -DFOVEA_TESTS=ON >/dev/null
	@cmake --build $(BUILD) -j $(JOBS) -- --no-print-directory -s

test: deps ## install, build, and run the tests: ten minutes at most
	@$(MAKE) --no-print-directory tests
	@tools/run-tests $(TEST_FLAGS) $(BUILD)

test-full: deps ## as test, the long ones at full length
	@$(MAKE) --no-print-directory tests
	@tools/run-tests --full $(TEST_FLAGS) $(BUILD)

claims: all ## train what docs/claims.md shows, and draw it: DATA=DIR, OUT=runs/claims
	@tools/claims $(DATA) $(OUT)

bench: tests ## measure, and compare where a peer is installed
	@bench/run

fuzz: ## run each fuzz target for 30 s (SECONDS_EACH=N)
	@tools/fuzz $(SECONDS_EACH)

format: ## put every source into the house style
	@tools/check-style --fix

install: all ## install library, headers, program and man page to PREFIX (/usr/local)
	@cmake --install $(BUILD) --prefix $(PREFIX)

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: all deps demo tests test test-full claims bench fuzz format install help
