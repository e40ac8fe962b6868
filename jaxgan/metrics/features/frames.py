"""Clips, seen through a network of images."""

import jax.numpy as jnp

from jaxgan.metrics.features.network import FeatureNet, FeatureOutput


def of_frames(net: FeatureNet) -> FeatureNet:
    """FeatureNet of clips [B, T, H, W, C], of one of images: the means over the frames of its features, and of how much these
    change from one frame to the next, in size; the means of its logits."""

    def apply(variables, clips):
        seen = net.apply(variables, clips.reshape(-1, *clips.shape[2:]))
        features = seen.features.reshape(*clips.shape[:2], -1)
        changes = jnp.mean(jnp.abs(features[:, 1:] - features[:, :-1]), axis=1)
        logits = None if seen.logits is None else jnp.mean(seen.logits.reshape(*clips.shape[:2], -1), axis=1)
        return FeatureOutput(jnp.concatenate([jnp.mean(features, axis=1), changes], axis=-1), logits)

    return net._replace(name=f"{net.name}-frames", apply=apply)
