"""The ground floor: settings, keys, database, fence, links, throttles, forms, headers, logs, engine, clock."""
