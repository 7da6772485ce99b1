"""Which version this is: a fact that rooms may ask for without importing the whole house."""

__version__ = "0.1.0"
