"""Values that evaluations share: end members and crystals that targets refer to."""
