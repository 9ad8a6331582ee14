"""The tables of the store, and the database that holds them."""
