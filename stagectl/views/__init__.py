"""Values into text: pure functions that know no terminal."""
