"""The applied state on its branch."""
