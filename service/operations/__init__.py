"""What operators do with the store: migrations, backups, keys, settings."""
