"""Reading and writing the rows of each resource."""
