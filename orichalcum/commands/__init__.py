"""The commands of ``orichalcum``, one module a subject."""
