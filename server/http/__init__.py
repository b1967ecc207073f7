"""GraphQL over HTTP: connections, requests, responses, and the middleware around them."""
