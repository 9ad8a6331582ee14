"""The dashboard: web pages that a build has put into ``static/``, served as they are."""
