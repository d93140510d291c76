"""Dresses of figures and of what they are made from: text for people, JSON and CSV for programs."""
