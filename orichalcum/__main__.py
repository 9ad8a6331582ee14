"""``python -m orichalcum``: the command line."""

from orichalcum.cli import main

main()
