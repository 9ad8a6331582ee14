"""The API: the application, and its endpoints, one module a resource. Imports no torch."""
