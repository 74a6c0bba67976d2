"""Articles and the categories they stand in: written, published, restricted, revised, found.

What may be seen by whom is decided in one place, :mod:`kbadmin.articles.visibility`; the portal and the digests ask it.
"""
