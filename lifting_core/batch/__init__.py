"""Many clips at once: a jobs file in, files and a report out (docs/batch.md).

`jobs` reads what is wanted, `plan` makes a task of each clip, `work` does one task, `processes` and `cluster`
do many, `records` remember what is done, `report` shows it, and `command` is the door.
"""
