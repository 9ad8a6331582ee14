"""Surrogates: Gaussian processes that learn a property from values and tangent-space gradients."""
