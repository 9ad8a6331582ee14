"""The documentation's site: what `make docs` adds to the pages of docs/."""
