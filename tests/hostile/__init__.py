"""Repositories made to do harm. Whatever is in them, a command says what is wrong, soon, and in little memory."""
