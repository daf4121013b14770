"""How long events are kept, what keeps them longer, and the record that stays when they go."""
