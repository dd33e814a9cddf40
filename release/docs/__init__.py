"""The generated parts of the documentation: what pages say of specs, schemas, keys and commands.

``make docs`` writes each part between its two markers; a test compares the pages with what would be written.
"""
