"""Reading an endpoint: which windows, which rows, and what state covers them."""
