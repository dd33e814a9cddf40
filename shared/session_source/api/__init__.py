"""What a vendor implements, and the values that pass through it. No I/O."""
