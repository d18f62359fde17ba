"""The contract's generated messages and stubs, for what the client does not wrap."""
