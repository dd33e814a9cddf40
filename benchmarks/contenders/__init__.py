"""The contenders, each written as its community does. They are programs; nothing imports them."""
