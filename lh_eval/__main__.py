"""`python -m lh_eval`: the same as `lh-eval`."""

from lh_eval.cli.app import main

if __name__ == "__main__":
    raise SystemExit(main())
