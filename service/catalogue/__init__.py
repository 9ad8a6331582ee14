"""What can be asked for: potentials, prototypes, properties."""
