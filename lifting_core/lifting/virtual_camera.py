"""Any person in any clip as a camera of Human3.6M would have seen them.

Weights trained as in the paper (Martinez et al., ICCV 2017) read raw pixels of Human3.6M's cameras, and so
have learnt what its studio looks like: focal length, distance, place in the picture. Feeding them the pixels
of another camera tells them of a person who is nearer, farther or lower than is true. So the camera of the
clip is replaced: turned until the person stands where people stand on average in Human3.6M, with
Human3.6M's focal length, and moved along its axis until the person has the size that people have there.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import normalize

from lifting_core.lifting.human36m import statistics
from lifting_core.lifting.view import CONFIDENT, rotation_to_optical_axis
from lifting_core.skeleton import HUMAN36M_JOINTS, mirrored

FOCAL_LENGTH = 1145.0
"""Pixels: Human3.6M's cameras have 1143 to 1150."""
CENTRE = (512.0, 515.0)
"""Pixels: their principal points."""
PIXELS_PER_METRE = 231.0
"""Of a person in the mean picture: ankles 158 px below the pelvis, 0.70 m in space (`statistics`)."""

# Metres. Foreshortening makes a bone look shorter, never longer: the longest looking ones tell the size.
_BONES = (
    *((f"{side}_hip", f"{side}_knee", 0.45) for side in ("left", "right")),
    *((f"{side}_knee", f"{side}_ankle", 0.45) for side in ("left", "right")),
    *((f"{side}_shoulder", f"{side}_elbow", 0.28) for side in ("left", "right")),
    *((f"{side}_elbow", f"{side}_wrist", 0.25) for side in ("left", "right")),
    ("pelvis", "thorax", 0.49),
)
_BONES_ASKED = 3


class VirtualCamera:
    """Makes the input of weights whose profile reads pixels. `keypoints` are among `HUMAN36M_JOINTS`."""

    def __init__(self, keypoints: tuple[str, ...]) -> None:
        columns = [HUMAN36M_JOINTS.index(name) for name in keypoints]
        self._mean_pose = torch.from_numpy(statistics().keypoints_mean[columns]).float()
        # Half-way between left and right, so that a mirrored person stays in the same place.
        self._mean_pose[:, 0] += CENTRE[0] - self._mean_pose[:, 0].mean()
        self._mirror = [keypoints.index(mirrored(name)) for name in keypoints]
        bones = [(a, b, length) for a, b, length in _BONES if a in keypoints and b in keypoints]
        self._heads = [keypoints.index(a) for a, _, _ in bones]
        self._tails = [keypoints.index(b) for _, b, _ in bones]
        self._lengths = torch.tensor([length for _, _, length in bones])

    def features(self, rays: Tensor, confidence: Tensor) -> tuple[Tensor, Tensor]:
        """The keypoints as Human3.6M's camera would see them.

        Arguments: rays (N, K, 3) directions in camera axes with z = 1; confidence (N, K).
        Returns: (N, K, 2) pixels, where a keypoint is missing those of the mean pose; (N, 3, 3) rotations
        from the clip's camera to the virtual one.
        """
        known = confidence >= CONFIDENT
        weight = torch.where(known, confidence, 0.0)[..., None]
        weight = weight / weight.sum(1, keepdim=True).clamp(min=1e-6)
        mean_pose = self._mean_pose.to(rays.device)
        place = (weight * mean_pose).sum(1, keepdim=True)
        rotation = self._turn_to(place, normalize((weight * normalize(rays, dim=-1)).sum(1), dim=-1))
        turned = rays @ rotation.transpose(1, 2)
        centre = torch.tensor(CENTRE, device=rays.device)
        pixels = turned[..., :2] / turned[..., 2:].clamp(min=1e-3) * FOCAL_LENGTH + centre
        middle = (weight * torch.where(known[..., None], pixels, 0.0)).sum(1, keepdim=True)
        scale = PIXELS_PER_METRE / self._size(pixels, known)
        pixels = place + (pixels - middle) * scale[:, None, None]
        return torch.where(known[..., None], pixels, mean_pose), rotation

    def mirrored(self, features: Tensor) -> Tensor:
        """The features of the mirrored person."""
        flipped = features[:, self._mirror]
        return torch.stack([2 * CENTRE[0] - flipped[..., 0], flipped[..., 1]], -1)

    def _turn_to(self, place: Tensor, axis: Tensor) -> Tensor:
        """(N, 3, 3) rotations that bring the directions `axis` (N, 3) to the pixels `place` (N, 1, 2)."""
        xy = (place[:, 0] - torch.tensor(CENTRE, device=place.device)) / FOCAL_LENGTH
        direction = normalize(torch.cat([xy, torch.ones_like(xy[:, :1])], -1), dim=-1)
        return rotation_to_optical_axis(direction).transpose(1, 2) @ rotation_to_optical_axis(axis)

    def _size(self, pixels: Tensor, known: Tensor) -> Tensor:
        """(N,) pixels per metre, by the bones that look longest; as it should be where none is seen."""
        looks = (pixels[:, self._heads] - pixels[:, self._tails]).norm(dim=-1)
        seen = known[:, self._heads] & known[:, self._tails]
        scales = torch.where(seen, looks / self._lengths.to(pixels.device), 0.0)
        longest = scales.sort(dim=1, descending=True).values[:, :_BONES_ASKED].sum(1)
        asked = seen.sum(1).clamp(max=_BONES_ASKED)
        return torch.where(asked > 0, longest / asked.clamp(min=1), PIXELS_PER_METRE).clamp(min=1e-3)
