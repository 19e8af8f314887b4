# Gridward. `make run` starts a simulated site, a utility server and the gateway; `make help` says the rest.
# Everything is written below this folder, into build/ and node_modules/.
MAKEFLAGS += --no-print-directory
SCENARIO ?= day
SEED ?= 1
TOOLS := test/tooling
NODE := build/bin/node
RUN := PATH="$(CURDIR)/build/bin:$(CURDIR)/node_modules/.bin:$$PATH"
# two make in one checkout take turns
ALONE := mkdir -p build/cache && flock build/setup.lock
SOURCES := $(shell find firmware drivers config -name '*.ts' -o -name '*.json') package.json

.PHONY: help setup build run dev check test bench sim replay soak mutants native tpm format clean packages python
.DEFAULT_GOAL := help

help:
	@echo 'make run [SCENARIO=day|steps|night|comms-loss|device-loss|meter-loss|wrong-hands|power-cut|clock-steps|flash-fails]   simulated site, utility server and gateway, live'
	@echo 'make test       everything, with the Debian packages it needs'
	@echo 'make check      before a commit: format, types, lint, imports, dead code, quick tests'
	@echo 'make bench      the figures beside their limits'
	@echo 'make sim SEED=n [COUNT=m] [HOURS=h]   seeded simulations of control; FLEET=1: of several inverters; STORAGE=1: with batteries and loads; WHOLE=1: both processes; CONTROL=1: between drivers and disk, fast; YEAR=1: a year of it'
	@echo 'make replay FILE=tape   what gridward record wrote, through the present code: the first tick that decides differently'
	@echo 'make mutants    breaks the product line by line; the tests must notice'
	@echo 'make conformance   shows the requirements of CSIP and CSIP-AUS, writes the table in test/README.md'
	@echo 'make soak       the long kill test'
	@echo 'make native     the addon for the key in the TPM; without it the key is a file'
	@echo 'make tpm [TPM=device:/dev/tpmrm0]   tests of that addon against a simulated TPM, or what leaves yours as it was'
	@echo 'make dev        rebuilds on save, restarts what changed'
	@echo 'make build, format, clean'

setup: build

$(NODE):
	@$(TOOLS)/debian.sh run
	@$(ALONE) $(TOOLS)/node.sh

node_modules/.package-lock.json: package-lock.json package.json | $(NODE)
	@$(ALONE) $(TOOLS)/modules.sh

build/rig/pty: test/rig/site/pty.c | $(NODE)
	@mkdir -p build/rig
	@cc -std=c17 -O2 -Wall -Wextra -Werror -o $@.$$$$ $< && mv $@.$$$$ $@
	@echo 'pty       $@'

build/bundle/controld.mjs: $(SOURCES) $(wildcard build/native/gridward.node) $(TOOLS)/bundle.ts node_modules/.package-lock.json
	@$(ALONE) $(NODE) $(TOOLS)/bundle.ts
	@touch $@

build: build/bundle/controld.mjs build/rig/pty

packages: | $(NODE)
	@$(TOOLS)/debian.sh test

python: packages
	@$(ALONE) $(TOOLS)/python.sh

run: node_modules/.package-lock.json
	@$(TOOLS)/swtpm.sh
	@$(MAKE) build
	@$(RUN) node test/rig/run/main.ts --scenario $(SCENARIO) --seed $(SEED)

dev: build
	@$(RUN) node $(TOOLS)/dev.ts --scenario $(SCENARIO) --seed $(SEED)

check: build
	@$(RUN) node $(TOOLS)/verify.ts check

# the addon first: the bundles take it along
test: python native
	@$(MAKE) build
	@$(RUN) node $(TOOLS)/verify.ts test

bench: build
	@$(RUN) node test/bench/main.ts

sim: build
	@$(RUN) node --max-semi-space-size=64 --single-threaded-gc test/sim/main.ts --seed $(SEED) --count $(or $(COUNT),1) --hours $(or $(HOURS),1) $(if $(WHOLE),--whole) $(if $(FLEET),--fleet) $(if $(STORAGE),--storage) $(if $(CONTROL)$(YEAR),--control) $(if $(YEAR),--year)

replay: build
	@$(RUN) node test/sim/replay.ts $(FILE)

conformance: build
	@$(RUN) node $(TOOLS)/verify.ts conformance

soak: build
	@$(RUN) node test/e2e/soak.ts

mutants: native
	@$(MAKE) build
	@$(RUN) node test/mutants/main.ts

native: node_modules/.package-lock.json
	@$(TOOLS)/debian.sh native
	@$(ALONE) native/build.sh

tpm: build
	@$(TOOLS)/debian.sh tpm
	@$(ALONE) native/build.sh
	@$(RUN) GRIDWARD_TEST_TPM='$(TPM)' node $(TOOLS)/verify.ts $(if $(TPM),device,tpm)

format: node_modules/.package-lock.json
	@$(RUN) biome format --config-path=.biome.json --write

clean:
	@rm -rf build node_modules
