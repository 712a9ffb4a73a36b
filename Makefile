# The same few commands for everybody. `make` lists them.
# Any Python from 3.8 on sets up; the coach's own versions are found or fetched by the set-up.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python3.10 /usr/bin/python3; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 8))' 2>/dev/null && echo "$$p" && break; done)
UV := .tools/bin/uv
LOCK := $(UV) pip compile --quiet --generate-hashes --no-header --no-annotate --universal

.PHONY: help run chat test demo faults bench triage-report known-misses check setup setup-test python lock format

help:
	@echo "make run      set up what is missing and start the coach"
	@echo "make chat     the same coach in this terminal"
	@echo "make test     set up what is missing and test everything"
	@echo "make bench    measure the coach beside its peers: some minutes, on a machine without other work"
	@echo "make demo     30 made-up patients over 8 weeks in var/demo, and how to see them in the console (some minutes)"
	@echo "make faults   break everything in turn, many times, on both databases (a quarter of an hour)"
	@echo "make triage-report  what screening finds and misses; writes docs/triage-report.md (some minutes)"
	@echo "make known-misses  list anew what of tests/cases/signs is missed, after a change of words or of the second voice"
	@echo "make check    check everything in content/"
	@echo "make lock     renew the locks after a change in pyproject.toml or requirements/*.in"
	@echo "make format   lay out the code as the checks expect it"

run: setup
	@exec .venv/bin/safecue run

chat: setup
	@exec .venv/bin/safecue chat

test: setup-test
	@exec .venv/bin/python setup/checks.py

bench: setup
	@exec .venv/bin/python -m bench

demo: setup
	@exec .venv/bin/safecue demo

faults: setup-test
	@PYTHONPATH=tests:tests/telegram:tests/conversation exec .venv/bin/python tests/faults/run_all.py

triage-report: setup-test
	@PYTHONPATH=.:tests exec .venv/bin/python tests/triage_report.py

known-misses: setup-test
	@PYTHONPATH=.:tests exec .venv/bin/python tests/known_misses.py

check: setup
	@exec .venv/bin/safecue check

setup: python
	@$(PYTHON) setup/setup.py

setup-test: python
	@$(PYTHON) setup/setup.py --group test

python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 is missing on this machine."; \
		echo "  -> Debian, Ubuntu: sudo apt-get install python3 python3-venv"; \
		echo "  -> with pyenv: pyenv install 3.11"; exit 1; }

lock:
	$(LOCK) --python-version 3.11 requirements/tools.in -o requirements/tools.txt
	$(LOCK) --python-version 3.11 pyproject.toml requirements/build.in -o requirements/app.txt
	$(LOCK) --python-version 3.11 --extra dev --constraints requirements/app.txt pyproject.toml requirements/build.in -o requirements/dev.txt
	$(LOCK) --python-version 3.10 --override requirements/engine-overrides.in requirements/engine.in -o requirements/engine.txt
	$(LOCK) --python-version 3.10 --no-deps requirements/engine-weights.in -o requirements/engine-weights.txt

format:
	.venv/bin/ruff check --fix --quiet .
	.venv/bin/ruff format .
