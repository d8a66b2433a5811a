# Everything this project does has a name here; `make` alone lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help bootstrap build test interop demo drill soak fuzz format format-check sanitize proto simulate agent bench bench-agent clean

SWIFT_FLAGS := --explicit-target-dependency-import-check error
# What ships, with the places at which the drills stop a process.
SOAK_FLAGS := -c release --scratch-path .build-soak -Xswiftc -DCRASH_POINTS
# What ships to a host: the Swift runtime inside, and nothing that only a linker of other programs would look for.
AGENT_FLAGS := -c release --static-swift-stdlib --scratch-path .build-static -Xswiftc -Osize \
	-Xlinker --version-script=$(CURDIR)/Scripts/agent-symbols.map
FORMATTED := Sources Tests Interop Benchmarks Fuzz Package.swift

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

bootstrap: ## install the system libraries that are missing
	@Scripts/bootstrap

build: bootstrap ## build everything, tests included
	swift build --build-tests $(SWIFT_FLAGS)

test: build ## every test: set-up, Swift, three drills, generated code current, and the foreign peers
	Scripts/test-bootstrap
	Scripts/test $(SWIFT_FLAGS)
	$$(swift build --show-bin-path)/handover-drill there-and-back target-unreachable
	$$(swift build --show-bin-path)/handover-drill there-and-back --agents http
	Scripts/proto --check
	INTEROP_TOOL=$$(swift build --show-bin-path)/interop-tool Interop/run

interop: bootstrap ## only the foreign peers: protobuf, PyJWT, jwcrypto, and servers on websockets
	Interop/run

demo: bootstrap ## two servers and an agent: there and back, and one failure
	swift build --product mini-server
	swift build --product opamp-agent
	swift build --product handover-drill
	@bin=$$(swift build --show-bin-path); \
	$$bin/handover-drill there-and-back && $$bin/handover-drill target-unreachable

drill: bootstrap ## every drill
	swift build --product mini-server
	swift build --product opamp-agent
	swift build --product handover-drill
	$$(swift build --show-bin-path)/handover-drill all

soak: bootstrap ## every drill over both transports beside a busy machine, in optimized code: make soak ROUNDS=10 [JOBS=8]
	for product in mini-server opamp-agent handover-drill; do \
		swift build $(SOAK_FLAGS) --product $$product $(SWIFT_FLAGS) || exit 1; done
	Scripts/soak "$$(swift build $(SOAK_FLAGS) --show-bin-path)" $(or $(ROUNDS),1) $(or $(JOBS),1)

simulate: bootstrap ## many schedules of the simulation, and each removed rule: make simulate SCHEDULES=100000
	SIMULATION_SCHEDULES=$(or $(SCHEDULES),20000) SIMULATION_BROKEN=all swift test --filter SimulationTests

agent: bootstrap ## opamp-agent as it ships: needs no Swift on the host; its symbols are left out
	swift build $(AGENT_FLAGS) --product opamp-agent $(SWIFT_FLAGS)
	strip -o .build-static/opamp-agent "$$(swift build $(AGENT_FLAGS) --show-bin-path)/opamp-agent"
	@ls -l .build-static/opamp-agent

bench: bootstrap ## every figure beside its yardsticks: make bench OUT=bench.json [FIGURES=handover,cpu] [QUICK=1]
	for product in mini-server opamp-agent bare-server handover-bench; do \
		swift build -c release --product $$product || exit 1; done
	$$(swift build -c release --show-bin-path)/handover-bench $(BENCH_OPTIONS) \
		$(if $(OUT),--out $(OUT)) $(if $(FIGURES),--figures $(FIGURES)) $(if $(QUICK),--quick)

bench-agent: agent ## the figures of the agent alone: make bench-agent OUT=agent.json [FIGURES=idle,size] [QUICK=1]
	for product in hosted-agent bare-session; do swift build $(AGENT_FLAGS) --product $$product || exit 1; done
	$(MAKE) bench BENCH_OPTIONS="--agent --agent-programs $$(swift build $(AGENT_FLAGS) --show-bin-path)"

fuzz: bootstrap ## bytes by chance into every parser that strangers reach: make fuzz SECONDS=600 [PARSERS="json pem"]
	Scripts/fuzz $(or $(SECONDS),600) $(PARSERS)

format: ## format all Swift code in place
	swift format --in-place --recursive --parallel $(FORMATTED)

format-check: ## say what `make format` would change
	swift format lint --strict --recursive --parallel $(FORMATTED)

sanitize: bootstrap ## the Swift tests under the address and the thread sanitizer
	Scripts/sanitize address
	Scripts/sanitize thread

proto: bootstrap ## generate the C code of the OpAMP messages again
	Scripts/proto

clean: ## remove what was built
	rm -rf .build .build-* .venv-interop drill-runs
