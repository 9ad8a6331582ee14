"""The service: HTTP API, job store, queue, worker, sweeper and the supervisor that runs them on one machine."""
