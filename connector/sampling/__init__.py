"""Which turns of a window become duels, and how many others each of them stands for."""
