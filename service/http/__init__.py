"""HTTP: request guard, bodies, problem details and pages, for every endpoint alike."""
