"""What a run keeps on this machine: its journal, its processes, its output, its lock."""
