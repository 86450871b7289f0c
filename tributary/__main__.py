"""`python -m tributary`: the same as `tributary`."""

from tributary.cli import app

if __name__ == "__main__":
    app()
