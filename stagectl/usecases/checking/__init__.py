"""Looking at what is live: `check`, and what is made of what was seen."""
