"""The phone pages: thin views over the rooms' actions and queries."""
