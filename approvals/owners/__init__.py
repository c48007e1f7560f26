"""Agents, policies, stops and incidents as the people around them read them."""
