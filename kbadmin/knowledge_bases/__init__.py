"""Knowledge bases: what readers read, each with its address, looks, time zone, and who works in it.

The account's people who write in it are here, too (:mod:`kbadmin.knowledge_bases.roles`). What stands in a knowledge
base is the room ``articles``; who may read it, ``readers``; what readers see of it, ``portal``.
"""
