"""Starts the bot: ``python bot.py``. Nothing is defined here; ``bot/main.py`` puts everything together.

The import stands inside the guard, so that a process that runs the top of this file again imports nothing.
"""

if __name__ == "__main__":
    from bot.main import run

    run()
