"""What the desk achieves, in figures, drawings, lists and exports. Only reads."""
