"""Events of a job, stored in order and streamed from storage."""
