"""Several processes, one training: how they find each other, what they agree on, and that none outlives another."""
