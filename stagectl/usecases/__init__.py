"""One module per verb; what people see of it is made in views."""
