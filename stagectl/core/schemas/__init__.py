"""What files must look like: schemas of kinds, rules of resources and settings, and what is wrong in words."""
