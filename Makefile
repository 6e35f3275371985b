# Everything people and CI run. `make help` prints itself from the remarks behind the targets.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON := .venv/bin/python
RUN_STAMP := .venv/.installed-run
DEV_STAMP := .venv/.installed-dev

.PHONY: help
help: ## Show this help
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

$(RUN_STAMP): requirements.lock
	scripts/install_system_packages.sh run
	test -x $(PYTHON) || python3 -m venv .venv
	$(PYTHON) -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(PYTHON) -m inference.warm
	touch $@

$(DEV_STAMP): requirements-dev.lock requirements.lock
	scripts/install_system_packages.sh test
	test -x $(PYTHON) || python3 -m venv .venv
	$(PYTHON) -m pip install --quiet --disable-pip-version-check -r requirements-dev.lock
	$(PYTHON) -m inference.warm
	touch $@ $(RUN_STAMP)

.PHONY: setup
setup: $(DEV_STAMP) ## Install everything that running, testing and training need

.PHONY: run
run: $(RUN_STAMP) ## Start Tutti: on Discord with DISCORD_TOKEN set, else in the sandbox at a local address
	@$(PYTHON) scripts/run.py

.PHONY: sandbox
sandbox: $(RUN_STAMP) ## Start only the sandbox (a local stand-in for Discord)
	@$(PYTHON) -m sandbox --state runs/sandbox

.PHONY: check
check: $(DEV_STAMP) ## Format, lint, types, import rules, spelling, audit of dependencies
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m ruff check .
	$(PYTHON) -m pyright
	.venv/bin/lint-imports
	.venv/bin/codespell
	$(PYTHON) scripts/audit.py

.PHONY: audit
audit: $(DEV_STAMP) ## Audit of dependencies, with the service of advisories: without its answer this fails
	$(PYTHON) scripts/audit.py --demand

.PHONY: test
test: check ## Checks and the whole suite (what CI runs), in two processes or PROCESSES=4
	PYTHONDONTWRITEBYTECODE= OMP_NUM_THREADS=1 $(PYTHON) -m pytest -q -n $(or $(PROCESSES),2)

.PHONY: test-postgresql
test-postgresql: $(DEV_STAMP) ## Every test that uses a database, on PostgreSQL, the bot's too (make test runs the tables' and the jobs' on both)
	OMP_NUM_THREADS=1 $(PYTHON) -m pytest -q -rs -n $(or $(PROCESSES),2) --databases=postgresql tests/db tests/bot tests/cogs tests/soak tests/upgrade tests/end_to_end

.PHONY: bench
bench: $(DEV_STAMP) ## Measure speed and memory beside peers (six minutes), write docs/results/bench.json
	$(PYTHON) -m benchmarks

.PHONY: promises
promises: $(DEV_STAMP) ## Measure what is promised to people: same bytes, files that open, kills, sizes, buttons; write docs/results/promises.json
	$(PYTHON) -m soak.promises

.PHONY: goals
goals: $(DEV_STAMP) ## Write docs/results/goals.md, every goal with its measured value, from the files in docs/results
	$(PYTHON) -m benchmarks.goal_page

.PHONY: profile
profile: $(DEV_STAMP) ## Show where the time of a 16-bar request goes; stacks for a flame graph in runs/profile
	$(PYTHON) -m benchmarks profile

.PHONY: soak
soak: $(DEV_STAMP) ## 200 simulated users, 1,000 jobs, processes killed at random (under 20 minutes), write docs/results/soak.json
	$(PYTHON) -m soak

.PHONY: scaling
scaling: $(DEV_STAMP) ## Simulate the scheduler for 1,000 to 10 million users (two minutes of one core), write docs/results/scaling.json and docs/scaling.md
	$(PYTHON) -m soak.scaling

.PHONY: soak-commands
soak-commands: $(DEV_STAMP) ## 2,000 commands of 20 people in the sandbox under random faults and kills (some ten minutes), write docs/results/soak_commands.json
	$(PYTHON) -m tests.factories.tiny_weights runs/soak_commands_weights
	$(PYTHON) -m soak.commands --weights runs/soak_commands_weights

.PHONY: soak-long
soak-long: $(DEV_STAMP) ## Two hours of mixed traffic with faults and kills (MINUTES=20 for less); memory, files, database and latency plotted and judged in docs/results/soak_long
	$(PYTHON) -m soak.long --minutes $(or $(MINUTES),120)

.PHONY: cluster-test
cluster-test: $(DEV_STAMP) ## Two bots on a real Ray cluster of two nodes, which die in mid-job (some five minutes), write docs/results/cluster.json
	$(PYTHON) -m soak.cluster

.PHONY: fuzz
fuzz: $(DEV_STAMP) ## Fuzz every way in until the journal holds MINUTES=120 (it goes on where it stopped); then: python -m fuzzing keep, report
	OMP_NUM_THREADS=1 $(PYTHON) -m fuzzing --minutes $(or $(MINUTES),120)

.PHONY: evaluate
evaluate: $(DEV_STAMP) ## Measure the shipped checkpoints on their test splits, write docs/results (needs TUTTI_DATA)
	$(PYTHON) -m training.evaluate all

.PHONY: evaluate-quick
evaluate-quick: $(DEV_STAMP) ## The same on a few pieces, in a few minutes; writes runs/evaluation
	$(PYTHON) -m training.evaluate all --quick

.PHONY: evaluate-jsb
evaluate-jsb: $(DEV_STAMP) ## Measure the JSB benchmark alone: SPLIT=valid or test (needs TUTTI_DATA)
	$(PYTHON) -m training.evaluate jsb --split $(or $(SPLIT),valid)

.PHONY: samples
samples: $(DEV_STAMP) ## Write docs/samples anew: three seeds of every genre and task, measured
	$(PYTHON) -m training.samples

.PHONY: train
train: $(DEV_STAMP) ## Train a network, for instance: make train MODEL=generator MINUTES=60
	$(PYTHON) -m training.train $(or $(MODEL),generator) --config cpu --minutes $(or $(MINUTES),60)

.PHONY: train-jsb
train-jsb: $(DEV_STAMP) ## Train the JSB benchmark to its shipped numbers: about ten minutes of one core's work (needs TUTTI_DATA)
	$(PYTHON) -m training.jsb train

.PHONY: migrate
migrate: $(RUN_STAMP) ## Bring the database to the newest schema (the bot does it at start, too)
	$(PYTHON) -m db.migrate

.PHONY: test-gpu
test-gpu: $(DEV_STAMP) ## Run the tests that need a CUDA device
	$(PYTHON) -m pytest -q -m gpu

.PHONY: lock
lock: $(DEV_STAMP) ## Write the lock files anew from pyproject.toml
	scripts/lock.sh
