"""Rate limits: buckets that processes share, and leases of them."""
