"""What leaves this repository: packages and images, and whether a version of them could be released."""
