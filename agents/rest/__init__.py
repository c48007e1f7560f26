"""REST doors of agents and their clients: parse, call one verb, answer. What all doors share stands beside them."""
