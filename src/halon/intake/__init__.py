"""The front door: deliveries come in by HTTP, and a 2xx means that Temporal holds them."""
