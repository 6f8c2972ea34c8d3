"""Metrics: real and generated things in, a number and its protocol out."""
