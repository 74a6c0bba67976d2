"""The house rules, as tests: what every room, page, model and template keeps, whoever writes it."""
