"""The demonstration: people of two organizations use the example over real HTTP, and every answer is checked."""
