"""What happens, as events that become leaves of a log under signed checkpoints."""
