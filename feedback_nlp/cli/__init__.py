"""The command line: one file a command, each a thin layer over one library call."""
