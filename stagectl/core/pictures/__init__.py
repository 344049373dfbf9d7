"""What views draw from: places of boxes, and what commands report."""
