"""What workers ask of the service while they compute: the same beside the store and behind HTTPS."""
