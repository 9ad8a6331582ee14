"""Small scripts that keep the house in order: which file imports which, what may, and the picture of it."""
