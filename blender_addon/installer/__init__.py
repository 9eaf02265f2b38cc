"""Makes the engine a Python of its own: run by Blender's Python as a child process, needs nothing but that.

Nothing in here imports bpy or the rest of the add-on. `python -m installer` in the add-on's folder speaks the
protocol of docs/architecture.md over its pipes, with the one request `install`.
"""
