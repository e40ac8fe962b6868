"""What a run draws: samples on the way, curves, its page, an animation, the picture of an evaluation."""
