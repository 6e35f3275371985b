"""``python -m bot``: the command line. Nothing is defined here."""

from __future__ import annotations

if __name__ == "__main__":
    from bot.cli import main

    main()
