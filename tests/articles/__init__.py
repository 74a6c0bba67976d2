"""The room of articles: written, put in order, restricted, published, revised, found; and who may see what."""
