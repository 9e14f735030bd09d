"""Packages that recognise names: one file each."""
