"""One definition, many resources: definitions in, resources out, with the place where each value is written."""
