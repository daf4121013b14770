"""Key services behind one protocol."""
