"""How nodes are watched, fenced and started again."""
