"""Whole ways through the product in real Chromium. Mail server and identity provider run too; nothing is patched."""
