"""Stand-ins for the outside world that really speak its protocols, on sockets of 127.0.0.1."""
