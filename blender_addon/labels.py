"""Labels that are looked up among the add-on's alone.

Where a label has no context of its own, Blender's dictionary comes first, and may have other things in mind:
its German for "Field of View" means an operator that turns the view, and for "Look" how a thing looks.
"""

from __future__ import annotations

from functools import partial

import bpy

CONTEXT = "Lift Pose"
"""The `bl_translation_context` of panels and menus, and the `translation_context` of properties."""

BoolProperty = partial(bpy.props.BoolProperty, translation_context=CONTEXT)
EnumProperty = partial(bpy.props.EnumProperty, translation_context=CONTEXT)
FloatProperty = partial(bpy.props.FloatProperty, translation_context=CONTEXT)
IntProperty = partial(bpy.props.IntProperty, translation_context=CONTEXT)
IntVectorProperty = partial(bpy.props.IntVectorProperty, translation_context=CONTEXT)
PointerProperty = partial(bpy.props.PointerProperty, translation_context=CONTEXT)
StringProperty = partial(bpy.props.StringProperty, translation_context=CONTEXT)


def translated(text: str) -> str:
    """For text that is filled in before it gets to the layout: translate first, then fill in."""
    return bpy.app.translations.pgettext_iface(text, CONTEXT)
