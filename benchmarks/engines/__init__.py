"""The same work in several authorization engines, each in a process of its own, with every answer compared with an oracle.

They evaluate general policies and ctsec a fixed algebra, so this compares what a host pays for the same job, not what they can express.
"""
