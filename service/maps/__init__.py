"""Maps of a job's surrogate: asked for over HTTP, computed by a worker, stored until the job is deleted."""
