"""What the families of equivariant networks share: harmonics, Wigner symbols, the convolution over mixed senders."""
