# make run and make test set up all they need: Python >= 3.11 (with venv) and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STUDY := configs/japan_us_2026.yaml
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: run test check static doctest warm campaign self-test texts docs-figures site report-script bench clean help

help:
	@echo "make run       run the main study and print its summary"
	@echo "make test      checks and tests"
	@echo "make check     style, types, floors, documented examples"
	@echo "make campaign  the long statistical campaigns"
	@echo "make self-test renew what the kernel's self-test ships, after a change of its sources"
	@echo "make texts     bring the catalogue of texts to what the sources say, for translators"
	@echo "make docs-figures  renew all figures, tables and pictures of README (of the result of make run) and docs"
	@echo "make site      the documentation as a site, in build/site; warnings are errors"
	@echo "make report-script  rebuild the script that draws the charts of reports (needs Node.js and npm)"
	@echo "make bench     benchmarks: side by side with NumPy, then one by one (QUICK=--quick: once each)"
	@echo "make clean     remove the environment and what the tools left"

run: $(VENV)/.run
	$(BIN)/spvrisk run $(STUDY) --out results/japan_us_2026.h5 --overwrite

# what needs no compiled kernel is checked while that is compiled
test: $(VENV)/.test $(VENV)/.docs
	$(MAKE) --no-print-directory --jobs=2 --output-sync=target static warm
	$(MAKE) --no-print-directory doctest
	$(BIN)/python -m pytest -n 2 --dist worksteal

check: static doctest

static: $(VENV)/.test site
	$(BIN)/ruff check engine tests benchmarks
	$(BIN)/ruff format --check engine tests benchmarks
	$(BIN)/mypy
	$(BIN)/lint-imports

doctest: $(VENV)/.test
	$(BIN)/python -m pytest -n 2 --doctest-modules engine

warm: $(VENV)/.run
	$(BIN)/spvrisk warmup

campaign: $(VENV)/.test
	$(BIN)/python -m pytest tests/campaigns --override-ini norecursedirs=.git -v

# after a change of the kernel's sources or of the plan's layout
self-test: $(VENV)/.test
	PYTHONPATH=tests $(BIN)/python tests/renew_self_test.py

docs-figures: $(VENV)/.test
	$(BIN)/python tests/renew_readme.py results/japan_us_2026.h5
	$(BIN)/python tests/renew_result_file.py
	$(BIN)/python tests/renew_pages.py

site: $(VENV)/.docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

# after a change of what is shown: then fill in what engine/spvrisk/locale/*/LC_MESSAGES/spvrisk.po lacks, and once more
texts: $(VENV)/.test
	PYTHONPATH=tests $(BIN)/python tests/renew_catalogue.py

# Observable Plot at the versions of tools/report/package-lock.json, as one file with its licences
report-script:
	cd tools/report && npm ci --ignore-scripts --no-audit --no-fund && npm run build

bench: $(VENV)/.bench
	$(BIN)/python benchmarks/side_by_side.py $(QUICK)
	$(BIN)/asv --config benchmarks/asv.conf.json machine --yes > /dev/null
	$(BIN)/asv --config benchmarks/asv.conf.json run --environment existing:$(CURDIR)/$(BIN)/python --show-stderr $(QUICK)

clean:
	rm -rf $(VENV) build dist engine/*.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .asv

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "spvrisk needs Python 3.11 or later, this is %s" % sys.version)'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: $(VENV)/bin/python setup.cfg constraints.txt
	$(INSTALL) -e .
	touch $@

$(VENV)/.test: $(VENV)/bin/python setup.cfg constraints.txt
	$(INSTALL) -e '.[test]'
	touch $@ $(VENV)/.run

$(VENV)/.bench: $(VENV)/bin/python setup.cfg constraints.txt
	$(INSTALL) -e '.[bench]'
	touch $@ $(VENV)/.run

$(VENV)/.docs: $(VENV)/bin/python setup.cfg constraints.txt
	$(INSTALL) -e '.[docs]'
	touch $@ $(VENV)/.run
