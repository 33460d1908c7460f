# The commands of every day. They use the environment that is active; `make install` fills it.
PYTHON ?= python

.PHONY: help install test long package site gpu sanitize reliability fuzz soak mutants lint format type check bench niah ci clean figures findings

# whose tests record the rows of docs/reliability.md
RELIABILITY = tests/faults tests/verifying tests/soak tests/fuzz tests/runs/test_identity.py tests/tasks/test_depths.py

help:  ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

install:  ## editable, with the tools; again after adding or moving a file
	$(PYTHON) -m pip install -c constraints.txt -e '.[dev]'

test:  ## the CPU suite
	$(PYTHON) -m pytest

long:  ## what the CPU suite thins or leaves out, for it takes long
	$(PYTHON) -m pytest -m 'long and not gpu'

lint:  ## ruff and the import contracts, nothing changed
	$(PYTHON) -m ruff check
	$(PYTHON) -m ruff format --check
	PYTHON=$(PYTHON) .ci/imports

format:  ## ruff, in place
	$(PYTHON) -m ruff check --fix
	$(PYTHON) -m ruff format

package:  ## sdist and wheel into dist/, tried from another folder; REPOSITORY=https://... is where README's links lead
	DIST=$(CURDIR)/dist PYTHON=$(PYTHON) .ci/package

site:  ## docs/ as a site in build/site, strictly
	PYTHON=$(PYTHON) .ci/site

type:  ## mypy over the package as it is installed
	PYTHON=$(PYTHON) .ci/type

check: lint type test  ## all three

gpu:  ## the tests that need a CUDA GPU
	$(PYTHON) -m pytest -m gpu

sanitize:  ## the kernels under CUDA's memory checker; without the caching allocator, whose blocks hide what is beside them
	PYTORCH_NO_CUDA_MEMORY_CACHING=1 compute-sanitizer --error-exitcode 1 --kernel-name kns=_kernel \
		$(PYTHON) -m pytest -m gpu tests/triton/test_select.py tests/triton/test_operator.py tests/triton/test_window_scores.py tests/triton/test_gla.py tests/triton/test_max_pyramid.py tests/triton/test_row_norms.py -k 'not norm_scores_select'

reliability:  ## every fault, half an hour long, and docs/reliability.md from what was tried
	mkdir -p build
	$(PYTHON) -m pytest -m "not gpu" --deselect tests/faults/test_page.py $(RELIABILITY) --junitxml build/reliability.xml
	PYTHONPATH=tests/helpers $(PYTHON) tests/helpers/reliability.py build/reliability.xml docs/reliability.md

fuzz:  ## an hour of changed configs, rows, suites, haystacks and specs; what breaks a reader is kept in tests/fuzz/corpus
	$(PYTHON) -m tests.fuzz --minutes 60

soak:  ## 10,000 samples under Lighthouse: memory stays flat
	$(PYTHON) -m pytest -m soak -n 0 -s tests/soak

mutants:  ## mutation testing of operator, statistics, results and scoring: 300 mutants of each
	for group in operator statistics results scoring; do $(PYTHON) -m tests.mutation $$group || exit 1; done

bench:  ## time and memory of the operator on this machine, appended to outputs/bench/operator.csv
	$(PYTHON) -m lh_eval bench

niah:  ## the main evaluation, on the shipped checkpoint
	$(PYTHON) -m lh_eval niah --k 2048

ci:  ## README's commands in a fresh copy and environment, then lint and types
	.ci/run

clean:  ## remove what builds and tools left behind; an editable install needs `make install` again
	rm -rf build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -not -path './.venv/*' -prune -exec rm -rf {} +

figures:  ## draw the committed figures again from their rows
	$(PYTHON) -m lh_eval curves outputs/training/lh-passkey
	$(PYTHON) -m lh_eval heatmap $(dir $(wildcard outputs/*/sweep.json))

findings:  ## make the tables and figures of docs/findings.md again from their rows
	$(PYTHON) -m lh_eval heatmap outputs/smollm2-niah
	$(PYTHON) -m lh_eval.studies.smollm2 --page docs/findings.md
	$(PYTHON) -m lh_eval.studies.branches.tables outputs/branches --page docs/findings.md
	$(PYTHON) -m lh_eval.studies.grid outputs/grid --page docs/findings.md
	$(PYTHON) -m lh_eval curves outputs/grid/training --out outputs/grid
	$(PYTHON) -m lh_eval heatmap outputs/grid/passkey/*-k256-s?/dense --kind seeds --out outputs/grid
	$(PYTHON) -m lh_eval heatmap outputs/grid/passkey/*-k256-s?/dense --kind spread --out outputs/grid
