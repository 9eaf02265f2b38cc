"""How the bones of a rig turn and what they carry along, whatever it is that moves them."""
