"""Lift Pose's engine: a photo or a video of a person in, a `Motion` out.

The rooms follow the way of the data: `media` -> `detection` -> `tracking` -> `lifting` -> `motion`.
`pipeline` walks through them; `cli` and `worker` are the two doors. Nothing here imports bpy.
"""

__version__ = "0.1.0"
