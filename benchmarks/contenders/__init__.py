"""The contenders, each in the form its community would write. They run as programs; nothing imports them."""
