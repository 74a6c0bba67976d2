"""What readers see: the knowledge bases of an account under ``/kb/<account>``, read, searched, and signed in to.

Who may see what is decided in :mod:`kbadmin.articles.visibility`; readers, their sessions and passwords live in
``readers``. Nothing here knows the people who sign in to the admin.
"""
