"""A vendor that can be every vendor: its filter, pages and order are drawn at random. And a connector for it."""
