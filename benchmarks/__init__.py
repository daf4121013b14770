"""What ctsec costs, as ratios to a floor that is timed in the same run; `python -P -m benchmarks --help` says how."""
