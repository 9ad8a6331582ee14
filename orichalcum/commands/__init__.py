"""The commands of ``orichalcum``, one module per subject."""
