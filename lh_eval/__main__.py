"""`lh-eval`, and `python -m lh_eval`: signals are heeded before anything large is imported."""

from lh_eval.interrupts import heed


def main() -> int:
    """Run the command line of this process; see `lh_eval.cli.app.main`."""
    heed()
    from lh_eval.cli.app import main as run

    return run()


if __name__ == "__main__":
    raise SystemExit(main())
