"""Adapters: one folder for each kind of machine, the contract that all of them keep, and a template for a new one."""
