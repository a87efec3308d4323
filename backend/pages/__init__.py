"""The pages people read: rendered on the server, complete without JavaScript, nothing from other hosts."""
