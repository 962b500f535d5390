"""Pages of administrators: users, audit log, health, webhooks."""
