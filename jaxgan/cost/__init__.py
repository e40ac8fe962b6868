"""What a training costs: FLOPs, bytes, time."""
